"""Keymaps of Linux's text console, made from the keyboard layouts of X as Debian makes them for its own console.

The tools come from Debian packages that are unpacked but never installed: one of them would set up this machine's own
keyboard. The layouts themselves are in the package xkb-data, which every X server brings.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.real.processes import program, run

from keyhole.demo import apt

_COMPILER = ("console-setup", ("usr/bin/ckbcomp",))
_LOADER = ("kbd", ("usr/bin/loadkeys", "bin/loadkeys"))


def build_keymaps(layouts: Iterable[str], tools: Path) -> dict[str, bytes]:
    """By the layout's name (xkeyboard-config's), what `loadkmap` reads. `tools` is the folder that keeps the tools."""
    compiler, loader = (_tool(tools, *place) for place in (_COMPILER, _LOADER))
    return {layout: _keymap(layout, compiler, loader) for layout in layouts}


def _keymap(layout: str, compiler: Path, loader: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "keymap"), Path(folder, "keymap.bin")
        source.write_text(run(program("perl", "perl"), compiler, layout).stdout)
        script = 'exec "$0" --bkeymap --unicode "$1" >"$2"'  # what comes out is no text
        done = run("/bin/sh", "-c", script, loader, source, binary)
        assert done.returncode == 0, done.stderr
        return binary.read_bytes()


def _tool(folder: Path, package: str, places: Iterable[str]) -> Path:
    tree = folder / package
    if not tree.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            scratch = Path(name)
            (archive,) = apt.download((package,), scratch, print)
            apt.unpack(archive, scratch / "tree")
            (scratch / "tree").replace(tree)
    return next(path for path in (tree / place for place in places) if path.is_file())
