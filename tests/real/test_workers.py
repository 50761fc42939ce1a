"""Several workers behind one port: the effects of one's death, and how all of them end."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.fakes.wire import Wire
from tests.real.consoles import BINARY, websocket_target
from tests.real.live import Session, has_started, metric, probing, refusals, sessions_on, worker_of, workers
from tests.real.processes import KEYHOLE, run
from tests.real.service import DEMO, SIGN_IN, SIMULATED, USERS, Service, serving, sign_in_body
from tests.real.targets import SERVER_IDS, static_server, url_of

from keyhole.identity.login_throttle import PAIR

pytest_plugins = ("tests.real.fixtures",)

SERVER = SERVER_IDS.format(0)
LONG = 60
GOING_AWAY = 1001


@contextmanager
def echoing(portal: BlockingPortal, folder: Path, *, count: int, more: str = "") -> Iterator[Service]:
    """A service with this many workers and one server that echoes."""
    with (
        portal.wrap_async_context_manager(listening(echo)) as target,
        serving(
            portal, folder, f"{more}{USERS}{static_server(0, 'vm', url_of(target))}", server={"workers": count}
        ) as service,
    ):
        yield service


async def is_gone(pid: int) -> None:
    """Waits until a process is no more, not even as its parent's unreaped child."""

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    await until(gone, LONG)


class TestADeath:
    def test_it_ends_the_workers_own_sessions_and_nothing_else(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with echoing(portal, tmp_path, count=2) as service:
            portal.call(self._kill_one, service)
            assert metric(service, 'keyhole_workers{state="serving"}') == 2
            assert metric(service, "keyhole_worker_deaths_total") == 1
            assert "Traceback" not in service.running.stderr

    @staticmethod
    async def _kill_one(service: Service) -> None:
        async with probing(service.port) as prober, sessions_on(service, SERVER, 24) as sessions:
            await until(lambda: len(worker_of(service)) == len(sessions))
            owners = worker_of(service)
            victim = owners[0]
            assert set(owners) == set(workers(service)), "24 connections all came to one worker"
            os.kill(victim, signal.SIGKILL)
            await is_gone(victim)
            dead_at = time.monotonic()
            for session, owner in zip(sessions, owners, strict=True):
                if owner == victim:
                    with pytest.raises(ConnectionError):
                        await session.echo()
                else:
                    await session.echo()
            await until(lambda: len(workers(service)) == 3, LONG)
            await prober.go_on()
            assert [failure for failure in prober.failed if failure[0] > dead_at] == []
            async with sessions_on(service, SERVER, 24) as later:
                for session in later:
                    await session.echo()
                await until(lambda: workers(service)[2] in worker_of(service))

    def test_whoever_dies_again_and_again_is_replaced_ever_later(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}", server={"workers": 2}) as service:
            portal.call(self._kill_thrice, service)
            died = service.events("worker.died")
            assert [event["next_in_seconds"] for event in died] == [0, 1, 2]
            assert {event["status"] for event in died} == {-signal.SIGKILL}
            assert len({event["slot"] for event in died}) == 1

    @staticmethod
    async def _kill_thrice(service: Service) -> None:
        victim = workers(service)[0]
        for number in range(1, 4):
            os.kill(victim, signal.SIGKILL)
            await until(partial(has_started, service, 2 + number), LONG)
            victim = workers(service)[-1]

    def test_without_their_supervisor_workers_end(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}", server={"workers": 2}) as service:
            service.running.end(signal.SIGKILL)
            for worker in workers(service):
                portal.call(is_gone, worker)


def test_metrics_are_those_of_all_workers_and_outlive_them(portal: BlockingPortal, tmp_path: Path) -> None:
    opened, now = 'keyhole_sessions_opened_total{type="novnc"}', 'keyhole_sessions{type="novnc"}'

    async def count(service: Service) -> None:
        async with sessions_on(service, SERVER, 24):
            await until(lambda: len(set(worker_of(service))) == 2)
            # Whichever worker answers, it speaks for both.
            for _ in range(8):
                assert await asyncio.to_thread(metric, service, now) == 24
            victim = worker_of(service)[0]
            left = sum(worker != victim for worker in worker_of(service))
            os.kill(victim, signal.SIGKILL)
            await is_gone(victim)
            await until(lambda: len(workers(service)) == 3, LONG)
            assert await asyncio.to_thread(metric, service, opened) == 24
            assert await asyncio.to_thread(metric, service, now) == left

    with echoing(portal, tmp_path, count=2) as service:
        portal.call(count, service)


def test_failed_sign_ins_are_counted_over_all_workers(portal: BlockingPortal, tmp_path: Path) -> None:
    """Whoever failed at one worker waits at the other, which saw no more than the odd failure itself."""
    guess = sign_in_body(DEMO.name, "mistaken", DEMO.project)

    with serving(portal, tmp_path, f"{USERS}{SIMULATED}", server={"workers": 2}) as service, ExitStack() as stack:
        here, there = portal.call(at_both_workers, service, stack)

        def fail(times: int) -> None:
            for _ in range(times):
                answer = here.post(SIGN_IN, json=guess)
                while answer.status_code == 429:
                    time.sleep(int(answer.headers["Retry-After"]))
                    answer = here.post(SIGN_IN, json=guess)
                assert answer.status_code == 401

        fail(PAIR.free)
        for _ in range(PAIR.free - 1):  # each time the wait is longer, should this machine have slept through the last
            if there.post(SIGN_IN, json=guess).status_code == 429:
                break
            fail(1)
        else:
            pytest.fail("the other worker does not know of what failed at this one")


def test_connections_on_their_way_are_no_more_than_allowed_at_all_workers_together(
    portal: BlockingPortal, tmp_path: Path
) -> None:
    most, tried = 8, 64

    async def dawdle(service: Service) -> None:
        """Connections that send nothing: those beyond the limit are answered at once and closed."""
        async with AsyncExitStack() as stack:
            readers = []
            for _ in range(tried):
                reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
                stack.callback(writer.close)
                readers.append(reader)
            ends = [asyncio.create_task(reader.read()) for reader in readers]
            await until(lambda: sum(end.done() for end in ends) >= tried - most, LONG)
            for end in ends:
                if not end.done():
                    end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            assert sum(not end.cancelled() for end in ends) == tried - most
            assert {event["reason"] for event in service.events("refused")} == {"limit_address"}
            assert len({event["worker"] for event in service.events("refused")}) == 2

    limits = f"[limits]\nhandshakes_per_address = {most}\nhead_seconds = 300\n"
    with echoing(portal, tmp_path, count=2, more=limits) as service:
        portal.call(dawdle, service)


async def at_both_workers(service: Service, stack: ExitStack) -> list[httpx.Client]:
    """A client with a connection to each of two workers, which it keeps."""
    clients: dict[int, httpx.Client] = {}
    while len(clients) < 2:
        client = stack.enter_context(service.http)
        answer = await asyncio.to_thread(client.get, "/compute/v2.1/servers")
        request_id = answer.headers["X-Openstack-Request-Id"]
        (refused,) = await until(partial(refusals, service, request_id))
        clients.setdefault(refused["worker"], client)
    return list(clients.values())


def test_consoles_of_a_server_are_counted_over_all_workers(portal: BlockingPortal, tmp_path: Path) -> None:
    most = 24

    async def fill(service: Service) -> str:
        url, token = service.console_url(SERVER), service.token_of(DEMO)

        def all_known() -> bool:
            with service.http as http:
                return len(http.get("/v1/sessions", headers={"X-Auth-Token": token}).json()["sessions"]) == most

        async with sessions_on(service, SERVER, most):
            await until(lambda: len(set(worker_of(service))) == 2)
            await until(lambda: asyncio.to_thread(all_known))
            wire = await Wire.connect(service.port)
            assert (await wire.upgrade(websocket_target(url), BINARY)).status == 101
            return (await wire.frame()).close_reason

    limit = f"[console]\nmax_sessions_per_server = {most}\n"
    with echoing(portal, tmp_path, count=2, more=limit) as service:
        assert (
            portal.call(fill, service) == f"limit_server: the server has {most} open consoles, as many as are allowed"
        )


def test_workers_that_cannot_start_are_one_line(tmp_path: Path) -> None:
    config = tmp_path / "keyhole.toml"
    config.write_text('[server]\nlisten = "127.0.0.1:0"\nworkers = 3\n[store]\nurl = "sqlite:////none/such.db"\n')
    done = run(KEYHOLE, "serve", "--config", config, folder=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"keyhole: store\.url: /none/such\.db.*\n", done.stderr)


class TestAStop:
    def test_sessions_go_on_until_they_end(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with echoing(portal, tmp_path, count=2, more="[sessions]\ndrain_seconds = 600\n") as service:
            portal.call(self._leave_by_themselves, service)
            assert service.running.process.wait(LONG) == 0
            assert {event["reason"] for event in service.events("console.closed")} == {"viewer_closed"}

    async def _leave_by_themselves(self, service: Service) -> None:
        async with sessions_on(service, SERVER, 4) as sessions:
            await self._stop_accepting(service)
            for session in sessions:
                await session.echo()

    def test_a_second_signal_ends_them_at_once(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with echoing(portal, tmp_path, count=2, more="[sessions]\ndrain_seconds = 600\n") as service:
            portal.call(self._second_signal, service)
            assert service.running.process.returncode == 0
            for worker in workers(service):
                portal.call(is_gone, worker)

    async def _second_signal(self, service: Service) -> None:
        async with sessions_on(service, SERVER, 4) as sessions:
            await self._stop_accepting(service)
            await sessions[0].echo()
            service.running.process.send_signal(signal.SIGTERM)
            await self._told(sessions)
            await asyncio.to_thread(service.running.process.wait, LONG)

    def test_their_time_ends(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with echoing(portal, tmp_path, count=2, more="[sessions]\ndrain_seconds = 2\n") as service:
            portal.call(self._time_out, service)
            assert service.running.process.wait(LONG) == 0
            assert {event["reason"] for event in service.events("console.closed")} == {"restarting"}

    async def _time_out(self, service: Service) -> None:
        async with sessions_on(service, SERVER, 4) as sessions:
            started_at = time.monotonic()
            service.running.process.send_signal(signal.SIGINT)
            await self._told(sessions)
            assert time.monotonic() - started_at >= 2

    @staticmethod
    async def _told(sessions: list[Session]) -> None:
        for session in sessions:
            farewell = await session.farewell()
            assert (farewell.close_code, farewell.close_reason) == (GOING_AWAY, "restarting")

    @staticmethod
    async def _stop_accepting(service: Service) -> None:
        service.running.process.send_signal(signal.SIGTERM)

        async def refused() -> bool:
            with suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", service.port)
                writer.transport.abort()
                return False
            return True

        await until(refused, LONG)
        with pytest.raises(subprocess.TimeoutExpired):
            service.running.process.wait(0)
