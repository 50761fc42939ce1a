"""The one vocabulary of endings and refusals.

Every refusal and every end of a session has exactly one name from `Reason`. The page, the log, the metrics and the
documentation show that name; `WORDS` has the texts for people. The page's copy of the texts and
docs/reference/reasons.md are generated from here (`make docs`), and a test keeps them equal.

This module must not know HTTP statuses (`api/errors.py`) or WebSocket close codes (`relay/endings.py`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or ended. The value is the public name."""

    __hash__ = str.__hash__  # Enum's own is a Python function, called for every look-up

    # An invalid or expired console link.
    TOKEN_MISSING = "token_missing"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_USED = "token_used"
    TICKET_UNKNOWN = "ticket_unknown"
    ORIGIN_REFUSED = "origin_refused"
    # A limit is reached: of open consoles, of connections being set up, of what a viewer may send.
    LIMIT_SESSIONS = "limit_sessions"
    LIMIT_USER = "limit_user"
    LIMIT_PROJECT = "limit_project"
    LIMIT_SERVER = "limit_server"
    LIMIT_HANDSHAKES = "limit_handshakes"
    LIMIT_ADDRESS = "limit_address"
    LIMIT_SERVER_HANDSHAKES = "limit_server_handshakes"
    LIMIT_FRAME = "limit_frame"
    LIMIT_CUT_TEXT = "limit_cut_text"
    LIMIT_MESSAGES = "limit_messages"
    LIMIT_BUFFER = "limit_buffer"
    # The connection from Keyhole to the server's console.
    TARGET_UNREACHABLE = "target_unreachable"
    TARGET_REFUSED = "target_refused"
    TARGET_PROTOCOL_ERROR = "target_protocol_error"
    TARGET_SECURITY_REFUSED = "target_security_refused"
    TARGET_TLS_FAILED = "target_tls_failed"
    TARGET_CLOSED = "target_closed"
    TARGET_LOST = "target_lost"
    SERVER_MOVED = "server_moved"
    # The connection from the viewer to Keyhole.
    VIEWER_CLOSED = "viewer_closed"
    VIEWER_LOST = "viewer_lost"
    VIEWER_TIMEOUT = "viewer_timeout"
    VIEWER_PROTOCOL_ERROR = "viewer_protocol_error"
    VIEWER_REPLACED = "viewer_replaced"
    # Keyhole's own decisions.
    IDLE_LIMIT = "idle_limit"
    TIME_LIMIT = "time_limit"
    REVOKED = "revoked"
    KILLED = "killed"
    RESTARTING = "restarting"
    INTERNAL_ERROR = "internal_error"
    # Requests to the API and to the front door.
    REQUEST_MALFORMED = "request_malformed"
    REQUEST_TOO_LARGE = "request_too_large"
    REQUEST_TOO_SLOW = "request_too_slow"
    TLS_REQUIRED = "tls_required"
    NOT_AUTHENTICATED = "not_authenticated"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    SERVER_NOT_FOUND = "server_not_found"
    SERVER_NOT_READY = "server_not_ready"
    SERVER_BUSY = "server_busy"
    CONSOLE_TYPE_UNAVAILABLE = "console_type_unavailable"
    CONSOLE_LOG_UNAVAILABLE = "console_log_unavailable"
    VERSION_NOT_SUPPORTED = "version_not_supported"
    DEPENDENCY_UNAVAILABLE = "dependency_unavailable"


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads: a title, what happened, what to do next (may be empty)."""

    title: str
    says: str
    next: str = ""


_LINK_GONE = "This link is no longer valid"
_NEW_LINK = "Ask for a new link."
_NO_ANSWER = "The server's console does not answer"
_TOO_MANY_CONSOLES = "Too many consoles"
_CLOSE_ONE = "Close another console, or wait until one ends."
_BUSY = "Busy at the moment"
_MOMENT = "Try again in a moment."
_TOO_MUCH = "Your viewer sends too much data"
_SERVER_OFF = "The server may be off or moving. Try again in a moment."

WORDS: dict[Reason, Words] = {
    Reason.TOKEN_MISSING: Words(
        "This address is incomplete", "The access token at the end of the link is missing.", "Copy the whole link."
    ),
    Reason.TOKEN_UNKNOWN: Words(_LINK_GONE, "It was never valid here, or its server was deleted.", _NEW_LINK),
    Reason.TOKEN_EXPIRED: Words(_LINK_GONE, "Console links expire after a short time.", _NEW_LINK),
    Reason.TOKEN_USED: Words("This link has been used", "A console link opens only once.", _NEW_LINK),
    Reason.TICKET_UNKNOWN: Words(
        "This console can no longer be resumed",
        "It was opened in another browser, was opened too long ago, or was closed.",
        _NEW_LINK,
    ),
    Reason.ORIGIN_REFUSED: Words(
        "Opened from the wrong place",
        "This page's address is not allowed to show consoles.",
        "For the administrator: check console.allowed_origins and server.public_url.",
    ),
    Reason.LIMIT_SESSIONS: Words(
        _TOO_MANY_CONSOLES, "The limit on open consoles has been reached.", "Try again later."
    ),
    Reason.LIMIT_USER: Words(_TOO_MANY_CONSOLES, "You have reached your limit of open consoles.", _CLOSE_ONE),
    Reason.LIMIT_PROJECT: Words(_TOO_MANY_CONSOLES, "Your project has reached its limit of open consoles.", _CLOSE_ONE),
    Reason.LIMIT_SERVER: Words(_TOO_MANY_CONSOLES, "This server has reached its limit of open consoles.", _CLOSE_ONE),
    Reason.LIMIT_HANDSHAKES: Words(_BUSY, "Too many consoles are being opened right now.", _MOMENT),
    Reason.LIMIT_ADDRESS: Words(
        _BUSY, "Too many consoles are being opened from your network address right now.", _MOMENT
    ),
    Reason.LIMIT_SERVER_HANDSHAKES: Words(
        _BUSY, "Others are opening this server's console, and it responds slowly.", _MOMENT
    ),
    Reason.LIMIT_FRAME: Words(
        _TOO_MUCH, "Your viewer sent more data at once than is allowed.", "Reload the page or use another viewer."
    ),
    Reason.LIMIT_CUT_TEXT: Words(
        "Too much text at once", "The text that you pasted is larger than allowed.", "Paste it in smaller pieces."
    ),
    Reason.LIMIT_MESSAGES: Words(
        _TOO_MUCH,
        "Your viewer sent more input per second than is allowed.",
        "Open the console again, and paste long texts in smaller pieces.",
    ),
    Reason.LIMIT_BUFFER: Words(
        "The connection is too slow", "Your connection could not keep up with the screen.", _NEW_LINK
    ),
    Reason.TARGET_UNREACHABLE: Words(_NO_ANSWER, "The host did not answer in time.", _SERVER_OFF),
    Reason.TARGET_REFUSED: Words(_NO_ANSWER, "The host refused the connection.", _SERVER_OFF),
    Reason.TARGET_PROTOCOL_ERROR: Words(
        "Unexpected reply from the server's console",
        "The reply was not VNC 3.3 to 3.8.",
        "For the administrator: another service may be listening at the console's address.",
    ),
    Reason.TARGET_SECURITY_REFUSED: Words(
        "Could not sign in to the server's console",
        "The console password is wrong, or both sides support no common authentication method.",
        "For the administrator: check the server's vnc settings.",
    ),
    Reason.TARGET_TLS_FAILED: Words(
        "Cannot reach the server's console securely",
        "The host and Keyhole could not agree on TLS, or could not verify each other's identity.",
        "For the administrator: check the server's vnc.tls settings and the host's certificates.",
    ),
    Reason.TARGET_CLOSED: Words(
        "The server ended the console",
        "It was switched off, restarted or moved.",
        "Open it again when the server is back.",
    ),
    Reason.TARGET_LOST: Words("Lost contact with the server's console", "Its host stopped responding.", _MOMENT),
    Reason.SERVER_MOVED: Words("The server moved to another host", "Its console is now at another address.", _NEW_LINK),
    Reason.VIEWER_CLOSED: Words("Console closed", "You closed this console."),
    Reason.VIEWER_LOST: Words("Connection lost", "The network connection to Keyhole was interrupted.", _NEW_LINK),
    Reason.VIEWER_TIMEOUT: Words(
        "The viewer took too long", "Your viewer did not finish connecting in time.", _NEW_LINK
    ),
    Reason.VIEWER_PROTOCOL_ERROR: Words(
        "Protocol error in the viewer",
        "Your viewer sent data that the protocol does not allow.",
        "Reload the page or use another viewer.",
    ),
    Reason.VIEWER_REPLACED: Words(
        "Opened in another window", "This console was opened again in another tab or window."
    ),
    Reason.IDLE_LIMIT: Words(
        "Closed after inactivity", "There was no keyboard or mouse input for the allowed time.", _NEW_LINK
    ),
    Reason.TIME_LIMIT: Words("Closed at the time limit", "Links may stay open for a limited time only.", _NEW_LINK),
    Reason.REVOKED: Words("Access was withdrawn", "You are no longer allowed to use this console."),
    Reason.KILLED: Words("Session ended", "This session was disconnected from the dashboard or through the API."),
    Reason.RESTARTING: Words(
        "Keyhole is restarting", "The service is restarting and will be back in a moment.", _NEW_LINK
    ),
    Reason.INTERNAL_ERROR: Words(
        "Something went wrong in Keyhole",
        "This is an error in Keyhole. It has been logged.",
        "Try again. If the problem persists, contact your administrator.",
    ),
    Reason.REQUEST_MALFORMED: Words("Request not understood", "The request does not have the expected form."),
    Reason.REQUEST_TOO_LARGE: Words("Request too large", "The request is larger than allowed."),
    Reason.REQUEST_TOO_SLOW: Words("Request too slow", "The request did not arrive in time."),
    Reason.TLS_REQUIRED: Words(
        "Encryption required", "This service accepts encrypted connections only.", "Use the https:// address."
    ),
    Reason.NOT_AUTHENTICATED: Words("Sign in first", "The request needs a valid token or password."),
    Reason.TOO_MANY_ATTEMPTS: Words(
        "Too many attempts", "There were too many failed sign-ins.", "Wait a moment, then try again."
    ),
    Reason.FORBIDDEN: Words("Not allowed", "Your role does not allow this.", "Ask an administrator of the project."),
    Reason.NOT_FOUND: Words("Not found", "There is nothing at this address."),
    Reason.SERVER_NOT_FOUND: Words("Server not found", "There is no such server in your project."),
    Reason.SERVER_NOT_READY: Words("The server is not ready", "The server has no host yet.", _MOMENT),
    Reason.SERVER_BUSY: Words("The server is busy", "The server is being deleted or moved.", _MOMENT),
    Reason.CONSOLE_TYPE_UNAVAILABLE: Words(
        "Console type not available", "The server does not offer this type of console.", "Choose another console type."
    ),
    Reason.CONSOLE_LOG_UNAVAILABLE: Words("No console log", "The server's console output is not kept."),
    Reason.VERSION_NOT_SUPPORTED: Words("Version not supported", "The requested API version is not supported."),
    Reason.DEPENDENCY_UNAVAILABLE: Words(
        "Not available at the moment",
        "A service that Keyhole depends on (database, identity service or hypervisor) does not respond.",
        _MOMENT,
    ),
}

CHECKS: dict[Reason, str] = {
    Reason.TOKEN_MISSING: "Does a proxy or a portal cut the query (`?token=`) off the link?",
    Reason.TOKEN_UNKNOWN: (
        "Was the store replaced, or is the link from another Keyhole? A deleted server's links end here too."
    ),
    Reason.TOKEN_EXPIRED: "`tokens.lifetime_seconds`, and the clocks of the hosts that share the store.",
    Reason.TOKEN_USED: (
        "`tokens.reuse`. Link previews in chats and mail scanners do not use up a link: only a viewer does."
    ),
    Reason.ORIGIN_REFUSED: "`server.public_url` and `console.allowed_origins`: the Origin must be exactly one of them.",
    Reason.LIMIT_SESSIONS: "`limits.sessions`, `keyhole_sessions`.",
    Reason.LIMIT_USER: "`limits.sessions_per_user`; the log's `user` says whose.",
    Reason.LIMIT_PROJECT: "`limits.sessions_per_project`; `console.created` with the log's `token` has the project.",
    Reason.LIMIT_SERVER: "`console.max_sessions_per_server`; the log's `server` says which.",
    Reason.LIMIT_HANDSHAKES: "`limits.handshakes`, `keyhole_handshakes`: a flood, or hypervisors that answer slowly?",
    Reason.LIMIT_ADDRESS: (
        "`limits.handshakes_per_address`, `limits.connections_per_address`. "
        "Behind a reverse proxy: is it in `server.trusted_proxies`?"
    ),
    Reason.LIMIT_SERVER_HANDSHAKES: "`limits.handshakes_per_server`; does the server's hypervisor answer slowly?",
    Reason.LIMIT_FRAME: "`limits.frame_bytes`, `limits.message_bytes`; which viewer is it?",
    Reason.LIMIT_CUT_TEXT: "`limits.cut_text_bytes`.",
    Reason.LIMIT_MESSAGES: "`limits.messages_per_second`; a script that types without pause, or a broken viewer?",
    Reason.LIMIT_BUFFER: "`limits.buffered_bytes`; a viewer that does not read, or a very slow connection.",
    Reason.TARGET_UNREACHABLE: "Network route and firewall from Keyhole to the log's `target`; is the hypervisor up?",
    Reason.TARGET_REFUSED: "Does anything listen at the log's `target`? Is the console configured for another address?",
    Reason.TARGET_PROTOCOL_ERROR: "What listens at the log's `target`; its detail says which rule was broken.",
    Reason.TARGET_SECURITY_REFUSED: (
        "The VNC password that the driver supplies, and the security types that the server offers."
    ),
    Reason.TARGET_TLS_FAILED: (
        "The log's detail; the server's `vnc.tls` (ca, certificate, server_name) and the dates and names of the host's"
        " certificate."
    ),
    Reason.TARGET_CLOSED: "The hypervisor's log at that time; usually the guest was stopped or moved.",
    Reason.TARGET_LOST: "The network to the log's `target`; is its host down? `sessions.keepalive_timeout_seconds`.",
    Reason.SERVER_MOVED: "Nothing, unless it is frequent: the server was moved between link and opening.",
    Reason.VIEWER_CLOSED: "Nothing: the viewer ended it.",
    Reason.VIEWER_LOST: "Proxies between Keyhole and viewers that cut idle connections (they need more than 30 s).",
    Reason.TICKET_UNKNOWN: "`sessions.resume_seconds`; was the store replaced, or does a proxy drop cookies?",
    Reason.VIEWER_REPLACED: "Nothing: the person opened the same console again.",
    Reason.VIEWER_TIMEOUT: "Proxies that upgrade but do not forward; a viewer that hangs.",
    Reason.VIEWER_PROTOCOL_ERROR: "Which viewer it is; the log's detail says which rule was broken.",
    Reason.IDLE_LIMIT: "`sessions.idle_seconds`.",
    Reason.TIME_LIMIT: "`sessions.maximum_seconds`.",
    Reason.REVOKED: "Who withdrew the access, in the log.",
    Reason.KILLED: "Who ended it, in the log.",
    Reason.RESTARTING: "Nothing: the service was stopped.",
    Reason.INTERNAL_ERROR: "`service.failed` in the log, with a traceback: a defect to report.",
    Reason.REQUEST_MALFORMED: (
        "Who sends it (`viewer` in the log): a scanner, or a proxy that uses another protocol or TLS."
    ),
    Reason.REQUEST_TOO_LARGE: "`limits.head_bytes`; cookies of other applications on the same host name?",
    Reason.REQUEST_TOO_SLOW: "`limits.head_seconds`; idle connections of load balancers end here too.",
    Reason.TLS_REQUIRED: "Who links to the plain address; `server.public_url` must begin with https://.",
    Reason.NOT_AUTHENTICATED: "The client's credentials; with Keystone, the clocks and the token's expiry.",
    Reason.TOO_MANY_ATTEMPTS: "Who guesses passwords (`client` in the log). Behind a proxy: `server.trusted_proxies`.",
    Reason.FORBIDDEN: "The user's roles in the project; docs/reference/roles.md.",
    Reason.NOT_FOUND: "Nothing, unless a portal builds its URLs wrongly.",
    Reason.SERVER_NOT_FOUND: "Does the server's project match, and does its driver know it (`keyhole servers`)?",
    Reason.SERVER_NOT_READY: "Why the server has no host yet.",
    Reason.SERVER_BUSY: "The server's task, if it does not end by itself.",
    Reason.CONSOLE_TYPE_UNAVAILABLE: "Which consoles the server's configuration offers.",
    Reason.CONSOLE_LOG_UNAVAILABLE: "Does the server's configuration name a log file, and may Keyhole read it?",
    Reason.VERSION_NOT_SUPPORTED: "The client's microversion; 2.1 to 2.104 are offered.",
    Reason.DEPENDENCY_UNAVAILABLE: "`/readyz` and `service.degraded` in the log name the part.",
}
"""Where the operator looks when a reason is frequent; for the documentation only, the page does not show it."""
