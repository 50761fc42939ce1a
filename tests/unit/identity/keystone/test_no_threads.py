"""Keystone's part of a process that can start no more threads."""

import time

import pytest
from pydantic import SecretStr

from keyhole.config import IdentitySettings
from keyhole.errors import Unavailable
from keyhole.identity.keystone.client import KeystoneClient
from keyhole.identity.keystone.provider import KeystoneIdentity
from keyhole.net.threads import Threads


async def test_a_keystone_that_no_thread_can_ask_is_unavailable() -> None:
    settings = IdentitySettings(
        backend="keystone",
        auth_url="http://127.0.0.1:1",
        username="keyhole",
        password=SecretStr("x"),
        project_name="service",
    )
    threads = Threads(1)
    threads.shutdown()
    identity = KeystoneIdentity(KeystoneClient(settings), threads, time.time)
    with pytest.raises(Unavailable, match="No thread"):
        await identity.validate("good")
    assert list(await identity.check()) == ["No thread can be started for this at the moment."]
