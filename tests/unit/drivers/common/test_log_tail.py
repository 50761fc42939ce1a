"""The end of a log: which lines, how many bytes, how much is read, and which files are refused."""

import os
import tracemalloc
from pathlib import Path

import pytest

from keyhole.drivers.common.log_tail import BLOCK_BYTES, MAX_BYTES, read_tail
from keyhole.errors import LogUnavailable
from keyhole.model import SocketTrust


@pytest.mark.parametrize(
    ("content", "lines", "tail"),
    [
        (b"a\nb\nc", 1, b"c"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\nb\nc", 3, b"a\nb\nc"),
        (b"a\nb\nc", 4, b"a\nb\nc"),
        (b"a\nb\nc", None, b"a\nb\nc"),
        (b"a\nb\nc", 0, b""),
        (b"a\nb\n", 1, b""),
        (b"a\nb\n", 2, b"b\n"),
        (b"\n\n\n", 3, b"\n\n"),
        (b"\xff\0\r\n\x1b[0m", 1, b"\x1b[0m"),
        (b"", 5, b""),
        (b"", None, b""),
    ],
)
def test_the_last_lines_as_they_are(tmp_path: Path, content: bytes, lines: int | None, tail: bytes) -> None:
    log = tmp_path / "log"
    log.write_bytes(content)
    assert read_tail(log, lines) == tail


@pytest.mark.parametrize("length", [1, 79, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1])
def test_lines_across_blocks(tmp_path: Path, length: int) -> None:
    log = tmp_path / "log"
    texts = [bytes([97 + number]) * length for number in range(5)]
    log.write_bytes(b"\n".join(texts))
    for lines in range(1, 6):
        assert read_tail(log, lines) == b"\n".join(texts[-lines:])


def test_more_lines_than_a_block_holds(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\n" * (2 * BLOCK_BYTES))
    assert read_tail(log, BLOCK_BYTES + 7) == b"\n" * (BLOCK_BYTES + 6)


def test_of_a_log_of_a_gigabyte_little_is_read_into_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    pread = os.pread

    def counted(descriptor: int, size: int, at: int) -> bytes:
        nonlocal read
        data = pread(descriptor, size, at)
        read += len(data)
        return data

    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n".join(b"line %d" % number for number in range(100_000)))
    monkeypatch.setattr(os, "pread", counted)
    tail = read_tail(log, 20_000)
    monkeypatch.undo()
    assert tail.count(b"\n") == 19_999
    assert tail.endswith(b"line 99999")
    assert len(tail) <= read < len(tail) + BLOCK_BYTES
    tracemalloc.start()
    try:
        whole = read_tail(log, None)
        many = read_tail(log, 1 << 40)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(whole) == MAX_BYTES
    assert many == whole
    assert peak < 4 * MAX_BYTES


def test_what_is_no_regular_file_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "pipe", Path("/dev/zero"), Path("nul\0")):
        with pytest.raises(LogUnavailable):
            read_tail(path, 1)


def test_a_file_of_another_user_is_refused_where_the_owner_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"text")
    link = tmp_path / "link"
    link.symlink_to(log)
    mine = os.geteuid()
    assert read_tail(log, 1, SocketTrust(user_ids=frozenset({mine}))) == b"text"
    for path in (log, link):
        with pytest.raises(LogUnavailable):
            read_tail(path, 1, SocketTrust(user_ids=frozenset({mine + 1})))


def test_no_link_to_a_log_is_followed_below_the_directory(tmp_path: Path) -> None:
    secret = tmp_path / "settings"
    secret.mkdir()
    (secret / "log").write_bytes(b"secret")
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "link").symlink_to(secret / "log")
    (folder / "hard").hardlink_to(secret / "log")
    (folder / "below").symlink_to(secret)
    for path in (folder / "link", folder / "hard", folder / "below" / "log"):
        for directory in ("/", str(folder), "/elsewhere"):
            with pytest.raises(LogUnavailable):
                read_tail(path, 1, SocketTrust(directory))


def test_links_in_the_path_of_the_directory_itself_are_followed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log").write_bytes(b"text")
    (tmp_path / "link").symlink_to(tmp_path / "logs")
    path = tmp_path / "link" / "log"
    assert read_tail(path, 1, SocketTrust(str(tmp_path / "link"))) == b"text"
    with pytest.raises(LogUnavailable):
        read_tail(path, 1)


def test_a_relative_path_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_bytes(b"text")
    monkeypatch.chdir(tmp_path)
    assert read_tail(Path("log"), 1) == b"text"
