"""Targets for servers of the settings: a QEMU without a guest system, and peers that are no VNC servers."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.guests import answers, qmp
from tests.real.processes import Running, program, running

from keyhole.demo.qemu_guest import QEMU
from keyhole.model import TcpAddress

SERVER_IDS = "00000000-0000-4000-8000-{:012d}"


def static_server(number: int, name: str, url: str, more: str = "") -> str:
    """The settings' section for a server whose VNC console is at `url`; its id is SERVER_IDS with the number."""
    return f"""
[[servers]]
id = "{SERVER_IDS.format(number)}"
name = "{name}"
project = "demo"
vnc = {{ url = {json.dumps(url)}{more} }}
"""


def url_of(address: TcpAddress) -> str:
    return f"tcp://{address.host}:{address.port}"


@contextmanager
def bare_qemu(portal: BlockingPortal, folder: Path, *arguments: str, vnc: str = "") -> Iterator[tuple[Running, Path]]:
    """A QEMU that runs no guest system and shows its VNC server on `folder/vnc`; also its QMP socket's path.

    All its VNC servers take connections by then.
    """
    socket, control = folder / "vnc", folder / "qmp"
    command = (
        program(QEMU, "qemu-system-x86"), "-accel", "tcg", "-nodefaults", "-S", "-vga", "std",
        "-vnc", f"unix:{socket}{vnc}", "-qmp", f"unix:{control},server=on,wait=off", *arguments,
    )  # fmt: skip
    with running(*command, folder=folder, name="qemu") as process:
        portal.call(until, partial(_is_up, process, control))
        yield process, control


async def _is_up(process: Running, control: Path) -> bool:
    assert not process.has_ended(), f"QEMU has ended: {process.stderr}"
    return await answers(control)


async def switch_off(control: Path) -> None:
    async with qmp(control) as session:
        await session.execute("quit")


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server instead of a VNC server, which sends its answer without a request."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts the connection and sends nothing."""
    await reader.read()
