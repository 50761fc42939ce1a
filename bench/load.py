"""The viewers: each function is the whole work of one process, which counts what it did until it is ended."""

import select
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

from bench import rfb
from bench.processes import Count, Counters
from bench.target import OFFERED_BYTES, UPDATES, Behaviour
from bench.viewer import Endpoint, Viewer

_READ_BYTES = 256 * 1024
"""As much as a read brings: viewers really take what comes, as a browser does."""
_KEYS_IN_A_FRAME = 8192
_EVENTS_AT_ONCE = 256


def take_flood(endpoint: Endpoint, sessions: int, counters: Counters) -> None:
    """Opens sessions, asks for updates on all and reads what comes, counting bytes, frame headers too (1 in 6500)."""
    viewers = {viewer.socket.fileno(): viewer for viewer in _open(endpoint, sessions, counters)}
    poll = select.epoll()
    read = bytearray(_READ_BYTES)
    for fd, viewer in viewers.items():
        _ask(viewer)
        viewer.socket.setblocking(False)
        poll.register(fd, select.EPOLLIN)
    while True:
        taken = 0
        for fd, _ in poll.poll(maxevents=_EVENTS_AT_ONCE):
            taken += viewers[fd].receive_into(read)
        counters[Count.BYTES] += taken


def answer_messages(endpoint: Endpoint, sessions: int, message_bytes: int, counters: Counters) -> None:
    """Opens sessions, asks for an update on each, and answers every complete update by one key event."""
    viewers = {viewer.socket.fileno(): viewer for viewer in _open(endpoint, sessions, counters)}
    missing = dict.fromkeys(viewers, message_bytes)
    poll = select.epoll()
    for fd, viewer in viewers.items():
        viewer.socket.setblocking(False)
        _ask(viewer)
        poll.register(fd, select.EPOLLIN)
    answer = next(iter(viewers.values())).framed(rfb.KEY_EVENT)
    while True:
        answered = 0
        for fd, _ in poll.poll(maxevents=_EVENTS_AT_ONCE):
            viewer = viewers[fd]
            missing[fd] -= len(viewer.receive())
            if missing[fd] < 0:
                raise ValueError("more came than the target sent")
            if not missing[fd]:
                missing[fd] = message_bytes
                viewer.socket.send(answer)
                answered += 1
        counters[Count.MESSAGES] += answered
        counters[Count.BYTES] += answered * message_bytes


def come_and_go(endpoints: Sequence[Endpoint], at_once: int, seconds: float, counters: Counters) -> None:
    """Opens and closes sessions, `at_once` at a time, until the time is over or each endpoint was used.

    A single endpoint is used for all of them.
    """
    began_at = time.monotonic()
    deadline = began_at + seconds
    remaining: Iterator[Endpoint] = iter(endpoints) if len(endpoints) > 1 else _forever(endpoints[0])
    opened = [0] * at_once
    failed = [0] * at_once

    def work(number: int) -> None:
        while time.monotonic() < deadline:
            with guard:
                endpoint = next(remaining, None)
            if endpoint is None:
                return
            try:
                viewer = Viewer(endpoint, _source(number))
            except (OSError, EOFError, ValueError):
                failed[number] += 1
            else:
                viewer.socket.close()
                opened[number] += 1

    guard = threading.Lock()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters[Count.OPENED] = sum(opened)
    counters[Count.FAILED] = sum(failed)
    counters[Count.MICROSECONDS] = _microseconds_since(began_at)


def sit_still(endpoint: Endpoint, sessions: int, counters: Counters) -> None:
    """Opens as many of the sessions as it is given and holds them, answering nothing."""
    began_at = time.monotonic()
    viewers = []
    try:
        for viewer in _open(endpoint, sessions, counters):
            viewers.append(viewer)
    except (OSError, EOFError, ValueError):
        counters[Count.FAILED] = sessions - len(viewers)
    counters[Count.MICROSECONDS] = _microseconds_since(began_at)
    threading.Event().wait()


def rest_and_answer(
    endpoint: Endpoint, sessions: int, rest_seconds: float, per_second: int, seconds: float, counters: Counters
) -> None:
    """Opens as many of the sessions as it is given and lets them rest for a while; then asks for `per_second` updates,
    each on the next session in turn, and measures how long an answer takes."""
    began_at = time.monotonic()
    viewers: list[Viewer] = []
    try:
        for viewer in _open(endpoint, sessions, counters):
            viewers.append(viewer)
    except (OSError, EOFError, ValueError):
        counters[Count.FAILED] = sessions - len(viewers)
    counters[Count.MICROSECONDS] = _microseconds_since(began_at)
    time.sleep(rest_seconds)
    taken = sorted(_answer_times(viewers, per_second, seconds))
    counters[Count.P50_MICROSECONDS] = round(taken[len(taken) // 2] * 1e6)
    counters[Count.P99_MICROSECONDS] = round(taken[len(taken) * 99 // 100] * 1e6)
    threading.Event().wait()


def _answer_times(viewers: list[Viewer], per_second: int, seconds: float) -> list[float]:
    """Seconds from a viewer's word to the end of the update that answers it, but for the first of each viewer."""
    message_bytes = len(UPDATES[Behaviour.MESSAGES_1K])
    poll = select.epoll()
    by_fd = {viewer.socket.fileno(): viewer for viewer in viewers}
    for fd, viewer in by_fd.items():
        _ask(viewer)
        _ = viewer.receive_whole(message_bytes)
        viewer.socket.setblocking(False)
        poll.register(fd, select.EPOLLIN)
    key = viewers[0].framed(rfb.KEY_EVENT)
    turn = cycle(by_fd.items())
    asked_at: dict[int, float] = {}
    missing: dict[int, int] = {}
    taken = []
    next_at = time.perf_counter()
    end = next_at + seconds
    while (now := time.perf_counter()) < end:
        if now >= next_at:
            next_at = max(next_at + 1 / per_second, now - 0.01)  # a late start is not made good at once
            fd, viewer = next(turn)
            if fd not in asked_at:
                asked_at[fd], missing[fd] = time.perf_counter(), message_bytes
                viewer.socket.send(key)
        for fd, _ in poll.poll(max(0.0, next_at - time.perf_counter()), _EVENTS_AT_ONCE):
            missing[fd] = missing.get(fd, 0) - len(by_fd[fd].receive())  # nothing, where it was a ping
            if fd in asked_at and not missing[fd]:
                taken.append(time.perf_counter() - asked_at.pop(fd))
    return taken


def read_nothing(endpoint: Endpoint, sessions: int, counters: Counters) -> None:
    """Opens sessions, asks for updates and never reads again."""
    viewers = list(_open(endpoint, sessions, counters))
    for viewer in viewers:
        _ask(viewer)
    threading.Event().wait()


def offer_keys(endpoint: Endpoint, sessions: int, counters: Counters) -> None:
    """Opens sessions and sends OFFERED_BYTES of key events on each, as far as they are taken."""
    viewers = {viewer.socket.fileno(): viewer for viewer in _open(endpoint, sessions, counters)}
    frame = memoryview(next(iter(viewers.values())).framed(rfb.KEY_EVENT * _KEYS_IN_A_FRAME))
    rest = dict.fromkeys(viewers, frame)
    sent = dict.fromkeys(viewers, 0)
    poll = select.epoll()
    for fd, viewer in viewers.items():
        _ask(viewer)
        viewer.socket.setblocking(False)
        poll.register(fd, select.EPOLLOUT)
    while True:
        for fd, _ in poll.poll():
            taken = viewers[fd].socket.send(rest[fd])
            rest[fd] = rest[fd][taken:] or frame
            sent[fd] += taken
            counters[Count.BYTES] += taken
            if sent[fd] >= OFFERED_BYTES:
                poll.modify(fd, 0)


def _open(endpoint: Endpoint, sessions: int, counters: Counters) -> Iterator[Viewer]:
    for number in range(sessions):
        viewer = Viewer(endpoint, _source(number))
        counters[Count.OPENED] += 1
        yield viewer


def _source(number: int) -> str:
    """One of eight addresses of loopback: one alone has too few ports."""
    return f"127.0.0.{1 + number % 8}"


def _ask(viewer: Viewer) -> None:
    viewer.socket.send(viewer.framed(rfb.UPDATE_REQUEST))


def _forever(endpoint: Endpoint) -> Iterator[Endpoint]:
    while True:
        yield endpoint


def _microseconds_since(began_at: float) -> int:
    return max(1, round((time.monotonic() - began_at) * 1e6))
