"""Reconnecting to a console: the use cases of a ticket, from its issue to its end.

A browser that opened a console has a ticket, as a cookie, with which it opens the same console again without its link:
after a lost connection, a reload or a restart of Keyhole. docs/decisions/0008 gives the reasons. The secret is 256
random bits; its sha256 is stored. No HTTP, no sockets, no SQL; `clock` gives the seconds since the epoch.

Changes to tickets are collected here until they are stored (`flush`), so that no console waits for the store.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from keyhole.core.intervals import is_due
from keyhole.core.links import Links, hash_token, requester_of
from keyhole.core.servers import Servers
from keyhole.core.sessions.live import Session, Sessions
from keyhole.core.sessions.selectors import OfTicket
from keyhole.crypto.sealing import seal
from keyhole.errors import (
    ConsoleUnavailable,
    ServerNotFound,
    ServerReassigned,
    TargetFailed,
    TicketRefused,
    Unavailable,
)
from keyhole.model import Grant, Location, RequesterToken, ResumeState, Ticket
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.identity import IdentityProvider
from keyhole.ports.openings import Opening
from keyhole.ports.stores import TicketStore
from keyhole.reasons import Reason

SECRET_BYTES = 32

KEEP_SECONDS = 24 * 3600
"""How long a ticket that is no longer valid still gives the reason."""

MAX_TOUCH_SECONDS = 300.0
"""How old the stored time that a ticket's session was last alive may be: after a crash, the time to reconnect is
shorter by up to this.
"""

ON_PURPOSE = frozenset({Reason.KILLED, Reason.REVOKED, Reason.IDLE_LIMIT, Reason.TIME_LIMIT})
"""Endings of a session that also end its ticket. All others are accidental, or the viewer's own, and it may reconnect.
"""

_SECRET = re.compile(r"[0-9A-Za-z_-]{43}")


@dataclass(frozen=True, slots=True)
class TicketRules:
    """How long a viewer may be away (0: no tickets), and how long a console may be open in all (0: no limit)."""

    resume_seconds: int
    maximum_seconds: int


class Tickets:
    """Issues tickets and lets their holders reconnect. A `SessionListener`.

    `changed` is set when there is something to store.
    """

    def __init__(
        self,
        store: TicketStore,
        sessions: Sessions,
        consoles: Links,
        servers: Servers,
        identity: IdentityProvider,
        rules: TicketRules,
        clock: Callable[[], float],
        changed: asyncio.Event,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._consoles = consoles
        self._servers = servers
        self._identity = identity
        self._rules = rules
        self._clock = clock
        self._unstored: dict[str, Ticket] = {}
        self._new: set[str] = set()
        self._resumed: set[str] = set()
        self._touched_at = clock()
        self._changed = changed
        self._flushing = asyncio.Lock()
        sessions.subscribe(self)

    @property
    def offered(self) -> bool:
        """Whether tickets are issued."""
        return self._rules.resume_seconds > 0

    @property
    def cookie_seconds(self) -> int:
        """How long a browser should keep a ticket: longer than any ticket is valid, or a week if there is no limit."""
        return (self._rules.maximum_seconds or 7 * 24 * 3600) + self._rules.resume_seconds

    def issue(self, opening: Opening) -> tuple[str, Opening]:
        """A new ticket for the viewer that opens a grant's console: its secret, and what its session is opened with."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        requester = opening.requester
        grant = replace(opening.grant, sealed_requester=None if requester is None else seal(requester, secret))
        ticket = Ticket(hash_token(secret), grant, seen_at=self._clock())
        self._new.add(ticket.secret_hash)
        self._note(ticket)
        return secret, Opening(opening.grant, opening.driver, opening.location, requester, ResumeState(ticket))

    async def find(self, console_id: str, secret: str | None) -> Ticket:
        """The valid ticket of a console. Raises TicketRefused, which says why its session was ended; Unavailable."""
        ticket = await self._known(secret)
        if ticket is None or ticket.grant.id != console_id:
            raise TicketRefused(Reason.TICKET_UNKNOWN)
        if ticket.ended is not None:
            raise TicketRefused(ticket.ended, ticket.ended_detail)
        if await self._consoles.is_revoked(ticket.grant):
            raise self._ended(ticket, Reason.REVOKED)
        now, deadline = self._now(ticket), self.deadline_of(ticket)
        if deadline is not None and deadline <= now:
            raise self._ended(ticket, Reason.TIME_LIMIT, f"after {self._rules.maximum_seconds} seconds")
        if now - ticket.seen_at > self._rules.resume_seconds and self._sessions.of_ticket(ticket.secret_hash) is None:
            raise TicketRefused(Reason.TICKET_UNKNOWN)
        return ticket

    async def resume(self, console_id: str, secret: str | None) -> Opening:
        """Lets the holder of a ticket reconnect. If the console has never opened, this redeems its link.

        Raises TicketRefused; TokenRefused if the console has never opened and its link is no longer valid;
        TargetFailed, ServerNotReady, ServerBusy; Unavailable.
        """
        ticket = await self.find(console_id, secret)
        grant = ticket.grant
        requester = requester_of(grant, secret or "")
        if not await self._may_still_open(grant, requester):
            raise self._ended(ticket, Reason.REVOKED)
        if ticket.opened_at is None:
            grant = await self._consoles.claim(grant.token_hash)
        try:
            driver, location = await self._located(ticket)
        except BaseException:
            if ticket.opened_at is None:
                await self._consoles.release(grant)
            raise
        # The server may have moved meanwhile: a ticket is for a server, not for an address.
        grant = replace(grant, address=location.place, driver=driver.name)
        return Opening(grant, driver, location, requester, self._resume_state(ticket))

    def deadline_of(self, ticket: Ticket) -> float | None:
        """When the console will have been open for the maximum time; None without a limit, or if it never opened."""
        if not self._rules.maximum_seconds or ticket.opened_at is None:
            return None
        return ticket.opened_at + self._rules.maximum_seconds

    def end(self, ticket: Ticket, reason: Reason, detail: str = "") -> None:
        """Ends a ticket permanently; from now on its holder is told the reason."""
        self._note(replace(ticket, ended=reason, ended_detail=detail))

    async def end_now(self, secret_hash: str, reason: Reason, detail: str) -> None:
        """Ends a ticket for all workers at once; the worker that carries its session learns of it slightly later.

        Raises Unavailable, except for a ticket that is not stored yet.
        """
        if secret_hash in self._unstored:
            self.end(self._unstored[secret_hash], reason, detail)
            with suppress(Unavailable):
                await self.flush()
            return
        ticket = await self._store.find_ticket(secret_hash)
        if ticket is not None:
            await self._store.update_tickets([replace(ticket, ended=reason, ended_detail=detail)])

    def opened(self, session: Session) -> None:
        """A ticket has a live session from now on."""
        ticket = session.ticket
        if ticket is None:
            return
        if ticket.opened_at is not None:
            self._resumed.add(ticket.secret_hash)
        session.ticket = ticket.seen(session.began_at, opened_at=ticket.opened_at or session.began_at)
        self._note(session.ticket)

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """From now on the holder has a limited time to reconnect, unless the session was ended on purpose."""
        ticket = session.ticket
        if ticket is None:
            return
        ticket = self._touched(ticket, session)
        if reason in ON_PURPOSE:
            ticket = replace(ticket, ended=reason, ended_detail=detail)
        self._note(ticket)

    async def flush(self) -> None:
        """Writes the changes to the store. Raises Unavailable; what was not written is written the next time."""
        async with self._flushing:
            self._touch_live()
            unstored = dict(self._unstored)
            new = [ticket for key, ticket in unstored.items() if key in self._new]
            changed = [ticket for key, ticket in unstored.items() if key not in self._new]
            await self._store.add_tickets(new)
            self._forget_stored(new)
            await self._store.update_tickets(changed)
            self._forget_stored(changed)
            await self._check_resumed()

    async def sweep(self) -> int:
        """Deletes tickets that have been invalid for some time; returns how many."""
        return await self._store.sweep_tickets(self._clock() - self._rules.resume_seconds - KEEP_SECONDS)

    async def _known(self, secret: str | None) -> Ticket | None:
        if secret is None or not _SECRET.fullmatch(secret):
            return None
        secret_hash = hash_token(secret)
        unstored = self._unstored.get(secret_hash)
        stored = await self._store.find_ticket(secret_hash)
        if stored is not None and stored.ended is not None:  # another worker did this, or its link was revoked
            return stored
        return self._unstored.get(secret_hash) or unstored or stored

    async def _may_still_open(self, grant: Grant, requester: RequesterToken | None) -> bool:
        """While the identity service does not answer, nobody loses access; open sessions are checked again later."""
        try:
            return await self._identity.may_open(grant.user_id, grant.project_id, requester)
        except Unavailable:
            return True

    async def _located(self, ticket: Ticket) -> tuple[HypervisorDriver, Location]:
        grant = ticket.grant
        try:
            return await self._servers.locate(grant.server_id, grant.project_id, grant.console_type, grant.driver)
        except ServerReassigned as failure:
            raise self._ended(ticket, Reason.REVOKED) from failure
        except (ServerNotFound, ConsoleUnavailable) as failure:
            # It may be started again: the user may try again.
            raise TargetFailed(Reason.TARGET_UNREACHABLE, "the server is not available at the moment") from failure

    def _resume_state(self, ticket: Ticket) -> ResumeState:
        if ticket.opened_at is None:
            return ResumeState(ticket)
        now = self._now(ticket)
        input_at = ticket.seen_at if ticket.input_at is None else ticket.input_at
        return ResumeState(ticket, open_seconds=now - ticket.opened_at, idle_seconds=max(0.0, now - input_at))

    def _now(self, ticket: Ticket) -> float:
        """The time, but not before the ticket was last seen: the clock may have been set back since."""
        return max(self._clock(), ticket.seen_at)

    def _ended(self, ticket: Ticket, reason: Reason, detail: str = "") -> TicketRefused:
        self.end(ticket, reason, detail)
        return TicketRefused(reason, detail)

    def _touched(self, ticket: Ticket, session: Session) -> Ticket:
        return ticket.seen(self._now(ticket), input_at=session.epoch_of(session.last_input_at))

    async def _check_resumed(self) -> None:
        """Ends the sessions whose ticket was ended while they were set up."""
        for secret_hash in tuple(self._resumed):
            ticket = await self._store.find_ticket(secret_hash)
            if ticket is not None and ticket.ended is not None:
                self._sessions.terminate(OfTicket(ticket), ticket.ended, ticket.ended_detail)
            self._resumed.discard(secret_hash)

    def _touch_live(self) -> None:
        now = self._clock()
        if not is_due(now, self._touched_at, min(MAX_TOUCH_SECONDS, self._rules.resume_seconds / 10)):
            return
        self._touched_at = now
        for session in self._sessions:
            if session.ticket is not None:
                session.ticket = self._touched(session.ticket, session)
                self._note(session.ticket)

    def _note(self, ticket: Ticket) -> None:
        before = self._unstored.get(ticket.secret_hash)
        if before is not None and before.ended is not None:
            ticket = replace(ticket, ended=before.ended, ended_detail=before.ended_detail)
        self._unstored[ticket.secret_hash] = ticket
        self._changed.set()

    def _forget_stored(self, stored: list[Ticket]) -> None:
        """A ticket that changed again while it was being written must still be stored, but is no longer new."""
        for ticket in stored:
            self._new.discard(ticket.secret_hash)
            if self._unstored.get(ticket.secret_hash) is ticket:
                del self._unstored[ticket.secret_hash]
