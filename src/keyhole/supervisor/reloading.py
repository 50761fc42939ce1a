"""The connection between `keyhole reload` and the service that was started with the same settings file: both ends.

It is a unix socket in the abstract namespace, named after the file. It needs no directory, leaves nothing behind,
exists only while the service runs, and belongs to the same network namespace as the port. The kernel identifies the
peer (SO_PEERCRED): the service only accepts its own user and root, and the command only trusts these users.
"""

import asyncio
import hashlib
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from keyhole.errors import KeyholeError, SettingsError

ANSWER_SECONDS = 600.0
QUESTION = b"reload\n"

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


def address_of(config: Path | None) -> str:
    """The socket of the service with this settings file (None: with only the environment)."""
    name = str(config.resolve()) if config else ""
    return f"\0keyhole/{hashlib.sha256(name.encode()).hexdigest()[:32]}"


async def answer_reloads(config: Path | None, reload: Callable[[], Awaitable[None]]) -> asyncio.Server:
    """Answers `keyhole reload` from now on. Raises OSError."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _user_of(writer.get_extra_info("socket")) in (0, os.geteuid()) and await reader.readline() == QUESTION:
                writer.write(json.dumps(await _outcome(reload)).encode())
        finally:
            writer.close()

    return await asyncio.start_unix_server(serve, address_of(config))


async def _outcome(reload: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    try:
        await reload()
    except KeyholeError as error:
        return {"refused": str(error), "settings": isinstance(error, SettingsError)}
    except Exception as error:
        message = f"the reload failed with an internal error ({type(error).__name__}); see the service's log"
        return {"refused": message, "settings": False}
    return {"reloaded": True}


def ask_to_reload(config: Path | None) -> None:
    """Makes the running service reload its settings, and waits until they are in use.

    Raises SettingsError if the settings are invalid, KeyholeError for everything else.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ANSWER_SECONDS)
        try:
            asking.connect(address_of(config))
            if os.geteuid() != 0 and _user_of(asking) not in (0, os.geteuid()):
                raise ConnectionRefusedError
            asking.sendall(QUESTION)
            with asking.makefile("rb") as answering:
                text = answering.read()
        except ConnectionRefusedError as error:
            what = f"the settings in {config}" if config else "the environment's settings alone"
            raise KeyholeError(f"no service runs here with {what}") from error
        except OSError as error:
            raise KeyholeError(f"the service did not answer: {error}") from error
    if not text:
        raise KeyholeError("the service gave no answer: it is stopping, or you are not its user")
    answer = json.loads(text)
    if "refused" in answer:
        raise (SettingsError if answer["settings"] else KeyholeError)(answer["refused"])


def _user_of(peer: socket.socket) -> int:
    """The other side's effective user id."""
    uid: int = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1]
    return uid
