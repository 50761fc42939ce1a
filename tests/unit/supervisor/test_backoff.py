"""The delay before a dead worker is replaced."""

from keyhole.supervisor.backoff import LONGEST_SECONDS, STABLE_SECONDS, Backoff


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_death_costs_nothing_and_the_next_ones_ever_more() -> None:
    backoff = Backoff(Clock())
    assert [backoff.died() for _ in range(8)] == [0, 1, 2, 4, 8, 16, LONGEST_SECONDS, LONGEST_SECONDS]


def test_a_long_life_is_a_new_beginning() -> None:
    clock = Clock()
    backoff = Backoff(clock)
    for _ in range(4):
        backoff.died()
    backoff.started()
    clock.now += STABLE_SECONDS - 1
    assert backoff.died() == 8
    backoff.started()
    clock.now += STABLE_SECONDS
    assert [backoff.died(), backoff.died()] == [0, 1]
