"""`keyhole serve` as an operator runs it: refusals, TLS, sockets, consoles with a password, and the end."""

import asyncio
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_target import flood, listening
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.real.certificates import certified
from tests.real.consoles import BINARY, novnc_size, websocket, websocket_target
from tests.real.guests import fresh_id
from tests.real.processes import KEYHOLE, Running, running
from tests.real.service import DEMO, PASSWORDS, SIMULATED, SIMULATED_ID, STRANGER, USERS, WATCHER, Service, serving
from tests.real.targets import SERVER_IDS, bare_qemu, static_server, url_of

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

STOP_SECONDS = 5
LATE_SECONDS = 1
GOING_AWAY = 1001
SECURITY_REFUSED = 4013


class TestRefusals:
    """What a caller is told, by the running service, in the shape that their client knows."""

    def test_a_wrong_password(self, service: Service) -> None:
        answer = service.sign_in("demo", "wrong")
        assert answer.status_code == 401
        error = answer.json()["error"]
        assert (error["code"], error["title"]) == (401, "Unauthorized")
        assert "X-Subject-Token" not in answer.headers

    def test_no_token(self, service: Service, guest: DemoGuest) -> None:
        answer = service.get(f"/compute/v2.1/servers/{guest.server_id}")
        assert answer.status_code == 401
        assert answer.json()["error"]["title"] == "Unauthorized"
        assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")

    def test_a_server_of_another_project(self, service: Service, guest: DemoGuest) -> None:
        words = f"Instance {guest.server_id} could not be found."
        self._refused(service.ask_console(guest.server_id, user=STRANGER), 404, "itemNotFound", words)

    def test_a_server_that_is_not_there(self, service: Service) -> None:
        missing = fresh_id()
        words = f"Instance {missing} could not be found."
        self._refused(service.ask_console(missing), 404, "itemNotFound", words)

    def test_a_reader_opens_no_console(self, service: Service, guest: DemoGuest) -> None:
        words = "Policy doesn't allow os_compute_api:os-remote-consoles to be performed."
        self._refused(service.ask_console(guest.server_id, user=WATCHER), 403, "forbidden", words)

    def test_a_type_that_is_none(self, service: Service, guest: DemoGuest) -> None:
        self._refused(service.ask_console(guest.server_id, "teletype"), 400, "badRequest", "'teletype' is not one of")

    def test_a_type_that_the_server_has_not(self, service: Service, guest: DemoGuest) -> None:
        words = "Unavailable console type spice-html5."
        self._refused(service.ask_console(guest.server_id, "spice-html5"), 400, "badRequest", words)

    def test_refusals_are_counted_and_logged_by_reason(self, service: Service) -> None:
        before = self._count(service, "server_not_found")
        logged = len(service.events("refused"))
        service.ask_console(fresh_id())
        assert self._count(service, "server_not_found") == before + 1
        assert service.events("refused")[logged:][0]["reason"] == "server_not_found"

    @staticmethod
    def _refused(answer: httpx.Response, status: int, fault: str, words: str) -> None:
        assert answer.status_code == status
        assert answer.json()[fault]["code"] == status
        assert words in answer.json()[fault]["message"]

    @staticmethod
    def _count(service: Service, reason: str) -> float:
        found = re.search(rf'^keyhole_refused_total{{reason="{reason}"}} (\S+)$', service.get("/metrics").text, re.M)
        assert found is not None
        return float(found[1])


def test_no_secret_comes_into_the_log(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, f"{USERS}{SIMULATED}") as service:
        identity_token = service.token_of(DEMO)
        url = service.console_url(SIMULATED_ID)
        portal.call(novnc_size, url)
        service.get(url)
        service.get(f"/compute/v2.1/servers?token={identity_token}")
        service.sign_in("demo", "another-password")
        portal.call(until, lambda: service.events("console.closed"))
        written = service.running.stdout + service.running.stderr
    console_token = url.partition("token%3D")[2]
    assert len(service.events("console.created")) == 1
    for secret in (identity_token, console_token, "another-password", *PASSWORDS.values()):
        assert secret not in written


class TestTls:
    @pytest.fixture
    def secured(self, portal: BlockingPortal, tmp_path: Path) -> Iterator[Service]:
        files, trust = certified(tmp_path)
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}", server=files, trust=trust) as service:
            yield service

    def test_page_and_console_are_encrypted(self, secured: Service, portal: BlockingPortal) -> None:
        url = secured.console_url(SIMULATED_ID)
        assert url.startswith(f"https://127.0.0.1:{secured.port}/")
        page = secured.get(url)
        assert page.status_code == 200
        assert f"wss://127.0.0.1:{secured.port}" in page.headers["Content-Security-Policy"]
        assert portal.call(self._console_over_tls, secured, websocket_target(url)) == 101
        assert secured.console_url(SIMULATED_ID, "serial").startswith(f"wss://127.0.0.1:{secured.port}/?token=")

    @staticmethod
    async def _console_over_tls(service: Service, target: str) -> int:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", service.port, ssl=service.trust))
        answer = await wire.upgrade(target, BINARY)
        await wire.rfb_handshake()
        wire.close()
        await wire.writer.wait_closed()
        return answer.status

    def test_a_stranger_is_not_trusted(self, secured: Service) -> None:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(secured.url, verify=ssl.create_default_context(), trust_env=False)

    def test_plain_http_is_sent_to_the_page_and_refused_everything_else(self, secured: Service) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{secured.port}", trust_env=False) as plain:
            path = "/vnc_lite.html?path=%3Ftoken%3Dx"
            page = plain.get(path)
            assert (page.status_code, page.headers["Location"]) == (308, f"{secured.url}{path}")
            upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
            console = plain.get("/?token=x", headers=upgrade | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
            native, api, posted = plain.get("/console?token=x"), plain.get("/compute/v2.1"), plain.post("/identity")
            for refused in (console, native, api, posted):
                assert refused.status_code == 403
                assert refused.text == "This port speaks TLS: the address begins with https:// or wss://.\n"
        assert {event["reason"] for event in secured.events("refused")} == {"tls_required"}


class TestTheUnixSocket:
    def test_api_and_console_answer_on_it(self, portal: BlockingPortal, tmp_path: Path) -> None:
        socket = tmp_path / "keyhole.sock"
        keys = f'[server]\nlisten = "unix:{socket}"\npublic_url = "http://console.example.com"\n'
        config = tmp_path / "keyhole.toml"
        config.write_text(f'{keys}[store]\nurl = "sqlite:///{tmp_path}/keyhole.db"\n{USERS}{SIMULATED}')
        with running(KEYHOLE, "serve", "--config", config, folder=tmp_path, name="keyhole") as process:
            portal.call(until, partial(self._listens, process, socket), 30)
            service = Service("http://console.example.com", process, socket=socket)
            url = service.console_url(SIMULATED_ID)
            assert url.startswith("http://console.example.com/vnc_lite.html?path=")
            portal.call(self._console, socket, websocket_target(url))
            assert process.end() == 0
            assert not socket.exists()
            assert "Traceback" not in process.stderr

    @staticmethod
    def _listens(process: Running, socket: Path) -> bool:
        assert not process.has_ended(), process.stderr
        return any('"service.started"' in line for line in process.stderr.splitlines()) and socket.is_socket()

    @staticmethod
    async def _console(socket: Path, target: str) -> None:
        wire = Wire(*await asyncio.open_unix_connection(socket))
        assert (await wire.upgrade(target, BINARY)).status == 101
        await wire.rfb_handshake()
        wire.close()
        await wire.writer.wait_closed()


class TestTheEnd:
    @pytest.mark.parametrize("answers", [True, False], ids=["a viewer that answers", "a viewer that does not"])
    def test_an_open_session_is_told_why(self, portal: BlockingPortal, tmp_path: Path, answers: bool) -> None:
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}") as service:
            told = portal.call(self._session_at_the_end, service, service.console_url(SIMULATED_ID), answers)
            (closed,) = service.events("console.closed")
            assert "Traceback" not in service.running.stderr
        assert (told.close_code, told.close_reason) == (GOING_AWAY, "restarting")
        assert (closed["reason"], service.running.process.returncode) == ("restarting", 0)

    @staticmethod
    async def _session_at_the_end(service: Service, url: str, answers: bool) -> Frame:
        async with websocket(url) as wire:
            await wire.rfb_handshake()
            service.running.process.terminate()
            asked_at = time.monotonic()
            frame = await wire.frame()
            if answers:
                wire.send(frame.payload, opcode=8)
            await wire.rest(STOP_SECONDS)
            await asyncio.to_thread(service.running.process.wait, STOP_SECONDS)
            assert time.monotonic() - asked_at < STOP_SECONDS
        return frame

    def test_a_viewer_that_reads_late_is_still_told(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with (
            portal.wrap_async_context_manager(listening(flood)) as target,
            serving(portal, tmp_path, USERS + static_server(0, "vm", url_of(target))) as service,
        ):
            told = portal.call(self._late_reader, service, service.console_url(SERVER_IDS.format(0)))
            assert service.running.process.wait(STOP_SECONDS) == 0
        assert (told.close_code, told.close_reason) == (GOING_AWAY, "restarting")

    @staticmethod
    async def _late_reader(service: Service, url: str) -> Frame:
        async with websocket(url) as wire:
            await wire.rfb_handshake()
            # The screen has filled every buffer on the way when the viewer's own one is full.
            await until(lambda: not wire.transport.is_reading())
            service.running.process.terminate()
            await until(lambda: service.events("console.closed"))
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(service.running.process.wait, LATE_SECONDS)
            while (frame := await wire.frame()).opcode != 8:
                pass
        return frame


class TestAConsoleWithAPassword:
    """A real QEMU that asks for a VNC password: Keyhole signs in, the viewer is asked for nothing."""

    def test_the_viewer_is_not_asked(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with self._locked_console(portal, tmp_path, known="sesame") as url:
            assert portal.call(novnc_size, url) > (0, 0)

    def test_a_wrong_one_is_told_by_its_name(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with self._locked_console(portal, tmp_path, known="wrong") as url:
            told = portal.call(self._refusal, url)
        assert (told.close_code, told.close_reason.partition(":")[0]) == (SECURITY_REFUSED, "target_security_refused")

    @staticmethod
    @contextmanager
    def _locked_console(portal: BlockingPortal, folder: Path, *, known: str) -> Iterator[str]:
        (folder / "secret").write_text("sesame")
        (folder / "known").write_text(f"{known}\n")
        secret = ("-object", f"secret,id=secret,file={folder / 'secret'}")
        settings = static_server(0, "vm", f"unix:{folder / 'vnc'}", f', password_file = "{folder / "known"}"')
        with (
            bare_qemu(portal, folder, *secret, vnc=",password-secret=secret"),
            serving(portal, folder, USERS + settings) as service,
        ):
            yield service.console_url(SERVER_IDS.format(0))

    @staticmethod
    async def _refusal(url: str) -> Frame:
        async with websocket(url) as wire:
            return await wire.frame()
