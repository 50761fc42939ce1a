"""The changes of drivers that can only list."""

from collections.abc import Sequence

from keyhole.errors import Unavailable
from keyhole.model import Listed, Server, Unreachable
from keyhole.ports.drivers import polled, unchanging

A, B = Server("a", "vm", "p1"), Server("b", "vm", "p1")


async def test_what_changed_is_told_and_what_did_not_is_not() -> None:
    answers: list[Sequence[Server] | Unavailable] = [
        [A],
        [A],
        [A, B],
        Unavailable("It sleeps."),
        Unavailable("It sleeps."),
        [A, B],
    ]
    left = iter(answers)

    async def list_all() -> Sequence[Server]:
        answer = next(left)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    news = polled(list_all, 0, "host1")
    told = [await anext(news) for _ in range(4)]
    assert told == [
        Listed((A,), "host1"),
        Listed((A, B), "host1"),
        Unreachable("It sleeps.", "host1"),
        Listed((A, B), "host1"),
    ]


async def test_servers_that_stay_are_told_once() -> None:
    assert await anext(unchanging([A, B])) == Listed((A, B))
