"""Whether the joined parts belong together: what one makes, the others know."""

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World

from keyhole.errors import TokenRefused
from keyhole.reasons import Reason

CREATE = '{"remote_console": {"protocol": "vnc", "type": "novnc"}}'


async def link_token(world: World) -> str:
    path = f"/compute/v2.1/servers/{SERVER_ID}/remote-consoles"
    answer = await world.ask("POST", path, body=CREATE, OpenStack_API_Version="compute 2.8")
    url: str = answer.json()["remote_console"]["url"]
    return url.rpartition("token%3D")[2]


async def test_what_the_api_makes_the_gateway_opens_once() -> None:
    world = World()
    token = await link_token(world)
    entrance = world.service.session_parts.entrance
    opening = await entrance.tokens.redeem(token, "novnc")
    assert (opening.grant.server_id, opening.driver) == (SERVER_ID, world.driver)
    with pytest.raises(TokenRefused) as refusal:
        await entrance.tokens.redeem(token, "novnc")
    assert refusal.value.reason is Reason.TOKEN_USED


def test_api_and_gateway_let_the_same_origins_in() -> None:
    service = World().service
    origins = frozenset({PUBLIC_URL, "https://cloud.example.com"})
    assert service.api.allowed_origins == service.session_parts.entrance.allowed_origins == origins


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_tickets_are_for_encrypted_connections_where_the_service_is_reached_by_them(scheme: str) -> None:
    service = World(public_url=f"{scheme}://console.example.com").service
    assert service.api.secure is service.session_parts.entrance.secure is (scheme == "https")


def test_the_admins_door_opens_no_consoles() -> None:
    service = World().service
    assert service.door.open_session is not None
    assert service.admin_door.open_session is None


async def test_a_service_of_one_process_counts_for_itself() -> None:
    world = World()
    world.telemetry.driver_problems("memory", 3)
    samples = [sample for *_, samples in await world.service.api.count() for sample in samples]
    assert ["keyhole_driver_problems", {"driver": "memory"}, 3.0] in samples
