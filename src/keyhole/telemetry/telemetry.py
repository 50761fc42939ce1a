"""Every log event and every metric of Keyhole, by name.

The composition root creates one `Telemetry` and passes it to everything that reports. Names of events and metrics are
part of the public interface: docs/reference/metrics.md lists both and is generated from here.
No token is ever passed to this module, only a grant's fingerprint (the first 8 hex digits of the token's hash).
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
    """The surface that refused."""

    GATEWAY = "gateway"
    COMPUTE = "compute"
    IDENTITY = "identity"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Traffic:
    """A session's traffic: bytes to the viewer and to the target, and how long the session was open."""

    to_viewer_bytes: int
    to_target_bytes: int
    seconds: float


class _ByLabel(dict[str, Any]):
    """A metric's child for each value of its one label: a look-up in the metric itself is slower."""

    def __init__(self, metric: Counter | Gauge) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, label: str) -> Any:
        child = self[label] = self._metric.labels(label)
        return child


class Telemetry:
    """Writes log events and keeps metrics in a separate registry. `clock` returns monotonic seconds."""

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
            "Time from the viewer's request to the first byte of its screen.",
            buckets=SETUP_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._target_connect = self._histogram("target_connect", "Time to connect to a server's console.")
        self._target_handshake = self._histogram("target_handshake", "Time for the RFB handshake with the console.")
        self._viewer_handshake = self._histogram("viewer_handshake", "Time for the RFB handshake with a viewer.")
        self._target_errors = Counter(
            "keyhole_target_errors",
            "Console connections that failed on the hypervisor side, by driver and reason.",
            ["driver", "reason"],
            registry=self.registry,
        )
        self._rights = self._counter(
            "reauthorizations",
            "Checks that users with open consoles still have access, by outcome: allowed, revoked, or unknown.",
            "outcome",
        )
        self._driver_problems = Gauge(
            "keyhole_driver_problems", "Problems that a driver reports now.", ["driver"], registry=self.registry
        )
        self._handshakes = Gauge(
            "keyhole_handshakes", "Connections without a session or request yet.", registry=self.registry
        )
        self._tasks = Gauge("keyhole_tasks", "Tasks of the event loop; sessions need none.", registry=self.registry)
        self._workers = Gauge(
            "keyhole_workers",
            "Worker processes, by state: serving, or retired (no new connections; ends with its last session).",
            ["state"],
            registry=self.registry,
        )
        self._deaths = Counter("keyhole_worker_deaths", "Workers that ended unexpectedly.", registry=self.registry)
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
        """Sets the functions that count the current handshakes and tasks."""
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
        """The rights of users with open consoles were checked again."""
        self._rights["allowed"].inc(allowed)
        self._rights["revoked"].inc(revoked)
        self._rights["unknown"].inc(unknown)

    def service_failed(self, where: str, error: BaseException) -> None:
        """A defect in Keyhole, logged with its traceback."""
        self._log.error(Event.SERVICE_FAILED, where=where, exc_info=error)

    def certificate_changed(self) -> None:
        """New connections get a different certificate from now on."""
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

        All are counted, but only a limited number for one reason and address (`client`, or `viewer` with its port) is
        logged.
        """
        self._refused[reason].inc()
        self.refusals_left_out()
        viewer = str(facts.get("viewer", ""))
        if self._refusal_lines.allows(reason, network_of(str(facts.get("client") or viewer.rpartition(":")[0]))):
            self._log.warning(Event.REFUSED, reason=reason.value, surface=surface.value, message=message, **facts)

    def refusals_left_out(self) -> None:
        """Logs how many refusals were not logged, once their window has ended. Also called once a second."""
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
        resumed: bool = False,
    ) -> None:
        """A session was opened; `resumed` says that its viewer resumed the console.

        `encrypted`: whether the connection to the server's console is, None if it stays on this machine.
        """
        self._opened[grant.console_type].inc()
        if resumed:
            self._resumed[grant.console_type].inc()
        self._open[grant.console_type].inc()
        self._setup.observe(setup_seconds)
        self._log.info(
            Event.CONSOLE_RESUMED if resumed else Event.CONSOLE_OPENED,
            session=session_id,
            viewer=viewer,
            setup_ms=round(setup_seconds * 1000, 1),
            encrypted=encrypted,
            **_facts_of(grant),
        )

    def session_captured(self, session_id: str, grant: Grant, by_user: str, client: str) -> None:
        """An admin captures a session's traffic from now on."""
        self._log.warning(Event.SESSION_CAPTURED, session=session_id, by=by_user, client=client, **_facts_of(grant))

    def target_connected(self, seconds: float) -> None:
        self._target_connect.observe(seconds)

    def target_joined(self, seconds: float) -> None:
        self._target_handshake.observe(seconds)

    def viewer_joined(self, seconds: float) -> None:
        self._viewer_handshake.observe(seconds)

    def target_failed(self, driver: str, reason: Reason) -> None:
        """A console could not be opened because of its server; the refusal itself is reported separately."""
        self._target_errors.labels(driver, reason).inc()

    def relayed(self, to_viewer_bytes: int, to_target_bytes: int) -> None:
        """Sessions have relayed more bytes."""
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
