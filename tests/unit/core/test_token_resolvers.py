"""Tokens go from one resolver to the next until one knows them."""

import pytest
from tests.fakes.drivers import opening_of
from tests.unit.core.sessions.test_live import GRANT

from keyhole.core.token_resolvers import TokenResolvers
from keyhole.errors import TokenRefused, TokenUnknown
from keyhole.ports.openings import CameBy, Opening
from keyhole.reasons import Reason


class Resolver:
    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens
        self.asked: list[tuple[str, CameBy]] = []

    async def resolve(self, token: str, came_by: CameBy) -> Opening | None:
        self.asked.append((token, came_by))
        if token == "used":
            raise TokenRefused(Reason.TOKEN_USED)
        return opening_of(GRANT) if token in self.tokens else None


async def test_the_first_resolver_that_knows_a_token_opens_it() -> None:
    own, cloud = Resolver("mine"), Resolver("theirs")
    tokens = TokenResolvers([own, cloud])
    for token in ("mine", "theirs"):
        assert (await tokens.redeem(token, "novnc")).grant is GRANT
    assert cloud.asked == [("theirs", "novnc")]
    with pytest.raises(TokenUnknown):
        await tokens.redeem("nobody's", "unknown")


async def test_a_token_that_its_maker_refuses_is_asked_of_nobody_else() -> None:
    own, cloud = Resolver(), Resolver("used")
    with pytest.raises(TokenRefused) as refusal:
        await TokenResolvers([own, cloud]).redeem("used", "serial")
    assert refusal.value.reason is Reason.TOKEN_USED
    assert not cloud.asked


@pytest.mark.parametrize("token", [None, ""])
async def test_a_request_without_a_token_is_asked_of_nobody(token: str | None) -> None:
    own = Resolver()
    with pytest.raises(TokenRefused) as refusal:
        await TokenResolvers([own]).redeem(token, "unknown")
    assert refusal.value.reason is Reason.TOKEN_MISSING
    assert not own.asked
