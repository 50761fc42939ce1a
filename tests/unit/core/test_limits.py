"""Slots: counted by kind and holder, taken all or none, released once."""

import pytest

from keyhole.core.limits import Slots, share_of
from keyhole.errors import LimitReached
from keyhole.reasons import Reason

USER, TOTAL = Reason.LIMIT_USER, Reason.LIMIT_SESSIONS


def claims(user: str) -> dict[Reason, str]:
    return {USER: user, TOTAL: ""}


def test_one_holder_cannot_take_all_of_anothers() -> None:
    slots = Slots({USER: 2, TOTAL: 3})
    for _ in range(2):
        slots.take(claims("greedy"))
    with pytest.raises(LimitReached, match="you have 2 open consoles") as caught:
        slots.take(claims("greedy"))
    assert caught.value.reason is USER
    slots.take(claims("modest"))
    with pytest.raises(LimitReached) as caught:
        slots.take(claims("late"))
    assert caught.value.reason is TOTAL


def test_what_is_taken_elsewhere_counts_on_top_of_what_is_taken_here() -> None:
    slots = Slots({USER: 4, TOTAL: 0})
    for elsewhere in (0, 1, 1):
        slots.take(claims("a"), {USER: elsewhere})
    with pytest.raises(LimitReached):
        slots.take(claims("a"), {USER: 1})
    slots.take(claims("a"), {TOTAL: 100})
    slots.take(claims("b"), {USER: 3})


def test_what_is_refused_takes_nothing() -> None:
    slots = Slots({USER: 1, TOTAL: 0})
    slots.take(claims("a"))
    for _ in range(5):
        with pytest.raises(LimitReached):
            slots.take(claims("a"))
    assert slots.taken(TOTAL) == slots.taken(USER) == 1


def test_a_place_is_given_back_once() -> None:
    slots = Slots({USER: 1, TOTAL: 1})
    slot = slots.take(claims("a"))
    slot.release()
    slot.release()
    assert slots.taken(TOTAL) == 0
    slots.take(claims("a"))


def test_a_place_that_was_handed_on_is_the_others() -> None:
    slots = Slots({USER: 1, TOTAL: 1})
    slot = slots.take(claims("a"))
    other = slot.transfer()
    slot.release()
    assert slots.taken(USER) == 1
    other.release()
    assert slots.taken(USER) == 0


def test_a_place_may_grow_and_keeps_what_it_had_when_it_cannot() -> None:
    slots = Slots({USER: 1, TOTAL: 0})
    slots.take({USER: "a"})
    slot = slots.take({TOTAL: ""})
    with pytest.raises(LimitReached):
        slot.add({USER: "a"})
    assert slots.taken(TOTAL) == 1
    slot.add({USER: "b"})
    slot.release()
    assert (slots.taken(USER), slots.taken(TOTAL)) == (1, 0)


def test_no_limit_and_no_trace_of_those_who_left() -> None:
    slots = Slots({USER: 0, TOTAL: 0})
    for slot in [slots.take(claims(f"user {number}")) for number in range(1000)]:
        slot.release()
    assert not any(slots._taken.values())


@pytest.mark.parametrize(
    ("limit", "processes", "share"), [(8, 1, 8), (8, 2, 4), (9, 2, 4), (8, 8, 1), (8, 9, 1), (0, 4, 0)]
)
def test_shares_keep_a_limit_together_and_let_everybody_have_one(limit: int, processes: int, share: int) -> None:
    assert share_of(limit, processes) == share
