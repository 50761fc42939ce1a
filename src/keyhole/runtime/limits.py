"""The settings' limits, durations and rules, as the values that the parts take."""

from dataclasses import dataclass

from keyhole.config import Settings
from keyhole.core.limits import HandshakeLimits, StreamLimits, share_of
from keyhole.core.links import GrantRules
from keyhole.core.sessions.live import SessionLimits
from keyhole.core.tickets import TicketRules
from keyhole.gateway.deadlines import Deadlines


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the service's parts. A limit that each worker counts alone is this worker's share.

    For the counts of one holder (`dials_per_server`, `connections_per_address`), 0 means no limit.
    """

    grants: GrantRules
    tickets: TicketRules
    sessions: SessionLimits
    handshakes: HandshakeLimits
    streams: StreamLimits
    deadlines: Deadlines
    head_bytes: int
    dials_per_server: int
    connections_per_address: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Those of the settings."""
        limits, workers = settings.limits, settings.server.workers
        return cls(
            grants=GrantRules(settings.tokens.lifetime_seconds, settings.tokens.reuse == "until_expiry"),
            tickets=TicketRules(settings.sessions.resume_seconds, settings.sessions.maximum_seconds),
            sessions=SessionLimits(
                idle_seconds=settings.sessions.idle_seconds,
                maximum_seconds=settings.sessions.maximum_seconds,
                total=limits.sessions,
                per_user=limits.sessions_per_user,
                per_project=limits.sessions_per_project,
                per_server=settings.console.max_sessions_per_server,
                buffered_bytes=limits.buffered_bytes,
                keepalive_timeout_seconds=settings.sessions.keepalive_timeout_seconds,
            ),
            handshakes=HandshakeLimits(
                share_of(limits.handshakes, workers), share_of(limits.handshakes_per_address, workers)
            ),
            streams=StreamLimits(
                limits.frame_bytes, limits.message_bytes, limits.cut_text_bytes, limits.messages_per_second
            ),
            deadlines=Deadlines(
                head=limits.head_seconds, keepalive_timeout=settings.sessions.keepalive_timeout_seconds
            ),
            head_bytes=limits.head_bytes,
            dials_per_server=share_of(limits.handshakes_per_server, workers),
            connections_per_address=share_of(limits.connections_per_address, workers),
        )
