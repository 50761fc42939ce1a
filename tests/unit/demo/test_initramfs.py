"""The demo guest's initramfs: an archive that an independent reader of the format can read."""

import stat
from dataclasses import dataclass

import pytest

from keyhole.demo.initramfs import LOGIN_PASSWORD, LOGIN_USER, Entry, initramfs, newc_archive


@dataclass(frozen=True)
class Member:
    mode: int
    content: bytes


def read_newc(archive: bytes) -> dict[str, Member]:
    """Reads a newc archive by its specification: 6 bytes of magic, 13 fields of 8 hex digits, padding to 4 bytes."""
    members: dict[str, Member] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, user, group, size, name_size = fields[1], fields[2], fields[3], fields[6], fields[11]
        assert (user, group) == (0, 0)
        name = archive[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        at = -(-(at + 110 + name_size) // 4) * 4
        content = archive[at : at + size]
        at = -(-(at + size) // 4) * 4
        if name == b"TRAILER!!!\0":
            assert at == len(archive)
            return members
        members[name[:-1].decode()] = Member(mode, content)


@pytest.mark.parametrize("length", range(6))
def test_entries_come_back_whatever_their_lengths(length: int) -> None:
    entries = [
        Entry("a" * (length + 1), stat.S_IFREG | 0o644, b"x" * length),
        Entry("folder", stat.S_IFDIR | 0o755),
        Entry("link", stat.S_IFLNK | 0o777, b"a" * (length + 1)),
    ]
    assert read_newc(newc_archive(entries)) == {entry.path: Member(entry.mode, entry.content) for entry in entries}


def test_the_guest_has_an_init_and_a_login() -> None:
    members = read_newc(initramfs(b"\x7fELF busybox"))
    assert members["bin/busybox"] == Member(stat.S_IFREG | 0o755, b"\x7fELF busybox")
    assert members["init"] == Member(stat.S_IFLNK | 0o777, b"bin/busybox")
    assert members["etc/rc"].mode & 0o111
    assert members["etc/shadow"].mode & 0o077 == 0
    inittab = members["etc/inittab"].content.decode()
    assert "tty1::respawn:" in inittab
    assert "ttyS0::respawn:/sbin/getty" in inittab


def test_the_first_screen_says_what_this_is_and_fits_it() -> None:
    greeting = read_newc(initramfs(b""))["etc/greeting"].content.decode()
    lines = greeting.strip().splitlines()
    assert len(lines) == 2
    assert all(len(line) < 80 for line in lines)
    assert "QEMU" in lines[0]
    assert f"login {LOGIN_USER}, password {LOGIN_PASSWORD}" in lines[1]


def test_parents_come_before_what_is_in_them() -> None:
    seen: set[str] = set()
    for path in read_newc(initramfs(b"")):
        assert "/" not in path or path.rpartition("/")[0] in seen
        seen.add(path)
