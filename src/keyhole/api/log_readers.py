"""Limits the reading of console logs, so that one user's requests do not take everybody's memory and threads."""

import asyncio
from weakref import WeakValueDictionary

READERS_PER_USER = 2
"""How many logs are read at once for one user; further requests wait."""


class LogReaders:
    """Each user has a separate queue, first come first served."""

    def __init__(self, per_user: int = READERS_PER_USER) -> None:
        self._per_user = per_user
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Kept while a request is being served or waits."""

    def turn(self, user_id: str) -> asyncio.Semaphore:
        """What is held while one log is read for the user."""
        turns = self._turns.get(user_id)
        if turns is None:
            turns = self._turns[user_id] = asyncio.Semaphore(self._per_user)
        return turns
