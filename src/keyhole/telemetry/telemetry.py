"""Every log event and every metric of Keyhole, by name.

The composition root makes one `Telemetry` and hands it to whatever has something to report. Names of events and of
metrics are part of the outside face: docs/reference/metrics.md lists both and is generated from here.
Tokens never come here, only a grant's fingerprint (the first 8 hex digits of the token's hash).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.typing import FilteringBoundLogger

from keyhole.model import ConsoleType, Grant
from keyhole.net.addresses import network_of
from keyhole.reasons import Reason
from keyhole.telemetry.refusal_lines import WINDOW_SECONDS, RefusalLines

SETUP_BUCKETS_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class Event(StrEnum):
    """Names of log events."""

    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    SERVICE_DEGRADED = "service.degraded"
    SERVICE_FAILED = "service.failed"
    CERTIFICATE_CHANGED = "certificate.changed"
    CONSOLE_CREATED = "console.created"
    CONSOLE_OPENED = "console.opened"
    CONSOLE_RESUMED = "console.resumed"
    CONSOLE_CLOSED = "console.closed"
    SESSION_CAPTURED = "session.captured"
    REFUSED = "refused"
    REFUSED_MORE = "refused.more"
    SIGNED_IN = "identity.signed_in"


class Surface(StrEnum):
    """Where a refusal was spoken."""

    GATEWAY = "gateway"
    COMPUTE = "compute"
    IDENTITY = "identity"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went through a session: bytes to the viewer and to the target, and how long it was open."""

    to_viewer_bytes: int
    to_target_bytes: int
    seconds: float


class _ByLabel(dict[str, Any]):
    """What a metric counts for each value of its one label: looked up in the metric itself it costs more."""

    def __init__(self, metric: Counter | Gauge) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, label: str) -> Any:
        child = self[label] = self._metric.labels(label)
        return child


class Telemetry:
    """Writes log events and keeps metrics in a separate registry. `clock` gives seconds that never go back."""

    def __init__(self, log: FilteringBoundLogger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._refusal_lines = RefusalLines(clock)
        self.registry = CollectorRegistry()
        self._refused = self._counter("refused", "Requests, links and sessions refused, by reason.", "reason")
        self._created = self._counter("consoles_created", "Console links created, by console type.", "type")
        self._opened = self._counter("sessions_opened", "Sessions opened, by console type.", "type")
        self._resumed = self._counter(
            "sessions_resumed",
            "Sessions resumed by a viewer that reconnected to its console, by console type.",
            "type",
        )
        self._closed = self._counter("sessions_closed", "Sessions ended, by reason.", "reason")
        self._open = _ByLabel(
            Gauge("keyhole_sessions", "Sessions open now, by console type.", ["type"], registry=self.registry)
        )
        self._bytes = self._counter("session_bytes", "Bytes relayed, by direction; counted once a second.", "direction")
        self._setup = Histogram(
            "keyhole_session_setup_seconds",
            "From the viewer's request to the first byte of its screen.",
            buckets=SETUP_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._target_connect = self._histogram("target_connect", "Connecting to a server's console.")
        self._target_handshake = self._histogram("target_handshake", "The RFB handshake with a server's console.")
        self._viewer_handshake = self._histogram("viewer_handshake", "The RFB handshake with a viewer.")
        self._target_errors = Counter(
            "keyhole_target_errors",
            "Console connections that failed on the hypervisor side, by driver and reason.",
            ["driver", "reason"],
            registry=self.registry,
        )
        self._rights = self._counter(
            "reauthorizations",
            "Authorization re-checks of users with open consoles, by outcome: allowed, revoked, or unknown.",
            "outcome",
        )
        self._driver_problems = Gauge(
            "keyhole_driver_problems", "What does not work, as the driver tells it.", ["driver"], registry=self.registry
        )
        self._handshakes = Gauge(
            "keyhole_handshakes", "Connections before their session or first request.", registry=self.registry
        )
        self._tasks = Gauge("keyhole_tasks", "Tasks of the event loop; sessions have none.", registry=self.registry)
        self._workers = Gauge(
            "keyhole_workers",
            "Worker processes, by state: serving, or retired (accepts nobody, lives until its last session ends).",
            ["state"],
            registry=self.registry,
        )
        self._deaths = Counter(
            "keyhole_worker_deaths", "Workers that ended without being told to.", registry=self.registry
        )
        for reason in Reason:
            self._refused[reason].inc(0)
        for direction in ("to_viewer", "to_target"):
            self._bytes[direction].inc(0)
        for outcome in ("allowed", "revoked", "unknown"):
            self._rights[outcome].inc(0)
        for kind in ConsoleType:
            self._created[kind].inc(0)

    def _counter(self, name: str, meaning: str, label: str) -> _ByLabel:
        return _ByLabel(Counter(f"keyhole_{name}", meaning, [label], registry=self.registry))

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"keyhole_{name}_seconds", meaning, buckets=SETUP_BUCKETS_SECONDS, registry=self.registry)

    def service_started(self, url: str, **facts: object) -> None:
        self._log.info(Event.SERVICE_STARTED, url=url, **facts)

    def serving(self, handshakes: Callable[[], int], tasks: Callable[[], int]) -> None:
        """What tells how many handshakes and tasks are under way."""
        self._handshakes.set_function(handshakes)
        self._tasks.set_function(tasks)

    def service_stopped(self, **facts: object) -> None:
        self._log.info(Event.SERVICE_STOPPED, **facts)

    def service_degraded(self, part: str, problem: str) -> None:
        """A part that Keyhole depends on does not work."""
        self._log.warning(Event.SERVICE_DEGRADED, part=part, problem=problem)

    def driver_problems(self, driver: str, count: int) -> None:
        """How many problems a driver reports now."""
        self._driver_problems.labels(driver).set(count)

    def reauthorized(self, allowed: int, revoked: int, unknown: int) -> None:
        """Users of open consoles were asked about."""
        self._rights["allowed"].inc(allowed)
        self._rights["revoked"].inc(revoked)
        self._rights["unknown"].inc(unknown)

    def service_failed(self, where: str, error: BaseException) -> None:
        """A defect of ours: with its traceback, in the log only."""
        self._log.error(Event.SERVICE_FAILED, where=where, exc_info=error)

    def certificate_changed(self) -> None:
        """New connections get another certificate than before."""
        self._log.info(Event.CERTIFICATE_CHANGED)

    def worker_serves(self) -> None:
        """This process accepts connections."""
        self._workers.labels("serving").set(1)
        self._workers.labels("retired").set(0)

    def worker_retired(self) -> None:
        """This process accepts no more connections."""
        self._workers.labels("serving").set(0)
        self._workers.labels("retired").set(1)

    def signed_in(self, user: str, project: str | None, method: str, client: str) -> None:
        self._log.info(Event.SIGNED_IN, user=user, project=project, method=method, client=client)

    def refused(self, reason: Reason, surface: Surface, message: str, **facts: object) -> None:
        """A request or link was refused; `facts` say who and what (never a token or a password).

        All are counted, but only some of one reason to one address (`client`, or `viewer` with its port) are logged.
        """
        self._refused[reason].inc()
        self.refusals_left_out()
        viewer = str(facts.get("viewer", ""))
        if self._refusal_lines.allows(reason, network_of(str(facts.get("client") or viewer.rpartition(":")[0]))):
            self._log.warning(Event.REFUSED, reason=reason.value, surface=surface.value, message=message, **facts)

    def refusals_left_out(self) -> None:
        """Says how many refusals had no line, once that is certain. Called once a second, too."""
        for more in self._refusal_lines.ended():
            self._log.warning(
                Event.REFUSED_MORE,
                reason=more.reason.value,
                address=more.address,
                count=more.count,
                seconds=WINDOW_SECONDS,
            )

    def console_created(self, grant: Grant, request_id: str) -> None:
        self._created[grant.console_type].inc()
        self._log.info(Event.CONSOLE_CREATED, request_id=request_id, **_facts_of(grant))

    def console_opened(
        self,
        session_id: str,
        grant: Grant,
        viewer: str,
        setup_seconds: float,
        encrypted: bool | None,
        *,
        came_back: bool = False,
    ) -> None:
        """A session's picture has begun; `came_back` says that its viewer had the console open before.

        `encrypted`: whether the way to the server's console is, None when that way stays on this machine.
        """
        self._opened[grant.console_type].inc()
        if came_back:
            self._resumed[grant.console_type].inc()
        self._open[grant.console_type].inc()
        self._setup.observe(setup_seconds)
        self._log.info(
            Event.CONSOLE_RESUMED if came_back else Event.CONSOLE_OPENED,
            session=session_id,
            viewer=viewer,
            setup_ms=round(setup_seconds * 1000, 1),
            encrypted=encrypted,
            **_facts_of(grant),
        )

    def session_captured(self, session_id: str, grant: Grant, by_user: str, client: str) -> None:
        """An admin captures what a session carries from now on."""
        self._log.warning(Event.SESSION_CAPTURED, session=session_id, by=by_user, client=client, **_facts_of(grant))

    def target_connected(self, seconds: float) -> None:
        self._target_connect.observe(seconds)

    def target_joined(self, seconds: float) -> None:
        self._target_handshake.observe(seconds)

    def viewer_joined(self, seconds: float) -> None:
        self._viewer_handshake.observe(seconds)

    def target_failed(self, driver: str, reason: Reason) -> None:
        """A console could not be opened for its server's sake; the refusal is told apart from this."""
        self._target_errors.labels(driver, reason).inc()

    def relayed(self, to_viewer_bytes: int, to_target_bytes: int) -> None:
        """More bytes went through sessions."""
        self._bytes["to_viewer"].inc(to_viewer_bytes)
        self._bytes["to_target"].inc(to_target_bytes)

    def console_closed(self, session_id: str, grant: Grant, reason: Reason, detail: str, traffic: Traffic) -> None:
        self._open[grant.console_type].dec()
        self._closed[reason].inc()
        self._log.info(
            Event.CONSOLE_CLOSED,
            session=session_id,
            reason=reason.value,
            detail=detail,
            seconds=round(traffic.seconds, 1),
            to_viewer_bytes=traffic.to_viewer_bytes,
            to_target_bytes=traffic.to_target_bytes,
            **_facts_of(grant),
        )


def _facts_of(grant: Grant) -> dict[str, object]:
    return {
        "token": grant.fingerprint,
        "user": grant.user_name,
        "project": grant.project_id,
        "server": grant.server_id,
        "server_name": grant.server_name,
        "type": grant.console_type.value,
        "target": grant.address,
    }
