"""A console that somebody may open now: made by a use case, carried to the session that comes of it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.model import Grant, Location, RequesterToken, ResumeState, Target
from keyhole.ports.drivers import Caller, HypervisorDriver

CameBy = Literal["novnc", "serial", "spice", "mks", "unknown"]
"""Which kind of console's address a token came by."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session is opened with: its grant, where the console is by which driver, and what was before.

    `requester` is the identity token that the console was requested with, None where it is not known; `resume` the
    ticket that its browser may reconnect with, None for a viewer that keeps none.
    """

    grant: Grant
    driver: HypervisorDriver
    location: Location
    requester: RequesterToken | None = None
    resume: ResumeState | None = None

    @property
    def uses_link(self) -> bool:
        """Whether the link was used for this opening, and is given back if the console does not open."""
        return self.resume is None or self.resume.ticket.opened_at is None

    def open(self) -> AbstractAsyncContextManager[Target]:
        """A line to the console, for whom the grant was given to."""
        credential = None if self.requester is None else SecretStr(self.requester.token)
        grant = self.grant
        return self.driver.open(
            self.location, Caller(grant.user_id, grant.user_name, grant.project_id, credential=credential)
        )


class TokenResolver(Interface):
    """Knows what a console token opens: Keyhole's own grants, or another service that hands tokens out."""

    async def resolve(self, token: str, came_by: CameBy) -> Opening | None:
        """What the token opens, which may use it up; None where it is not of this resolver's making.

        Raises TokenRefused, and other Refusals that say why there is no console now.
        """
