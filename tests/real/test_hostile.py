"""Hostile servers and viewers against the running service: each is identified, stays bounded, and harms nobody else."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_messages import key_event
from tests.fakes.rfb_target import echo, flood, listening
from tests.fakes.waiting import until
from tests.fakes.wire import Answer, Frame, Wire
from tests.real import hostile_servers, hostile_viewers
from tests.real.consoles import BINARY, websocket_target
from tests.real.hostile_servers import HOSTILE_SERVERS, SLOW_SERVERS, HostileServer
from tests.real.hostile_viewers import (
    AT_THE_DOOR,
    HANDSHAKES_PER_ADDRESS,
    IN_THE_HANDSHAKE,
    IN_THE_SESSION,
    HostileViewer,
)
from tests.real.service import USERS, Service, serving
from tests.real.targets import SERVER_IDS, static_server, url_of

from keyhole.reasons import Reason

pytest_plugins = ("tests.real.fixtures",)

CLOSE, PING = 8, 9
CLOSED_SECONDS = 30
MOST_GROWTH_BYTES = 48 << 20
CROWD = 20
GOOD, FLOOD, DEAF = "good", "flood", "deaf"
SCRIPTS = {
    GOOD: echo,
    FLOOD: flood,
    DEAF: hostile_servers.deaf,
    **{server.name: server.script for server in HOSTILE_SERVERS + SLOW_SERVERS},
}


@dataclass
class Scene:
    """The service under attack, and an innocent viewer."""

    service: Service
    bystander: Wire
    memory_before: int

    def path_to(self, name: str) -> str:
        """The WebSocket's path of a fresh link."""
        return websocket_target(self.service.console_url(SERVER_IDS.format(list(SCRIPTS).index(name))))

    @property
    def memory_bytes(self) -> int:
        """The service's resident memory."""
        status = Path(f"/proc/{self.service.running.pid}/status").read_text()
        return 1024 * int(re.findall(r"VmRSS:\s*(\d+)", status)[0])

    def count(self, metric: str, reason: Reason) -> float:
        """A counter of the service's, by reason."""
        found = re.findall(rf'^{metric}{{reason="{reason}"}} (\S+)$', self.service.get("/metrics").text, re.MULTILINE)
        return float(found[0]) if found else 0.0

    def named(self, reason: Reason) -> tuple[float, float, int]:
        """How often a reason was counted as a refusal, as an ending, and logged."""
        logged = [event for name in ("refused", "console.closed") for event in self.service.events(name)]
        return (
            self.count("keyhole_refused_total", reason),
            self.count("keyhole_sessions_closed_total", reason),
            sum(event["reason"] == reason for event in logged),
        )


@pytest.fixture(scope="module")
def scene(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as stack:
        settings = f"{USERS}{hostile_viewers.LIMITS}"
        for number, (name, script) in enumerate(SCRIPTS.items()):
            address = stack.enter_context(portal.wrap_async_context_manager(listening(script)))
            settings += static_server(number, name, url_of(address))
        service = stack.enter_context(serving(portal, tmp_path_factory.mktemp("hostile"), settings))
        path = websocket_target(service.console_url(SERVER_IDS.format(0)))
        bystander = stack.enter_context(portal.wrap_async_context_manager(_session(service.port, path)))
        scene = Scene(service, bystander, 0)
        scene.memory_before = scene.memory_bytes
        yield scene


@pytest.fixture(autouse=True)
def undisturbed(scene: Scene, portal: BlockingPortal) -> Iterator[None]:
    """After each test, the innocent viewer still works and the service's memory has not grown."""
    yield
    portal.call(_works, scene.bystander)
    assert scene.memory_bytes - scene.memory_before < MOST_GROWTH_BYTES
    assert scene.service.events("service.failed") == []


@asynccontextmanager
async def _session(port: int, path: str) -> AsyncIterator[Wire]:
    wire = await _opened(port, path)
    yield wire
    wire.close()


async def _upgraded(port: int, path: str) -> Wire:
    wire = await Wire.connect(port)
    assert (await wire.upgrade(path, BINARY)).status == 101
    return wire


async def _opened(port: int, path: str) -> Wire:
    wire = await _upgraded(port, path)
    await wire.rfb_handshake()
    return wire


async def _works(wire: Wire) -> None:
    wire.send(key_event())
    while (frame := await wire.frame()).opcode == PING:
        pass
    assert frame.payload == key_event()


async def _end(wire: Wire) -> Frame:
    """The close frame at the end of whatever comes."""
    while (frame := await wire.frame(CLOSED_SECONDS)).opcode != CLOSE:
        pass
    return frame


async def _told_of(scene: Scene, server: HostileServer, path: str) -> Frame:
    open_viewer = _opened if server.opens else _upgraded
    return await _end(await open_viewer(scene.service.port, path))


def _check_named(scene: Scene, portal: BlockingPortal, reason: Reason, before: tuple[float, float, int]) -> None:
    """The metric and the log both know of one more, under the one name."""

    def grown() -> bool:
        refused, closed, logged = (now - then for now, then in zip(scene.named(reason), before, strict=True))
        return refused + closed == logged == 1

    portal.call(until, grown)


@pytest.mark.parametrize("server", HOSTILE_SERVERS, ids=lambda server: server.name)
def test_a_hostile_server(scene: Scene, portal: BlockingPortal, server: HostileServer) -> None:
    before = scene.named(server.reason)
    end = portal.call(_told_of, scene, server, scene.path_to(server.name))
    assert (end.close_reason.split(":")[0], end.close_code) == (server.reason, server.code)
    _check_named(scene, portal, server.reason, before)


@pytest.mark.parametrize("server", SLOW_SERVERS, ids=lambda server: server.name)
def test_a_slow_server_is_given_up_within_ten_seconds(
    scene: Scene, portal: BlockingPortal, server: HostileServer
) -> None:
    before = scene.named(server.reason)

    async def told() -> Frame:
        async with asyncio.timeout(10):
            return await _told_of(scene, server, path)

    path = scene.path_to(server.name)
    end = portal.call(told)
    assert (end.close_reason.split(":")[0], end.close_code) == (server.reason, server.code)
    _check_named(scene, portal, server.reason, before)


@pytest.mark.parametrize("viewer", AT_THE_DOOR, ids=lambda viewer: viewer.name)
def test_a_hostile_client_at_the_door(scene: Scene, portal: BlockingPortal, viewer: HostileViewer) -> None:
    async def told() -> Answer:
        wire = await Wire.connect(scene.service.port)
        await viewer.act(wire)
        return await wire.answer()

    before = scene.named(viewer.reason)
    assert portal.call(told).status == viewer.code
    _check_named(scene, portal, viewer.reason, before)


@pytest.mark.parametrize(
    ("open_viewer", "viewer"),
    [(_upgraded, viewer) for viewer in IN_THE_HANDSHAKE] + [(_opened, viewer) for viewer in IN_THE_SESSION],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_hostile_viewer(
    scene: Scene, portal: BlockingPortal, open_viewer: Callable[[int, str], Awaitable[Wire]], viewer: HostileViewer
) -> None:
    async def told() -> Frame | None:
        wire = await open_viewer(scene.service.port, path)
        await viewer.act(wire)
        return await _end(wire) if viewer.code else None

    path = scene.path_to(GOOD)
    before = scene.named(viewer.reason)
    end = portal.call(told)
    if end is not None:
        assert (end.close_reason.split(":")[0], end.close_code) == (viewer.reason, viewer.code)
    _check_named(scene, portal, viewer.reason, before)


def test_a_viewer_that_stalls_in_its_handshake(scene: Scene, portal: BlockingPortal) -> None:
    async def told() -> Frame:
        return await _end(await _upgraded(scene.service.port, path))

    path = scene.path_to(GOOD)
    before = scene.named(Reason.VIEWER_TIMEOUT)
    assert portal.call(told).close_code == 4020
    _check_named(scene, portal, Reason.VIEWER_TIMEOUT, before)


@asynccontextmanager
async def _crowd(scene: Scene, paths: list[str]) -> AsyncIterator[list[Wire]]:
    """Viewers in sessions of these, which together may cost so much memory and no more."""
    wires = [await _opened(scene.service.port, path) for path in paths]
    yield wires
    assert scene.memory_bytes - scene.memory_before < MOST_GROWTH_BYTES
    for wire in wires:
        wire.writer.transport.abort()


def test_viewers_that_never_read_a_flood_cost_no_more_than_their_buffers(scene: Scene, portal: BlockingPortal) -> None:
    async def crowd() -> None:
        async with _crowd(scene, paths) as wires:
            for wire in wires:
                wire.transport.pause_reading()
            for _ in range(20):
                await _works(scene.bystander)
                await asyncio.sleep(0.05)

    paths = [scene.path_to(FLOOD) for _ in range(CROWD)]
    portal.call(crowd)


def test_a_server_that_never_reads_costs_no_more_than_its_buffers(scene: Scene, portal: BlockingPortal) -> None:
    async def crowd() -> None:
        async with _crowd(scene, paths) as wires:
            for _ in range(10):
                for wire in wires:
                    for _ in range(5):
                        wire.send(key_event() * 20)
                await _works(scene.bystander)

    paths = [scene.path_to(DEAF) for _ in range(CROWD)]
    portal.call(crowd)


def test_many_connections_from_one_address(scene: Scene, portal: BlockingPortal) -> None:
    async def crowd() -> list[int]:
        wires = [await Wire.connect(scene.service.port) for _ in range(HANDSHAKES_PER_ADDRESS + 10)]
        await _works(scene.bystander)
        return [(await wire.answer()).status for wire in wires]

    before = scene.count("keyhole_refused_total", Reason.LIMIT_ADDRESS)
    statuses = portal.call(crowd)
    assert sorted(set(statuses)) == [408, 429]
    assert scene.count("keyhole_refused_total", Reason.LIMIT_ADDRESS) - before == statuses.count(429) >= 10
    assert scene.service.get("/healthz").is_success
