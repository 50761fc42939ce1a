"""Binding sockets to what the settings name. Nothing here listens or accepts: that is for whoever serves.

`key` is the setting that a refusal begins with.
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
    """A separate socket on a TCP port. Raises SettingsError when the address is not available."""
    return _bound(host, port, shared=False, key=key)


def bind_tcp_shared(host: str, port: int, count: int) -> list[socket.socket]:
    """As many sockets on one TCP port, among which the kernel shares connections out (SO_REUSEPORT); port 0: any.

    Sockets of another service that shares its port in the same way are no obstacle to the kernel, so it is asked first
    whether the port was free. Raises SettingsError when it cannot.
    """
    with _bound(host, port, shared=False) as alone:
        port = alone.getsockname()[1]
    return more_tcp_shared(host, port, count)


def more_tcp_shared(host: str, port: int, count: int) -> list[socket.socket]:
    """As many more sockets on a port that is ours already. Raises SettingsError."""
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
    """A unix socket at `path`, in place of one that an ended process left there. Raises SettingsError."""
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
    """Connections wait in the socket's queue from now on. Raises SettingsError."""
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
    except UnicodeError as error:  # a name that the resolver cannot even be asked for
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
    """Takes away a socket that an ended process left behind; a live one stays and makes `bind` fail."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full queue is nothing to wait for
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        except BlockingIOError:
            return
