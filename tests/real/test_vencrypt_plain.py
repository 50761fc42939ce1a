"""VeNCrypt with a name and a password, which QEMU does not offer: TigerVNC's X server asks PAM about them.

PAM's rules and its passwords are files of the tests' own, put in the place of the system's by `pam_wrapper`.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.processes import Running, free_port, library, program, running
from tests.real.service import USERS, Service, serving
from tests.real.targets import SERVER_IDS
from tests.real.vencrypt import (
    NO_CA,
    PASSWORD,
    SECURITY_REFUSED,
    TLS_FAILED,
    Files,
    check_refusal,
    screen_name,
    server_settings,
)

pytest_plugins = ["tests.real.fixtures"]

START_SECONDS = 60
USER, OTHER_USER = "operator", "visitor"
PAM_SERVICE = "console"
DESKTOP = "workstation"

VARIANTS = {
    "plain": ("localhost", "X509Plain"),
    "elsewhere": ("elsewhere", "X509Plain"),
    "everything": ("localhost", "None,Plain,TLSNone,TLSPlain,X509None,X509Plain"),
    "anything-weaker": ("localhost", "None,Plain,TLSNone,TLSPlain,X509None"),
    "clear": ("localhost", "Plain,None"),
}
"""By name, the certificate of an X server and the security types that it offers, those that it likes best first."""

SIGNED_IN: dict[str, Any] = {"username": USER, "password_file": "password"}
PLAIN: dict[str, Any] = {"subtype": "x509plain"}

GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "asked": ("plain", {**SIGNED_IN, "tls": PLAIN}),
    "stronger-than-asked": ("plain", {**SIGNED_IN, "tls": {}}),
    "our-preference": ("everything", {**SIGNED_IN, "tls": {}}),
    "elsewhere-named": ("elsewhere", {**SIGNED_IN, "tls": {**PLAIN, "server_name": "elsewhere.example"}}),
    "insecure": ("elsewhere", {**SIGNED_IN, "tls": {**PLAIN, **NO_CA, "insecure": True}}),
    "anonymous": ("anything-weaker", {**SIGNED_IN, "tls": {**NO_CA, "subtype": "tlsplain"}}),
    "without-password": ("everything", {"tls": {}}),
}

BAD: dict[str, tuple[str, dict[str, Any], tuple[int, str], str]] = {
    "wrong-password": (
        "plain",
        {"username": USER, "password_file": "wrong-password", "tls": PLAIN},
        SECURITY_REFUSED,
        "refuses our credentials",
    ),
    "user-without-access": (
        "plain",
        {"username": OTHER_USER, "password_file": "password", "tls": PLAIN},
        SECURITY_REFUSED,
        "refuses our credentials",
    ),
    "no-user": ("plain", {"tls": {}}, SECURITY_REFUSED, "sub-types x509plain (262); required is x509none (260)"),
    "wrong-ca": (
        "plain",
        {**SIGNED_IN, "tls": {**PLAIN, "ca": "other-ca.pem"}},
        TLS_FAILED,
        "not signed by a trusted authority",
    ),
    "wrong-address": ("elsewhere", {**SIGNED_IN, "tls": PLAIN}, TLS_FAILED, "certificate is for another address"),
    "wrong-name": (
        "plain",
        {**SIGNED_IN, "tls": {**PLAIN, "server_name": "elsewhere.example"}},
        TLS_FAILED,
        "for another name",
    ),
    "downgrade-subtype": (
        "anything-weaker",
        {**SIGNED_IN, "tls": PLAIN},
        SECURITY_REFUSED,
        "required is x509plain (262)",
    ),
    "downgrade-clear": (
        "clear",
        {**SIGNED_IN, "tls": PLAIN},
        SECURITY_REFUSED,
        "sub-types 1, plain (256); required is x509plain (262)",
    ),
}

NAMES = [*GOOD, *BAD]


class XServer:
    """One of VARIANTS as a process."""

    def __init__(self, files: Files, name: str) -> None:
        self.port = free_port()
        self.name = name
        certificate, security_types = VARIANTS[name]
        folder = files.folder / certificate
        # The server chooses a free display and writes its number on its standard output when it is ready.
        self.command = (
            program("Xtigervnc", "tigervnc-standalone-server"), "-displayfd", "1", "-nolisten", "tcp",
            "-interface", "127.0.0.1", "-rfbport", str(self.port), "-UseIPv6=0", "-desktop", DESKTOP,
            "-SecurityTypes", security_types, "-PAMService", PAM_SERVICE, "-PlainUsers", USER,
            "-X509Cert", str(folder / "server-cert.pem"), "-X509Key", str(folder / "server-key.pem"),
        )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, files: Files) -> Iterator[Service]:
    environment = os.environ | with_pam(files.folder) | {"HOME": str(files.folder)}
    servers = {name: XServer(files, name) for name in VARIANTS}
    cases = {**GOOD, **{name: (behind, vnc) for name, (behind, vnc, _, _) in BAD.items()}}
    settings = USERS + "".join(
        server_settings(files, server_id(name), name, f"tcp://127.0.0.1:{servers[behind].port}", vnc)
        for name, (behind, vnc) in cases.items()
    )
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                running(*server.command, folder=files.folder, environment=environment, name=server.name)
            )
            for server in servers.values()
        ]
        for process in processes:
            portal.call(until, partial(is_ready, process), START_SECONDS)
        yield stack.enter_context(serving(portal, files.folder, settings))


def with_pam(folder: Path) -> dict[str, str]:
    """Variables for a program that asks PAM: passwords are those of a file, one for each user."""
    wrapper = library("libpam_wrapper.so", "libpam-wrapper")
    passwords = folder / "pam-passwords"
    passwords.write_text(f"{USER}:{PASSWORD}:{PAM_SERVICE}\n{OTHER_USER}:{PASSWORD}:{PAM_SERVICE}\n")
    rules = folder / "pam"
    rules.mkdir()
    module = wrapper.parent / "pam_wrapper" / "pam_matrix.so"
    (rules / PAM_SERVICE).write_text(
        "".join(f"{what} required {module} passdb={passwords}\n" for what in ("auth", "account"))
    )
    return {"LD_PRELOAD": str(wrapper), "PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(rules)}


def is_ready(process: Running) -> bool:
    assert not process.has_ended(), f"the X server has ended: {process.stderr}"
    return bool(process.stdout.strip())


def server_id(name: str) -> str:
    return SERVER_IDS.format(NAMES.index(name))


@pytest.mark.parametrize("name", GOOD)
def test_the_console_opens(portal: BlockingPortal, service: Service, name: str) -> None:
    assert portal.call(screen_name, service.console_url(server_id(name))) == DESKTOP.encode()
    opened = portal.call(
        until, lambda: [event for event in service.events("console.opened") if event["server_name"] == name]
    )
    assert [event["encrypted"] for event in opened] == [True]


def test_the_name_and_password_are_told_where_the_server_would_do_without(
    portal: BlockingPortal, service: Service, files: Files
) -> None:
    portal.call(screen_name, service.console_url(server_id("our-preference")))
    log = files.folder / "everything.stderr"
    portal.call(until, lambda: "Client requests security type X509Plain" in log.read_text())


@pytest.mark.parametrize("name", BAD)
def test_the_console_is_refused_and_the_reason_named(portal: BlockingPortal, service: Service, name: str) -> None:
    _, _, end, words = BAD[name]
    check_refusal(portal, service, server_id(name), end, words)


def test_no_secret_is_in_the_log(service: Service) -> None:
    assert PASSWORD not in service.running.stderr
    assert service.events("service.failed") == []
