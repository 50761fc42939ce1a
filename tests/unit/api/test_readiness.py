"""When parts are checked, and when a previous result is used."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.fakes.waiting import until

from keyhole.api import readiness
from keyhole.api.readiness import Readiness


async def well() -> Sequence[str]:
    return ()


class Driver:
    """Counts its checks; each returns when the test allows it."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.sentences: list[str] = []

    async def check(self) -> Sequence[str]:
        self.asked += 1
        await self.may_answer.wait()
        return list(self.sentences)


async def test_many_questions_ask_a_driver_once() -> None:
    driver = Driver()
    subject = Readiness(well, well, {"static": driver.check})
    questions = [asyncio.create_task(subject.report()) for _ in range(50)]
    await until(lambda: driver.asked)
    driver.may_answer.set()
    await asyncio.gather(*questions)
    await subject.report()
    assert driver.asked == 1


async def test_a_stale_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "DRIVER_FRESH_SECONDS", 0.0)
    driver = Driver()
    driver.may_answer.set()
    subject = Readiness(well, well, {"static": driver.check})
    assert list((await subject.report()).problems()) == []
    driver.sentences.append("it is gone")
    assert list((await subject.report()).problems()) == [("static", "it is gone")]


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    driver = Driver()
    subject = Readiness(well, well, {"static": driver.check})
    leaving, staying = asyncio.create_task(subject.report()), asyncio.create_task(subject.report())
    await until(lambda: driver.asked)
    leaving.cancel()
    driver.may_answer.set()
    assert (await staying).ready
    assert driver.asked == 1
