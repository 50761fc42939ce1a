"""Notifying systemd of the service's state (sd_notify(3)), and using its sockets (sd_listen_fds(3))."""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

FIRST_DESCRIPTOR = 3


class Notifier:
    """Notifies systemd of the service's state; does nothing without NOTIFY_SOCKET."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        address = environment.pop("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        # Open from the beginning: without a free descriptor systemd would miss the end of a reload.
        self._speaking = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """Stopping may take this many seconds; until then systemd must not kill the service."""
        self._send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def close(self) -> None:
        if self._speaking is not None:
            self._speaking.close()

    def _send(self, state: str) -> None:
        if self._speaking is None:
            return
        with suppress(OSError):  # the receiver is gone
            self._speaking.sendto(state.encode(), self._address)


def inherited_sockets(environment: MutableMapping[str, str]) -> list[socket.socket]:
    """The listening sockets that were passed to this process, in their order; none if they are for another process."""
    count, process = environment.pop("LISTEN_FDS", ""), environment.pop("LISTEN_PID", "")
    environment.pop("LISTEN_FDNAMES", None)
    if not count.isdigit() or process != str(os.getpid()):
        return []
    sockets = [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(int(count))]
    for listener in sockets:
        listener.set_inheritable(False)
    return sockets
