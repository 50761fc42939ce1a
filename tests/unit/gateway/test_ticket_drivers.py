"""Which driver is asked where a ticket's console is."""

from dataclasses import replace

from tests.unit.gateway.conftest import World
from tests.unit.gateway.test_tickets import close_frame, left, opened, with_target


async def test_a_ticket_asks_the_driver_that_knew_its_server_and_no_other(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        await world.tickets.flush()
        (secret_hash,) = world.store.tickets
        ticket = world.store.tickets[secret_hash]
        world.store.tickets[secret_hash] = replace(ticket, grant=replace(ticket.grant, driver="another"))
        assert (await close_frame(await holder.reconnect())).close_reason.startswith("target_unreachable")
        world.store.tickets[secret_hash] = ticket
        await (await holder.reconnect()).rfb_handshake()
