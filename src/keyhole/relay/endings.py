"""How the end of a session is reported: failures become reasons here, and reasons become close frames.

A close frame's text is the reason's public name, followed by `: detail` when there is one; the page shows its own text
for the name.
"""

from dataclasses import dataclass

from keyhole.errors import KeyholeError, NotUtf8, ProtocolError, Refusal, SecurityRefused, TooLarge
from keyhole.reasons import Reason
from keyhole.statuses import STATUSES

INVALID_DATA = 1007
"""The code for text that is not UTF-8."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a session ends: the reason, and a detail that may be shown (no address, no secret; may be empty).

    `exact_code` replaces the reason's close code where RFC 6455 7.4.1 has a code for exactly this case.
    """

    reason: Reason
    detail: str = ""
    exact_code: int | None = None

    @property
    def code(self) -> int:
        code = self.exact_code or STATUSES[self.reason].close
        assert code is not None  # a reason that is reported before the upgrade
        return code

    @property
    def text(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)


def ending_of_target(failure: KeyholeError) -> Ending:
    """The ending for a failure in connecting to the target, or in its handshake."""
    return _ending_of(failure, Reason.TARGET_PROTOCOL_ERROR)


def ending_of_viewer(failure: KeyholeError) -> Ending:
    """The ending for a failure in the viewer's handshake."""
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
