"""An in-memory store, for tests of the code above a store; it passes the stores' contract tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from keyhole.errors import Unavailable
from keyhole.model import (
    ApplicationCredential,
    Grant,
    IdentityToken,
    LastAccess,
    SessionRecord,
    TerminationRequest,
    Ticket,
)
from keyhole.ports.identity import ALIVE_SECONDS
from keyhole.reasons import Reason

WRITING = (
    "add_",
    "beat",
    "delete_",
    "forget_",
    "request_",
    "redeem_",
    "release_",
    "remove_",
    "revoke_",
    "sweep_",
    "touch_",
    "update_",
)
"""How the names of operations begin that change something."""


class MemoryStore:
    """All stores of `keyhole.ports`, in dictionaries."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, IdentityToken] = {}
        self.credentials: dict[str, ApplicationCredential] = {}
        self.tickets: dict[str, Ticket] = {}
        self.sessions: dict[str, SessionRecord] = {}
        self.orders: dict[str, TerminationRequest] = {}
        self.workers: dict[str, float] = {}
        self.problems: list[str] = []
        """What `check` tells."""

    @contextmanager
    def refusing(self, *names: str) -> Iterator[None]:
        """While the context lasts, these operations raise Unavailable; if none is named, all that write."""

        async def refuse(*_: object, **__: object) -> None:
            raise Unavailable("The store does not answer: database or disk is full.")

        names = names or tuple(name for name in dir(self) if name.startswith(WRITING))
        for name in names:
            setattr(self, name, refuse)
        try:
            yield
        finally:
            for name in names:
                delattr(self, name)

    async def add_grant(self, grant: Grant) -> None:
        assert grant.token_hash not in self.grants
        self.grants[grant.token_hash] = grant

    async def find_grant(self, token_hash: str) -> Grant | None:
        return self.grants.get(token_hash)

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        grant = self.grants.get(token_hash)
        if grant is None or grant.expires_at <= now or (grant.redeemed_at is not None and not reusable):
            return None
        if grant.revoked_at is not None:
            return None
        self.grants[token_hash] = replace(grant, redeemed_at=now)
        return self.grants[token_hash]

    async def release_grant(self, token_hash: str) -> None:
        if token_hash in self.grants:
            self.grants[token_hash] = replace(self.grants[token_hash], redeemed_at=None)

    async def sweep_grants(self, expired_before: float) -> int:
        gone = [key for key, grant in self.grants.items() if grant.expires_at < expired_before]
        for key in gone:
            del self.grants[key]
        return len(gone)

    async def add_token(self, token: IdentityToken) -> None:
        self.tokens[token.token_hash] = token

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        token = self.tokens.get(token_hash)
        return token if token is not None and token.expires_at > now else None

    async def revoke_token(self, token_hash: str) -> None:
        self.tokens.pop(token_hash, None)

    async def sweep_tokens(self, expired_before: float) -> int:
        gone = [key for key, token in self.tokens.items() if token.expires_at < expired_before]
        for key in gone:
            del self.tokens[key]
        return len(gone)

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        if any(credential.name == other.name for other in await self.list_credentials(credential.user_id)):
            return False
        self.credentials[credential.id] = credential
        return True

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        return self.credentials.get(credential_id)

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        owned = [credential for credential in self.credentials.values() if credential.user_id == user_id]
        return sorted(owned, key=lambda credential: (credential.created_at, credential.id))

    async def delete_credential(self, credential_id: str) -> None:
        self.credentials.pop(credential_id, None)

    async def check(self) -> Sequence[str]:
        return self.problems

    async def add_tickets(self, tickets: Sequence[Ticket]) -> None:
        revoked = {grant.id for grant in self.grants.values() if grant.revoked_at is not None}
        for ticket in tickets:
            ended = Reason.REVOKED if ticket.ended is None and ticket.grant.id in revoked else ticket.ended
            self.tickets.setdefault(ticket.secret_hash, replace(ticket, ended=ended))

    async def update_tickets(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            kept = self.tickets.get(ticket.secret_hash)
            if kept is None:
                continue
            ending = ticket if kept.ended is None else kept
            self.tickets[ticket.secret_hash] = replace(
                kept,
                seen_at=max(kept.seen_at, ticket.seen_at),
                opened_at=ticket.opened_at if kept.opened_at is None else kept.opened_at,
                input_at=kept.input_at if ticket.input_at is None else ticket.input_at,
                ended=ending.ended,
                ended_detail=ending.ended_detail,
            )

    async def find_ticket(self, secret_hash: str) -> Ticket | None:
        return self.tickets.get(secret_hash)

    async def sweep_tickets(self, seen_before: float) -> int:
        gone = [key for key, ticket in self.tickets.items() if ticket.seen_at < seen_before]
        for key in gone:
            del self.tickets[key]
        return len(gone)

    async def beat(self, worker: str, now: float) -> bool:
        known = worker in self.workers
        self.workers[worker] = now
        return known

    async def forget_worker(self, worker: str) -> None:
        await self.remove_sessions([key for key, record in self.sessions.items() if record.worker == worker])
        self.workers.pop(worker, None)

    async def add_sessions(self, records: Sequence[SessionRecord]) -> None:
        for record in records:
            self.sessions.setdefault(record.id, record)

    async def touch_sessions(self, records: Sequence[SessionRecord]) -> None:
        for record in records:
            if record.id in self.sessions:
                self.sessions[record.id] = replace(
                    self.sessions[record.id],
                    last_input_at=record.last_input_at,
                    to_viewer_bytes=record.to_viewer_bytes,
                    to_target_bytes=record.to_target_bytes,
                )

    async def remove_sessions(self, session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            self.sessions.pop(session_id, None)
            self.orders.pop(session_id, None)

    async def find_session(self, session_id: str, alive_since: float) -> SessionRecord | None:
        return next((record for record in self._alive(alive_since) if record.id == session_id), None)

    async def list_sessions(
        self, alive_since: float, *, project_id: str | None = None, after: SessionRecord | None = None, count: int
    ) -> Sequence[SessionRecord]:
        def place(record: SessionRecord) -> tuple[float, str]:
            return -record.opened_at, record.id

        found = sorted(self._alive(alive_since), key=place)
        found = [one for one in found if project_id is None or one.grant.project_id == project_id]
        return [one for one in found if after is None or place(one) > place(after)][:count]

    async def count_sessions(self, grant: Grant, besides: str, alive_since: float) -> Mapping[Reason, int]:
        others = [record.grant for record in self._alive(alive_since) if record.worker != besides]
        return {
            Reason.LIMIT_SERVER: sum(one.server_id == grant.server_id for one in others),
            Reason.LIMIT_USER: sum(one.user_id == grant.user_id for one in others),
            Reason.LIMIT_PROJECT: sum(one.project_id == grant.project_id for one in others),
            Reason.LIMIT_SESSIONS: len(others),
        }

    async def sessions_of_ticket(self, secret_hash: str, alive_since: float) -> Sequence[SessionRecord]:
        return [record for record in self._alive(alive_since) if record.ticket_hash == secret_hash]

    async def request_termination(self, order: TerminationRequest) -> bool:
        if order.session_id not in self.sessions or order.session_id in self.orders:
            return False
        self.orders[order.session_id] = order
        return True

    async def request_termination_of_ticket(self, secret_hash: str, reason: Reason, detail: str) -> None:
        for record in [one for one in self.sessions.values() if one.ticket_hash == secret_hash]:
            await self.request_termination(TerminationRequest(record.id, reason, detail))

    async def pending_terminations(self, worker: str) -> Sequence[TerminationRequest]:
        revoked = {grant.id for grant in self.grants.values() if grant.revoked_at is not None}
        mine = [record for record in self.sessions.values() if record.worker == worker]
        orders = [self.orders[record.id] for record in mine if record.id in self.orders]
        return [
            *orders,
            *(TerminationRequest(record.id, Reason.REVOKED) for record in mine if record.grant.id in revoked),
        ]

    async def sweep_sessions(self, alive_since: float) -> None:
        for worker in {record.worker for record in self.sessions.values()} | set(self.workers):
            if worker not in self._alive_workers(alive_since):
                await self.forget_worker(worker)

    async def grant_of_console(self, console_id: str) -> Grant | None:
        held: tuple[Ticket | SessionRecord, ...] = (*self.tickets.values(), *self.sessions.values())
        grants = (*self.grants.values(), *(one.grant for one in held))
        return next((grant for grant in grants if grant.id == console_id), None)

    async def last_accesses(self, server_ids: Sequence[str]) -> Mapping[str, LastAccess]:
        held: tuple[Ticket | SessionRecord, ...] = (*self.tickets.values(), *self.sessions.values())
        grants = (*self.grants.values(), *(one.grant for one in held))
        openings = sorted(
            (grant.redeemed_at, grant.server_id, grant.user_name)
            for grant in grants
            if grant.redeemed_at is not None and grant.server_id in server_ids
        )
        return {server_id: LastAccess(user_name, at) for at, server_id, user_name in openings}

    async def revoke_console(self, console_id: str, now: float, detail: str) -> None:
        for key, grant in self.grants.items():
            if grant.id == console_id and grant.revoked_at is None:
                self.grants[key] = replace(grant, revoked_at=now)
        for secret_hash, ticket in self.tickets.items():
            if ticket.grant.id == console_id and ticket.ended is None:
                self.tickets[secret_hash] = replace(ticket, ended=Reason.REVOKED, ended_detail=detail)
        for record in tuple(self.sessions.values()):
            if record.grant.id == console_id:
                await self.request_termination(TerminationRequest(record.id, Reason.REVOKED, detail))

    def _alive(self, alive_since: float) -> list[SessionRecord]:
        alive = self._alive_workers(alive_since)
        return [record for record in self.sessions.values() if record.worker in alive]

    def _alive_workers(self, alive_since: float) -> set[str]:
        return {worker for worker, at in self.workers.items() if alive_since <= at <= alive_since + ALIVE_SECONDS}
