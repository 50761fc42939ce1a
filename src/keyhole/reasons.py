"""The one vocabulary of endings and refusals.

Every refusal and every end of a session has exactly one name from `Reason`. The page, the log, the metrics and the
documentation show that name; `WORDS` says what a person reads. The page's copy of the words and
docs/reference/reasons.md are generated from here (`make docs`) and a test keeps them equal.

This module must not know HTTP statuses (`api/errors.py`) or WebSocket close codes (`gateway/close_reasons.py`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or ended. The value is the public name."""

    # A console link that is not good (any more).
    TOKEN_MISSING = "token_missing"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_USED = "token_used"
    ORIGIN_REFUSED = "origin_refused"
    LIMIT_SERVER = "limit_server"
    # The way from Keyhole to the server's console.
    TARGET_UNREACHABLE = "target_unreachable"
    TARGET_REFUSED = "target_refused"
    TARGET_PROTOCOL_ERROR = "target_protocol_error"
    TARGET_SECURITY_REFUSED = "target_security_refused"
    TARGET_CLOSED = "target_closed"
    TARGET_LOST = "target_lost"
    SERVER_MOVED = "server_moved"
    # The way from the viewer to Keyhole.
    VIEWER_CLOSED = "viewer_closed"
    VIEWER_LOST = "viewer_lost"
    VIEWER_TIMEOUT = "viewer_timeout"
    VIEWER_PROTOCOL_ERROR = "viewer_protocol_error"
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
_SERVER_OFF = "The server may be off or moving. Try again in a moment."

WORDS: dict[Reason, Words] = {
    Reason.TOKEN_MISSING: Words(
        "This address is not complete", "The part that lets you in, the token, is missing.", "Copy the whole link."
    ),
    Reason.TOKEN_UNKNOWN: Words(_LINK_GONE, "It was never valid here, or its server is gone.", _NEW_LINK),
    Reason.TOKEN_EXPIRED: Words(_LINK_GONE, "A console link is good for a short time only.", _NEW_LINK),
    Reason.TOKEN_USED: Words("This link has been used", "A console link opens once.", _NEW_LINK),
    Reason.ORIGIN_REFUSED: Words(
        "Opened from the wrong place",
        "This page is not one of the addresses that may show consoles here.",
        "For the operator: see console.allowed_origins and server.public_url.",
    ),
    Reason.LIMIT_SERVER: Words(
        "Too many consoles",
        "This server has as many open consoles as are allowed.",
        "Close another one, or wait until one ends.",
    ),
    Reason.TARGET_UNREACHABLE: Words(_NO_ANSWER, "The host did not answer in time.", _SERVER_OFF),
    Reason.TARGET_REFUSED: Words(_NO_ANSWER, "The host refused the connection.", _SERVER_OFF),
    Reason.TARGET_PROTOCOL_ERROR: Words(
        "The server's console speaks nonsense",
        "What came was not VNC 3.3 to 3.8.",
        "For the operator: something else listens at the console's address.",
    ),
    Reason.TARGET_SECURITY_REFUSED: Words(
        "Could not sign in to the server's console",
        "The console password is wrong, or there is no way to sign in that both sides allow.",
        "For the operator: see the server's vnc settings.",
    ),
    Reason.TARGET_CLOSED: Words(
        "The server ended the console",
        "It was switched off, restarted or moved.",
        "Open it again when the server is back.",
    ),
    Reason.TARGET_LOST: Words(
        "The server's console is out of reach", "Its host answers nothing any more.", "Try again in a moment."
    ),
    Reason.SERVER_MOVED: Words("The server moved to another host", "Its console is now at another address.", _NEW_LINK),
    Reason.VIEWER_CLOSED: Words("Console closed", "You closed this console.", ""),
    Reason.VIEWER_LOST: Words("Connection lost", "The network between you and Keyhole was interrupted.", _NEW_LINK),
    Reason.VIEWER_TIMEOUT: Words(
        "The viewer took too long", "Your viewer did not finish connecting in time.", _NEW_LINK
    ),
    Reason.VIEWER_PROTOCOL_ERROR: Words(
        "The viewer speaks nonsense",
        "Your viewer sent something that is not part of the protocol.",
        "Reload the page or use another viewer.",
    ),
    Reason.IDLE_LIMIT: Words(
        "Ended for lack of input", "Nobody typed or moved the mouse for the time allowed.", _NEW_LINK
    ),
    Reason.TIME_LIMIT: Words("Ended at the time limit", "A console may stay open for a limited time.", _NEW_LINK),
    Reason.REVOKED: Words("Access was withdrawn", "You may not use this console any more.", ""),
    Reason.KILLED: Words("Ended by an operator", "An operator ended this console.", ""),
    Reason.RESTARTING: Words(
        "Keyhole is being restarted", "The service that carries this console is going down for a moment.", _NEW_LINK
    ),
    Reason.INTERNAL_ERROR: Words(
        "Something went wrong in Keyhole",
        "This is our fault, not yours. It has been logged.",
        "Try again; if it stays, tell the operator.",
    ),
    Reason.REQUEST_MALFORMED: Words(
        "Request not understood", "The request does not have the form that is expected.", ""
    ),
    Reason.REQUEST_TOO_LARGE: Words("Request too large", "The request is larger than is allowed.", ""),
    Reason.REQUEST_TOO_SLOW: Words("Request too slow", "The request did not arrive in time.", ""),
    Reason.NOT_AUTHENTICATED: Words("Sign in first", "The request needs a valid identity token or password.", ""),
    Reason.TOO_MANY_ATTEMPTS: Words("Too many attempts", "Too many sign-ins failed.", "Wait a moment and try again."),
    Reason.FORBIDDEN: Words("Not allowed", "Your role does not allow this.", "Ask an administrator of the project."),
    Reason.NOT_FOUND: Words("Not found", "There is nothing at this address.", ""),
    Reason.SERVER_NOT_FOUND: Words("No such server", "There is no such server in your project.", ""),
    Reason.SERVER_NOT_READY: Words("The server is not ready", "The server has no host yet.", "Try again in a moment."),
    Reason.SERVER_BUSY: Words("The server is busy", "The server is being deleted or moved.", "Try again in a moment."),
    Reason.CONSOLE_TYPE_UNAVAILABLE: Words(
        "No such console", "The server does not offer this type of console.", "Ask for another console type."
    ),
    Reason.CONSOLE_LOG_UNAVAILABLE: Words("No console log", "The server's console output is not kept.", ""),
    Reason.VERSION_NOT_SUPPORTED: Words("Version not supported", "The API version asked for is not offered here.", ""),
    Reason.DEPENDENCY_UNAVAILABLE: Words(
        "Not available at the moment",
        "A part that Keyhole depends on (store, identity or hypervisor) does not answer.",
        "Try again in a moment.",
    ),
}
