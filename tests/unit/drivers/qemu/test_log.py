"""The log's path from QEMU's command line."""

import os
from pathlib import Path

import pytest

from keyhole.drivers.qemu.log import log_path, log_path_in
from keyhole.errors import LogUnavailable
from keyhole.net.unix_sockets import Peer

QEMU = b"/usr/bin/qemu-system-x86_64"


@pytest.mark.parametrize(
    ("words", "label", "path"),
    [
        ([QEMU, b"-chardev", b"socket,id=serial0,path=/s,logfile=/l.log,logappend=on"], "serial0", "/l.log"),
        ([QEMU, b"-chardev", b"pty,id=a,logfile=/a", b"-chardev", b"pty,id=b,logfile=/b"], "b", "/b"),
        ([QEMU, b"--chardev", b"file,id=serial0,path=/only.log"], "serial0", "/only.log"),
        ([b"kvm", b"-chardev", b"pty,id=s,logfile=/with,,comma,,s,server=on"], "s", "/with,comma,s"),
        ([b"/usr/libexec/qemu-kvm", b"-chardev", b"pty,id=s,logfile=/l"], "s", "/l"),
        ([QEMU, b"-chardev", b"socket,id=s,path=/not-a-log"], "s", None),
        ([QEMU, b"-chardev", b"pty,id=s,logfile=relative.log"], "s", None),
        ([QEMU, b"-chardev", b"pty,id=other,logfile=/l"], "s", None),
        ([QEMU, b"-name", b"socket,id=s,logfile=/l"], "s", None),
        ([QEMU, b"-chardev"], "s", None),
        ([QEMU, b"-chardev", b""], "s", None),
        ([b"/bin/bash", b"-chardev", b"pty,id=s,logfile=/l"], "s", None),
        ([b"/qemu/bash", b"-chardev", b"pty,id=s,logfile=/l"], "s", None),
        ([], "s", None),
    ],
)
def test_the_log_of_a_chardev(words: list[bytes], label: str, path: str | None) -> None:
    assert log_path_in(words, label) == (Path(path) if path else None)


@pytest.mark.parametrize("pid", [os.getpid(), 0, -1, 1 << 30], ids=["this", "none", "negative", "unused"])
def test_a_process_that_is_no_qemu_has_no_log(pid: int) -> None:
    with pytest.raises(LogUnavailable):
        log_path(Peer(pid, os.geteuid()), "serial0")
