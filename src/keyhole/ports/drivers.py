"""What the use cases need of a hypervisor.

Implementations live in drivers/, or in other packages (docs/howto/write-a-driver.md), and are held to
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


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a console is opened. `credential` is the token of the identity service, where it is known."""

    user_id: str
    user_name: str
    project_id: str
    credential: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not work. `sentence` is for the operator and names what it is about.

    `host` is the one that it is about ("": the driver itself), `code` a short name of its kind, `since` when it was
    first seen, in seconds since the epoch.
    """

    sentence: str
    host: str = ""
    code: str = ""
    since: float = 0.0


class HypervisorDriver(Interface):
    """Knows servers and where their consoles are. Used inside its own `async with`.

    Any call may raise Unavailable, and may be cancelled at any await; then it leaves nothing behind.
    """

    @property
    def name(self) -> str:
        """The name of this instance: that of its `[drivers.NAME]` section."""

    def watch(self) -> AsyncIterator[Change]:
        """What happens to the servers, for as long as somebody listens. Begins with `Listed` or `Unreachable` for each
        scope; never ends, and does not raise for a host that is dead. `polled` makes one of a driver that can only
        list."""

    async def list_now(self) -> Sequence[Server] | None:
        """Every server, asked for at each list that somebody looks at; None where asking costs a call over a network:
        then what `watch` told stands."""

    async def find_server(self, server_id: str) -> Server | None:
        """One server as it is now, None when this driver does not know it."""

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        """Where that console is now. Asked when a link is made, when it is opened, and when a browser returns.

        Opens nothing and has no effect. Raises ServerNotFound, ServerNotReady (not running), ServerBusy;
        ConsoleUnavailable naming the protocol.
        """

    def open(self, location: Location, caller: Caller | None) -> AbstractAsyncContextManager[Target]:
        """A line to the console at a place that `locate` gave, for that caller (None: for Keyhole itself).

        Entered when the console is dialled, under the gateway's deadline, and left when the line is closed, perhaps by
        another task. Raises as `locate`.
        """

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """The last `lines` lines of the serial log as written by the guest, all of it when None.

        A line ends at b"\\n"; what follows the last one counts as a line, even when empty.
        Raises ServerNotFound, LogUnavailable.
        """

    async def screenshot(self, server_id: str, head: int = 0) -> Screenshot | None:
        """The picture of one of a server's screens, None where only its console can tell. Raises ServerNotFound."""

    async def check(self) -> Sequence[Problem]:
        """What does not work, for /readyz; empty when all is well."""


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is given beside its own settings. `name` is the instance's, `project_id_of` gives a project's id by
    its name and raises SettingsError where there is none."""

    name: str
    project_id_of: Callable[[str], str]

    def owner_of(self, facts: Facts, rules: Sequence[OwnerRule]) -> str:
        """The id of the project that the first rule to give one gives, "" where none does: nobody's but an admin's."""
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
    """The news of a driver that can only list: a listing when something changed, and whether it answers."""
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
    """The news of a driver whose servers stay what they are."""
    yield Listed(tuple(servers))
    await asyncio.Event().wait()
