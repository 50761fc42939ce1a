"""Security type 19, VeNCrypt 0.2 (rfbproto, "VeNCrypt"): agrees on TLS and starts it; another type follows under it.

The caller decides which subtypes are acceptable. The server's order is ignored, and a server that offers none of them
is refused: an attacker in between could have removed the better ones from its list.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import ClassVar

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.machine import Read, Script, StartTls, Wait
from keyhole.protocols.rfb.constants import SecurityNumber, VencryptNumber
from keyhole.protocols.rfb.security import SecurityType, named

VERSION = b"\0\2"
_NAMES: dict[int, str] = {subtype: subtype.name.lower() for subtype in VencryptNumber}


class VeNCrypt:
    """TLS by one of `ways`, best first: the subtype, and the authentication under it."""

    __slots__ = ("_ways",)

    number: ClassVar[int] = SecurityNumber.VENCRYPT

    def __init__(self, ways: Mapping[VencryptNumber, SecurityType]) -> None:
        self._ways = ways

    def script(self, send: Callable[[bytes], None]) -> Script:
        """Raises SecurityRefused if the server does not offer an acceptable subtype or refuses it, ProtocolError."""
        version = yield Read(2, "the server's VeNCrypt version")
        if version < VERSION:
            raise SecurityRefused(f"The server speaks VeNCrypt {version[0]}.{version[1]}; required is 0.2.")
        send(VERSION)
        if (yield Read(1, "the server's answer to our VeNCrypt version")) != b"\0":
            raise SecurityRefused("The server does not accept VeNCrypt 0.2.")
        chosen = self._choose((yield from self._read_offer()))
        send(chosen.to_bytes(4, "big"))
        match (yield Read(1, "the server's answer to our VeNCrypt sub-type")):
            case b"\1":
                yield StartTls("TLS")
            case b"\0":
                raise SecurityRefused(f"The server offers {_NAMES[chosen]} but refuses to start it.")
            case _:
                raise ProtocolError("The server's answer to our VeNCrypt sub-type is neither yes nor no.")
        yield from self._ways[chosen].script(send)

    def _read_offer(self) -> Generator[Wait, bytes, Sequence[int]]:
        count = (yield Read(1, "the number of the server's VeNCrypt sub-types"))[0]
        offer = yield Read(4 * count, "the server's VeNCrypt sub-types")
        return [int.from_bytes(offer[at : at + 4], "big") for at in range(0, len(offer), 4)]

    def _choose(self, offered: Sequence[int]) -> VencryptNumber:
        for subtype in self._ways:
            if subtype in offered:
                return subtype
        offered_names, accepted_names = named(sorted(offered), _NAMES), named(self._ways, _NAMES)
        raise SecurityRefused(
            f"The server offers the VeNCrypt sub-types {offered_names}; required is {accepted_names}."
        )
