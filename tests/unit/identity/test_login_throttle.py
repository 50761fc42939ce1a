"""Failed sign-ins and the waits that follow: they grow, are bounded, and cannot lock out others."""

import asyncio
from contextlib import nullcontext, suppress
from itertools import count, product

import pytest

from keyhole.errors import NotAuthenticated, TooManyAttempts
from keyhole.identity import login_throttle as subject
from keyhole.identity.login_throttle import ADDRESS, PAIR, USER, WINDOW_SECONDS, Backoff, LoginResult, LoginThrottle

HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock)


def wait(throttle: LoginThrottle, user: str = "ada", client: str = HOME) -> int:
    """How long an attempt must wait; 0 if it is allowed."""
    try:
        throttle.admit(user, client)
    except TooManyAttempts as refusal:
        return refusal.retry_after_seconds
    return 0


def fail(throttle: LoginThrottle, times: int, user: str = "ada", client: str = HOME) -> None:
    for _ in range(times):
        throttle.failed(user, client)


def attack(throttle: LoginThrottle, user: str, addresses: int) -> None:
    """One failed sign-in of a user from each of this many addresses."""
    for high, low in list(product(range(200), range(1, 200)))[:addresses]:
        throttle.failed(user, f"203.0.{high}.{low}")


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (2, 0), (3, 1), (4, 2), (5, 4), (7, 16), (8, 20), (9, 20), (10**9, 20)]
)
def test_waits_are_free_then_double_up_to_a_bound(failures: int, seconds: float) -> None:
    assert Backoff(free=3, first_seconds=1, most_seconds=20).wait_after(failures) == seconds


def test_a_user_at_an_address_waits_longer_with_each_failure(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, PAIR.free - 1)
    assert wait(throttle) == 0
    waits = []
    for _ in range(12):
        fail(throttle, 1)
        waits.append(wait(throttle))
        clock.now += waits[-1]
        assert wait(throttle) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_what_is_told_is_kept_whoever_asks_meanwhile(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, PAIR.free + 3)
    told = wait(throttle)
    for _ in range(told - 1):
        clock.now += 1
        assert wait(throttle) > 0
    clock.now += 1
    assert wait(throttle) == 0


def test_a_part_of_a_second_is_told_as_a_whole_one(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, PAIR.free)
    clock.now += PAIR.first_seconds - 0.25
    assert wait(throttle) == 1


def test_failures_elsewhere_and_of_others_do_not_count(throttle: LoginThrottle) -> None:
    fail(throttle, PAIR.free + 5)
    assert wait(throttle) > 0
    assert wait(throttle, client=ELSEWHERE) == 0
    assert wait(throttle, user="bob") == 0


def test_an_address_that_fails_for_many_users_waits_for_all(throttle: LoginThrottle) -> None:
    for number in range(ADDRESS.free):
        fail(throttle, 1, user=f"user {number}")
    assert wait(throttle, user="somebody new") == ADDRESS.first_seconds
    assert wait(throttle, user="somebody new", client=ELSEWHERE) == 0


def test_a_user_of_an_address_does_not_wait_for_others_there(throttle: LoginThrottle) -> None:
    throttle.succeeded("ada", HOME)
    for number in range(ADDRESS.free + 10):
        fail(throttle, 1, user=f"user {number}")
    assert wait(throttle, user="bob") > 0
    assert wait(throttle, user="ada") == 0


def test_an_address_is_not_cleared_by_a_success(throttle: LoginThrottle) -> None:
    for number in range(ADDRESS.free):
        fail(throttle, 1, user=f"user {number}")
    throttle.succeeded("mallory", HOME)
    assert wait(throttle, user="somebody new") > 0


def test_a_user_under_attack_is_not_locked_out_where_it_signed_in_before(throttle: LoginThrottle) -> None:
    throttle.succeeded("ada", HOME)
    attack(throttle, "ada", 5000)
    assert wait(throttle, client=HOME) == 0


def test_a_user_under_attack_waits_shortly_at_a_new_address_and_is_let_in(
    throttle: LoginThrottle, clock: Clock
) -> None:
    attack(throttle, "ada", 5000)
    told = wait(throttle)
    assert told == USER.most_seconds
    attack(throttle, "ada", 5000)
    clock.now += told
    assert wait(throttle) == 0


def test_under_attack_every_guess_of_a_new_address_costs_a_wait(throttle: LoginThrottle, clock: Clock) -> None:
    attack(throttle, "ada", USER.free + 10)
    clock.now += wait(throttle, client=ELSEWHERE)
    for _ in range(3):
        fail(throttle, 1, client=ELSEWHERE)
        assert wait(throttle, client=ELSEWHERE) == USER.most_seconds
        clock.now += USER.most_seconds


def test_a_success_clears_the_user(throttle: LoginThrottle) -> None:
    attack(throttle, "ada", 5000)
    fail(throttle, PAIR.free)
    throttle.succeeded("ada", HOME)
    assert wait(throttle) == 0
    assert wait(throttle, client=ELSEWHERE) == 0
    fail(throttle, PAIR.free - 1)
    assert wait(throttle) == 0


def test_failures_are_forgotten_after_a_quiet_while(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, PAIR.free + 8)
    clock.now += WINDOW_SECONDS + 1
    fail(throttle, PAIR.free - 1)
    assert wait(throttle) == 0
    fail(throttle, 1)
    assert wait(throttle) == PAIR.first_seconds


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_REMEMBERED", 100)
    throttle = LoginThrottle(clock)
    numbers = count()
    for _ in range(2000):
        number = next(numbers)
        fail(throttle, 1, user=f"user {number}", client=f"address {number}")
        throttle.succeeded(f"other {number}", f"address {number}")
    assert throttle.remembered <= 400


def test_failures_do_not_crowd_out_the_addresses_that_users_sign_in_from(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "MAX_REMEMBERED", 100)
    throttle = LoginThrottle(clock)
    throttle.succeeded("ada", HOME)
    for number in range(1000):
        fail(throttle, 1, user=f"user {number}", client=f"address {number}")
    attack(throttle, "ada", USER.free + 10)
    assert wait(throttle, client=HOME) == 0
    assert wait(throttle, client=ELSEWHERE) > 0


async def test_a_try_that_its_client_breaks_off_is_a_failure(throttle: LoginThrottle) -> None:
    """Otherwise a client that disconnects before the answer could guess without limit."""
    for _ in range(PAIR.free):
        assert wait(throttle) == 0
        with pytest.raises(asyncio.CancelledError):
            async with throttle.attempt("ada", HOME, nullcontext()):
                raise asyncio.CancelledError
    assert wait(throttle) == PAIR.first_seconds


class TestProcessesThatServeTogether:
    @pytest.fixture
    def both(self, clock: Clock) -> list[LoginThrottle]:
        """Two throttles that report attempts to each other, as workers do."""
        both: list[LoginThrottle] = [LoginThrottle(clock, lambda outcome: both[1].record_remote(outcome))]
        both.append(LoginThrottle(clock, lambda outcome: both[0].record_remote(outcome)))
        return both

    @staticmethod
    async def attempt(throttle: LoginThrottle, *, good: bool) -> None:
        with suppress(NotAuthenticated):
            async with throttle.attempt("ada", HOME, nullcontext()):
                if not good:
                    raise NotAuthenticated

    async def test_failures_count_as_if_there_were_one(self, both: list[LoginThrottle]) -> None:
        for number in range(PAIR.free):
            assert [wait(one) for one in both] == [0, 0]
            await self.attempt(both[number % 2], good=False)
        assert [wait(one) for one in both] == [2, 2]

    async def test_a_success_is_known_to_all(self, both: list[LoginThrottle]) -> None:
        for number in range(PAIR.free - 1):
            await self.attempt(both[number % 2], good=False)
        await self.attempt(both[0], good=True)
        await self.attempt(both[1], good=False)
        assert [wait(one) for one in both] == [0, 0]
        assert both[0].remembered == both[1].remembered

    async def test_a_try_that_its_client_breaks_off_counts_as_failed(self, both: list[LoginThrottle]) -> None:
        for _ in range(PAIR.free):
            with pytest.raises(asyncio.CancelledError):
                async with both[0].attempt("ada", HOME, nullcontext()):
                    raise asyncio.CancelledError
        assert [wait(one) for one in both] == [2, 2]

    async def test_what_is_heard_is_not_told_on(self, clock: Clock) -> None:
        told: list[LoginResult] = []
        LoginThrottle(clock, told.append).record_remote(LoginResult("ada", HOME, good=False))
        assert told == []
