"""Where consoles are and how to get in: addresses, TLS, what unix sockets are held to, targets."""

import socket as sockets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from keyhole.model.console_types import Protocol


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP endpoint; `host` is a name or an address without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A unix stream socket by its path."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


class VencryptSubtype(StrEnum):
    """How a VNC server is signed in to under TLS, in VeNCrypt's words: with certificates (x509) or anonymous TLS."""

    TLSNONE = "tlsnone"
    TLSVNC = "tlsvnc"
    TLSPLAIN = "tlsplain"
    X509NONE = "x509none"
    X509VNC = "x509vnc"
    X509PLAIN = "x509plain"

    @property
    def is_anonymous(self) -> bool:
        """TLS without certificates: nobody knows who is at the other end."""
        return self.value.startswith("tls")


@dataclass(frozen=True, slots=True)
class TargetTls:
    """TLS towards a VNC server. `subtype` is the weakest that will do, within its kind of TLS.

    `ca` None means the system's authorities; `certificate` and `key` are ours, where the server wants to know us;
    `server_name` is the name in the server's certificate where its address is another ("": the address). `insecure`
    leaves the server's certificate unchecked.
    """

    subtype: VencryptSubtype = VencryptSubtype.X509NONE
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""
    insecure: bool = False

    @property
    def is_verified(self) -> bool:
        """Whether the server proves who it is."""
        return not (self.insecure or self.subtype.is_anonymous)


@dataclass(frozen=True, slots=True)
class SocketTrust:
    """Which unix sockets may be dialled: below `directory`, beyond which no link is followed, and made to listen by
    one of `user_ids` (None: by the file's owner, root or ourselves)."""

    directory: str = "/"
    user_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class HttpConnect:
    """The host is asked for `path` by HTTP's CONNECT before anything else. The path is no secret."""

    path: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """A line that the gateway opens: the address, then what the host is asked for there."""

    address: Address
    upgrade: HttpConnect | None = None
    socket: SocketTrust = SocketTrust()

    @property
    def endpoint(self) -> str:
        """Address and path in one: a console's place where no more is known. `addresses.parse_endpoint` reads it."""
        return f"{self.address}{self.upgrade.path if self.upgrade else ''}"


@dataclass(frozen=True, slots=True)
class Handed:
    """A line that the driver opened: a connected stream socket, which the gateway owns and closes from here on.

    `protects` says what the line is to an audit: it does not leave this machine, it is encrypted, or it is in the
    clear. `described_as` tells people what is at the other end.
    """

    line: sockets.socket = field(repr=False)
    protects: Literal["local", "encrypted", "clear"]
    described_as: str


Route = Dialled | Handed


@dataclass(frozen=True, slots=True)
class Target:
    """How one line to a console is had, and how to get in.

    `password` is the hypervisor's own VNC password, `user_name` goes with it where VeNCrypt's plain sub-types are
    spoken. With `tls` nothing weaker is accepted.
    """

    protocol: Protocol
    route: Route
    password: SecretStr | None = None
    user_name: str = ""
    tls: TargetTls | None = None
