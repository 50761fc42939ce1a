"""A driver's `open` is subject to the connect deadline, and its refusals keep their reasons."""

import pytest
from tests.fakes.waiting import until
from tests.unit.gateway.conftest import make_world
from tests.unit.gateway.dial.test_leases import Holding

from keyhole.errors import ConsoleUnavailable, ServerBusy, ServerNotFound, ServerNotReady, Unavailable
from keyhole.gateway.deadlines import Deadlines
from keyhole.model import TcpAddress


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ServerNotReady("s"), 4018),
        (ServerBusy("s", "migrating"), 4019),
        (Unavailable("The hypervisor sleeps."), 4030),
        (ServerNotFound("s"), 4010),
        (ConsoleUnavailable("vnc"), 4010),
        (OSError("the network is down"), 4010),
        (None, 4010),
    ],
)
async def test_a_driver_that_does_not_open_a_line(refusal: Exception | None, code: int) -> None:
    """None: it hangs."""
    async with make_world(deadlines=Deadlines(target=0.3, linger=0.3)) as world:
        world.driver.__class__ = Holding
        holding = world.driver
        assert isinstance(holding, Holding)
        world.aim(TcpAddress("127.0.0.1", 1))
        token = await world.token()
        holding.refusal, holding.hangs = refusal, refusal is None
        wire = await world.connect()
        await wire.upgrade(f"/?token={token}")
        assert (await wire.frame()).close_code == code
        assert holding.opened == 1
        await until(lambda: holding.held == 0)
        assert (await world.consoles.inspect(token)).redeemed_at is None
