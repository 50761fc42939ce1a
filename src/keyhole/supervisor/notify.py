"""What a service of systemd's tells it (sd_notify(3)), and the sockets that it is given (sd_listen_fds(3))."""

import os
import socket
import time
from collections.abc import MutableMapping

FIRST_DESCRIPTOR = 3


class Notifier:
    """Tells systemd how the service is; nothing where nobody asked to be told."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")

    def ready(self) -> None:
        self._tell("READY=1")

    def reloading(self) -> None:
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """It will take up to so many seconds, and is not to be killed before."""
        self._tell(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaking:
            try:
                speaking.connect(address)
                speaking.send(state.encode())
            except OSError:
                return  # whoever asked to be told is gone


def inherited_sockets(environment: MutableMapping[str, str]) -> list[socket.socket]:
    """The listening sockets that were handed to this process, in their order; none when they are for another."""
    count, process = environment.pop("LISTEN_FDS", ""), environment.pop("LISTEN_PID", "")
    environment.pop("LISTEN_FDNAMES", None)
    if not count.isdigit() or process != str(os.getpid()):
        return []
    sockets = [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(int(count))]
    for listener in sockets:
        listener.set_inheritable(False)
    return sockets
