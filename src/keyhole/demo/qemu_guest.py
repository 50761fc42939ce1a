"""The demo's real guest: one QEMU process with a VNC console, a serial console with its log, and a QMP socket.

It boots cold each time, in two to three seconds of emulation. A saved machine state would be two seconds faster, but
takes 90 MB on disk, has a wrong clock and can be outdated.

The guest never outlives this process, even if the process is killed: `setpriv --pdeathsig` makes the kernel end QEMU
when the thread that started it ends. That needs no watcher and no own code between fork and exec. It also means that
the guest must be started from a thread that stays, such as the main one.
"""

import asyncio
import contextlib
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from keyhole.demo import GuestUnavailable, Progress
from keyhole.demo.guest_image import GuestImage
from keyhole.demo.initramfs import LOGIN_PROMPT

QEMU = "qemu-system-x86_64"
QEMU_PACKAGES = ("qemu-system-x86",)
"""The packages to install: firmware and VGA BIOS are among their dependencies."""

KERNEL_ARGUMENTS = "console=ttyS0 panic=-1 mitigations=off"
"""Messages go to the serial port only; a crash reboots; emulation has no speculation to mitigate."""

MEMORY_MB = 128
READY_SECONDS = 60
STOP_SECONDS = 5
POLL_SECONDS = 0.05
MAX_SOCKET_PATH_BYTES = 107
"""sockaddr_un's sun_path, less the closing NUL (Linux, unix(7))."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class DemoGuest:
    """One guest, which runs during its `async with`, with its sockets and log in a private temporary folder."""

    def __init__(self, image: GuestImage, *, name: str, server_id: str, progress: Progress) -> None:
        """`name` is also the guest's hostname (letters, digits, hyphens); `server_id` is a UUID."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a hostname")
        self.name = name
        self.server_id = server_id
        self._image = image
        self._progress = progress
        self._folder = Path()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """QEMU's process id."""
        return self._running().pid

    @property
    def qmp_path(self) -> Path:
        """The QMP socket; it takes one client at a time."""
        return self._folder / "qmp"

    @property
    def vnc_path(self) -> Path:
        """The VNC server's socket, without a password: only this user can access the folder."""
        return self._folder / "vnc"

    @property
    def serial_path(self) -> Path:
        """The serial port's socket; it takes one client at a time."""
        return self._folder / "serial"

    @property
    def serial_log(self) -> Path:
        """The guest's serial output since its start."""
        return self._folder / "serial.log"

    async def __aenter__(self) -> Self:
        """Starts QEMU; returns before the guest has booted. Raises GuestUnavailable."""
        qemu, setpriv = _tool(QEMU), _tool("setpriv")
        self._folder = Path(tempfile.mkdtemp(prefix="keyhole-demo-"))
        try:
            if len(bytes(self.serial_path)) > MAX_SOCKET_PATH_BYTES:
                raise GuestUnavailable(f"{self._folder} is too long for a socket's path; set TMPDIR to a shorter one")
            with self._qemu_log.open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    setpriv, "--pdeathsig", "KILL", qemu, *self._arguments(),
                    stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,  # Ctrl-C must only reach this process, which then ends QEMU
                )  # fmt: skip
        except BaseException:
            self._forget()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process = self._running()
        try:
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                process.terminate()
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            self._forget()

    async def until_ready(self) -> None:
        """Returns when the guest shows its login prompt on the serial port. Raises GuestUnavailable."""
        self._progress(f"Booting {self.name}, a small Linux under QEMU")
        started_at = time.monotonic()
        while not self._asks_for_login():
            if self._running().returncode is not None:
                raise GuestUnavailable(f"QEMU ended while the guest was booting: {self._last_log_line()}")
            if time.monotonic() - started_at > READY_SECONDS:
                raise GuestUnavailable(f"the guest did not boot within {READY_SECONDS} s")
            await asyncio.sleep(POLL_SECONDS)
        self._progress(f"{self.name} is up after {time.monotonic() - started_at:.1f} s")

    async def wait(self) -> int:
        """Returns QEMU's exit code once it has ended, as it does when the guest is powered off."""
        return await self._running().wait()

    def _arguments(self) -> list[str]:
        """Always emulation: KVM may be present and still not work, and this guest does not need it.

        `tb-size` (MiB) limits the memory for translated code, of which this guest needs little.
        """
        serial = f"path={_value(self.serial_path)},server=on,wait=off,logfile={_value(self.serial_log)},logappend=on"
        return [
            "-no-user-config", "-nodefaults", "-accel", "tcg,tb-size=32", "-m", str(MEMORY_MB),
            "-name", self.name, "-uuid", self.server_id, "-vga", "std",
            "-vnc", f"unix:{_value(self.vnc_path)}",
            "-chardev", f"socket,id=serial0,{serial}", "-serial", "chardev:serial0",
            "-qmp", f"unix:{_value(self.qmp_path)},server=on,wait=off",
            "-kernel", str(self._image.kernel), "-initrd", str(self._image.initramfs),
            "-append", f"{KERNEL_ARGUMENTS} hostname={self.name}",
        ]  # fmt: skip

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the guest is used outside its `async with`")
        return self._process

    def _asks_for_login(self) -> bool:
        try:
            return LOGIN_PROMPT in self.serial_log.read_bytes()
        except FileNotFoundError:
            return False

    def _last_log_line(self) -> str:
        lines = self._qemu_log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    @property
    def _qemu_log(self) -> Path:
        return self._folder / "qemu.log"

    def _forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._process = None


def _value(path: Path) -> str:
    """A path as the value of a QEMU option, with commas doubled."""
    return str(path).replace(",", ",,")


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise GuestUnavailable(f"{name} is not installed")
    return path
