"""Shows that a service keeps working: sessions whose bytes are echoed, and a prober that connects all the time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.real.consoles import BINARY, websocket_target
from tests.real.service import DEMO, Service

CLOSE = 8
PROBE_SECONDS = 0.005
ANSWER_SECONDS = 30
PAUSE_SECONDS = 0.005  # between two keys of a session; without it the limit on messages would end it
KEY_EVENT = b"\x04\x01\0\0\0\0\0\x61"


@dataclass
class Session:
    """A viewer on an echoing console."""

    wire: Wire
    echoes: int = 0

    @classmethod
    async def open(cls, service: Service, url: str) -> "Session":
        wire = Wire(*await asyncio.open_connection("127.0.0.1", service.port, ssl=service.trust))
        assert (await wire.upgrade(websocket_target(url), BINARY)).status == 101
        await wire.rfb_handshake()
        return cls(wire)

    async def echo(self) -> None:
        """Presses a key and reads until it is echoed. ConnectionError if the session has ended."""
        self.wire.send(KEY_EVENT)
        got = 0
        while got < len(KEY_EVENT):
            try:
                frame = await self.wire.frame(ANSWER_SECONDS)
            except asyncio.IncompleteReadError as error:
                raise ConnectionResetError from error
            if frame.opcode == CLOSE:
                raise ConnectionResetError(frame.close_reason)
            got += len(frame.payload)
        self.echoes += 1

    async def farewell(self) -> Frame:
        """The close frame."""
        while (frame := await self.wire.frame(ANSWER_SECONDS)).opcode != CLOSE:
            pass
        return frame

    def close(self) -> None:
        self.wire.writer.transport.abort()


@asynccontextmanager
async def sessions_on(service: Service, server_id: str, count: int) -> AsyncIterator[list[Session]]:
    """This many sessions, with new links."""
    urls = await asyncio.to_thread(_links, service, server_id, count)
    sessions = [await Session.open(service, url) for url in urls]
    try:
        yield sessions
    finally:
        for session in sessions:
            session.close()


def _links(service: Service, server_id: str, count: int) -> list[str]:
    headers = {"X-Auth-Token": service.token_of(DEMO), "OpenStack-API-Version": "compute 2.6"}
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    path = f"/compute/v2.1/servers/{server_id}/remote-consoles"
    with service.http as client:
        answers = [client.post(path, json=body, headers=headers).raise_for_status() for _ in range(count)]
    return [answer.json()["remote_console"]["url"] for answer in answers]


@asynccontextmanager
async def traffic(sessions: list[Session]) -> AsyncIterator[None]:
    """Every session echoes repeatedly, as fast as a user may type; one that fails fails the test at the end."""
    stop = asyncio.Event()

    async def run(session: Session) -> None:
        while not stop.is_set():
            await session.echo()
            await asyncio.sleep(PAUSE_SECONDS)

    tasks = [asyncio.create_task(run(session)) for session in sessions]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def echoed(sessions: list[Session], times: int = 3) -> None:
    """Waits until each session under `traffic` has echoed this many times more."""
    aims = [(session, session.echoes + times) for session in sessions]
    await until(lambda: all(session.echoes >= aim for session, aim in aims), 60)


@dataclass
class Prober:
    """`answered` and `failed` are the times at which connections began that were answered, or were not."""

    answered: list[float] = field(default_factory=list)
    failed: list[tuple[float, Exception]] = field(default_factory=list)

    async def run(self, port: int) -> None:
        while True:
            begun_at = time.monotonic()
            try:
                await _probe(port)
            except (OSError, EOFError) as error:
                self.failed.append((begun_at, error))
            else:
                self.answered.append(begun_at)
            await asyncio.sleep(PROBE_SECONDS)

    async def go_on(self, count: int = 20) -> None:
        """Waits for this many more answers."""
        aim = len(self.answered) + count
        await until(lambda: len(self.answered) >= aim, 60)


async def _probe(port: int) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await reader.readexactly(12)) == b"HTTP/1.1 200"
        finally:
            writer.transport.abort()


@asynccontextmanager
async def probing(port: int) -> AsyncIterator[Prober]:
    """A prober at work."""
    prober = Prober()
    task = asyncio.create_task(prober.run(port))
    try:
        await prober.go_on()
        yield prober
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def has_started(service: Service, count: int) -> bool:
    """Whether this many workers were started in all."""
    return len(workers(service)) == count


def refusals(service: Service, request_id: str) -> list[dict[str, Any]]:
    """What the log says about a refused request."""
    return [event for event in service.events("refused") if event.get("request_id") == request_id]


def worker_of(service: Service) -> list[int]:
    """The process of each session, in the order of their opening."""
    return [event["worker"] for event in service.events("console.opened")]


def workers(service: Service) -> list[int]:
    """The process of each worker that was ever started."""
    return [event["worker"] for event in service.events("worker.started")]


def metric(service: Service, line: str) -> float:
    """The value of the sample whose name and labels are `line`; 0 when there is none."""
    found = [text for text in service.get("/metrics").text.splitlines() if text.startswith(f"{line} ")]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def answers(service: Service) -> bool:
    try:
        return service.get("/healthz").is_success
    except httpx.TransportError:
        return False
