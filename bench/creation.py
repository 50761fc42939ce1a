"""The API: what making a console link costs, beside Nova's and a bare route on the same web server."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench import nova
from bench.api import is_healthy, signed_in
from bench.comparison import BARE, KEYHOLE, NOVA, Comparison, Figures, compare
from bench.cpu import cpu_seconds
from bench.peers import Starters, free_port, keyhole
from bench.processes import BenchError, Count, Counters, program, wait_until, worker
from bench.target import Behaviour, target

CONNECTIONS = 32
START_SECONDS = 20.0

BARE_APPLICATION = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

ANSWER = {answer!r}

async def create(request):
    await request.json()
    return JSONResponse(ANSWER)

async def healthz(request):
    return JSONResponse("ok")

app = Starlette(routes=[Route("/healthz", healthz), Route("/{{path:path}}", create, methods=["POST"])])
"""

URL = "http://127.0.0.1:6080/vnc_lite.html?path=%3Ftoken%3D00000000-0000-4000-8000-000000000000"


def run(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """remote-consoles, on connections that are kept."""
    with ExitStack() as stack:
        ports = stack.enter_context(target()).ports
        ours = stack.enter_context(keyhole(ports))
        bare_pid, bare_port = stack.enter_context(_bare_route())
        with signed_in(ours.port) as api:
            token, project_id = api.token, api.project_id
        server_id = ours.server_ids[Behaviour.SILENT]
        request = _request(f"/compute{_path(server_id)}", token)
        contestants = {
            KEYHOLE: partial(_measure, ours.pid, ours.port, request, seconds),
            BARE: partial(_measure, bare_pid, bare_port, request, seconds),
        }
        if nova.version() is not None:
            pid, port = stack.enter_context(nova.nova(ours.port, project_id, server_id))
            contestants[NOVA] = partial(_measure, pid, port, _request(_path(server_id), token), seconds)
        yield compare(f"Console links made, {CONNECTIONS} connections", contestants, rounds)


def _measure(pid: int, port: int, request: bytes, seconds: float) -> Figures:
    cpu = cpu_seconds(pid)
    with worker(ask, port, request, CONNECTIONS, seconds) as clients:
        clients.wait_for(Count.MICROSECONDS, 1, seconds + START_SECONDS, "the API's clients")
    counted = clients.counters
    if counted[Count.FAILED]:
        raise BenchError(f"{counted[Count.FAILED]} requests failed")
    return {
        "CPU ms/request": (cpu_seconds(pid) - cpu) / counted[Count.MESSAGES] * 1e3,
        "requests/s": counted[Count.MESSAGES] / counted[Count.MICROSECONDS] * 1e6,
        "p50 ms": counted[Count.P50_MICROSECONDS] / 1e3,
        "p99 ms": counted[Count.P99_MICROSECONDS] / 1e3,
    }


def ask(port: int, request: bytes, connections: int, seconds: float, counters: Counters) -> None:
    """Sends the same request again and again, one at a time on each connection; runs in a process of its own."""
    uvloop.run(_ask(port, request, connections, seconds, counters))


async def _ask(port: int, request: bytes, connections: int, seconds: float, counters: Counters) -> None:
    taken: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            taken.append(time.perf_counter() - started)
            counters[Count.FAILED] += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    taken.sort()
    counters[Count.MESSAGES] = len(taken)
    counters[Count.P50_MICROSECONDS] = round(taken[len(taken) // 2] * 1e6)
    counters[Count.P99_MICROSECONDS] = round(taken[int(len(taken) * 0.99)] * 1e6)
    counters[Count.MICROSECONDS] = round((time.perf_counter() - began) * 1e6)
    await asyncio.Event().wait()


def _path(server_id: str) -> str:
    return f"/v2.1/servers/{server_id}/remote-consoles"


def _request(path: str, token: str) -> bytes:
    body = json.dumps({"remote_console": {"protocol": "vnc", "type": "novnc"}}).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"X-Auth-Token: {token}",
        "OpenStack-API-Version: compute 2.96",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def _bare_route() -> Iterator[tuple[int, int]]:
    """uvicorn as Keyhole uses it (uvloop, httptools, no access log) with a route that does nothing else."""
    port = free_port()
    answer = {"remote_console": {"protocol": "vnc", "type": "novnc", "url": URL}}
    with TemporaryDirectory(prefix="bench-") as folder:
        directory = Path(folder)
        (directory / "bare.py").write_text(BARE_APPLICATION.format(answer=answer))
        options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        with program([sys.executable, "-m", "uvicorn", "bare:app", *options], directory) as process:
            wait_until(lambda: is_healthy(port), START_SECONDS, "the bare route", lambda: process.poll() is not None)
            yield process.pid, port
