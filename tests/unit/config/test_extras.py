"""What works, and which errors appear, without the optional packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyhole.config.extras import require_extra
from keyhole.errors import SettingsError

pytestmark = pytest.mark.programs

OPTIONAL = ("keystoneauth1", "openstack", "requests")

EMBEDDED = 'drivers.simulated = {}\n[server]\nlisten = "127.0.0.1:6080"\n'
KEYSTONE = EMBEDDED + (
    '[identity]\nbackend = "keystone"\nauth_url = "http://127.0.0.1:1/v3"\n'
    'username = "keyhole"\npassword = "x"\nproject_name = "service"\n'
)


def keyhole_without(packages: tuple[str, ...], *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a separate process in which these packages cannot be imported."""
    code = f"import sys; sys.modules.update(dict.fromkeys({packages!r})); from keyhole.cli.main import main; main()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "KEYHOLE_"))}
    command = [sys.executable, "-P", "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, env=environment)


@pytest.mark.parametrize("command", ["servers", "console vm1", "log vm1", "sessions", "kill 1", "credential list"])
def test_client_commands_say_what_to_install(command: str) -> None:
    done = keyhole_without(OPTIONAL, *command.split())
    message = "keyhole: this command needs keystoneauth1, openstack, requests; install keyhole[client]\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_a_keystone_without_its_libraries_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = tmp_path / "keyhole.toml"
    settings.write_text(KEYSTONE)
    done = keyhole_without(OPTIONAL, "config", "check", "--config", str(settings))
    message = 'keyhole: identity.backend = "keystone" needs keystoneauth1, requests; install keyhole[keystone]\n'
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_a_keystone_needs_nothing_of_the_client(tmp_path: Path) -> None:
    settings = tmp_path / "keyhole.toml"
    settings.write_text(KEYSTONE)
    done = keyhole_without(("openstack",), "config", "check", "--config", str(settings))
    assert (done.returncode, done.stderr) == (0, "")


def test_embedded_users_need_no_extra(tmp_path: Path) -> None:
    settings = tmp_path / "keyhole.toml"
    settings.write_text(EMBEDDED)
    done = keyhole_without(OPTIONAL, "config", "check", "--config", str(settings))
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_asked_of_a_complete_installation() -> None:
    require_extra("client", "this command")
    require_extra("keystone", "this backend")


def test_only_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openstack", None)
    with pytest.raises(SettingsError, match=r"^this command needs openstack; install keyhole\[client\]$"):
        require_extra("client", "this command")
