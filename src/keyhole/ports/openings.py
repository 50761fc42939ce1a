"""A console that may be opened now: created by a use case and passed to the session."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.model import Grant, Location, RequesterToken, ResumeState, Target
from keyhole.ports.drivers import Caller, HypervisorDriver

CameBy = Literal["novnc", "serial", "spice", "mks", "unknown"]
"""In which kind of console URL a token arrived."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session is opened with: its grant, where the console is according to which driver, and its earlier state.

    `requester` is the identity token that the console was requested with, None if it is not known; `resume` the ticket
    that its browser may reconnect with, None for a viewer without one.
    """

    grant: Grant
    driver: HypervisorDriver
    location: Location
    requester: RequesterToken | None = None
    resume: ResumeState | None = None

    @property
    def uses_link(self) -> bool:
        """Whether the link was redeemed for this opening, and becomes usable again if the console does not open."""
        return self.resume is None or self.resume.ticket.opened_at is None

    def open(self) -> AbstractAsyncContextManager[Target]:
        """A line to the console, for the user of the grant."""
        credential = None if self.requester is None else SecretStr(self.requester.token)
        grant = self.grant
        return self.driver.open(
            self.location, Caller(grant.user_id, grant.user_name, grant.project_id, credential=credential)
        )


class TokenResolver(Interface):
    """Knows what a console token opens: Keyhole's own grants, or another service that issues tokens."""

    async def resolve(self, token: str, came_by: CameBy) -> Opening | None:
        """What the token opens, which may redeem it; None if this resolver's service did not issue it.

        Raises TokenRefused, and other Refusals that say why there is no console now.
        """
