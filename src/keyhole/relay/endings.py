"""How the end of a session is told: failures become reasons here, and reasons become WebSocket close codes.

RFC 6455 7.4.2 leaves 4000 to 4999 to applications. The close frame's text is the reason's public name, followed by
`: detail` when there is one; the page shows its own words for the name.
"""

from dataclasses import dataclass

from keyhole.errors import KeyholeError, NotUtf8, ProtocolError, Refusal, SecurityRefused, TooLarge
from keyhole.reasons import Reason

INVALID_DATA = 1007
"""The code for text that is not UTF-8."""

CLOSE_CODES: dict[Reason, int] = {
    Reason.TARGET_CLOSED: 1000,
    Reason.VIEWER_CLOSED: 1000,
    Reason.RESTARTING: 1001,
    Reason.VIEWER_PROTOCOL_ERROR: 1002,
    Reason.LIMIT_FRAME: 1009,
    Reason.LIMIT_CUT_TEXT: 1009,
    Reason.INTERNAL_ERROR: 1011,
    Reason.IDLE_LIMIT: 4001,
    Reason.TIME_LIMIT: 4002,
    Reason.REVOKED: 4003,
    Reason.KILLED: 4004,
    Reason.LIMIT_SERVER: 4005,
    Reason.LIMIT_SESSIONS: 4006,
    Reason.LIMIT_USER: 4007,
    Reason.LIMIT_PROJECT: 4008,
    Reason.TARGET_UNREACHABLE: 4010,
    Reason.TARGET_REFUSED: 4011,
    Reason.TARGET_PROTOCOL_ERROR: 4012,
    Reason.TARGET_SECURITY_REFUSED: 4013,
    Reason.SERVER_MOVED: 4014,
    Reason.TARGET_TLS_FAILED: 4015,
    Reason.LIMIT_SERVER_HANDSHAKES: 4016,
    Reason.LIMIT_ADDRESS: 4017,
    Reason.SERVER_NOT_READY: 4018,
    Reason.SERVER_BUSY: 4019,
    Reason.VIEWER_TIMEOUT: 4020,
    Reason.VIEWER_LOST: 4021,
    Reason.LIMIT_MESSAGES: 4022,
    Reason.LIMIT_BUFFER: 4023,
    Reason.VIEWER_REPLACED: 4024,
    Reason.TARGET_LOST: 4025,
    Reason.DEPENDENCY_UNAVAILABLE: 4030,
}
"""The code for every reason that a WebSocket may be closed with; the others are told before the upgrade."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a session ends: the reason, and a detail that may be shown (no address, no secret; may be empty).

    `exact_code` stands in for the reason's close code where RFC 6455 7.4.1 has one for this very case.
    """

    reason: Reason
    detail: str = ""
    exact_code: int | None = None

    @property
    def code(self) -> int:
        return self.exact_code or CLOSE_CODES[self.reason]

    @property
    def text(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)


def ending_of_target(failure: KeyholeError) -> Ending:
    """What a failure on the way to the target, or in its handshake, is called."""
    return _ending_of(failure, Reason.TARGET_PROTOCOL_ERROR)


def ending_of_viewer(failure: KeyholeError) -> Ending:
    """What a failure in the viewer's handshake is called."""
    return _ending_of(failure, Reason.VIEWER_PROTOCOL_ERROR)


def _ending_of(failure: KeyholeError, protocol_error: Reason) -> Ending:
    match failure:
        case Refusal(reason=reason):
            return Ending(reason, str(failure) if str(failure) != reason else "")
        case TooLarge(reason=Reason() as reason):
            return Ending(reason, str(failure))
        case SecurityRefused():
            return Ending(Reason.TARGET_SECURITY_REFUSED, str(failure))
        case NotUtf8():
            return Ending(protocol_error, str(failure), INVALID_DATA)
        case ProtocolError():
            return Ending(protocol_error, str(failure))
        case _:
            return Ending(Reason.INTERNAL_ERROR)
