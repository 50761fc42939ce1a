"""A QMP server whose answers are set by the test: QEMU's, or invalid ones."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n'
)
SERIAL_PORT = "/machine/unattached/device[13]"
GUEST_ID = "11111111-2222-3333-4444-555555555555"


def answers(
    guest_id: str = GUEST_ID, name: str = "web", *, vnc: str = "", serial: str = "", auth: str = "none"
) -> dict[str, object]:
    """QEMU 7.2's answers to the driver's commands. `vnc` and `serial` are paths of sockets, "" if there is none."""
    listener = {"auth": auth, "family": "unix", "service": vnc, "host": "", "websocket": False}
    chardev = {"frontend-open": True, "filename": f"disconnected:unix:{serial},server=on", "label": "serial0"}
    return {
        "query-name": {"name": name},
        "query-uuid": {"UUID": guest_id},
        "query-status": {"status": "running", "singlestep": False, "running": True},
        "query-vnc-servers": [{"auth": "none", "clients": [], "server": [listener], "id": "default"}] if vnc else [],
        "query-chardev": [chardev] if serial else [],
        "query-memory-size-summary": {"base-memory": 134217728, "plugged-memory": 0},
        "query-cpus-fast": [{"cpu-index": 0}, {"cpu-index": 1}],
        "qom-list /machine/unattached": [
            {"name": "type", "type": "string"},
            {"name": "device[20]", "type": "child<isa-serial>"},
            {"name": "device[13]", "type": "child<isa-serial>"},
            {"name": "device[8]", "type": "child<VGA>"},
        ],
        "qom-list /machine/peripheral": [{"name": "type", "type": "string"}],
        "qom-list /machine/peripheral-anon": [],
        f"qom-get {SERIAL_PORT}": "serial0",
    }


@dataclass
class QmpServer:
    """One guest's QMP socket. `table` may be changed while it runs; commands that are not in it are unknown to the
    server. An answer of bytes is sent unchanged. With a `greeting` of b"" the server sends nothing. `connections`
    counts the clients.
    """

    path: Path
    table: dict[str, object]
    greeting: bytes = GREETING
    connections: int = 0
    most_at_once: int = 0
    asked: list[str] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens at its path."""
        self._listener = await asyncio.start_unix_server(self.serve, self.path)

    def end(self) -> None:
        """As a QEMU that is killed: nobody listens and every connection is lost, but the socket's file stays."""
        if self._listener is not None:
            self._listener.close()
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        self.most_at_once = max(self.most_at_once, len(self._open))
        with contextlib.suppress(ConnectionError):
            writer.write(self.greeting)
            async for line in reader:
                writer.write(self._reply(json.loads(line)))
        self._open.discard(writer)
        writer.close()

    def _reply(self, message: Mapping[str, object]) -> bytes:
        command, arguments = str(message["execute"]), message.get("arguments")
        path = arguments.get("path") if isinstance(arguments, dict) else None
        key = f"{command} {path}" if path else command
        self.asked.append(key)
        if command == "qmp_capabilities":
            return _line({"return": {}, "id": message["id"]})
        if key not in self.table:
            return _line({"error": {"class": "CommandNotFound", "desc": f"no {command}"}, "id": message["id"]})
        answer = self.table[key]
        if isinstance(answer, bytes):
            return answer
        return _line({"event": "RTC_CHANGE", "data": {}}) + _line({"return": answer, "id": message["id"]})


@contextlib.asynccontextmanager
async def qmp_server(
    path: Path, table: dict[str, object] | None = None, greeting: bytes = GREETING
) -> AsyncIterator[QmpServer]:
    """Serves at `path` while the context lasts; the socket is removed at the end."""
    script = QmpServer(path, answers() if table is None else table, greeting)
    await script.start()
    try:
        yield script
    finally:
        script.end()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\r\n"
