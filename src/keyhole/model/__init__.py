"""What Keyhole talks about: console types, targets, servers, identities, grants, tickets, sessions.

Frozen values only; no behaviour beyond reading themselves. Times are seconds since the epoch (`_at`) as floats.
"""

from keyhole.model.console_types import (
    CONSOLE_TYPES,
    ConsoleKind,
    ConsoleType,
    Protocol,
)
from keyhole.model.grants import (
    EndOrder,
    Grant,
    Opening,
    Rights,
    SessionRecord,
    Ticket,
)
from keyhole.model.identities import (
    ApiKeySignIn,
    ApplicationCredential,
    CredentialSignIn,
    Identity,
    IdentityToken,
    PasswordSignIn,
    Project,
    Role,
    Scope,
    SignIn,
    TokenSignIn,
    Warrant,
)
from keyhole.model.servers import (
    Server,
    ServerStatus,
)
from keyhole.model.targets import (
    Address,
    SocketTrust,
    Target,
    TargetTls,
    TcpAddress,
    UnixAddress,
    VencryptSubtype,
)

__all__ = [
    "CONSOLE_TYPES",
    "Address",
    "ApiKeySignIn",
    "ApplicationCredential",
    "ConsoleKind",
    "ConsoleType",
    "CredentialSignIn",
    "EndOrder",
    "Grant",
    "Identity",
    "IdentityToken",
    "Opening",
    "PasswordSignIn",
    "Project",
    "Protocol",
    "Rights",
    "Role",
    "Scope",
    "Server",
    "ServerStatus",
    "SessionRecord",
    "SignIn",
    "SocketTrust",
    "Target",
    "TargetTls",
    "TcpAddress",
    "Ticket",
    "TokenSignIn",
    "UnixAddress",
    "VencryptSubtype",
    "Warrant",
]
