"""The settings: their sources, and the one-line errors."""

from pathlib import Path

import pytest

from keyhole import config
from keyhole.errors import SettingsError
from keyhole.model import TcpAddress, UnixAddress


def load(tmp_path: Path, text: str) -> config.Settings:
    path = tmp_path / "keyhole.toml"
    path.write_text(text)
    return config.load(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(tmp_path))
    return line


def test_nothing_set_is_a_service_on_loopback() -> None:
    settings = config.load(None)
    assert settings.listen_address == TcpAddress("127.0.0.1", 6080)
    assert settings.public_url == "http://127.0.0.1:6080"
    assert (settings.tokens.lifetime_seconds, settings.tokens.reuse) == (600, "once")


def test_one_user_project_or_address_has_less_than_all() -> None:
    limits = config.load(None).limits
    assert limits.sessions_per_user < limits.sessions_per_project < limits.sessions
    assert limits.handshakes_per_address < limits.handshakes


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYHOLE_SERVER__LISTEN", "127.0.0.1:7000")
    monkeypatch.setenv("KEYHOLE_CONSOLE__ALLOWED_ORIGINS", '["https://portal.example"]')
    settings = load(tmp_path, '[server]\nlisten = "127.0.0.1:6000"\npublic_url = "https://c.example"\n')
    assert settings.listen_address == TcpAddress("127.0.0.1", 7000)
    assert settings.server.public_url == "https://c.example"
    assert settings.console.allowed_origins == ("https://portal.example",)


def test_an_address_for_admins_may_be_named(tmp_path: Path) -> None:
    assert load(tmp_path, "").admin_listen_address is None
    assert load(tmp_path, '[server]\nadmin_listen = "127.0.0.1:9100"').admin_listen_address == TcpAddress(
        "127.0.0.1", 9100
    )
    assert load(tmp_path, '[server]\nadmin_listen = "unix:/run/k"').admin_listen_address == UnixAddress("/run/k")


@pytest.mark.parametrize("name", ["KEYHOLE_SERVER__LISTENN", "KEYHOLE_NOPE", "KEYHOLE_NOPE__X"])
def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match="not a known"):
        config.load(None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nope = 1", "nope: is not a known key"),
        ("[server]\nlistenn = 1", "server.listenn: is not a known key"),
        ('[server]\nlisten = "nonsense"', "server.listen: 'nonsense' is not an address to listen on"),
        ('[server]\nlisten = "unix:relative"', "write unix:/ABSOLUTE/PATH"),
        ('[server]\nadmin_listen = "nonsense"', "server.admin_listen: 'nonsense' is not an address to listen on"),
        ('[server]\nadmin_listen = "127.0.0.1:6080"', "admin_listen is the same address as listen"),
        ('[server]\npublic_url = "ftp://x"', "server.public_url"),
        ('[server]\npublic_url = "https://x/path"', "has a path"),
        ('[server]\ntls_key = "/x"', "must be set together"),
        ('[server]\ntrusted_proxies = ["x"]', "write 192.0.2.1, 10.0.0.0/8 or unix"),
        ('[store]\nurl = "mysql://x"', "write sqlite:///PATH"),
        ("[tokens]\nlifetime_seconds = 0", "tokens.lifetime_seconds"),
        ('[tokens]\nreuse = "often"', "tokens.reuse"),
        ('[console]\nallowed_origins = ["x"]', "console.allowed_origins"),
        ('[[identity.users]]\nname = "a"\nproject = "p"\npassword = "x"', "allow_plain_passwords"),
        ('[[identity.users]]\nname = "a"', "identity.users.0.project: is missing"),
        ('[[servers]]\nid = "x y"\nname = "n"\nproject = "p"', "servers.0.id"),
        ('[[servers]]\nid = "x"\nname = "n"\nproject = "p"\nvnc = { url = "tcp://h" }', "write tcp://HOST:PORT"),
        ("[limits]\nsessions = -1", "limits.sessions"),
        ("[limits]\nhead_bytes = 10", "limits.head_bytes"),
        ("[limits]\ncut_text_bytes = 1000000", "limits.cut_text_bytes"),
        ("[[servers]\n", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


KEYSTONE = """
[identity]
backend = "keystone"
auth_url = "https://cloud.example.com:5000/v3/"
username = "keyhole"
password = "hunter2"
project_name = "service"
"""


def test_a_keystone_is_named_without_its_version(tmp_path: Path) -> None:
    identity = load(tmp_path, KEYSTONE).identity
    assert identity.keystone_url == "https://cloud.example.com:5000"
    assert (identity.user_domain_name, identity.project_domain_name, identity.region_name) == (
        "Default",
        "Default",
        None,
    )
    assert "hunter2" not in repr(identity)


@pytest.mark.parametrize("key", ["auth_url", "username", "password", "project_name"])
def test_a_keystone_needs_its_keys(tmp_path: Path, key: str) -> None:
    text = "\n".join(line for line in KEYSTONE.splitlines() if not line.startswith(key))
    assert f'identity: backend = "keystone" needs {key}' in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (KEYSTONE + '[[identity.users]]\nname = "a"\nproject = "p"', 'users belong to backend = "embedded"'),
        (KEYSTONE.replace("https", "ftp"), "identity.auth_url"),
        (KEYSTONE.replace('"keystone"', '"embedded"'), 'auth_url belongs to backend = "keystone"'),
        (KEYSTONE.replace('"keystone"', '"ldap"'), "identity.backend"),
        ('[identity]\nregion_name = "north"', 'region_name belongs to backend = "keystone"'),
    ],
)
def test_what_does_not_fit_an_identity_backend_is_refused(tmp_path: Path, text: str, says: str) -> None:
    line = refusal(tmp_path, text)
    assert says in line
    assert "hunter2" not in line


def test_a_secret_is_in_no_refusal_and_in_no_print(tmp_path: Path) -> None:
    user = '[[identity.users]]\nname = "a"\nproject = "p"\npassword = "hunter2"\n'
    text = f"[identity]\nallow_plain_passwords = true\n{user}"
    assert "hunter2" not in repr(load(tmp_path, text))
    assert "hunter2" not in load(tmp_path, text).model_dump_json()
    assert "hunter2" not in refusal(tmp_path, text + 'nope = "x"\n')


def test_the_same_server_or_user_twice_is_refused(tmp_path: Path) -> None:
    server = '[[servers]]\nid = "x"\nname = "n"\nproject = "p"\n'
    assert "'x' is listed twice" in refusal(tmp_path, server + server)
    user = '[[identity.users]]\nname = "a"\nproject = "p"\n'
    assert "'a' is listed twice" in refusal(tmp_path, user + user)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        config.load(tmp_path / "missing.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::1]:6080", "http://[::1]:6080"),
        ("[::]:6080", "http://[::1]:6080"),
        ("unix:/run/k.sock", "http://localhost"),
    ],
)
def test_the_public_url_follows_the_listening_address(tmp_path: Path, listen: str, url: str) -> None:
    assert load(tmp_path, f'[server]\nlisten = "{listen}"').public_url == url


def test_targets_are_read_into_addresses(tmp_path: Path) -> None:
    text = """
    [[servers]]
    id = "x"
    name = "n"
    project = "p"
    vnc = { url = "tcp://[::1]:5901" }
    serial = { url = "unix:/run/s" }
    """
    (server,) = load(tmp_path, text).servers
    assert server.vnc is not None
    assert server.serial is not None
    assert (server.vnc.address, server.serial.address) == (TcpAddress("::1", 5901), UnixAddress("/run/s"))
