"""Binding sockets to the addresses in the settings. Nothing is accepted here.

`key` is the setting that begins an error message.
"""

import os
import socket
import stat
from pathlib import Path
from typing import Any

from keyhole.errors import SettingsError

LISTEN = "server.listen"

BACKLOG = 4096
"""How many connections may wait to be accepted, on each socket (the kernel's own limit is net.core.somaxconn)."""


def bind_tcp(host: str, port: int, key: str = LISTEN) -> socket.socket:
    """A separate socket on a TCP port. Raises SettingsError if the address is not available."""
    return _bound(host, port, shared=False, key=key)


def bind_tcp_shared(host: str, port: int, count: int) -> list[socket.socket]:
    """`count` sockets on one TCP port, among which the kernel distributes connections (SO_REUSEPORT); port 0: any.

    The kernel would also share the port with another service that uses SO_REUSEPORT, so this first checks that the port
    is free. Raises SettingsError if it is not available.
    """
    with _bound(host, port, shared=False) as alone:
        port = alone.getsockname()[1]
    return more_tcp_shared(host, port, count)


def more_tcp_shared(host: str, port: int, count: int) -> list[socket.socket]:
    """`count` more sockets on a port that this process already has. Raises SettingsError."""
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            sockets.append(_bound(host, port, shared=True))
    except SettingsError:
        for bound in sockets:
            bound.close()
        raise
    return sockets


def bind_unix(path: str, key: str = LISTEN) -> socket.socket:
    """A unix socket at `path`; replaces one that an ended process left behind. Raises SettingsError."""
    try:
        _remove_dead_socket(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(path)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _refused(key, f"unix:{path}", error) from error
    return listener


def start_listening(listener: socket.socket) -> None:
    """Starts listening: connections wait in the socket's queue. Raises SettingsError."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise _refused(LISTEN, str(listener.getsockname()), error) from error


def _bound(host: str, port: int, *, shared: bool, key: str = LISTEN) -> socket.socket:
    name = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
    place: tuple[Any, ...]
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except UnicodeError as error:  # not a valid host name, so it cannot be resolved
        raise SettingsError(f"server.listen: cannot listen on {name}: {host} is not a host's name") from error
    except OSError as error:
        raise _refused(key, name, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(place)
    except OSError as error:
        listener.close()
        raise _refused(key, name, error) from error
    return listener


def _refused(key: str, name: str, error: OSError) -> SettingsError:
    return SettingsError(f"{key}: cannot listen on {name}: {error.strerror}")


def _remove_dead_socket(path: str) -> None:
    """Removes a socket that an ended process left behind; a live one stays and makes `bind` fail."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full queue also shows that the socket is live
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        except BlockingIOError:
            return
