"""The error for an unavailable port is one sentence, whatever the cause."""

import errno
import os
import socket
from pathlib import Path

import pytest

from keyhole.errors import SettingsError
from keyhole.net.bind import bind_tcp, bind_unix, start_listening


def no_descriptor(*_: object) -> socket.socket:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_without_a_descriptor_there_is_no_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(socket, "socket", no_descriptor)
        with pytest.raises(SettingsError, match=r"cannot listen on tcp://127\.0\.0\.1:0: Too many open files"):
            bind_tcp("127.0.0.1", 0)
        with pytest.raises(SettingsError, match=r"cannot listen on unix:.*: Too many open files"):
            bind_unix(str(tmp_path / "port"))


def test_a_name_that_is_none_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="is not a host's name"):
        bind_tcp("a" * 64, 1)


def test_a_socket_that_cannot_listen_is_a_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, pytest.raises(SettingsError, match="listen"):
        start_listening(datagrams)


def test_a_live_service_with_a_full_queue_is_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "port")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(path)
        listener.listen(0)
        waiting.connect(path)
        with pytest.raises(SettingsError, match="Address already in use"):
            bind_unix(path)
    assert Path(path).exists()


def test_what_an_ended_process_left_there_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "port")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    bind_unix(path).close()
