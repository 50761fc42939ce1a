"""The one table of the HTTP statuses and WebSocket close codes for each reason.

RFC 6455 7.4.2 leaves the close codes 4000 to 4999 to applications.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from keyhole.reasons import Reason


class Statuses(NamedTuple):
    """`api` is the HTTP status of API answers and pages, `close` the close code of a WebSocket, and `gateway` the HTTP
    status where a console's request is answered without a WebSocket. None where the reason does not occur there.

    A ticket keeps the reason for which its session was ended on purpose, so these reasons have an `api` status. Other
    reasons that only end an open session have none; if a request is refused with one, that is a defect: 500.
    """

    api: int | None
    close: int | None
    gateway: int | None


STATUSES: Mapping[Reason, Statuses] = MappingProxyType(
    {
        Reason.TOKEN_MISSING: Statuses(403, None, 403),
        Reason.TOKEN_UNKNOWN: Statuses(403, None, 403),
        Reason.TOKEN_EXPIRED: Statuses(403, None, 403),
        Reason.TOKEN_USED: Statuses(403, None, 403),
        Reason.TICKET_UNKNOWN: Statuses(403, None, 403),
        Reason.ORIGIN_REFUSED: Statuses(403, None, 403),
        Reason.LIMIT_SESSIONS: Statuses(503, 4006, 503),
        Reason.LIMIT_USER: Statuses(429, 4007, 503),
        Reason.LIMIT_PROJECT: Statuses(429, 4008, 503),
        Reason.LIMIT_SERVER: Statuses(429, 4005, 503),
        Reason.LIMIT_HANDSHAKES: Statuses(503, None, 503),
        Reason.LIMIT_ADDRESS: Statuses(429, 4017, 429),
        Reason.LIMIT_SERVER_HANDSHAKES: Statuses(503, 4016, 503),
        Reason.LIMIT_FRAME: Statuses(None, 1009, None),
        Reason.LIMIT_CUT_TEXT: Statuses(None, 1009, None),
        Reason.LIMIT_MESSAGES: Statuses(None, 4022, None),
        Reason.LIMIT_BUFFER: Statuses(None, 4023, None),
        Reason.TARGET_UNREACHABLE: Statuses(503, 4010, 504),
        Reason.TARGET_REFUSED: Statuses(503, 4011, 502),
        Reason.TARGET_PROTOCOL_ERROR: Statuses(503, 4012, 502),
        Reason.TARGET_SECURITY_REFUSED: Statuses(503, 4013, 502),
        Reason.TARGET_TLS_FAILED: Statuses(None, 4015, 502),
        Reason.TARGET_CLOSED: Statuses(None, 1000, 502),
        Reason.TARGET_LOST: Statuses(None, 4025, 502),
        Reason.SERVER_MOVED: Statuses(409, 4014, 502),
        Reason.VIEWER_CLOSED: Statuses(403, 1000, 502),
        Reason.VIEWER_LOST: Statuses(None, 4021, 502),
        Reason.VIEWER_TIMEOUT: Statuses(None, 4020, 502),
        Reason.VIEWER_PROTOCOL_ERROR: Statuses(None, 1002, 502),
        Reason.VIEWER_REPLACED: Statuses(None, 4024, None),
        Reason.IDLE_LIMIT: Statuses(403, 4001, 403),
        Reason.TIME_LIMIT: Statuses(403, 4002, 403),
        Reason.REVOKED: Statuses(403, 4003, 403),
        Reason.KILLED: Statuses(403, 4004, 403),
        Reason.RESTARTING: Statuses(503, 1001, 503),
        Reason.INTERNAL_ERROR: Statuses(500, 1011, 500),
        Reason.REQUEST_MALFORMED: Statuses(400, None, 400),
        Reason.REQUEST_TOO_LARGE: Statuses(413, None, 431),
        Reason.REQUEST_TOO_SLOW: Statuses(408, None, 408),
        Reason.TLS_REQUIRED: Statuses(403, None, 403),
        Reason.NOT_AUTHENTICATED: Statuses(401, None, None),
        Reason.TOO_MANY_ATTEMPTS: Statuses(429, None, None),
        Reason.FORBIDDEN: Statuses(403, None, None),
        Reason.NOT_FOUND: Statuses(404, None, None),
        Reason.SERVER_NOT_FOUND: Statuses(404, None, None),
        Reason.SERVER_NOT_READY: Statuses(409, 4018, 502),
        Reason.SERVER_BUSY: Statuses(409, 4019, 502),
        Reason.CONSOLE_TYPE_UNAVAILABLE: Statuses(400, None, None),
        Reason.CONSOLE_LOG_UNAVAILABLE: Statuses(404, None, None),
        Reason.VERSION_NOT_SUPPORTED: Statuses(406, None, None),
        Reason.DEPENDENCY_UNAVAILABLE: Statuses(503, 4030, 503),
    }
)
