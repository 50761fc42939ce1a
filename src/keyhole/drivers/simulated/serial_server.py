"""The serial console of a simulated guest: a login, the shell, and a log of everything that was written to the line."""

import asyncio
from pathlib import Path

from keyhole.drivers.simulated.line_editor import LineEditor
from keyhole.drivers.simulated.listener import Connection, Listener
from keyhole.drivers.simulated.shell import PROMPT, Shell
from keyhole.drivers.simulated.terminal_keys import TerminalKeys

LOGIN = "login: "
MAX_LOG_BYTES = 1 << 20
KEEP_LOG_BYTES = MAX_LOG_BYTES // 2


class SerialLog:
    """A file with everything that was written, from the start; only the end if it is very long."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0
        path.write_bytes(b"")

    def append(self, data: bytes) -> None:
        """Adds to the file. Raises OSError."""
        with self.path.open("ab") as file:
            file.write(data)
        self._size += len(data)
        if self._size > MAX_LOG_BYTES:
            kept = self.path.read_bytes()[-KEEP_LOG_BYTES:]
            self.path.write_bytes(kept)
            self._size = len(kept)


class SerialServer(Listener):
    """A line that any number of viewers share. A viewer that does not read misses what it has no room for."""

    def __init__(self, name: str, log: SerialLog) -> None:
        super().__init__(self._connect)
        self._log = log
        self._lines: set[SerialConnection] = set()
        self._shell = Shell({"exit": (self._log_out, "back to the login")})
        self._editor = LineEditor(self._write, self._run, LOGIN)
        self._editor.start(f"\n{name}: Keyhole's simulated guest, serial console.\nAny name will do.\n\n")

    def type(self, character: str) -> None:
        """Handles a character from a viewer."""
        self._editor.type(character)

    def attach(self, line: "SerialConnection") -> None:
        """Shows a new viewer the current line, and from then on everything that is written."""
        self._lines.add(line)
        line.transport.write(_on_the_line(self._editor.current))

    def detach(self, line: "SerialConnection") -> None:
        self._lines.discard(line)

    def _connect(self, accepted: set[Connection]) -> Connection:
        return SerialConnection(accepted, self)

    def _write(self, text: str) -> None:
        data = _on_the_line(text)
        self._log.append(data)
        for line in self._lines:
            if line.has_room:
                line.transport.write(data)

    def _run(self, command: str) -> str:
        if self._editor.prompt == LOGIN:
            if not command.strip():
                return ""
            self._editor.prompt = PROMPT
            return f"Welcome, {command.strip()}. Try help, or calc 6*7.\n"
        return self._shell.run(command)

    def _log_out(self, rest: str) -> str:
        self._editor.prompt = LOGIN
        return "\n"


class SerialConnection(Connection):
    """One viewer of the line."""

    def __init__(self, accepted: set[Connection], server: SerialServer) -> None:
        super().__init__(accepted)
        self._server = server
        self._keys = TerminalKeys()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.attach(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._server.detach(self)

    def data_received(self, data: bytes) -> None:
        for character in self._keys.read(data):
            self._server.type(character)


def _on_the_line(text: str) -> bytes:
    """Text in the form for a terminal; the control character to clear a display becomes a terminal's own sequence."""
    return text.replace("\n", "\r\n").replace("\f", "\x1b[H\x1b[2J").encode("utf-8", "replace")
