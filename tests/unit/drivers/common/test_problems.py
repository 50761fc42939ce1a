"""The time since which a problem exists."""

import time

import pytest

from keyhole.drivers.common.problems import since
from keyhole.ports.drivers import Problem


def test_what_stays_wrong_keeps_its_time_and_what_was_well_meanwhile_gets_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "time", lambda: now)
    first = since([], [Problem("a"), Problem("b")])
    assert [problem.since for problem in first] == [100.0, 100.0]
    now = 200.0
    second = since(first, [Problem("b"), Problem("c")])
    assert [(problem.sentence, problem.since) for problem in second] == [("b", 100.0), ("c", 200.0)]
    assert since(second, [Problem("a")])[0].since == 200.0
