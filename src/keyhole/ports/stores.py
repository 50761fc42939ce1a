"""What is kept, and for whom. Implementations live in store/ and are held to one suite in tests/contract/.

Every method may raise `Unavailable`; other errors are named with the method.
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
    """Keeps grants. Redemption is atomic: of two at once, one wins."""

    async def add_grant(self, grant: Grant) -> None:
        """Keeps a new grant; its token_hash is unique."""

    async def find_grant(self, token_hash: str) -> Grant | None:
        """The grant as it is kept, expired and used ones included."""

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        """Marks a grant as used at `now` and returns it; None when there is none that is good.

        A used grant is good again only when `reusable`; one whose `expires_at` is not after `now` never is.
        """

    async def release_grant(self, token_hash: str) -> None:
        """Takes a redemption back: the console never opened, so the link may be tried again."""

    async def sweep_grants(self, expired_before: float) -> int:
        """Deletes the grants that expired before then; returns how many."""


class TicketStore(Interface):
    """Keeps tickets by the sha256 of their secrets. An ending that is kept stays the first one."""

    async def add_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Keeps new tickets, those of a revoked grant as ended; one that is there already stays as it is."""

    async def update_tickets(self, tickets: Sequence[Ticket]) -> None:
        """Keeps what has changed of tickets since: when they were seen, opened and had input, and their ending.

        `seen_at` only grows, `opened_at` and `ended` stay what they are once they are set; unknown ones are ignored.
        """

    async def find_ticket(self, secret_hash: str) -> Ticket | None:
        """A ticket as it is kept, an ended one too."""

    async def sweep_tickets(self, seen_before: float) -> int:
        """Deletes the tickets that were last seen before then; returns how many."""


class SessionStore(Interface):
    """Keeps the live sessions of all workers.

    A session lives while its worker was seen at `alive_since` or at most ALIVE_SECONDS later.
    """

    async def beat(self, worker: str, now: float) -> bool:
        """Tells that a worker lives; False where it was not known, or not any more."""

    async def forget_worker(self, worker: str) -> None:
        """Forgets a worker and its sessions."""

    async def add_sessions(self, records: Sequence[SessionRecord]) -> None:
        """Keeps new sessions; one that is there already stays as it is."""

    async def touch_sessions(self, records: Sequence[SessionRecord]) -> None:
        """Keeps the input and traffic of sessions; unknown ones are ignored."""

    async def remove_sessions(self, session_ids: Sequence[str]) -> None:
        """Forgets sessions that are over."""

    async def find_session(self, session_id: str, alive_since: float) -> SessionRecord | None:
        """One by its id."""

    async def list_sessions(
        self, alive_since: float, *, project_id: str | None = None, after: SessionRecord | None = None, count: int
    ) -> Sequence[SessionRecord]:
        """The newest first, of one project or of all, at most `count`, those behind `after`."""

    async def count_sessions(self, grant: Grant, besides: str, alive_since: float) -> Mapping[Reason, int]:
        """Those of a grant's server, user and project, and all, by their limits' names; without those of `besides`."""

    async def sessions_of_ticket(self, secret_hash: str, alive_since: float) -> Sequence[SessionRecord]:
        """Those that were opened with a ticket."""

    async def request_termination(self, order: TerminationRequest) -> bool:
        """Has a session's worker end it; False when there is no such session, or it has its order already."""

    async def request_termination_of_ticket(self, secret_hash: str, reason: Reason, detail: str) -> None:
        """Has the sessions of a ticket ended."""

    async def pending_terminations(self, worker: str) -> Sequence[TerminationRequest]:
        """The worker's sessions that are to be ended: by an order, or because their grant was revoked."""

    async def sweep_sessions(self, alive_since: float) -> None:
        """Forgets workers that are gone, and their sessions."""


class RevocationStore(Interface):
    """Knows what a console's id stands for, and withdraws it."""

    async def grant_of_console(self, console_id: str) -> Grant | None:
        """The grant with this id, also after it was swept, while it has a ticket or a live session."""

    async def revoke_console(self, console_id: str, now: float, detail: str) -> None:
        """Withdraws the grant with this id, ends its tickets and orders the end of its sessions."""


class AccessStore(Interface):
    """Knows who opened consoles, as long as the grant, its ticket or its session is kept."""

    async def last_accesses(self, server_ids: Sequence[str]) -> Mapping[str, LastAccess]:
        """The newest redemption of a grant for each of these servers that has one, by the server's id."""


class TokenStore(Interface):
    """Keeps identity tokens by their sha256."""

    async def add_token(self, token: IdentityToken) -> None:
        """Keeps a new token."""

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        """The token when it is good at `now`."""

    async def revoke_token(self, token_hash: str) -> None:
        """Makes a token invalid at once; unknown ones are ignored."""

    async def sweep_tokens(self, expired_before: float) -> int:
        """Deletes the tokens that expired before then; returns how many."""


class CredentialStore(Interface):
    """Keeps application credentials."""

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        """Keeps a new one; False, and nothing is kept, when its user already has one of that name."""

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        """One by its id, an expired one too."""

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        """Every one of a user, the oldest first."""

    async def delete_credential(self, credential_id: str) -> None:
        """Forgets one at once; unknown ones are ignored."""
