"""What a console token opens, for tokens of any issuer."""

from collections.abc import Sequence

from keyhole.errors import TokenRefused, TokenUnknown
from keyhole.ports.openings import CameBy, Opening, TokenResolver
from keyhole.reasons import Reason


class TokenResolvers:
    """Tries one resolver after the other, Keyhole's own grants first."""

    def __init__(self, resolvers: Sequence[TokenResolver]) -> None:
        self._resolvers = tuple(resolvers)

    async def redeem(self, token: str | None, came_by: CameBy) -> Opening:
        """Redeems a token. Raises TokenRefused, and other Refusals that say why there is no console now."""
        if not token:
            raise TokenRefused(Reason.TOKEN_MISSING, "The request carries no console token.")
        for resolver in self._resolvers:
            opening = await resolver.resolve(token, came_by)
            if opening is not None:
                return opening
        raise TokenUnknown
