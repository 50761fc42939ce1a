"""What the use cases need from a hypervisor.

Implementations are in drivers/, or in other packages (docs/howto/write-a-driver.md), and must pass
tests/contract/driver_suite.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.errors import SettingsError, Unavailable
from keyhole.model import (
    Change,
    Facts,
    Listed,
    Location,
    OwnerForm,
    OwnerRule,
    Protocol,
    Screenshot,
    Server,
    Target,
    Unreachable,
    owners,
)
from keyhole.protocols.text import printable


@dataclass(frozen=True, slots=True)
class Caller:
    """The user for whom a console is opened. `credential` is the identity service's token, where it is known."""

    user_id: str
    user_name: str
    project_id: str
    credential: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not work. `sentence` is for the operator and names the part concerned.

    `host` is the host concerned ("": the driver itself), `code` a short name for the kind of problem, `since` when it
    was first seen, in seconds since the epoch. Servers' names and paths may stand in `sentence` and `host` as they are:
    what does not print becomes a `?`.
    """

    sentence: str
    host: str = ""
    code: str = ""
    since: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", printable(self.sentence))
        object.__setattr__(self, "host", printable(self.host))


class HypervisorDriver(Interface):
    """Knows servers and where their consoles are. Used as an `async with` context.

    Any call may raise Unavailable, and may be cancelled at any await; it must then release everything that it has
    acquired.
    """

    @property
    def name(self) -> str:
        """The name of this instance: that of its `[drivers.NAME]` section."""

    def watch(self) -> AsyncIterator[Change]:
        """Changes of the servers, for as long as the iteration lasts. Begins with `Listed` or `Unreachable` for each
        scope; never ends, and does not raise for a dead host. `polled` provides it for a driver that can only list.
        """

    async def list_now(self) -> Sequence[Server] | None:
        """Every server, called for each list of servers; None if it would need a call over a network: then the servers
        that `watch` reported are used.
        """

    async def find_server(self, server_id: str) -> Server | None:
        """One server as it is now; None if this driver does not have it."""

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        """Where that console is now. Called when a link is created or opened, and when a browser reconnects.

        Opens nothing and has no side effect. Raises ServerNotFound, ServerNotReady (not running), ServerBusy;
        ConsoleUnavailable naming the protocol.
        """

    def open(self, location: Location, caller: Caller | None) -> AbstractAsyncContextManager[Target]:
        """A line to the console at a location from `locate`, for that caller (None: for Keyhole itself).

        Entered when the console is dialled, within the gateway's deadline, and exited when the line is closed, possibly
        by another task. Raises as `locate`.
        """

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """The last `lines` lines of the serial log as written by the guest, all of it when None.

        A line ends at b"\\n"; what follows the last one counts as a line, even when empty.
        Raises ServerNotFound, LogUnavailable.
        """

    async def screenshot(self, server_id: str, head: int = 0) -> Screenshot | None:
        """The picture of one of a server's screens; None if only its console has one. Raises ServerNotFound."""

    async def check(self) -> Sequence[Problem]:
        """The current problems, for /readyz; empty if there are none."""


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is given in addition to its own settings. `name` is the instance's, `project_id_of` returns a
    project's id for its name and raises SettingsError if there is none.
    """

    name: str
    project_id_of: Callable[[str], str]

    def owner_of(self, facts: Facts, rules: Sequence[OwnerRule]) -> str:
        """The id of the project that the first matching rule gives; "" if no rule matches: then only admins have
        access.
        """
        for owner in owners(rules, facts):
            if owner.form is OwnerForm.ID:
                return owner.text
            try:
                return self.project_id_of(owner.text)
            except SettingsError:
                continue
        return ""


class DriverFactory(Interface):
    """What an entry point in the group `keyhole.drivers` names: usually the driver's class.

    An entry point's extras (`"package.module:Driver [libvirt]"`) are named when a package that it needs is missing.
    """

    @property
    def Settings(self) -> type[Any]:  # noqa: N802  # a class
        """The `config.DriverSettings` of its section."""

    def __call__(self, settings: Any, context: DriverContext, /) -> AbstractAsyncContextManager[HypervisorDriver]:
        """The driver, not yet entered. Raises SettingsError."""


async def polled(
    list_all: Callable[[], Awaitable[Sequence[Server]]], seconds: float, scope: str = ""
) -> AsyncIterator[Change]:
    """The changes of a driver that can only list: a listing when something changed, and whether it answers."""
    before: Change | None = None
    while True:
        now: Change
        try:
            now = Listed(tuple(await list_all()), scope)
        except Unavailable as problem:
            now = Unreachable(str(problem), scope)
        if now != before:
            yield now
            before = now
        await asyncio.sleep(seconds)


async def unchanging(servers: Sequence[Server]) -> AsyncIterator[Change]:
    """The changes of a driver whose servers never change."""
    yield Listed(tuple(servers))
    await asyncio.Event().wait()
