"""A bounded memory of what is good until a time of the monotonic clock, which nobody can set back."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class TtlCache(Generic[V]):
    """Values by key, each until its own time; beyond `size` the one that was kept longest ago is forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, key: str, value: V, until: float) -> None:
        """Keeps a value until a time."""
        self._entries[key] = (value, until)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def find(self, key: str, now: float) -> V | None:
        """The value that is good now."""
        value, until = self._entries.get(key, (None, now))
        if until <= now:
            self._entries.pop(key, None)
            return None
        return value

    def drop(self, key: str) -> None:
        """Forgets a value."""
        self._entries.pop(key, None)
