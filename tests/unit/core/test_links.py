"""Grants: creating, using, releasing and refusing links."""

import re
from dataclasses import replace

import pytest
from tests.fakes.memory_store import MemoryStore
from tests.unit.gateway.conftest import IDENTITY, SERVER_ID, OneServer

from keyhole.core.links import GrantRules, Links, hash_token
from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.errors import ConsoleUnavailable, ServerNotFound, TargetFailed, TokenRefused, Unavailable
from keyhole.model import ConsoleType, Dialled, HttpConnect, Identity, Protocol, Target, TcpAddress
from keyhole.reasons import Reason

HERE = TcpAddress("127.0.0.1", 5901)


class World:
    def __init__(self, *, reusable: bool = False) -> None:
        self.now = 1000.0
        self.store = MemoryStore()
        self.driver = OneServer(
            {Protocol.VNC: Target(Protocol.VNC, Dialled(HERE)), Protocol.SERIAL: Target(Protocol.SERIAL, Dialled(HERE))}
        )
        self.other = OneServer(dict(self.driver.targets), gone=True, name="other")
        rules = GrantRules(600, reusable)
        self.consoles = Links(
            Servers(ServerIndex([self.driver, self.other])), self.store, rules, "https://c.example", lambda: self.now
        )

    async def token(self) -> str:
        return (await self.consoles.create(IDENTITY, SERVER_ID, ConsoleType.NOVNC)).url.rpartition("%3D")[2]

    async def refusal(self, token: str | None) -> Reason:
        with pytest.raises(TokenRefused) as inspected:
            await self.consoles.inspect(token)
        with pytest.raises(TokenRefused) as redeemed:
            await self.consoles.redeem(token)
        assert inspected.value.reason is redeemed.value.reason
        return redeemed.value.reason


@pytest.mark.parametrize(
    ("console_type", "form"),
    [
        (ConsoleType.NOVNC, r"https://c\.example/vnc_lite\.html\?path=%3Ftoken%3D{}"),
        (ConsoleType.XVPVNC, r"https://c\.example/console\?token={}"),
        (ConsoleType.SERIAL, r"wss://c\.example/\?token={}"),
    ],
)
async def test_a_url_has_its_types_form_and_a_fresh_uuid(console_type: ConsoleType, form: str) -> None:
    world = World()
    urls = {(await world.consoles.create(IDENTITY, SERVER_ID, console_type)).url for _ in range(2)}
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert len(urls) == 2
    assert all(re.fullmatch(form.format(uuid), url) for url in urls)


async def test_only_the_tokens_hash_is_kept() -> None:
    world = World()
    token = await world.token()
    (grant,) = world.store.grants.values()
    assert grant.token_hash == hash_token(token)
    assert token not in repr(grant)
    assert grant.token_hash not in repr(grant)
    assert (grant.created_at, grant.expires_at, grant.user_name) == (1000.0, 1600.0, "alice")


async def test_a_link_is_used_up_by_its_redemption_and_not_by_a_look() -> None:
    world = World()
    token = await world.token()
    for _ in range(2):
        assert (await world.consoles.inspect(token)).server_name == "vm1"
    assert (await world.consoles.redeem(token)).location.place == str(HERE)
    assert await world.refusal(token) is Reason.TOKEN_USED


async def test_a_link_that_was_given_back_is_good_again() -> None:
    world = World()
    token = await world.token()
    await world.consoles.release((await world.consoles.redeem(token)).grant)
    await world.consoles.redeem(token)


async def test_a_link_is_good_until_its_last_moment() -> None:
    world = World(reusable=True)
    token = await world.token()
    world.now = 1599.9
    await world.consoles.redeem(token)
    world.now = 1600.0
    assert await world.refusal(token) is Reason.TOKEN_EXPIRED


async def test_what_was_never_a_token_is_refused_by_name() -> None:
    world = World()
    assert await world.refusal(None) is Reason.TOKEN_MISSING
    assert await world.refusal("") is Reason.TOKEN_MISSING
    assert await world.refusal("nope") is Reason.TOKEN_UNKNOWN
    assert await world.refusal("x" * 10_000) is Reason.TOKEN_UNKNOWN
    assert await world.refusal("\udcff") is Reason.TOKEN_UNKNOWN


async def test_a_console_behind_another_path_of_the_same_host_is_not_opened() -> None:
    world = World()
    world.driver.targets[Protocol.VNC] = Target(Protocol.VNC, Dialled(HERE, HttpConnect("/console?ref=1")))
    token = await world.token()
    world.driver.targets[Protocol.VNC] = Target(Protocol.VNC, Dialled(HERE, HttpConnect("/console?ref=2")))
    with pytest.raises(TargetFailed) as caught:
        await world.consoles.redeem(token)
    assert caught.value.reason is Reason.SERVER_MOVED


async def test_a_console_at_another_address_is_not_opened() -> None:
    world = World()
    token = await world.token()
    world.driver.targets[Protocol.VNC] = Target(Protocol.VNC, Dialled(TcpAddress("127.0.0.1", 5902)))
    with pytest.raises(TargetFailed) as caught:
        await world.consoles.redeem(token)
    assert caught.value.reason is Reason.SERVER_MOVED
    world.driver.targets[Protocol.VNC] = Target(Protocol.VNC, Dialled(HERE))
    await world.consoles.redeem(token)


async def test_a_driver_that_does_not_answer_costs_no_link() -> None:
    world = World()
    token = await world.token()

    async def silent(server_id: str, protocol: Protocol) -> None:
        raise Unavailable("the hypervisor does not answer")

    world.driver.locate = silent  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable):
        await world.consoles.redeem(token)
    assert (await world.consoles.inspect(token)).redeemed_at is None


async def test_another_drivers_server_of_the_same_id_is_not_opened() -> None:
    world = World()
    token = await world.token()
    assert world.store.grants[hash_token(token)].driver == "one"
    world.driver.gone, world.other.gone = True, False
    assert (await world.consoles.create(IDENTITY, SERVER_ID, ConsoleType.NOVNC)).grant.driver == "other"
    with pytest.raises(TokenRefused) as caught:
        await world.consoles.redeem(token)
    assert caught.value.reason is Reason.TOKEN_UNKNOWN
    grant = world.store.grants[hash_token(token)]
    world.store.grants[hash_token(token)] = replace(grant, driver="")
    assert (await world.consoles.redeem(token)).driver is world.other, "an older link names no driver"


async def test_consoles_are_made_in_ones_own_project_only() -> None:
    world = World()
    stranger = Identity("u2", "bob", "p2", "other", frozenset({"member"}))
    with pytest.raises(ServerNotFound):
        await world.consoles.create(stranger, SERVER_ID, ConsoleType.NOVNC)
    admin = Identity("u3", "root", "p3", "ops", frozenset({"admin"}))
    console = await world.consoles.create(admin, SERVER_ID, ConsoleType.NOVNC)
    assert console.grant.project_id == "p1"
    await world.consoles.redeem(console.url.rpartition("%3D")[2])


async def test_a_type_that_is_not_offered_is_named_as_it_was_asked_for() -> None:
    with pytest.raises(ConsoleUnavailable) as caught:
        await World().consoles.create(IDENTITY, SERVER_ID, ConsoleType.SPICE_HTML5)
    assert str(caught.value) == "Unavailable console type spice-html5."


async def test_grants_are_swept_a_day_after_they_expired() -> None:
    world = World()
    token = await world.token()
    world.now += 600 + 24 * 3600 - 1
    assert await world.consoles.sweep() == 0
    assert await world.refusal(token) is Reason.TOKEN_EXPIRED
    world.now += 2
    assert await world.consoles.sweep() == 1
    assert await world.refusal(token) is Reason.TOKEN_UNKNOWN
