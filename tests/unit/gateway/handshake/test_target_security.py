"""TLS towards VNC servers, through a complete front door: what opens, and the reason of each failure."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr
from tests.fakes.rfb_target import SERVER_INIT, listening
from tests.fakes.vencrypt_target import CHALLENGE, X509NONE, X509PLAIN, X509VNC, VencryptServer, server_context
from tests.fakes.wire import Frame, Wire
from tests.unit.gateway.conftest import World, make_world

from keyhole.crypto.vnc_des import response
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.handshake.target_security import accepted_security
from keyhole.model import Dialled, Protocol, Target, TargetTls, TcpAddress, VencryptSubtype
from keyhole.protocols.rfb.constants import SecurityNumber

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority, LOOPBACK)


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


async def open_console(world: World, address: TcpAddress, tls: TargetTls | None, **more: object) -> Wire:
    password = more.pop("password", None)
    secret = SecretStr(str(password)) if password is not None else None
    world.driver.targets[Protocol.VNC] = Target(Protocol.VNC, Dialled(address), secret, tls=tls, **more)  # type: ignore[arg-type]
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={await world.token()}")).status == 101
    return wire


async def ending(world: World, server: VencryptServer, tls: TargetTls | None, **more: object) -> Frame:
    """The close frame of a session that does not open."""
    async with listening(server.serve) as address:
        frame = await (await open_console(world, address, tls, **more)).frame()
    assert frame.opcode == 8
    return frame


async def test_a_verified_server_opens_and_echoes_under_tls(world: World, context: ssl.SSLContext, ca: Path) -> None:
    async with listening(VencryptServer(context).serve) as address:
        wire = await open_console(world, address, TargetTls(ca=ca))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT
        key = b"\x04\x01\0\0\0\0\0\x61"
        wire.send(key)
        assert (await wire.frame()).payload == key
        assert (await world.event("console.opened"))["encrypted"] is True


async def test_the_strongest_way_that_both_know_is_taken(world: World, context: ssl.SSLContext, ca: Path) -> None:
    server = VencryptServer(context, offers=(X509NONE, X509VNC, X509PLAIN))
    async with listening(server.serve) as address:
        tls = TargetTls(ca=ca)
        await (await open_console(world, address, tls)).rfb_handshake()
        assert server.heard == b"\1"
        server.heard.clear()
        await (await open_console(world, address, tls, password="sesame")).rfb_handshake()
        assert server.heard == response("sesame", CHALLENGE) + b"\1"
        server.heard.clear()
        more = {"password": "sesame", "user_name": "alice"}
        await (await open_console(world, address, tls, **more)).rfb_handshake()
        assert server.heard == b"\0\0\0\5\0\0\0\6alicesesame\1"
        assert server.chosen == [X509NONE, X509VNC, X509PLAIN]


@pytest.mark.parametrize("offers", [(257, 258, 259), (X509NONE,), (263,), ()])
async def test_a_downgrade_is_refused_and_named(
    world: World, context: ssl.SSLContext, ca: Path, offers: tuple[int, ...]
) -> None:
    server = VencryptServer(context, offers=offers)
    frame = await ending(world, server, TargetTls(VencryptSubtype.X509VNC, ca=ca), password="sesame")
    assert frame.close_code == 4013
    assert frame.close_reason.startswith("target_security_refused: The server offers the VeNCrypt sub-types ")
    assert server.chosen == []


async def test_what_is_injected_before_tls_ends_it(world: World, context: ssl.SSLContext, ca: Path) -> None:
    frame = await ending(world, VencryptServer(context, injected=bytes(4)), TargetTls(ca=ca))
    assert frame.close_code == 4012
    assert "unencrypted data after agreeing on TLS" in frame.close_reason


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"RFB is what I speak\n" * 40, "the TLS handshake failed"),
        (b"", "closed the connection instead of starting TLS"),
    ],
)
async def test_a_server_that_does_not_start_the_tls_it_agreed_to(
    world: World, context: ssl.SSLContext, ca: Path, words: bytes, said: str
) -> None:
    server = VencryptServer(context, instead_of_tls=words)
    # The words may come before or after our TLS begins: either way nothing opens, under one of two names.
    frame = await ending(world, server, TargetTls(ca=ca))
    assert (frame.close_code == 4015 and said in frame.close_reason) or "unencrypted data" in frame.close_reason


async def test_old_tls_is_not_spoken(world: World, authority: trustme.CA, ca: Path) -> None:
    old = server_context(authority, LOOPBACK)
    old.set_ciphers("ALL:@SECLEVEL=0")
    for bound in ("minimum_version", "maximum_version"):
        with pytest.warns(DeprecationWarning, match=r"TLSv1_1 is deprecated"):
            setattr(old, bound, ssl.TLSVersion.TLSv1_1)
    frame = await ending(world, VencryptServer(old), TargetTls(ca=ca))
    assert frame.close_code == 4015


@pytest.mark.parametrize(
    ("names", "server_name", "words"),
    [
        (("hv1.example",), "", "certificate is for another address"),
        ((LOOPBACK,), "hv1.example", "certificate is for another name"),
        (("*.example",), "a.hv1.example", "certificate is for another name"),
    ],
)
async def test_a_certificate_for_another_is_refused_without_telling_whose_it_is(
    world: World, authority: trustme.CA, ca: Path, names: tuple[str, ...], server_name: str, words: str
) -> None:
    server = VencryptServer(server_context(authority, *names))
    frame = await ending(world, server, TargetTls(ca=ca, server_name=server_name))
    assert (frame.close_code, frame.close_reason) == (4015, f"target_tls_failed: the host's {words}")
    refused = await world.event("refused")
    assert LOOPBACK not in refused["message"]


async def test_a_certificate_of_another_authority_is_refused(world: World, ca: Path) -> None:
    server = VencryptServer(server_context(trustme.CA(), LOOPBACK))
    frame = await ending(world, server, TargetTls(ca=ca))
    assert frame.close_reason == "target_tls_failed: the host's certificate is not signed by a trusted authority"


async def test_another_name_may_be_the_right_one(world: World, authority: trustme.CA, ca: Path) -> None:
    async with listening(VencryptServer(server_context(authority, "hv1.example")).serve) as address:
        wire = await open_console(world, address, TargetTls(ca=ca, server_name="hv1.example"))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT


async def test_insecure_opens_whoever_answers(world: World) -> None:
    async with listening(VencryptServer(server_context(trustme.CA(), "anybody.example")).serve) as address:
        wire = await open_console(world, address, TargetTls(insecure=True))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_missing_certificate_of_ours_is_named(
    world: World, authority: trustme.CA, ca: Path, version: ssl.TLSVersion
) -> None:
    wants = server_context(authority, LOOPBACK, client_authority=authority)
    wants.maximum_version = version
    frame = await ending(world, VencryptServer(wants), TargetTls(ca=ca))
    assert frame.close_code == 4015
    if version is ssl.TLSVersion.TLSv1_3:
        assert "it probably requires a client certificate" in frame.close_reason


async def test_a_certificate_of_ours_opens_the_way(world: World, authority: trustme.CA, ca: Path) -> None:
    ours = authority.issue_cert("keyhole.example")
    certificate, key = ca.with_name("client.pem"), ca.with_name("client-key.pem")
    ours.cert_chain_pems[0].write_to_path(certificate)
    ours.private_key_pem.write_to_path(key)
    wants = server_context(authority, LOOPBACK, client_authority=authority)
    async with listening(VencryptServer(wants).serve) as address:
        wire = await open_console(world, address, TargetTls(ca=ca, certificate=certificate, key=key))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT


async def test_a_refusal_under_tls_is_one_of_the_servers(world: World, context: ssl.SSLContext, ca: Path) -> None:
    refusing = VencryptServer(context, result=b"\0\0\0\1\0\0\0\5later")
    frame = await ending(world, refusing, TargetTls(ca=ca))
    assert frame.close_reason == "target_security_refused: The server refuses our credentials: later"


@pytest.mark.parametrize(
    ("last_words", "reason"),
    [
        (
            b"",
            "target_tls_failed: the host closed the connection after the TLS handshake;"
            " it probably requires a client certificate",
        ),
        (b"\0\0", "target_closed"),
        (b"\0\0\0\1\0\0\0\x05lat", "target_security_refused: The server refuses our credentials."),
    ],
)
async def test_a_server_that_hangs_up_is_told_by_what_it_said_under_tls(
    world: World, context: ssl.SSLContext, ca: Path, last_words: bytes, reason: str
) -> None:
    frame = await ending(world, VencryptServer(context, last_words=last_words), TargetTls(ca=ca))
    assert frame.close_reason == reason


@pytest.mark.parametrize("silent_before", [True, False])
async def test_a_server_that_stalls_is_given_up(context: ssl.SSLContext, ca: Path, silent_before: bool) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent_before:
            writer.write(b"RFB 003.008\n\1\x13\0\2\0\1\0\0\1\4\1")
            await reader.read()
        else:
            await VencryptServer(context, silent=True).serve(reader, writer)

    async with make_world(deadlines=Deadlines(target=0.5, linger=0.3)) as world, listening(stall) as address:
        frame = await (await open_console(world, address, TargetTls(ca=ca))).frame()
        assert frame.close_code == 4012
        assert "its handshake did not finish within 0.5 seconds" in frame.close_reason


async def test_files_that_went_bad_are_our_own_trouble(world: World, context: ssl.SSLContext, ca: Path) -> None:
    absent = ca.with_name("absent.pem")
    frame = await ending(world, VencryptServer(context), TargetTls(ca=absent))
    assert frame.close_code == 4030
    assert str(absent) not in frame.close_reason


def test_with_tls_nothing_in_the_clear_is_accepted() -> None:
    for password in (None, SecretStr("sesame")):
        target = Target(Protocol.VNC, Dialled(TcpAddress("h", 1)), password, tls=TargetTls())
        assert [security.number for security in accepted_security(target)] == [SecurityNumber.VENCRYPT]
