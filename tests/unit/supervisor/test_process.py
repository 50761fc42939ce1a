"""The supervisor with workers that misbehave, and reload requests without a running service."""

import asyncio
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from tests.fakes.waiting import until

from keyhole.errors import KeyholeError, SettingsError
from keyhole.supervisor import process
from keyhole.supervisor.channel import Channel, receive_sockets
from keyhole.supervisor.process import SettingsText, WorkerFailed, WorkerProcess
from keyhole.supervisor.reloading import QUESTION, address_of, answer_reloads, ask_to_reload

pytestmark = pytest.mark.programs

STRANGER = 65534


async def test_settings_that_are_no_good_are_refused_by_the_worker() -> None:
    worker = await WorkerProcess.start()
    with pytest.raises(SettingsError, match=r"^k\.toml: nonsense: is not a known key$"):
        await worker.prepare(SettingsText("nonsense = 1", "k.toml"))
    await worker.wait_ended()
    assert worker.status == 0


async def test_a_worker_that_ends_before_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    worker = await WorkerProcess.start()
    with pytest.raises(WorkerFailed, match="ended while it started, with status 1"):
        await worker.prepare(SettingsText(None, "settings"))
    await worker.wait_ended()


async def test_a_start_that_is_cancelled_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[Process] = []
    spawn = process._spawn

    async def spawn_and_note(channel: socket.socket) -> Process:
        processes.append(await spawn(channel))
        return processes[0]

    async def never(end: socket.socket) -> Channel:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(process, "_spawn", spawn_and_note)
    monkeypatch.setattr(Channel, "open", never)
    before = descriptors()
    starting = asyncio.create_task(WorkerProcess.start())
    await until(lambda: processes)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert processes[0].returncode == -signal.SIGKILL
    await until(lambda: descriptors() == before)


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@contextmanager
def few_descriptors(more: int) -> Iterator[None]:
    """This process can open this many more descriptors, fewer than starting a worker takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as fillers:
        ceiling = max(map(int, descriptors())) + 1 + more
        free = ceiling - more - len(descriptors()) + 1  # +1: the folder's own while it is listed
        for _ in range(free):
            fillers.enter_context(open(os.devnull))
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_without_descriptors_a_start_fails_and_leaves_nothing_behind() -> None:
    failures = 0
    before = descriptors()
    for more in range(8):
        try:
            with few_descriptors(more):
                worker = await WorkerProcess.start()
        except WorkerFailed as failure:
            failures += "Too many open files" in str(failure)
        else:
            worker.kill()
            await worker.wait_ended()
        await until(lambda: descriptors() == before)
    assert failures >= 4


async def test_sockets_that_a_worker_has_no_descriptors_for_are_not_left_out() -> None:
    """The kernel passes as many as there is room for; a worker must not run with fewer than announced."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket() as one, socket.socket() as other:
        socket.send_fds(ours, [b"x"], [one.fileno(), other.fileno()])
        before = descriptors()
        with few_descriptors(1), pytest.raises(OSError, match="Too many open files"):
            receive_sockets(theirs)
        for left in descriptors() - before:
            os.close(int(left))


async def ask(config: Path) -> str | None:
    """The error that `keyhole reload` gets; None on success."""
    try:
        await asyncio.to_thread(ask_to_reload, config)
    except KeyholeError as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (None, None),
        (SettingsError("server.x: no"), "SettingsError: server.x: no"),
        (WorkerFailed("it died"), "KeyholeError: it died"),
        (
            OSError("no such luck"),
            "KeyholeError: the reload failed with an internal error (OSError); see the service's log",
        ),
    ],
)
async def test_whoever_asks_for_a_reload_learns_how_it_went(
    tmp_path: Path, failure: Exception | None, told: str | None
) -> None:
    async def reload() -> None:
        if failure is not None:
            raise failure

    config = tmp_path / "k.toml"
    assert await ask(config) == f"KeyholeError: no service runs here with the settings in {config}"
    server = await answer_reloads(config, reload)
    assert await ask(config) == told
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(("is_stranger", "told"), [(True, b""), (False, b'{"reloaded": true}')])
async def test_only_the_services_user_and_root_may_have_it_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_stranger: bool, told: bytes
) -> None:
    asked = []

    async def reload() -> None:
        asked.append(True)

    server = await answer_reloads(tmp_path, reload)
    with socket.socket(socket.AF_UNIX) as asking:
        own = os.geteuid()
        if is_stranger and own == 0:
            os.seteuid(STRANGER)  # the kernel notes who connects
            try:
                asking.connect(address_of(tmp_path))
            finally:
                os.seteuid(own)
        else:
            asking.connect(address_of(tmp_path))
            if is_stranger:  # who is not root cannot be somebody else: then the service is
                monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
        asking.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=asking)
        writer.write(QUESTION)
        answer = b""
        async with asyncio.timeout(10):
            with suppress(ConnectionResetError):
                answer = await reader.read()
        writer.close()
    assert answer == told
    assert bool(asked) != is_stranger
    server.close()
    await server.wait_closed()
