"""The sockets of the service's ports, which the supervisor keeps open while it runs, and which worker accepts on which.

A connection that no worker has accepted yet waits in its socket's queue and is only lost with the socket.
"""

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyhole.errors import SettingsError
from keyhole.net.bind import bind_tcp, bind_tcp_shared, bind_unix, more_tcp_shared, start_listening


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A unix socket's path, or a host and a port."""

    path: str | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "ListenAddress":
        return cls(**facts)


class Port:
    """Sockets at one address. `is_shared`: every worker accepts on all of them; otherwise each has its own."""

    def __init__(
        self, place: ListenAddress, sockets: list[socket.socket], *, is_shared: bool, is_inherited: bool
    ) -> None:
        self.place = place
        self.sockets = sockets
        self.is_shared = is_shared
        self._is_inherited = is_inherited

    @classmethod
    def bind(cls, place: ListenAddress, workers: int) -> "Port":
        """One unix socket, or a TCP socket for each worker. Raises SettingsError if the address is not available."""
        if place.path is not None:
            return cls(place, [bind_unix(place.path)], is_shared=True, is_inherited=False)
        sockets = bind_tcp_shared(place.host, place.port, workers)
        return cls(place, sockets, is_shared=False, is_inherited=False)

    @classmethod
    def bind_admin(cls, place: ListenAddress) -> "Port":
        """A port with one socket, on which every worker accepts. Raises SettingsError if its address is taken."""
        key = "server.admin_listen"
        bound = bind_tcp(place.host, place.port, key) if place.path is None else bind_unix(place.path, key)
        return cls(place, [bound], is_shared=True, is_inherited=False)

    @classmethod
    def inherit(cls, sockets: list[socket.socket]) -> "Port":
        """A port whose sockets another process (systemd) opened and passed to this one."""
        return cls(ListenAddress(), sockets, is_shared=True, is_inherited=True)

    def serves(self, place: ListenAddress) -> bool:
        """Whether this port can be used for the address."""
        return self._is_inherited or place == self.place

    def grow(self, workers: int) -> None:
        """Opens more sockets so that each worker has one. Sockets are never closed here: their queues would be lost.

        Raises SettingsError.
        """
        missing = workers - len(self.sockets)
        if not self.is_shared and missing > 0:
            port: int = self.sockets[0].getsockname()[1]
            self.sockets += more_tcp_shared(self.place.host, port, missing)

    def shrink(self, count: int) -> None:
        """Closes the sockets beyond this number: those that `grow` added for workers that failed to start."""
        for listener in self.sockets[count:]:
            listener.close()
        del self.sockets[count:]

    def listen(self) -> None:
        """Starts listening: connections wait in the sockets' queues until a worker accepts. Raises SettingsError."""
        for listener in self.sockets:
            start_listening(listener)

    def close(self) -> None:
        """Closes the sockets. Inherited ones stay open in the process that passed them."""
        for listener in self.sockets:
            listener.close()
        if self.place.path is not None:
            with suppress(OSError):  # the next bind removes a left-over socket
                Path(self.place.path).unlink(missing_ok=True)

    def shares(self, workers: int, serving: Sequence[int]) -> dict[int, list[int]]:
        """For each serving worker, by its slot, the sockets that it accepts on.

        The socket of a missing worker goes to another, so that each is served while any worker serves.
        """
        everything = list(range(len(self.sockets)))
        if self.is_shared:
            return dict.fromkeys(serving, everything)
        shares: dict[int, list[int]] = {slot: [] for slot in serving}
        for index in everything:
            owner = index % workers
            if serving:
                shares[owner if owner in shares else serving[index % len(serving)]].append(index)
        return shares


class Ports:
    """The public port and, if the settings name one, the admins' port. Before the first settings there may be none."""

    def __init__(self, public: Port | None = None, admin: Port | None = None) -> None:
        self._all = [port for port in (public, admin) if port is not None]
        self._public = public
        self._admin = admin

    @property
    def sockets(self) -> list[socket.socket]:
        """All sockets: those of the public port, then that of the admins' port."""
        return [listener for port in self._all for listener in port.sockets]

    def at(self, place: ListenAddress, admin_place: ListenAddress | None, workers: int) -> "Ports":
        """The ports for new settings and this many workers. A port whose address does not change is kept.

        Raises SettingsError, after closing all new sockets.
        """
        public, admin, count = self._public, self._admin, self.public_count
        if public is None or not public.serves(place):
            public = Port.bind(place, workers)
        else:
            public.grow(workers)
        try:
            if admin_place is None:
                admin = None
            elif admin is None or not admin.serves(admin_place):
                admin = Port.bind_admin(admin_place)
        except SettingsError:
            Ports(public).close(but=self)
            self.shrink(count)
            raise
        return Ports(public, admin)

    def shares(self, workers: int, serving: Sequence[int]) -> dict[int, list[int]]:
        """For each serving worker the sockets of the public port that it accepts on. All accept on the admins' port."""
        return {} if self._public is None else self._public.shares(workers, serving)

    def listen(self) -> None:
        """Starts listening on all ports. Raises SettingsError."""
        for port in self._all:
            port.listen()

    def shrink(self, count: int) -> None:
        """Closes the public port's sockets beyond this number."""
        if self._public is not None:
            self._public.shrink(count)

    @property
    def public_count(self) -> int:
        """How many sockets the public port has."""
        return 0 if self._public is None else len(self._public.sockets)

    def close(self, but: "Ports | None" = None) -> None:
        """Closes the ports, except those that `but` also has."""
        for port in self._all:
            if but is None or port not in but._all:
                port.close()
