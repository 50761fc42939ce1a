"""Where QEMU writes a serial port's log. QMP does not report it, so it is read from QEMU's own command line.

`-chardev socket,id=LABEL,...,logfile=PATH` is a log in addition to a console, `-chardev file,id=LABEL,path=PATH` only a
log. Blocks; run it in a thread.
"""

import itertools
import re
from pathlib import Path

from keyhole.errors import LogUnavailable
from keyhole.net.unix_sockets import Peer

MAX_COMMAND_LINE_BYTES = 1 << 20

_PROGRAM = re.compile(rb"(?:.*/)?[^/]*(?:qemu|kvm)[^/]*", re.DOTALL)
_OPTION = re.compile(rb"((?:[^,]|,,)*)(?:,|$)", re.DOTALL)


def log_path(peer: Peer, label: str) -> Path:
    """The log of the chardev with that label. Raises LogUnavailable."""
    try:
        # The kernel reports pid 0 for a process in a different process namespace.
        with Path(f"/proc/{peer.pid}/cmdline").open("rb") as file:
            words = file.read(MAX_COMMAND_LINE_BYTES).split(b"\0")
    except OSError as error:
        raise LogUnavailable from error
    path = log_path_in(words, label)
    if path is None:
        raise LogUnavailable
    return path


def log_path_in(words: list[bytes], label: str) -> Path | None:
    """The same from a command line; None if it is not QEMU's, or the chardev has no log with an absolute path."""
    if not words or not _PROGRAM.fullmatch(words[0]):
        return None
    for option, value in itertools.pairwise(words):
        if option not in (b"-chardev", b"--chardev"):
            continue
        backend, settings = _settings(value)
        if settings.get(b"id") == label.encode("utf-8", "replace"):
            path = settings.get(b"logfile") or (settings.get(b"path") if backend == b"file" else None)
            return Path(path.decode("utf-8", "surrogateescape")) if path and path.startswith(b"/") else None
    return None


def _settings(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A QEMU option's value: its first word, then `key=value` separated by commas; a comma in a value is doubled."""
    first, *others = (part.replace(b",,", b",") for part in _OPTION.findall(value))
    return first, {key: content for key, _, content in (part.partition(b"=") for part in others)}
