"""Settings for reaching and signing in to consoles: the one-line errors."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from keyhole import config
from keyhole.config import StaticServer, VncTarget
from keyhole.errors import SettingsError
from keyhole.model import SocketTrust, TargetTls, VencryptSubtype
from keyhole.runtime import build as app

TCP = {"url": "tcp://hv1.example:5901"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    authority = trustme.CA()
    for name in ("client", "other"):
        pair = authority.issue_cert(f"{name}.example")
        pair.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        pair.private_key_pem.write_to_path(tmp_path / f"{name}-key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "password").write_text("sesame\n")
    return tmp_path


def vnc(**settings: Any) -> VncTarget:
    return VncTarget.model_validate({**TCP, **settings})


def test_tls_as_the_settings_say(files: Path) -> None:
    given: dict[str, Any] = {
        "ca": files / "ca.pem",
        "certificate": files / "client.pem",
        "key": files / "client-key.pem",
        "subtype": "x509plain",
        "server_name": "hv1",
    }
    target = vnc(username="alice", password_file=files / "password", tls=given)
    assert target.tls is not None
    assert target.tls.target_tls == TargetTls(**{**given, "subtype": VencryptSubtype.X509PLAIN})
    assert target.tls.warning is None


@pytest.mark.parametrize("tls", [{"insecure": True}, {"subtype": "tlsnone"}])
def test_what_is_not_verified_comes_with_a_warning(tls: Mapping[str, Any]) -> None:
    target = vnc(tls=tls)
    assert target.tls is not None
    assert target.tls.warning == "is reached by TLS without verification"


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ({"subtype": "x509sasl"}, "x509plain"),
        ({"verify": False}, "Extra inputs"),
        ({"certificate": "client.pem"}, "must be set together"),
        ({"key": "client-key.pem"}, "must be set together"),
        ({"certificate": "client.pem", "key": "other-key.pem"}, "that belongs to it"),
        ({"ca": "absent.pem"}, "ca: .*absent.pem: No such file"),
        ({"ca": "password"}, "ca: .*password: contains no PEM certificate"),
        ({"certificate": "absent.pem", "key": "client-key.pem"}, "certificate: .*absent.pem: cannot be read"),
        ({"ca": "ca.pem", "insecure": True}, "have no meaning with insecure"),
        ({"server_name": "hv1", "insecure": True}, "have no meaning with insecure"),
        ({"ca": "ca.pem", "subtype": "tlsnone"}, "ca has no meaning with subtype = 'tlsnone'"),
        ({"insecure": True, "subtype": "tlsnone"}, "insecure has no meaning"),
        ({"subtype": "x509vnc"}, "'x509vnc' needs password_file"),
        ({"subtype": "tlsvnc"}, "'tlsvnc' needs password_file"),
        ({"subtype": "x509plain"}, "'x509plain' needs password_file"),
    ],
)
def test_tls_that_cannot_be(files: Path, tls: dict[str, Any], words: str) -> None:
    tls = {key: str(files / value) if key in ("ca", "certificate", "key") else value for key, value in tls.items()}
    with pytest.raises(ValidationError, match=words):
        vnc(tls=tls)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"username": "alice"}, "username goes with password_file, and with tls"),
        ({"username": "alice", "password_file": "/p"}, "username goes with"),
        ({"username": "alice", "tls": {"insecure": True}}, "username goes with"),
        ({"password_file": "/p", "tls": {"insecure": True, "subtype": "x509plain"}}, "'x509plain' needs username"),
        ({"connect_path": "console"}, "starts with '/'"),
        ({"connect_path": "/a b"}, "visible ASCII"),
        ({"connect_path": "/a\r\nX: y"}, "visible ASCII"),
        ({"url": "unix:/run/vnc", "connect_path": "/a"}, "connect_path belongs to a tcp:// url"),
        ({"url": "unix:/run/vnc", "socket_directory": "run"}, "is not the absolute path of a directory"),
        ({"socket_uids": ["qemu"]}, "valid integer"),
    ],
)
def test_consoles_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        vnc(**settings)


def test_unix_sockets_as_the_settings_say() -> None:
    server = StaticServer.model_validate(
        {
            "id": "s1",
            "name": "vm1",
            "project": "demo",
            "vnc": {"url": "unix:/run/vm1/vnc"},
            "serial": {"url": "unix:/run/vm1/serial", "socket_directory": "/run/vm1", "socket_uids": [107]},
        }
    )
    assert server.vnc is not None
    assert server.serial is not None
    assert server.vnc.socket_trust == SocketTrust("/", None)
    assert server.serial.socket_trust == SocketTrust("/run/vm1", frozenset({107}))


def test_config_check_finds_a_pair_that_does_not_belong_together(files: Path) -> None:
    tls = f'{{ ca = "{files}/ca.pem", certificate = "{files}/client.pem", key = "{files}/other-key.pem" }}'
    server = f'[[servers]]\nid = "x"\nname = "n"\nproject = "p"\nvnc = {{ url = "tcp://h:1", tls = {tls} }}\n'
    settings = files / "keyhole.toml"
    settings.write_text(server)
    with pytest.raises(SettingsError, match=r"servers\.0\.vnc\.tls: certificate, key: not a PEM .* belongs to it"):
        config.load(settings)
    settings.write_text(f'[drivers.qemu]\nsockets = "/run/*.qmp"\ntls = {tls}\n')
    with pytest.raises(SettingsError, match=r"drivers\.qemu\.tls: certificate, key: not a PEM"):
        app.check(config.load(settings))
    os.replace(files / "client-key.pem", files / "other-key.pem")
    app.check(config.load(settings))
