"""The demo guest's system: an initramfs of one busybox and seven small text files.

`tty1`, which is the VNC screen, is a root shell; `ttyS0` has a login prompt. The kernel only writes its messages to the
serial port (see `qemu_guest.KERNEL_ARGUMENTS`), so the screen is clean and the console log is a real boot log.

The archive is in cpio's "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). It is
written here because that takes fewer lines than unpacking a tool, and any user gets the same archive, owned by root.
"""

import stat
from collections.abc import Iterable
from dataclasses import dataclass

LOGIN_USER = "root"
LOGIN_PASSWORD = "secret"  # the guest has no network; its greeting shows the password
LOGIN_PROMPT = b"login:"

_GREETING = f"""\
Keyhole demo guest: a real Linux under QEMU, seen through its VNC console.
Try: uname -a, ls /, reboot. Serial console: login {LOGIN_USER}, password {LOGIN_PASSWORD}.

"""

_INITTAB = """\
::sysinit:/etc/rc
tty1::respawn:-/bin/sh
ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100
::ctrlaltdel:/sbin/reboot
"""

# The last line keeps later kernel messages out of the login on the serial port.
_RC = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /tmp /sbin /usr/bin /usr/sbin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s
dmesg -n 1
"""

# The greeting is here because the shell writes its own banner before it reads the profile: this clears the screen.
_PROFILE = """\
export PATH=/sbin:/bin:/usr/sbin:/usr/bin HOME=/root
export PS1='\\h:\\w\\$ '
cd
if [ "$(tty)" = /dev/tty1 ]; then
  printf '\\033[H\\033[2J\\033[3J'
  cat /etc/greeting
fi
"""

_PASSWD = f"{LOGIN_USER}:x:0:0:root:/root:/bin/sh\n"

# sha512crypt of LOGIN_PASSWORD; its 5000 rounds are unnoticeable even in emulation.
_SHADOW = (
    f"{LOGIN_USER}:$6$keyhole$lDvntyG4dXXbEQQLrFH19PsnHNjbkd7gFYfas3NsUyGgJW5kAe5zRl/s7vYj24Tf0V71p6pvv8xNGwdFATk8F.:"
    "19000:0:99999:7:::\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory or symbolic link (`content` is its target) of an archive; `mode` is type and permissions."""

    path: str
    mode: int
    content: bytes = b""


def initramfs(busybox: bytes) -> bytes:
    """The demo guest's initramfs, uncompressed: in emulation, unpacking takes longer than reading."""
    return newc_archive((
        _folder("bin"), _folder("dev"), _folder("etc"), _folder("root"),
        Entry("bin/busybox", stat.S_IFREG | 0o755, busybox),
        _link("bin/sh", "busybox"),
        _link("init", "bin/busybox"),
        _text("etc/inittab", _INITTAB),
        _text("etc/rc", _RC, 0o755),
        _text("etc/greeting", _GREETING),
        _text("etc/profile", _PROFILE),
        _text("etc/passwd", _PASSWD),
        _text("etc/group", "root:x:0:\n"),
        _text("etc/shadow", _SHADOW, 0o600),
    ))  # fmt: skip


def newc_archive(entries: Iterable[Entry]) -> bytes:
    """A cpio archive in "newc" format, with its trailer entry. All entries have root as owner and 0 as time."""
    parts = [_newc_entry(number, entry) for number, entry in enumerate(entries, start=1)]
    return b"".join([*parts, _newc_entry(0, Entry("TRAILER!!!", 0))])


def _newc_entry(inode: int, entry: Entry) -> bytes:
    """Magic, then 13 numbers of 8 hex digits; name (ended by NUL) and content are each padded to 4 bytes."""
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    numbers = (inode, entry.mode, 0, 0, links, 0, len(entry.content), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name
    return head + b"\0" * (-len(head) % 4) + entry.content + b"\0" * (-len(entry.content) % 4)


def _folder(path: str) -> Entry:
    return Entry(path, stat.S_IFDIR | 0o755)


def _link(path: str, target: str) -> Entry:
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def _text(path: str, text: str, permissions: int = 0o644) -> Entry:
    return Entry(path, stat.S_IFREG | permissions, text.encode())
