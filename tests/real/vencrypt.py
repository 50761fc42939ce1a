"""Shared by tests of real VNC servers under TLS: certificates and passwords on disk, and settings that name them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from anyio.from_thread import BlockingPortal
from tests.fakes.wire import Frame
from tests.real.consoles import websocket
from tests.real.service import Service

PASSWORD = "sesame"

TLS_FAILED, SECURITY_REFUSED = (4015, "target_tls_failed"), (4013, "target_security_refused")

NO_CA: dict[str, Any] = {"ca": None}


@dataclass
class Files:
    """Everything on disk: authorities, certificates in the layout that QEMU wants, a password."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)
    other_authority: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self._server_folder("localhost", "localhost", "127.0.0.1")
        self._server_folder("elsewhere", "elsewhere.example")
        self.authority.cert_pem.write_to_path(self.folder / "ca.pem")
        self.other_authority.cert_pem.write_to_path(self.folder / "other-ca.pem")
        self.write_client("client", self.authority)
        self.write_client("stranger", self.other_authority)
        (self.folder / "anonymous").mkdir()
        (self.folder / "password").write_text(PASSWORD + "\n")
        (self.folder / "wrong-password").write_text("mistaken\n")

    def _server_folder(self, name: str, *identities: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        certificate = self.authority.issue_cert(*identities)
        self.authority.cert_pem.write_to_path(folder / "ca-cert.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "server-cert.pem")
        certificate.private_key_pem.write_to_path(folder / "server-key.pem")

    def write_client(self, name: str, authority: trustme.CA) -> None:
        certificate = authority.issue_cert("keyhole.example")
        certificate.cert_chain_pems[0].write_to_path(self.folder / f"{name}.pem")
        certificate.private_key_pem.write_to_path(self.folder / f"{name}-key.pem")

    def client(self, name: str) -> dict[str, str]:
        return {"certificate": f"{self.folder}/{name}.pem", "key": f"{self.folder}/{name}-key.pem"}


def toml(value: object) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
        case _:
            return json.dumps(value)


def server_settings(files: Files, server_id: str, name: str, url: str, vnc: Mapping[str, Any]) -> str:
    """The settings' section of a server whose VNC console is at `url` and reached as `vnc` says."""
    return (
        f'\n[[servers]]\nid = "{server_id}"\nname = "{name}"\nproject = "demo"\n'
        f"vnc = {toml(_vnc_settings(files, url, vnc))}\n"
    )


async def ending(url: str) -> Frame:
    async with websocket(url) as wire:
        return await wire.frame(20)


async def screen_name(url: str) -> bytes:
    async with websocket(url) as wire:
        return (await wire.rfb_handshake()).payload[24:]


def check_refusal(portal: BlockingPortal, service: Service, server_id: str, end: tuple[int, str], words: str) -> None:
    """The console does not open: its viewer is told the code and the reason, the log what was wrong."""
    frame = portal.call(ending, service.console_url(server_id))
    code, reason = end
    assert frame.opcode == 8
    assert frame.close_code == code
    assert frame.close_reason.startswith(f"{reason}: ")
    (refused,) = (event for event in service.events("refused") if event.get("server") == server_id)
    assert refused["reason"] == reason
    assert words in refused["message"], refused["message"]


def _vnc_settings(files: Files, url: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The table `vnc`, paths made whole."""
    vnc = {"url": url, **given}
    if "password_file" in vnc:
        vnc["password_file"] = str(files.folder / vnc["password_file"])
    if "tls" in vnc:
        tls = {"ca": "ca.pem", **vnc["tls"]}
        client = tls.pop("client", None)
        if tls["ca"] is None:
            del tls["ca"]
        else:
            tls["ca"] = str(files.folder / tls["ca"])
        vnc["tls"] = {**tls, **(files.client(client) if client else {})}
    return vnc
