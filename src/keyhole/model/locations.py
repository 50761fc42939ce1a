"""Where a console is, as its driver reports without opening it."""

from dataclasses import dataclass, field
from typing import Literal

from keyhole.model.console_types import Protocol
from keyhole.model.servers import Server


@dataclass(frozen=True, slots=True)
class Traits:
    """What a console does with a second line. `max_lines` is how many it serves at once, 0 if no limit is known;
    `newcomer` is what happens to a further line; `excludes` are the protocols whose lines cannot be open at the same
    time.
    """

    max_lines: int = 0
    newcomer: Literal["beside", "refused", "kicks", "hangs", "closed silently"] = "beside"
    excludes: frozenset[Protocol] = frozenset()


@dataclass(frozen=True, slots=True)
class Location:
    """One console of one server; contains no secret, and nothing is opened to determine it.

    `place` must not change between creating a link and opening it. Logs and os-console-auth-tokens show it as the
    console's address, so for all consoles that have an address it is `tcp://HOST:PORT`, with a path if CONNECT needs
    one, or `unix:/PATH`. `detail` is the driver's own and is passed back to its `open`.
    """

    server: Server
    protocol: Protocol
    place: str
    traits: Traits = Traits()
    detail: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of a screen as the platform made it, in one of the formats that browsers show."""

    content: bytes = field(repr=False)
    media_type: Literal["image/png", "image/jpeg"]
