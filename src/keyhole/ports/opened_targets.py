"""Targets that a driver needs nothing to keep open for."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from keyhole.model import Target

Driver = TypeVar("Driver")
Arguments = ParamSpec("Arguments")


class HoldsNothing(AbstractAsyncContextManager[Target]):
    """Gives the target when it is entered; there is nothing to do when the line is closed."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[], Coroutine[Any, Any, Target]]) -> None:
        self._find = find

    async def __aenter__(self) -> Target:
        return await self._find()

    async def __aexit__(self, *_: object) -> None:
        return None


def holds_nothing(
    find: Callable[Concatenate[Driver, Arguments], Coroutine[Any, Any, Target]],
) -> Callable[Concatenate[Driver, Arguments], HoldsNothing]:
    """Makes a driver's `open` of a method that returns the target, for drivers that hold nothing for a line."""

    @wraps(find)
    def opened(driver: Driver, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HoldsNothing:
        return HoldsNothing(partial(find, driver, *args, **kwargs))

    return opened
