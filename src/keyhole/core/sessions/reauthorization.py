"""Ends the sessions of users who may no longer open their consoles."""

import random
from collections import defaultdict
from dataclasses import dataclass

from keyhole.core.sessions.live import Sessions
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.sessions.selectors import OfSession
from keyhole.errors import Unavailable
from keyhole.model import SessionRecord, TerminationRequest
from keyhole.ports.identity import IdentityProvider
from keyhole.ports.stores import SessionStore
from keyhole.reasons import Reason

MAX_UNANSWERED = 3
"""After this many questions that the identity service left unanswered, the others wait for the next round."""


@dataclass(slots=True)
class Review:
    """How many users still may, may not any more, or are not known about: `problem` says why."""

    allowed: int = 0
    revoked: int = 0
    unknown: int = 0
    problem: str = ""


class Reauthorization:
    """Asks the identity service about users with open consoles. Raises Unavailable where the store does not answer."""

    def __init__(
        self, store: SessionStore, sessions: Sessions, registry: SessionRegistry, identity: IdentityProvider
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._registry = registry
        self._identity = identity

    async def end_unentitled(self) -> None:
        """Ends all sessions, of any worker, of users who may not open consoles. Raises Unavailable.

        Done at a start, when the users may be other ones than before.
        """
        after: SessionRecord | None = None
        while page := await self._registry.list(after=after):
            for record in page:
                if not await self._identity.may_open(record.grant.user_id, record.grant.project_id, None):
                    await self._store.request_termination(TerminationRequest(record.id, Reason.REVOKED))
            after = page[-1]

    async def end_revoked(self) -> Review:
        """Ends the sessions here of users who may no longer open their consoles; asks once for each requester token.

        A user who cannot be asked about stays. The order is another one each time, so that nobody is always the last.
        """
        holders = defaultdict(list)
        for session in self._sessions:
            holders[session.grant.user_id, session.grant.project_id, session.requester].append(session.id)
        review = Review()
        for holder, sessions in random.sample(list(holders.items()), len(holders)):
            try:
                stands = await self._identity.may_open(*holder)
            except Unavailable as problem:
                review.problem = str(problem)
                review.unknown += 1
                if review.unknown == MAX_UNANSWERED:
                    break
                continue
            if stands:
                review.allowed += 1
                continue
            review.revoked += 1
            for session_id in sessions:
                self._sessions.terminate(OfSession(session_id), Reason.REVOKED, "the user's rights were withdrawn")
        return review
