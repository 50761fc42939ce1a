"""Domain failures, raised where they happen and converted to answers at the edges only.

    KeyholeError
     ├─ SettingsError             the configuration is invalid; the text is one line for the operator
     ├─ ProtocolError             a peer broke the rules of its protocol
     │   ├─ TooLarge              it may be well-formed, but exceeds a named limit
     │   ├─ NotUtf8               text is not UTF-8 where the protocol requires it
     │   └─ TunnelRefused         a host answered a tunnel request with a status other than 200
     ├─ PathRefused               a file is reached over a link, or has a second name
     ├─ SocketRefused             a unix socket that may not be dialled: a link, another user's, not a socket
     ├─ TlsUnusable               the files for TLS towards a hypervisor cannot be used
     ├─ SecurityRefused           no common security type with the VNC server, or it refused our credentials
     └─ Refusal                   has the `Reason` under which it is shown, logged and counted
         ├─ NotAuthenticated      no valid identity
         ├─ ProjectNeeded         a sign-in without a project, by a user in several projects or in none
         ├─ TooManyAttempts       too many sign-ins failed; says when to try again
         ├─ Forbidden             the identity's roles do not allow it
         ├─ ServerNotFound        unknown, or in another project
         │   └─ ServerReassigned  moved to another project
         ├─ ServerNotReady        has no host yet
         ├─ ServerBusy            being deleted or migrated
         ├─ ConsoleUnavailable    this type of console is not offered
         ├─ LogUnavailable        no console output is kept
         ├─ TokenRefused          a console token that is missing, unknown, expired or used
         │   └─ TokenUnknown      never issued here
         ├─ TicketRefused         a ticket that is unknown, or whose session was ended on purpose
         ├─ OriginRefused         a browser page from an origin that is not allowed
         ├─ LimitReached          a configured limit is reached
         ├─ TargetFailed          the server's console cannot be opened (the reason says why)
         ├─ SessionEnded          the viewer or Keyhole ended a session during set-up
         └─ Unavailable           the store, the identity service or a hypervisor does not answer

`api/errors.py` maps them to HTTP answers, `relay/endings.py` to close codes; this module has no statuses or codes.
"""

from collections.abc import Sequence

from keyhole.reasons import Reason


class KeyholeError(Exception):
    """Base of every failure that Keyhole raises on purpose."""


class SettingsError(KeyholeError):
    """The configuration is invalid. The message is one line that says what would be valid."""


class ProtocolError(KeyholeError):
    """The peer broke the rules of its protocol. The message names the rule and contains no bytes of the peer."""


class TooLarge(ProtocolError):
    """The peer's data exceeds a named limit. `reason` is set for limits that have their own reason."""

    def __init__(self, message: str, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class NotUtf8(ProtocolError):
    """Text is not UTF-8 where the protocol requires it."""


class TunnelRefused(ProtocolError):
    """The host answered a tunnel request (CONNECT) with a status other than 200, which the message names."""


class PathRefused(KeyholeError):
    """A path that may not be used. The message ends a sentence: `is reached over a link`."""


class SocketRefused(KeyholeError):
    """A unix socket that may not be dialled. The message ends a sentence: `is reached over a link`."""


class TlsUnusable(KeyholeError):
    """The files for TLS towards a hypervisor cannot be used. The message says which and why."""


class SecurityRefused(KeyholeError):
    """The RFB security handshake failed: no common security type, or the server refused our credentials."""


class Refusal(KeyholeError):
    """A failure with a public name. `str()` is one sentence for the requester; it never contains a secret."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message or reason.value)
        self.reason = reason


class NotAuthenticated(Refusal):
    """There is no valid identity token, or the credentials are wrong (never says which)."""

    def __init__(self, message: str = "The request you have made requires authentication.") -> None:
        super().__init__(Reason.NOT_AUTHENTICATED, message)


class ProjectNeeded(Refusal):
    """A sign-in names no project, and the user is in several projects or in none."""

    def __init__(self, names: Sequence[str]) -> None:
        which = f"say which: {', '.join(names)}" if names else "you are in none; ask an administrator"
        super().__init__(Reason.REQUEST_MALFORMED, f"The sign-in is for one project; {which}.")


class TooManyAttempts(Refusal):
    """Too many sign-ins failed for this user or from this address (never says which); nothing was checked."""

    def __init__(self, retry_after_seconds: int) -> None:
        message = f"Too many sign-ins failed; wait {retry_after_seconds} seconds and try again."
        super().__init__(Reason.TOO_MANY_ATTEMPTS, message)
        self.retry_after_seconds = retry_after_seconds


class Forbidden(Refusal):
    """The identity is known but its roles do not allow the operation."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.FORBIDDEN, message)


class ServerNotFound(Refusal):
    """The server is unknown or belongs to another project; the two are not told apart."""

    def __init__(self, server_id: str) -> None:
        super().__init__(Reason.SERVER_NOT_FOUND, f"Instance {server_id} could not be found.")
        self.server_id = server_id


class ServerReassigned(ServerNotFound):
    """The server belongs to another project than when the console was requested."""


class ServerNotReady(Refusal):
    """The server has no host yet."""

    def __init__(self, server_id: str) -> None:
        super().__init__(Reason.SERVER_NOT_READY, f"Instance {server_id} is not ready")
        self.server_id = server_id


class ServerBusy(Refusal):
    """The server is being deleted or migrated (`task_state`)."""

    def __init__(self, server_id: str, task_state: str) -> None:
        super().__init__(Reason.SERVER_BUSY, f"Instance {server_id} is in task_state {task_state}")
        self.server_id = server_id
        self.task_state = task_state


class ConsoleUnavailable(Refusal):
    """The server does not offer this type of console."""

    def __init__(self, console_type: str) -> None:
        super().__init__(Reason.CONSOLE_TYPE_UNAVAILABLE, f"Unavailable console type {console_type}.")
        self.console_type = console_type


class LogUnavailable(Refusal):
    """The server's console output is not kept."""

    def __init__(self) -> None:
        super().__init__(Reason.CONSOLE_LOG_UNAVAILABLE, "Guest does not have a console available.")


class TokenRefused(Refusal):
    """A console token that is missing, unknown, expired or used up.

    For an expired token, `expires_at` (seconds since the epoch) and `lifetime_seconds` are set.
    """

    def __init__(
        self, reason: Reason, message: str = "", *, expires_at: float | None = None, lifetime_seconds: int | None = None
    ) -> None:
        super().__init__(reason, message)
        self.expires_at = expires_at
        self.lifetime_seconds = lifetime_seconds


class TokenUnknown(TokenRefused):
    """A console token that was never issued here; another service may have issued it."""

    def __init__(self) -> None:
        super().__init__(Reason.TOKEN_UNKNOWN, "The console token was never valid here.")


class TicketRefused(Refusal):
    """A console cannot be resumed: the ticket is unknown, or its session was ended for this reason."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.detail = detail


class OriginRefused(Refusal):
    """A browser page from an origin that may not show consoles here."""

    def __init__(self) -> None:
        super().__init__(
            Reason.ORIGIN_REFUSED, "The Origin is neither public_url's own nor in console.allowed_origins."
        )


class LimitReached(Refusal):
    """A configured limit is reached; the reason says which."""


class TargetFailed(Refusal):
    """The server's console cannot be opened; the reason says why, the message what was tried."""


class SessionEnded(Refusal):
    """The viewer (closed, too slow) or Keyhole (restart) ended a session during set-up."""


class Unavailable(Refusal):
    """A part that Keyhole depends on does not answer; the message names the part."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.DEPENDENCY_UNAVAILABLE, message)
