"""Debian's packages: installing them as root, and downloading single ones for their files as any user.

Nothing here prompts on the terminal. Package lists are updated once, and only if something is not found: a fresh
machine has none, and those of an old one list files that no longer exist.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from keyhole.demo import GuestUnavailable, Progress

LOCK_WAIT_SECONDS = 120
"""How long an installation waits for another one to finish."""

_STEP = re.compile(r"(?P<step>Unpacking|Setting up) (?P<package>[^\s:]+)")
_DEPENDS = re.compile(r"^ *\|?Depends: (?P<package>[a-z0-9][a-z0-9.+-]+)$", re.MULTILINE)


def ensure_packages(packages: Sequence[str], progress: Progress) -> None:
    """Installs those of `packages` that are missing, without their recommendations.

    Raises GuestUnavailable, which names the command to run if this process is not root.
    """
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    if os.geteuid() != 0:
        command = f"sudo apt-get install --no-install-recommends {' '.join(missing)}"
        raise GuestUnavailable(f"{', '.join(missing)} is not installed; run: {command}")
    progress(f"Installing {', '.join(missing)}")
    if not _install(missing, progress):
        _update_lists(progress)
        if not _install(missing, progress):
            raise GuestUnavailable(f"apt-get could not install {', '.join(missing)}")


def real_package(metapackage: str, progress: Progress) -> str:
    """The package behind `metapackage`: the first one that it depends on. Raises GuestUnavailable."""
    found = _first_dependency(metapackage)
    if found is None:
        _update_lists(progress)
        found = _first_dependency(metapackage)
    if found is None:
        raise GuestUnavailable(f"this system's package sources do not offer {metapackage}")
    return found


def download(packages: Sequence[str], folder: Path, progress: Progress) -> list[Path]:
    """Downloads packages as files into `folder`; apt checks their signatures. Raises GuestUnavailable."""
    if not _fetch(packages, folder):
        _update_lists(progress)
        if not _fetch(packages, folder):
            raise GuestUnavailable(f"apt-get could not download {', '.join(packages)}")
    return sorted(folder.glob("*.deb"))


def unpack(package: Path, folder: Path) -> None:
    """Unpacks a package file's contents below `folder`, without installing it. Raises GuestUnavailable."""
    if _run("dpkg", "-x", str(package), str(folder)).returncode != 0:
        raise GuestUnavailable(f"dpkg could not unpack {package.name}")


def _is_installed(package: str) -> bool:
    return _run("dpkg-query", "-W", "-f", "${db:Status-Status}", package).stdout == "installed"


def _first_dependency(package: str) -> str | None:
    found = _DEPENDS.search(_run("apt-cache", "depends", package).stdout)
    return found["package"] if found else None


def _fetch(packages: Sequence[str], folder: Path) -> bool:
    return _run("apt-get", "download", "-q", *packages, folder=folder).returncode == 0


def _update_lists(progress: Progress) -> None:
    if os.geteuid() != 0:
        raise GuestUnavailable("the package lists are empty or old; run: sudo apt-get update")
    progress("Updating the package lists")
    _run("apt-get", "update", "-q")


def _install(packages: Sequence[str], progress: Progress) -> bool:
    """Reports apt's progress for each package; returns whether apt succeeded."""
    command = [
        _tool("apt-get"), "install", "--yes", "--quiet", "--no-install-recommends",
        "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_SECONDS}", *packages,
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603  # the arguments are package names of our own
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
    ) as process:
        for line in process.stdout or ():
            if found := _STEP.match(line):
                progress(f"{found['step']} {found['package']}")
    return process.returncode == 0


def _run(tool: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the arguments are package names and paths of our own
        [_tool(tool), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment(),
    )


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise GuestUnavailable(f"{name} was not found: the demo's real guest requires Debian or a derivative")
    return path


def _environment() -> dict[str, str]:
    """The caller's environment (including proxies), with parseable messages and without prompts."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
