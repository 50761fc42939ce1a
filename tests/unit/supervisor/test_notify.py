"""Sockets and notifications between systemd and the service."""

import errno
import os
import socket
from pathlib import Path

import pytest

from keyhole.supervisor.notify import Notifier, inherited_sockets


@pytest.mark.parametrize(
    "environment",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x", "LISTEN_PID": "{own}"}],
)
def test_sockets_for_somebody_else_are_none(environment: dict[str, str]) -> None:
    environment = {name: value.format(own=os.getpid()) for name, value in environment.items()}
    assert inherited_sockets(environment) == []
    assert environment == {}


def test_nobody_is_told_where_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *arguments: opened.append(arguments))
    notifier = Notifier({})
    notifier.ready()
    notifier.reloading()
    notifier.stopping(1)
    assert opened == []


def test_the_end_of_a_reload_is_told_though_nothing_can_be_opened_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd waits for it, and otherwise ends the service."""

    def no_descriptor(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path})
        with monkeypatch.context() as short:
            short.setattr(socket, "socket", no_descriptor)
            notifier.ready()
        assert systemd.recv(100) == b"READY=1"
    notifier.close()


def test_whoever_asked_is_told_and_children_are_not_to_tell(tmp_path: Path) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(environment["NOTIFY_SOCKET"])
        notifier = Notifier(environment)
        notifier.stopping(1.5)
        assert systemd.recv(100) == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000"
    assert environment == {}
    notifier.ready()  # nobody is there any more
    notifier.close()
