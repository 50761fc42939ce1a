"""Where consoles are and how to connect: addresses, TLS, rules for unix sockets, targets."""

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
    """How to authenticate to a VNC server under TLS, by VeNCrypt's names: with certificates (x509) or anonymous TLS."""

    TLSNONE = "tlsnone"
    TLSVNC = "tlsvnc"
    TLSPLAIN = "tlsplain"
    X509NONE = "x509none"
    X509VNC = "x509vnc"
    X509PLAIN = "x509plain"

    @property
    def is_anonymous(self) -> bool:
        """TLS without certificates: the other side is not authenticated."""
        return self.value.startswith("tls")


@dataclass(frozen=True, slots=True)
class TargetTls:
    """TLS towards a VNC server. `subtype` is the weakest one accepted, within its kind of TLS.

    `ca` None means the system's authorities; `certificate` and `key` are ours, for servers that authenticate clients;
    `server_name` is the name in the server's certificate if it differs from its address ("": the address). `insecure`
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
        """Whether the server is authenticated."""
        return not (self.insecure or self.subtype.is_anonymous)


@dataclass(frozen=True, slots=True)
class SocketTrust:
    """Which unix sockets may be dialled: below `directory`, beyond which no link is followed, and with a listener that
    runs as one of `user_ids` (None: the file's owner, root or ourselves).
    """

    directory: str = "/"
    user_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class HttpConnect:
    """The host is first asked for `path` by HTTP CONNECT. The path is not secret."""

    path: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """A line that the gateway opens: the address, and what the host is then asked for."""

    address: Address
    upgrade: HttpConnect | None = None
    socket: SocketTrust = SocketTrust()

    @property
    def endpoint(self) -> str:
        """Address and path in one string: a console's place if nothing more is known; see `parse_endpoint`."""
        return f"{self.address}{self.upgrade.path if self.upgrade else ''}"


@dataclass(frozen=True, slots=True)
class Handed:
    """A line that the driver opened: a connected stream socket, which the gateway owns and closes from here on.

    `protects` is for audits: the line does not leave this machine, it is encrypted, or it is in the clear.
    `described_as` describes the other end for people.
    """

    line: sockets.socket = field(repr=False)
    protects: Literal["local", "encrypted", "clear"]
    described_as: str


Route = Dialled | Handed


@dataclass(frozen=True, slots=True)
class Target:
    """How to open one line to a console, and how to authenticate.

    `password` is the hypervisor's own VNC password, `user_name` goes with it for VeNCrypt's plain sub-types. With `tls`
    nothing weaker is accepted.
    """

    protocol: Protocol
    route: Route
    password: SecretStr | None = None
    user_name: str = ""
    tls: TargetTls | None = None
