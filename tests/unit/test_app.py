"""What can be wrong with settings before anything is started."""

from typing import Any

import pytest

from keyhole import config
from keyhole.app import check
from keyhole.errors import SettingsError

KEYSTONE = {
    "backend": "keystone",
    "auth_url": "https://cloud.example.com:5000/v3",
    "username": "keyhole",
    "password": "x",
    "project_name": "service",
}


def settings(project: str, **values: Any) -> config.Settings:
    server = {"id": "1", "name": "vm1", "project": project, "vnc": {"url": "tcp://127.0.0.1:5900"}}
    return config.make({"servers": [server], "drivers": {"simulated": {}}} | values, source="test")


def test_settings_that_can_be_used() -> None:
    assert check(settings("demo")) == ["static", "simulated"]
    assert check(settings("ab" * 16, identity=KEYSTONE)) == ["static", "simulated"]


def test_with_a_keystone_a_servers_project_is_named_by_its_id() -> None:
    with pytest.raises(SettingsError, match=r"project .demo.: .* write the project.s id"):
        check(settings("demo", identity=KEYSTONE))
