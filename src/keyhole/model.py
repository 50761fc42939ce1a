"""What Keyhole talks about: servers, console types, targets, grants, tickets, sessions, identities, how they sign in.

Frozen values only; no behaviour beyond reading themselves. Times are seconds since the epoch (`_at`) as floats.
A new console type is a row in `CONSOLE_TYPES`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from keyhole.reasons import Reason


class Protocol(StrEnum):
    """What is spoken on a console, in the words of the Compute API."""

    VNC = "vnc"
    SERIAL = "serial"
    SPICE = "spice"
    MKS = "mks"
    RDP = "rdp"


class ConsoleType(StrEnum):
    """How a client asks for a console, in the words of the Compute API."""

    NOVNC = "novnc"
    XVPVNC = "xvpvnc"
    SERIAL = "serial"
    SPICE_HTML5 = "spice-html5"
    SPICE_DIRECT = "spice-direct"
    WEBMKS = "webmks"
    RDP_HTML5 = "rdp-html5"


@dataclass(frozen=True, slots=True)
class ConsoleKind:
    """One row of the console types: the protocol behind it and the form of its URL.

    `url_path` follows the public URL's origin and ends where the token goes; `websocket_url` says that the
    URL's scheme is ws or wss, because it names a WebSocket and not a page.
    """

    protocol: Protocol
    url_path: str
    websocket_url: bool = False


CONSOLE_TYPES: Mapping[ConsoleType, ConsoleKind] = MappingProxyType(
    {
        ConsoleType.NOVNC: ConsoleKind(Protocol.VNC, "/vnc_lite.html?path=%3Ftoken%3D"),
        ConsoleType.XVPVNC: ConsoleKind(Protocol.VNC, "/console?token="),
        ConsoleType.SERIAL: ConsoleKind(Protocol.SERIAL, "/?token=", websocket_url=True),
        ConsoleType.SPICE_HTML5: ConsoleKind(Protocol.SPICE, "/spice_auto.html?token="),
        ConsoleType.SPICE_DIRECT: ConsoleKind(Protocol.SPICE, "/nova?token="),
        ConsoleType.WEBMKS: ConsoleKind(Protocol.MKS, "/?token="),
        ConsoleType.RDP_HTML5: ConsoleKind(Protocol.RDP, "/?token="),
    }
)


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
class Target:
    """Where a server's console is and how to get in.

    `password` is the hypervisor's own VNC password, `user_name` goes with it where VeNCrypt's plain sub-types are
    spoken. With `tls` nothing weaker is accepted. `connect_path` is what the host is asked for by HTTP's CONNECT before
    anything else ("": no CONNECT); it is no secret.
    """

    protocol: Protocol
    address: Address
    password: SecretStr | None = None
    user_name: str = ""
    tls: TargetTls | None = None
    socket: SocketTrust = SocketTrust()
    connect_path: str = ""

    @property
    def place(self) -> str:
        """Address and path in one, by which a console that moved is known; `addresses.parse_place` reads it."""
        return f"{self.address}{self.connect_path}"


class ServerStatus(StrEnum):
    """The Compute API's server status, as far as drivers tell it."""

    ACTIVE = "ACTIVE"
    BUILD = "BUILD"
    PAUSED = "PAUSED"
    SUSPENDED = "SUSPENDED"
    SHUTOFF = "SHUTOFF"
    MIGRATING = "MIGRATING"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Server:
    """A machine whose consoles a driver knows. `protocols` are the kinds of console that it offers.

    `keeps_log` says that its serial log is kept, as far as can be told without reading it.
    """

    id: str
    name: str
    project_id: str
    status: ServerStatus = ServerStatus.ACTIVE
    task_state: str | None = None
    host: str = ""
    protocols: frozenset[Protocol] = frozenset()
    created_at: float = 0.0
    memory_mb: int = 0
    vcpus: int = 0
    keeps_log: bool = False


class Role(StrEnum):
    """Roles that Keyhole acts on; others are carried and ignored."""

    READER = "reader"
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user, acting in a project (None when the token is unscoped), with roles."""

    user_id: str
    user_name: str
    project_id: str | None = None
    project_name: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return Role.ADMIN in self.roles

    @property
    def is_member(self) -> bool:
        return Role.MEMBER in self.roles or self.is_admin

    @property
    def is_reader(self) -> bool:
        return Role.READER in self.roles or self.is_member


class Rights(StrEnum):
    """What the holder of a grant may do on the console."""

    CONTROL = "control"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to open one console, stored under the sha256 of its token.

    `address` is the target's `place` when the grant was made: redemption refuses when the driver names another one by
    then. `redeemed_at` is None until the first use, `revoked_at` unless it was withdrawn. `id` names the console that
    it opens and is no secret.
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
    id: str = field(default_factory=lambda: uuid.uuid4().hex, kw_only=True)

    @property
    def lifetime_seconds(self) -> int:
        return round(self.expires_at - self.created_at)

    @property
    def fingerprint(self) -> str:
        """How logs name the token: the first 8 hex digits of its hash."""
        return self.token_hash[:8]


@dataclass(frozen=True, slots=True)
class Opening:
    """That somebody opened a server's console."""

    user_name: str
    at: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission of one browser to come back to the console that it opened, stored under the sha256 of its secret.

    `opened_at` is when the console first opened (None until then), `seen_at` when a session of it was last known to
    live, `input_at` when its viewer last gave input. `ended` says why it is over, None while it is not.
    """

    secret_hash: str = field(repr=False)
    grant: Grant
    seen_at: float
    opened_at: float | None = None
    input_at: float | None = None
    ended: Reason | None = None
    ended_detail: str = ""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A live session as every worker may know it. `worker` carries it; `viewer` is the viewer's address.

    `ticket_hash` is None where its viewer cannot come back. Input and traffic are as of the last few seconds.
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
class EndOrder:
    """A session that its worker is to end, and why."""

    session_id: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """An identity token as kept: its hash, whose it is, how it was got, and until when it is good."""

    token_hash: str = field(repr=False)
    identity: Identity
    methods: tuple[str, ...]
    audit_id: str
    issued_at: float
    expires_at: float
    application_credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """What a program signs in with in its user's place: an id and a secret, for one project, with some of the roles.

    It is good until `expires_at` (None: no end). Only an `unrestricted` one may make and delete others.
    """

    id: str
    user_id: str
    name: str
    secret_hash: str = field(repr=False)
    project_id: str
    roles: frozenset[str]
    created_at: float
    expires_at: float | None = None
    description: str = ""
    unrestricted: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """What servers belong to and users act in."""

    id: str
    name: str


class Scope(Enum):
    """What a token is for where the request names no project."""

    OWN_PROJECT = auto()
    UNSCOPED = auto()


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """A user, by name or id, and the password."""

    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class ApiKeySignIn:
    """A user, by name or id, and the user's API key (RAX-KSKEY)."""

    user: str
    api_key: SecretStr


@dataclass(frozen=True, slots=True)
class CredentialSignIn:
    """An application credential and its secret. The credential is named by its id, or by its name and user."""

    credential: str
    secret: SecretStr
    user: str | None = None


@dataclass(frozen=True, slots=True)
class TokenSignIn:
    """A good token, to be exchanged for another one."""

    token: SecretStr


SignIn = PasswordSignIn | ApiKeySignIn | CredentialSignIn | TokenSignIn
