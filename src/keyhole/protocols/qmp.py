"""The client side of QMP, QEMU's control channel: one JSON object on each line.

After QEMU's greeting the client sends `qmp_capabilities` by itself and reports `Ready`; from then on `execute` may be
called. Replies contain the number of their command. Events may arrive at any time after the greeting.

Source: QEMU, docs/interop/qmp-spec (protocol version 1). The envelope of every message is checked here; the caller
checks the contents of replies.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from keyhole.errors import ProtocolError
from keyhole.protocols.machine import Machine, ReadUntil, Script
from keyhole.protocols.text import sanitize

MAX_LINE_BYTES = 1 << 20
"""Far more than the longest reply, the list of all of QEMU's objects."""


@dataclass(frozen=True, slots=True)
class Ready:
    """QEMU accepts commands. `version` is QEMU's (major, minor, micro)."""

    version: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Reply:
    """The command with this number succeeded; `value` is any JSON value."""

    number: int
    value: object


@dataclass(frozen=True, slots=True)
class Failure:
    """The command with this number failed: QEMU's error class ("CommandNotFound") and message, made printable."""

    number: int
    error_class: str
    description: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An event in QEMU ("SHUTDOWN", "RESET", ...); `data` has its details."""

    name: str
    data: Mapping[str, object]


QmpEvent = Ready | Reply | Failure | Notice


class QmpClient(Machine[QmpEvent]):
    """The client side of a QMP connection, which lasts until either side closes it: it is never `done`."""

    __slots__ = ("_last_number", "_ready", "_waiting")

    peer = "QMP server"

    def __init__(self) -> None:
        self._last_number = 0
        self._ready = False
        self._waiting: set[int] = set()
        super().__init__()

    @property
    def ready(self) -> bool:
        """Whether `execute` may be called."""
        return self._ready

    def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> int:
        """Queues a command, with arguments that JSON can represent; returns the number of its reply."""
        if not self._ready:
            raise RuntimeError("QMP takes commands only after Ready.")
        return self._send_command(command, arguments)

    def script(self) -> Script:
        greeting = _members((yield self._line("the greeting")), "greeting")
        version = _version(greeting.get("QMP"))
        negotiation = self._send_command("qmp_capabilities", None)
        while True:
            event = self._event(_members((yield self._line("a reply or an event")), "message"))
            if isinstance(event, Reply) and event.number == negotiation:
                self._ready = True
                event = Ready(version)
            elif isinstance(event, Failure) and event.number == negotiation:
                raise ProtocolError("The QMP server refused to leave its negotiation mode.")
            self.emit(event)

    def _line(self, what: str) -> ReadUntil:
        return ReadUntil(b"\n", MAX_LINE_BYTES, what)

    def _send_command(self, command: str, arguments: Mapping[str, object] | None) -> int:
        self._last_number += 1
        self._waiting.add(self._last_number)
        message = {"execute": command, "id": self._last_number}
        if arguments:
            message["arguments"] = dict(arguments)
        self.send(json.dumps(message).encode() + b"\n")
        return self._last_number

    def _event(self, message: Mapping[str, object]) -> QmpEvent:
        if "event" in message:
            name, data = message["event"], message.get("data", {})
            if not isinstance(name, str) or not isinstance(data, dict):
                raise ProtocolError("A QMP event has a name that is not a string, or data that is not an object.")
            return Notice(_text(name), data)
        if "return" in message:
            return Reply(self._answered(message), message["return"])
        error = message.get("error")
        if not isinstance(error, dict):
            raise ProtocolError("A QMP message is neither an event nor an answer.")
        error_class, description = error.get("class"), error.get("desc")
        if not isinstance(error_class, str) or not isinstance(description, str):
            raise ProtocolError("A QMP error has no class or no description.")
        return Failure(self._answered(message), _text(error_class), _text(description))

    def _answered(self, message: Mapping[str, object]) -> int:
        """The number of the command that this message answers, which is then no longer pending."""
        number = message.get("id")
        if type(number) is not int or number not in self._waiting:
            raise ProtocolError("A QMP answer does not name a pending command.")
        self._waiting.remove(number)
        return number


def _members(line: bytes, what: str) -> Mapping[str, object]:
    """The members of the JSON object on a line."""
    try:
        message = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"The QMP {what} is not JSON.") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"The QMP {what} is not a JSON object.")
    return message


def _version(greeting: object) -> tuple[int, int, int]:
    match greeting:
        case {"version": {"qemu": {"major": int(major), "minor": int(minor), "micro": int(micro)}}}:
            return major, minor, micro
    raise ProtocolError("The first QMP message is not a greeting with QEMU's version.")


def _text(text: str) -> str:
    return sanitize(text.encode("utf-8", "replace"))
