"""Refusals of viewers that get no session, and their log events."""

from keyhole.errors import Refusal
from keyhole.gateway.connection import Viewer
from keyhole.model import Grant
from keyhole.net.peers import peer_name
from keyhole.reasons import Reason
from keyhole.relay.endings import Ending, ending_of_viewer
from keyhole.telemetry.telemetry import Surface, Telemetry


def refuse_viewer(telemetry: Telemetry, viewer: Viewer, failure: Refusal, linger: float) -> None:
    """Tells a viewer, in a form that it can read, why its request was not processed.

    `linger` is how many seconds it has to read the answer.
    """
    viewer.upgrade()
    refuse_session(telemetry, viewer, ending_of_viewer(failure), linger)


def refuse_session(
    telemetry: Telemetry, viewer: Viewer, ending: Ending, linger: float, grant: Grant | None = None
) -> None:
    """Tells an admitted viewer (`grant`, if known) why its session did not open."""
    log_refusal(telemetry, viewer, ending.reason, ending.detail, grant)
    viewer.refuse(ending, linger)


def log_refusal(telemetry: Telemetry, viewer: Viewer, reason: Reason, message: str, grant: Grant | None = None) -> None:
    """Logs and counts that a viewer was refused."""
    facts: dict[str, object] = {"viewer": peer_name(viewer.transport)}
    if grant is not None:
        facts |= {
            "token": grant.fingerprint,
            "server": grant.server_id,
            "target": grant.address,
            "user": grant.user_name,
        }
    telemetry.refused(reason, Surface.GATEWAY, message, **facts)
