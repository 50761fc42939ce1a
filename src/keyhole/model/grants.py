"""Permission to open a console and to reconnect to it, and the resulting sessions."""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from keyhole.model.console_types import ConsoleType
from keyhole.reasons import Reason


class Rights(StrEnum):
    """What the holder of a grant may do on the console."""

    CONTROL = "control"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to open one console, stored under the sha256 of its token.

    `address` is the console's place when the grant was made, `driver` the name of the driver instance that reported it
    ("" if that is not known): redemption asks only that driver, and refuses if the place is a different one by then.
    `redeemed_at` is None until the first use, `revoked_at` unless it was withdrawn. `id` identifies the console that it
    opens and is not secret. `sealed_requester` is opened with the token (`crypto/sealing.py`); None if the link was not
    requested with one.
    """

    token_hash: str = field(repr=False)
    user_id: str
    user_name: str
    project_id: str
    server_id: str
    server_name: str
    console_type: ConsoleType
    address: str
    rights: Rights
    created_at: float
    expires_at: float
    redeemed_at: float | None = None
    revoked_at: float | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16), kw_only=True)
    sealed_requester: str | None = field(default=None, repr=False, kw_only=True)
    driver: str = field(default="", kw_only=True)

    @property
    def lifetime_seconds(self) -> int:
        return round(self.expires_at - self.created_at)

    @property
    def fingerprint(self) -> str:
        """How logs identify the token: the first 8 hex digits of its hash."""
        return self.token_hash[:8]


@dataclass(frozen=True, slots=True)
class LastAccess:
    """The last use of a server's console."""

    user_name: str
    at: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission of one browser to reconnect to the console that it opened, stored under the sha256 of its secret.

    `opened_at` is when the console first opened (None until then), `seen_at` when a session of it was last known to be
    alive, `input_at` when its viewer last gave input. `ended` says why it ended, None while it has not.
    """

    secret_hash: str = field(repr=False)
    grant: Grant
    seen_at: float
    opened_at: float | None = None
    input_at: float | None = None
    ended: Reason | None = None
    ended_detail: str = ""

    def seen(self, at: float, *, opened_at: float | None = None, input_at: float | None = None) -> "Ticket":
        """The ticket once its session was seen alive; a time that is None stays as it is."""
        opened_at = self.opened_at if opened_at is None else opened_at
        input_at = self.input_at if input_at is None else input_at
        return Ticket(self.secret_hash, self.grant, at, opened_at, input_at, self.ended, self.ended_detail)


@dataclass(frozen=True, slots=True)
class ResumeState:
    """The ticket that a viewer connects or reconnects with, and its earlier state.

    `open_seconds` is the time since its console first opened, `idle_seconds` the time since the last input.
    """

    ticket: Ticket
    open_seconds: float = 0.0
    idle_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A live session in the form that all workers share. `worker` carries it; `viewer` is the viewer's address.

    `ticket_hash` is None if its viewer cannot reconnect. Input and traffic may be a few seconds old.
    """

    id: str
    worker: str
    ticket_hash: str | None = field(repr=False)
    grant: Grant
    viewer: str
    opened_at: float
    last_input_at: float
    to_viewer_bytes: int = 0
    to_target_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TerminationRequest:
    """A session that its worker must end, and why."""

    session_id: str
    reason: Reason
    detail: str = ""
