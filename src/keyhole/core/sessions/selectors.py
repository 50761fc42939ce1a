"""Which sessions to end."""

from dataclasses import dataclass
from typing import NamedTuple

from keyhole.model import Ticket


class ServerRef(NamedTuple):
    """A server, in a project."""

    server_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class OfSession:
    """The session with this id."""

    session_id: str


@dataclass(frozen=True, slots=True)
class OfTicket:
    """The session of this ticket; `permanently` also ends the ticket, whatever the reason."""

    ticket: Ticket
    permanently: bool = False


@dataclass(frozen=True, slots=True)
class OfConsole:
    """The sessions that the grant with this id opened."""

    console_id: str


@dataclass(frozen=True, slots=True)
class OfServer:
    """The sessions on a server while it is in this project."""

    server: ServerRef


@dataclass(frozen=True, slots=True)
class Everything:
    """All sessions."""


Selector = OfSession | OfTicket | OfConsole | OfServer | Everything
