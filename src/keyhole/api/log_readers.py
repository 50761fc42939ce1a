"""Limits the reading of console logs, so that one user's requests do not take everybody's memory and threads."""

import asyncio
from weakref import WeakValueDictionary

READERS_PER_USER = 2
"""How many logs are read at once for one user; further requests wait."""


class LogReaders:
    """Each user has a separate queue, first come first served."""

    def __init__(self, per_user: int = READERS_PER_USER) -> None:
        self._per_user = per_user
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Kept while a request is being served or waits."""

    def semaphore(self, user_id: str) -> asyncio.Semaphore:
        """What is held while one log is read for the user."""
        semaphore = self._semaphores.get(user_id)
        if semaphore is None:
            semaphore = self._semaphores[user_id] = asyncio.Semaphore(self._per_user)
        return semaphore
