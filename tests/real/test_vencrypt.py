"""The way to a hypervisor: one QEMU with every kind of VNC server, each opened through the whole service."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_messages import set_encodings, set_pixel_format, update_request
from tests.fakes.waiting import until
from tests.real.consoles import websocket
from tests.real.processes import free_port
from tests.real.service import USERS, Service, User, guests_found_at, serving
from tests.real.targets import SERVER_IDS, bare_qemu
from tests.real.vencrypt import (
    NO_CA,
    PASSWORD,
    SECURITY_REFUSED,
    TLS_FAILED,
    Files,
    check_refusal,
    ending,
    screen_name,
    server_settings,
    toml,
)

ADMIN = User("admin", "admin-password", "demo", ("admin",))

pytest_plugins = ["tests.real.fixtures"]

GUEST_ID = "11111111-2222-4333-8444-555555555555"
FIRST_DISPLAY_PORT = 5900


class Qemu:
    """The VNC servers of one QEMU, by name, each with what `-vnc` says of it."""

    def __init__(self, files: Files) -> None:
        self.folder = files.folder
        self.ports = {name: free_port() for name in self.VARIANTS if name != "unix"}

    VARIANTS: Mapping[str, str] = {
        "unix": "",
        "none": "",
        "password": "password-secret=vnc-password",
        "x509none": "tls-creds=x509",
        "x509vnc": "tls-creds=x509,password-secret=vnc-password",
        "x509unix": "tls-creds=x509",
        "wants-client": "tls-creds=x509-client",
        "elsewhere": "tls-creds=x509-elsewhere",
        "anonymous": "tls-creds=anonymous",
        "anonymous-password": "tls-creds=anonymous,password-secret=vnc-password",
        "sasl": "tls-creds=x509,sasl=on",
    }

    def url(self, name: str) -> str:
        return f"unix:{self.folder}/{name}.vnc" if "unix" in name else f"tcp://127.0.0.1:{self.ports[name]}"

    @property
    def arguments(self) -> list[str]:
        folder = self.folder
        objects = [
            f"secret,id=vnc-password,file={folder}/secret",
            f"tls-creds-x509,id=x509,endpoint=server,verify-peer=no,dir={folder}/localhost",
            f"tls-creds-x509,id=x509-client,endpoint=server,verify-peer=yes,dir={folder}/localhost",
            f"tls-creds-x509,id=x509-elsewhere,endpoint=server,verify-peer=no,dir={folder}/elsewhere",
            f"tls-creds-anon,id=anonymous,endpoint=server,dir={folder}/anonymous",
        ]
        (folder / "secret").write_text(PASSWORD)
        words = [word for given in objects for word in ("-object", given)]
        for name, more in self.VARIANTS.items():
            place = self.url(name) if "unix" in name else f"127.0.0.1:{self.ports[name] - FIRST_DISPLAY_PORT}"
            words += ["-vnc", ",".join(part for part in (place, f"id={name}", more) if part)]
        return words


CASES: dict[str, tuple[str, Any]] = {}
"""By the server's name in the settings: the VNC server behind it, and a function that makes the keys of `vnc`."""


def case(name: str, behind: str, **vnc: Any) -> str:
    CASES[name] = (behind, vnc)
    return name


GOOD = [
    case("plain-unix", "unix"),
    case("plain-tcp", "none"),
    case("plain-password", "password", password_file="password"),
    case("x509none", "x509none", tls={}),
    case("x509none-by-name", "x509none", tls={"server_name": "localhost"}),
    case("x509vnc", "x509vnc", password_file="password", tls={"subtype": "x509vnc"}),
    case("stronger-than-asked", "x509vnc", password_file="password", tls={}),
    case("x509unix", "x509unix", tls={}),
    case("client-certificate", "wants-client", tls={"client": "client"}),
    case("client-not-needed", "x509none", tls={"client": "client"}),
    case("elsewhere-named", "elsewhere", tls={"server_name": "elsewhere.example"}),
    case("insecure", "elsewhere", tls={**NO_CA, "insecure": True}),
    case("anonymous", "anonymous", tls={**NO_CA, "subtype": "tlsnone"}),
    case("anonymous-password", "anonymous-password", password_file="password", tls={**NO_CA, "subtype": "tlsvnc"}),
]

BAD: list[tuple[str, tuple[int, str], str]] = [
    (
        case("downgrade-none", "none", tls={}),
        SECURITY_REFUSED,
        "offers the security types None (1); required is VeNCrypt",
    ),
    (
        case("downgrade-password", "password", password_file="password", tls={}),
        SECURITY_REFUSED,
        "offers the security types VNC password (2); required is",
    ),
    (
        case("downgrade-unix", "unix", tls={}),
        SECURITY_REFUSED,
        "offers the security types None (1)",
    ),
    (
        case("downgrade-subtype", "x509none", password_file="password", tls={"subtype": "x509vnc"}),
        SECURITY_REFUSED,
        "offers the VeNCrypt sub-types x509none (260); required is x509vnc (261)",
    ),
    (case("anonymous-unasked", "anonymous", tls={}), SECURITY_REFUSED, "sub-types tlsnone (257); required is x509none"),
    (case("tls-unasked", "x509none"), SECURITY_REFUSED, "types VeNCrypt (19); required is None (1)"),
    (case("sasl", "sasl", tls={}), SECURITY_REFUSED, "sub-types 263"),
    (
        case("wrong-password", "x509vnc", password_file="wrong-password", tls={}),
        SECURITY_REFUSED,
        "refuses our credentials",
    ),
    (case("wrong-ca", "x509none", tls={"ca": "other-ca.pem"}), TLS_FAILED, "not signed by a trusted authority"),
    (case("system-ca", "x509none", tls=NO_CA), TLS_FAILED, "not signed by a trusted authority"),
    (case("wrong-address", "elsewhere", tls={}), TLS_FAILED, "certificate is for another address"),
    (case("wrong-name", "x509none", tls={"server_name": "elsewhere.example"}), TLS_FAILED, "for another name"),
    (case("no-client-certificate", "wants-client", tls={}), TLS_FAILED, "it probably requires a client certificate"),
    (
        case("strange-client", "wants-client", tls={"client": "stranger"}),
        TLS_FAILED,
        "it probably rejected the client certificate",
    ),
    (
        case("insecure-without-client", "wants-client", tls={**NO_CA, "insecure": True}),
        TLS_FAILED,
        "requires a client certificate",
    ),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, files: Files) -> Iterator[Service]:
    qemu = Qemu(files)
    ca = {"ca": str(files.folder / "ca.pem")}
    found = f"{guests_found_at(files.folder / 'qmp')}tls = {toml(ca)}\n"
    settings = (
        USERS
        + ADMIN.settings
        + found
        + "".join(
            server_settings(files, server_id(name), name, qemu.url(behind), vnc)
            for name, (behind, vnc) in CASES.items()
        )
    )
    with ExitStack() as stack:
        stack.enter_context(bare_qemu(portal, files.folder, "-uuid", GUEST_ID, *qemu.arguments))
        yield stack.enter_context(serving(portal, files.folder, settings))


def server_id(name: str) -> str:
    return SERVER_IDS.format(list(CASES).index(name))


@pytest.mark.parametrize("name", GOOD)
def test_the_console_opens(portal: BlockingPortal, service: Service, name: str) -> None:
    assert portal.call(screen_name, service.console_url(server_id(name))) == b"QEMU"
    opened = portal.call(
        until, lambda: [event for event in service.events("console.opened") if event["server_name"] == name]
    )
    assert [event["encrypted"] for event in opened] == [True if "tls" in CASES[name][1] else None]


def test_the_whole_screen_comes_through_tls(portal: BlockingPortal, service: Service) -> None:
    async def update_bytes(url: str) -> int:
        async with websocket(url) as wire:
            screen = (await wire.rfb_handshake()).payload
            width, height = (int.from_bytes(screen[at : at + 2], "big") for at in (0, 2))
            wire.send(set_pixel_format() + set_encodings(0) + update_request(False, 0, 0, width, height))
            missing = 4 + 12 + 4 * width * height
            while missing > 0:
                missing -= len((await wire.frame()).payload)
            return missing

    assert portal.call(update_bytes, service.console_url(server_id("x509none"))) == 0


def test_a_guest_that_the_qemu_driver_found_is_reached_by_tls(portal: BlockingPortal, service: Service) -> None:
    assert portal.call(screen_name, service.console_url(GUEST_ID)) == b"QEMU"
    (opened,) = portal.call(
        until, lambda: [event for event in service.events("console.opened") if event["server"] == GUEST_ID]
    )
    assert opened["target"].endswith("x509unix.vnc")
    assert opened["encrypted"] is True


@pytest.mark.parametrize(("name", "end", "words"), BAD)
def test_the_console_is_refused_and_the_reason_named(
    portal: BlockingPortal, service: Service, name: str, end: tuple[int, str], words: str
) -> None:
    check_refusal(portal, service, server_id(name), end, words)


def test_what_is_not_verified_is_said_aloud(portal: BlockingPortal, service: Service) -> None:
    loud = {
        f"Server {name} ({server_id(name)}): its vnc console is reached by TLS without verification."
        for name, (_, vnc) in CASES.items()
        if vnc.get("tls", {}).get("insecure") or vnc.get("tls", {}).get("subtype", "").startswith("tls")
    }
    assert len(loud) == 4
    ready = service.get("/readyz", headers={"X-Auth-Token": service.token_of(ADMIN)})
    assert ready.status_code == 200
    assert ready.json()["parts"]["drivers"] == {"static": 4, "qemu": 0}
    problems = ready.json()["problems"]
    assert {problem["part"] for problem in problems} == {"static"}
    assert {problem["sentence"] for problem in problems} == loud
    portal.call(until, lambda: {event["problem"] for event in service.events("service.degraded")} == loud)


def test_no_secret_is_in_the_log(service: Service) -> None:
    assert PASSWORD not in service.running.stderr
    assert "PRIVATE KEY" not in service.running.stderr
    assert service.events("service.failed") == []


def test_a_certificate_that_is_renewed_needs_no_restart(portal: BlockingPortal, service: Service, files: Files) -> None:
    (files.folder / "client.pem").write_bytes((files.folder / "stranger.pem").read_bytes())
    (files.folder / "client-key.pem").write_bytes((files.folder / "stranger-key.pem").read_bytes())
    url = service.console_url(server_id("client-certificate"))
    assert "target_tls_failed" in portal.call(ending, url).close_reason
    (files.folder / "client-key.pem").write_text("half written")
    assert "dependency_unavailable" in portal.call(ending, url).close_reason
    files.write_client("client", files.authority)
    assert portal.call(screen_name, url) == b"QEMU"
