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
"""After this many checks that the identity service did not answer, the others wait for the next round."""


@dataclass(slots=True)
class Review:
    """How many users are still allowed, no longer allowed, or could not be checked: `problem` says why."""

    allowed: int = 0
    revoked: int = 0
    unknown: int = 0
    problem: str = ""


class Reauthorization:
    """Checks users with open consoles with the identity service. Raises Unavailable if the store does not answer."""

    def __init__(
        self, store: SessionStore, sessions: Sessions, registry: SessionRegistry, identity: IdentityProvider
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._registry = registry
        self._identity = identity

    async def end_unentitled(self) -> None:
        """Ends all sessions, of any worker, of users who may not open consoles. Raises Unavailable.

        Run at the start, since the users may have changed.
        """
        after: SessionRecord | None = None
        while page := await self._registry.list(after=after):
            for record in page:
                if not await self._identity.may_open(record.grant.user_id, record.grant.project_id, None):
                    await self._store.request_termination(TerminationRequest(record.id, Reason.REVOKED))
            after = page[-1]

    async def end_revoked(self) -> Review:
        """Ends this process's sessions of users who may no longer open their consoles; checks each requester token
        once.

        Users who cannot be checked keep their sessions. The order is random, so that no user is always checked last.
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
