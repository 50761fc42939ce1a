"""The demo guest's kernel and initramfs, from two Debian packages that are unpacked but never installed.

Debian's cloud kernel has built in everything that the demo uses: keyboard, VGA text screen, serial port. It needs no
modules.
"""

import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keyhole.demo import GuestUnavailable, Progress, apt
from keyhole.demo.initramfs import initramfs

_KERNEL_METAPACKAGE = "linux-image-cloud-amd64"
_BUSYBOX_PACKAGE = "busybox-static"

# The files' paths in the packages; the second path of busybox is for releases with a merged /usr.
_KERNEL_PLACES = ("boot/vmlinuz-*",)
_BUSYBOX_PLACES = ("bin/busybox", "usr/bin/busybox")


@dataclass(frozen=True, slots=True)
class GuestImage:
    """The kernel and initramfs that QEMU boots."""

    kernel: Path
    initramfs: Path


def build_image(state_folder: Path, progress: Progress) -> GuestImage:
    """The image below `state_folder`, downloaded (28 MB) if it does not exist. Blocks. Raises GuestUnavailable.

    Files get their names only when they are complete, so an interrupted build leaves no incomplete file. The initramfs
    is written each time: that takes a hundredth of a second, and it always matches this version.
    """
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "amd64"):
        raise GuestUnavailable(f"the demo's real guest needs Linux on x86-64, this is {_this_machine()}")
    folder = state_folder / "guest"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kernel, busybox = folder / "vmlinuz", folder / "busybox"
    if not (kernel.is_file() and busybox.is_file()):
        progress("Fetching a Debian cloud kernel and busybox (28 MB, once)")
        _fetch_files(folder, kernel, busybox, progress)
    image = GuestImage(kernel, folder / "initramfs")
    _write_whole(image.initramfs, initramfs(busybox.read_bytes()))
    return image


def _fetch_files(folder: Path, kernel: Path, busybox: Path, progress: Progress) -> None:
    packages = (apt.real_package(_KERNEL_METAPACKAGE, progress), _BUSYBOX_PACKAGE)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder) as name:
        scratch = Path(name)
        tree = scratch / "tree"
        for package in apt.download(packages, scratch, progress):
            apt.unpack(package, tree)
        _find(tree, _BUSYBOX_PLACES).replace(busybox)
        _find(tree, _KERNEL_PLACES).replace(kernel)


def _find(tree: Path, places: Sequence[str]) -> Path:
    for place in places:
        for path in sorted(tree.glob(place)):
            return path
    raise GuestUnavailable(f"Debian's package does not contain {places[0]}")


def _write_whole(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def _this_machine() -> str:
    return f"{platform.system() or 'an unknown system'} on {platform.machine() or 'an unknown machine'}"
