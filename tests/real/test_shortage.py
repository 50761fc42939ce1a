"""A service without free descriptors, or whose log's disk is full, and its recovery."""

import asyncio
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.live import Session, answers, metric, sessions_on, worker_of, workers
from tests.real.processes import KEYHOLE, STOP_SECONDS, Running, free_port
from tests.real.service import SIMULATED, USERS, Service, serving
from tests.real.test_workers import SERVER, echoing

pytest_plugins = ("tests.real.fixtures",)

LONG = 60


@contextmanager
def no_more_descriptors(pid: int) -> Iterator[None]:
    """A process cannot open any beyond the highest that it has."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(map(int, open_descriptors(pid))) + 1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def open_descriptors(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/fd")


def test_a_worker_that_cannot_be_replaced_is_replaced_later(portal: BlockingPortal, tmp_path: Path) -> None:
    with serving(portal, tmp_path, f"{USERS}{SIMULATED}") as service:
        with no_more_descriptors(service.running.pid):
            os.kill(workers(service)[0], signal.SIGKILL)
            portal.call(until, lambda: len(service.events("worker.failed")) > 1, LONG)
        portal.call(until, lambda: len(workers(service)) == 2, LONG)
        portal.call(until, lambda: answers(service), LONG)
        assert {event["message"] for event in service.events("worker.failed")} == {
            "a worker could not be started: [Errno 24] Too many open files"
        }


def test_the_death_of_one_worker_does_not_cost_the_others_their_sessions(
    portal: BlockingPortal, tmp_path: Path
) -> None:
    async def die(service: Service) -> None:
        async with sessions_on(service, SERVER, 24) as sessions, AsyncExitStack() as stack:
            await until(lambda: len(worker_of(service)) == len(sessions))
            victim, survivor = workers(service)
            with no_more_descriptors(survivor):
                await fill(service, survivor, stack)
                os.kill(victim, signal.SIGKILL)
                await until(lambda: service.events("service.degraded"), LONG)
                await echo(service, sessions, survivor)
            await until(lambda: len(workers(service)) == 3, LONG)
            await echo(service, sessions, survivor)
            assert [event["worker"] for event in service.events("worker.died")] == [victim]

    with echoing(portal, tmp_path, count=2) as service:
        portal.call(die, service)
        assert "Traceback" not in service.running.stderr


async def fill(service: Service, pid: int, stack: AsyncExitStack) -> None:
    """Connects until a worker has no descriptor left."""
    soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    async def is_full() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        stack.callback(writer.close)
        return len(open_descriptors(pid)) >= soft

    await until(is_full, LONG)


async def echo(service: Service, sessions: list[Session], worker: int) -> None:
    """Every session of a worker echoes."""
    owned = [session for session, owner in zip(sessions, worker_of(service), strict=True) if owner == worker]
    assert owned
    for session in owned:
        await session.echo()


def test_a_log_that_cannot_be_written_stops_nothing(portal: BlockingPortal, tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "keyhole.toml"
    listen = f'[server]\nlisten = "127.0.0.1:{port}"\n[store]\nurl = "sqlite:///{tmp_path}/keyhole.db"\n'
    config.write_text(f"{listen}{USERS}{SIMULATED}")
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen([KEYHOLE, "serve", "--config", config], stderr=full, cwd=tmp_path)
    service = Service(f"http://127.0.0.1:{port}", Running(process, Path(os.devnull), Path(os.devnull)))
    try:
        portal.call(until, lambda: answers(service), LONG)
        assert service.ask_console("5174e000-0000-4000-8000-000000000001").status_code == 200
        (worker,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        os.kill(worker, signal.SIGKILL)
        portal.call(until, lambda: answers(service) and metric(service, "keyhole_worker_deaths_total") == 1, LONG)
        assert service.get("/compute/v2.1/servers").status_code == 401
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
