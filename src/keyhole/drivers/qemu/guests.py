"""The guests that were seen at the QMP sockets, by their ids, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyhole.drivers.qemu.guest import Guest
from keyhole.drivers.qemu.sockets import ProbeResult
from keyhole.model import ServerStatus
from keyhole.ports.drivers import Problem
from keyhole.protocols.text import sanitize


@dataclass(frozen=True, slots=True)
class Seen:
    """A guest, and what was found at its socket. `is_double` says that another QEMU process has the same id although
    neither is migrating: there is no telling which of the two is the server with that id.
    """

    result: ProbeResult
    guest: Guest
    is_double: bool = False


class Guests:
    """What a scan of the sockets found."""

    def __init__(self, results: Mapping[Path, ProbeResult]) -> None:
        self._results = results
        self._by_id: dict[str, Seen] = {}
        self._doubles: list[Problem] = []
        for result in results.values():
            if result.guest is not None:
                self._add(result, result.guest)

    def __iter__(self) -> Iterator[Seen]:
        return iter(self._by_id.values())

    def find(self, guest_id: str) -> Seen | None:
        """The guest with this id."""
        return self._by_id.get(guest_id)

    def problems(self) -> Iterator[Problem]:
        """The problems at each socket, and the ids that are found at two sockets."""
        for result in self._results.values():
            path = _shown(result.path)
            if result.problem:
                code = "ended" if result.stopped else "unresponsive" if result.unresponsive else "unusable"
                yield Problem(f"{path}: {result.problem}.", path, code)
            for remark in result.guest.remarks if result.guest and not result.stopped else ():
                yield Problem(f"{path}: {remark}.", path, "console_refused")
        yield from self._doubles

    def _add(self, result: ProbeResult, guest: Guest) -> None:
        """If two have the same id, as while a guest moves from one QEMU to another, the settled one counts, otherwise
        the first.

        Two sockets of one process count as one; of two settled processes neither counts.
        """
        other = self._by_id.get(guest.id)
        settled = _is_settled(result, guest)
        if other is None or (settled and not _is_settled(other.result, other.guest)):
            self._by_id[guest.id] = Seen(result, guest)
        elif settled and other.guest.peer.pid != guest.peer.pid:
            self._by_id[guest.id] = Seen(other.result, other.guest, is_double=True)
            path = _shown(result.path)
            sentence = f"{path}: the UUID {guest.id} is also that of {_shown(other.result.path)}; neither is opened."
            self._doubles.append(Problem(sentence, path, "claimed_twice"))


def _is_settled(result: ProbeResult, guest: Guest) -> bool:
    """It answers, and is not migrating to or from another QEMU."""
    return not result.stopped and guest.task_state is None and guest.status is not ServerStatus.UNKNOWN


def _shown(path: Path) -> str:
    return sanitize(bytes(path))
