"""What is stored. Implementations are in store/ and must pass one suite in tests/contract/.

Every method may raise `Unavailable`; other errors are listed with the method.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol as Interface

from keyhole.model import (
    ApplicationCredential,
    Grant,
    IdentityToken,
    LastAccess,
    SessionRecord,
    TerminationRequest,
    Ticket,
)
from keyhole.reasons import Reason


class GrantStore(Interface):
    """Stores grants. Redemption is atomic: of two concurrent ones, one wins."""

    async def add_grant(self, grant: Grant) -> None:
        """Stores a new grant; its token_hash is unique."""

    async def find_grant(self, token_hash: str) -> Grant | None:
        """The stored grant, even if it is expired or used."""

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        """Marks a grant as used at `now` and returns it; None if there is no valid one.

        A used grant is valid again only if `reusable`; one whose `expires_at` is not after `now` never is.
        """

    async def release_grant(self, token_hash: str) -> None:
        """Undoes a redemption: the console never opened, so the link may be tried again."""

    async def sweep_grants(self, expired_before: float) -> int:
        """Deletes the grants that expired before then; returns how many."""


class TicketStore(Interface):
    """Stores tickets by the sha256 of their secrets. Once an ending is stored it does not change."""

    async def add_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Stores new tickets, those of a revoked grant as ended; an existing one is not changed."""

    async def update_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Stores changes to tickets: when they were seen, opened and had input, and their ending.

        `seen_at` only grows, `opened_at` and `ended` do not change once they are set; unknown tickets are ignored.
        """

    async def find_ticket(self, secret_hash: str) -> Ticket | None:
        """The stored ticket, even if it has ended."""

    async def sweep_tickets(self, seen_before: float) -> int:
        """Deletes the tickets that were last seen before then; returns how many."""


class SessionStore(Interface):
    """Stores the live sessions of all workers.

    A session is alive if its worker was seen at `alive_since` or at most ALIVE_SECONDS later.
    """

    async def beat(self, worker: str, now: float) -> bool:
        """Records that a worker is alive; False if it was not known, or no longer."""

    async def forget_worker(self, worker: str) -> None:
        """Removes a worker and its sessions."""

    async def add_sessions(self, records: Sequence[SessionRecord]) -> None:
        """Stores new sessions; an existing one is not changed."""

    async def touch_sessions(self, records: Sequence[SessionRecord]) -> None:
        """Stores the input and traffic of sessions; unknown ones are ignored."""

    async def remove_sessions(self, session_ids: Sequence[str]) -> None:
        """Removes sessions that have ended."""

    async def find_session(self, session_id: str, alive_since: float) -> SessionRecord | None:
        """One by its id."""

    async def list_sessions(
        self, alive_since: float, *, project_id: str | None = None, after: SessionRecord | None = None, count: int
    ) -> Sequence[SessionRecord]:
        """The sessions of one project or of all, newest first, at most `count`, starting after `after`."""

    async def count_sessions(self, grant: Grant, besides: str, alive_since: float) -> Mapping[Reason, int]:
        """The numbers of sessions of a grant's server, user and project, and of all, by limit; without those of
        `besides`.
        """

    async def sessions_of_ticket(self, secret_hash: str, alive_since: float) -> Sequence[SessionRecord]:
        """The sessions that were opened with a ticket."""

    async def request_termination(self, order: TerminationRequest) -> bool:
        """Requests that a session's worker ends it; False if there is no such session, or it has been requested
        already.
        """

    async def request_termination_of_ticket(self, secret_hash: str, reason: Reason, detail: str) -> None:
        """Requests the end of a ticket's sessions."""

    async def pending_terminations(self, worker: str) -> Sequence[TerminationRequest]:
        """The worker's sessions that must end: on request, or because their grant was revoked."""

    async def sweep_sessions(self, alive_since: float) -> None:
        """Removes workers that have died, and their sessions."""


class RevocationStore(Interface):
    """Finds the grant for a console's id, and revokes it."""

    async def grant_of_console(self, console_id: str) -> Grant | None:
        """The grant with this id, even after it was purged, while it has a ticket or a live session."""

    async def revoke_console(self, console_id: str, now: float, detail: str) -> None:
        """Revokes the grant with this id, ends its tickets and requests the end of its sessions."""


class AccessStore(Interface):
    """Knows who opened consoles, as long as the grant, its ticket or its session is stored."""

    async def last_accesses(self, server_ids: Sequence[str]) -> Mapping[str, LastAccess]:
        """The newest redemption of a grant for each of these servers that has one, by the server's id."""


class TokenStore(Interface):
    """Stores identity tokens by their sha256."""

    async def add_token(self, token: IdentityToken) -> None:
        """Stores a new token."""

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        """The token if it is valid at `now`."""

    async def revoke_token(self, token_hash: str) -> None:
        """Makes a token invalid at once; unknown ones are ignored."""

    async def sweep_tokens(self, expired_before: float) -> int:
        """Deletes the tokens that expired before then; returns how many."""


class CredentialStore(Interface):
    """Stores application credentials."""

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        """Stores a new one; returns False, and stores nothing, if its user already has one of that name."""

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        """The credential with this id, even if it has expired."""

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        """All credentials of a user, the oldest first."""

    async def delete_credential(self, credential_id: str) -> None:
        """Deletes one at once; unknown ones are ignored."""


class Store(
    GrantStore, TicketStore, SessionStore, RevocationStore, AccessStore, TokenStore, CredentialStore, Interface
):
    """All of them: what the service keeps everything in."""

    async def check(self) -> Sequence[str]:
        """One sentence for each problem, for /readyz."""
