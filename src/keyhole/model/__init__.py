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
    Grant,
    LastAccess,
    Rights,
    SessionRecord,
    TerminationRequest,
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
    RequesterToken,
    Role,
    Scope,
    SignIn,
    TokenSignIn,
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
    "Grant",
    "Identity",
    "IdentityToken",
    "LastAccess",
    "PasswordSignIn",
    "Project",
    "Protocol",
    "RequesterToken",
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
    "TerminationRequest",
    "Ticket",
    "TokenSignIn",
    "UnixAddress",
    "VencryptSubtype",
]
