from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.errors import SettingsError
from keyhole.identity.backends import check_settings, open_backend
from keyhole.identity.embedded.names import project_id_of
from keyhole.identity.embedded.provider import EmbeddedIdentity
from keyhole.identity.keystone.provider import KeystoneIdentity
from keyhole.identity.login_throttle import LoginThrottle


def zero() -> float:
    return 0.0


async def test_the_embedded_one_issues_tokens_below_the_public_url() -> None:
    async with open_backend(
        IdentitySettings(), "https://c.example", MemoryStore(), zero, LoginThrottle(zero)
    ) as backend:
        assert isinstance(backend.issuer, EmbeddedIdentity)
        assert backend.provider is backend.issuer
        assert backend.credentials is backend.issuer.credentials
        assert backend.url == "https://c.example/identity"
        assert backend.project_id_of("demo") == project_id_of("demo")


def of_keystone(cafile: Path | None = None) -> IdentitySettings:
    return IdentitySettings(
        backend="keystone",
        auth_url="http://127.0.0.1:1/v3",
        username="keyhole",
        password=SecretStr("x"),
        project_name="service",
        cafile=cafile,
    )


async def test_a_keystone_issues_them_itself() -> None:
    async with open_backend(of_keystone(), "https://c.example", MemoryStore(), zero, LoginThrottle(zero)) as backend:
        assert isinstance(backend.provider, KeystoneIdentity)
        assert (backend.issuer, backend.credentials) == (None, None)
        assert backend.url == "http://127.0.0.1:1"
        assert backend.project_id_of("ab" * 16) == "ab" * 16


def test_settings_that_can_be_used_tell_how_projects_are_read() -> None:
    assert check_settings(IdentitySettings())("demo") == project_id_of("demo")
    assert check_settings(of_keystone())("ab" * 16) == "ab" * 16


def test_settings_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    user = UserSettings(name="ada", project="demo", password_hash=SecretStr("hunter2"))
    with pytest.raises(SettingsError, match="password_hash of 'ada' is not a hash"):
        check_settings(IdentitySettings(users=(user,)))
    with pytest.raises(SettingsError, match=r"identity\.cafile"):
        check_settings(of_keystone(tmp_path / "none"))
