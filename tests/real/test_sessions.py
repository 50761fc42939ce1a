"""Sessions of running services: two that share one store, reconnecting after a restart, and every way to end them."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.real.consoles import websocket_target
from tests.real.processes import KEYHOLE, run
from tests.real.service import DEMO, SIMULATED, SIMULATED_ID, STRANGER, USERS, WATCHER, Service, User, serving

pytest_plugins = ("tests.real.fixtures",)

SETTINGS = f"{USERS}{SIMULATED}"
END_SECONDS = 1.0
"""How long an order of another service may take to be obeyed, on a machine that does little else."""


@dataclass
class Browser:
    """Opens consoles with an Origin, keeps the ticket, and reconnects with it."""

    service: Service
    console_id: str = ""
    cookie: str = ""

    def _headers(self) -> list[str]:
        return [f"Origin: {self.service.url}", *([f"Cookie: {self.cookie}"] if self.cookie else [])]

    async def open(self, url: str) -> Wire:
        wire = await Wire.connect(self.service.port)
        answer = await wire.upgrade(websocket_target(url), *self._headers())
        assert answer.status == 101
        self.cookie, path, *_ = answer.headers["set-cookie"].split("; ")
        self.console_id = path.removeprefix("Path=/c/")
        await wire.rfb_handshake()
        return wire

    async def reconnect(self, *headers: str) -> tuple[int, Wire]:
        wire = await Wire.connect(self.service.port)
        answer = await wire.upgrade(f"/c/{self.console_id}", *(headers or self._headers()))
        if answer.status == 101:
            await wire.rfb_handshake()
        return answer.status, wire

    def session(self, method: str = "GET", **headers: str) -> httpx.Response:
        with self.service.http as http:
            return http.request(method, f"/c/{self.console_id}/session", headers={"Cookie": self.cookie} | headers)


async def ending(wire: Wire) -> Frame:
    while (frame := await wire.frame(30)).opcode != 8:
        pass
    return frame


def ask(service: Service, method: str, path: str, user: User = DEMO) -> httpx.Response:
    with service.http as http:
        return http.request(method, path, headers={"X-Auth-Token": service.token_of(user)})


def sessions_of(service: Service, user: User = DEMO) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = ask(service, "GET", "/v1/sessions", user).raise_for_status().json()["sessions"]
    return listed


@pytest.fixture
def pair(portal: BlockingPortal, tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """Two services on one store."""
    with ExitStack() as stack:
        services = []
        for name in ("first", "second"):
            folder = tmp_path / name
            folder.mkdir()
            services.append(stack.enter_context(serving(portal, folder, SETTINGS, store=tmp_path / "shared.db")))
        first, second = services
        yield first, second


def test_a_session_is_seen_and_ended_from_another_process(
    pair: tuple[Service, Service], portal: BlockingPortal
) -> None:
    first, second = pair
    browser = Browser(first)
    url = first.console_url(SIMULATED_ID)

    async def seen_and_killed() -> tuple[str, float]:
        wire = await browser.open(url)
        (session,) = await until(lambda: asyncio.to_thread(sessions_of, second))
        assert (session["server"]["id"], session["user"]["name"]) == (SIMULATED_ID, "demo")
        assert session["console"] == browser.console_id
        assert await asyncio.to_thread(sessions_of, second, STRANGER) == []
        path = f"/v1/sessions/{session['id']}"
        for user, status in ((STRANGER, 404), (WATCHER, 403), (DEMO, 204)):
            assert (await asyncio.to_thread(ask, second, "DELETE", path, user)).status_code == status
        begun = time.monotonic()
        frame = await ending(wire)
        return frame.close_reason, time.monotonic() - begun

    reason, seconds = portal.call(seen_and_killed)
    assert reason == "killed: by demo"
    assert seconds < END_SECONDS * 5
    portal.call(until, lambda: not sessions_of(second))
    for service in pair:
        browser.service = service
        answer = browser.session()
        assert (answer.status_code, answer.json()["reason"]) == (403, "killed")
    assert portal.call(browser.reconnect)[0] == 403


def test_a_link_taken_back_at_one_process_ends_its_session_at_the_other(
    pair: tuple[Service, Service], portal: BlockingPortal
) -> None:
    first, second = pair
    browser = Browser(first)
    url = first.console_url(SIMULATED_ID)

    async def revoked() -> str:
        wire = await browser.open(url)
        path = f"/v1/links/{browser.console_id}"
        assert (await asyncio.to_thread(ask, second, "DELETE", path)).status_code == 204
        return (await ending(wire)).close_reason

    assert portal.call(revoked).startswith("revoked")
    assert browser.session().json()["reason"] == "revoked"


def test_a_viewer_comes_back_to_another_process(pair: tuple[Service, Service], portal: BlockingPortal) -> None:
    first, second = pair
    browser = Browser(first)
    url = first.console_url(SIMULATED_ID)

    async def moved() -> str:
        lost = await browser.open(url)
        await until(lambda: asyncio.to_thread(sessions_of, second))
        browser.service = second
        status, wire = await browser.reconnect()
        assert status == 101
        reason = (await ending(lost)).close_reason
        await until(lambda: asyncio.to_thread(lambda: len(sessions_of(first)) == 1))
        wire.close()
        return reason

    assert portal.call(moved) == "viewer_replaced"


def test_the_sessions_of_a_process_that_was_killed_vanish_and_its_viewers_come_back_elsewhere(
    pair: tuple[Service, Service], portal: BlockingPortal
) -> None:
    first, second = pair
    browser = Browser(first)
    url = first.console_url(SIMULATED_ID)

    async def opened() -> None:
        await browser.open(url)
        await until(lambda: asyncio.to_thread(sessions_of, second))

    portal.call(opened)
    first.running.end(signal.SIGKILL)
    browser.service = second
    status, _ = portal.call(browser.reconnect)
    assert status == 101
    portal.call(until, lambda: not sessions_of(second), 30)


def test_a_ticket_outlives_a_restart(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, SETTINGS) as service:
        browser = Browser(service)
        portal.call(browser.open, service.console_url(SIMULATED_ID))
        token = browser.cookie.partition("=")[2]
    with serving(portal, tmp_path, SETTINGS) as service:
        browser.service = service
        answer = browser.session()
        assert answer.json()["server"]["id"] == SIMULATED_ID
        assert portal.call(browser.reconnect)[0] == 101
        portal.call(until, lambda: service.events("console.resumed"))
        page = service.get(f"/c/{browser.console_id}", headers={"Cookie": browser.cookie})
        assert (page.status_code, "<script" in page.text) == (200, True)
        assert token not in service.running.stderr
    with serving(portal, tmp_path, SETTINGS.replace('["member", "reader"]', '["reader"]')) as service:
        browser.service = service
        assert portal.call(browser.reconnect)[0] == 403
        assert browser.session().json()["reason"] == "revoked"


def test_old_and_foreign_tickets_open_nothing(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, f"{SETTINGS}[sessions]\nresume_seconds = 1\n") as service:
        browser = Browser(service)
        portal.call(browser.open, service.console_url(SIMULATED_ID))
        for headers in (
            (f"Cookie: {browser.cookie}",),
            (f"Cookie: {browser.cookie}", "Origin: https://evil.example"),
            (f"Origin: {service.url}",),
        ):
            assert portal.call(browser.reconnect, *headers)[0] == 403
        assert browser.session(Origin="https://evil.example").status_code == 403
        assert browser.session("DELETE", Origin="https://evil.example").status_code == 403

        def expired() -> bool:
            return browser.session().status_code == 403

        portal.call(until, expired)
        assert browser.session().json()["reason"] == "ticket_unknown"
        assert portal.call(browser.reconnect)[0] == 403


def test_a_console_that_was_closed_stays_closed(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, SETTINGS) as service:
        browser = Browser(service)
        url = service.console_url(SIMULATED_ID)

        async def closed() -> Frame:
            wire = await browser.open(url)
            answer = await asyncio.to_thread(browser.session, "DELETE", Origin=service.url)
            assert answer.status_code == 204
            assert answer.headers["Set-Cookie"].startswith("keyhole_ticket=; ")
            return await ending(wire)

        assert portal.call(closed).close_reason == "viewer_closed"
        assert browser.session().json()["reason"] == "viewer_closed"
        assert portal.call(browser.reconnect)[0] == 403


def test_who_was_taken_out_of_the_settings_is_shown_out_by_the_next_service(
    portal: BlockingPortal, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    store = tmp_path / "shared.db"
    with serving(portal, folders[0], SETTINGS, store=store) as first:
        browser = Browser(first)
        url = first.console_url(SIMULATED_ID)

        async def stays() -> str:
            wire = await browser.open(url)
            await until(lambda: asyncio.to_thread(sessions_of, first))
            opened.set()
            return (await ending(wire)).close_reason

        opened = threading.Event()
        reason = portal.start_task_soon(stays)
        assert opened.wait(20)
        with serving(portal, folders[1], SETTINGS.replace(DEMO.settings, ""), store=store):
            assert reason.result(20) == "revoked"


def test_the_pages_cookie_and_what_another_site_can_do_with_it(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, SETTINGS) as service, service.http as http:
        person = {"username": DEMO.name, "password": DEMO.password}
        answer = http.post("/v1/sign-in", json=person)
        assert answer.json()["user"]["name"] == "demo"
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        http.cookies.clear()
        page = {"Cookie": cookie, "X-Keyhole-Page": "1"}
        assert http.get("/compute/v2.1/servers", headers=page | {"Sec-Fetch-Site": "same-origin"}).status_code == 200
        for forged, status in (
            ({"Cookie": cookie}, 401),
            (page | {"Origin": "https://evil.example"}, 403),
            (page | {"Sec-Fetch-Site": "cross-site"}, 403),
        ):
            assert http.get("/compute/v2.1/servers", headers=forged).status_code == status
            assert http.get("/v1/sessions", headers=forged).status_code == status
        preflight = http.options("/v1/sessions", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in preflight.headers
        assert http.post("/v1/sign-out", headers=page | {"Origin": service.url}).status_code == 204
        assert http.get("/v1/me", headers=page).status_code == 401
        assert cookie.partition("=")[2] not in service.running.stderr


def test_the_own_client_lists_and_kills(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, SETTINGS) as service:
        variables = {
            "OS_AUTH_URL": f"{service.url}/identity/v3",
            "OS_USERNAME": DEMO.name,
            "OS_PASSWORD": DEMO.password,
            "OS_PROJECT_NAME": DEMO.project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "HOME": str(tmp_path),
        }
        browser = Browser(service)
        url = service.console_url(SIMULATED_ID)

        async def killed() -> str:
            wire = await browser.open(url)
            await until(lambda: asyncio.to_thread(sessions_of, service))
            command = partial(run, environment=variables)
            listed = await asyncio.to_thread(command, KEYHOLE, "sessions")
            assert listed.returncode == 0, listed.stderr
            session_id = listed.stdout.splitlines()[1].split()[0]
            done = await asyncio.to_thread(command, KEYHOLE, "kill", session_id)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            reason = (await ending(wire)).close_reason
            await until(lambda: asyncio.to_thread(lambda: not sessions_of(service)))
            again = await asyncio.to_thread(command, KEYHOLE, "kill", session_id)
            assert (again.returncode, again.stderr) == (1, "keyhole: There is no such session in your project.\n")
            return reason

        assert portal.call(killed) == "killed: by demo"
