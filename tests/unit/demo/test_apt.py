"""Installing and fetching packages, with scripted tools."""

from pathlib import Path

import pytest
from tests.fakes.tools import Tools

from keyhole.demo import GuestUnavailable
from keyhole.demo.apt import download, ensure_packages, real_package, unpack

NOT_INSTALLED = "exit 1"
INSTALLED = "printf installed"
FAILS_UNTIL_UPDATED = """
case "$1" in
  update) : > "$(/usr/bin/dirname "$0")/updated" ;;
  *) [ -e "$(/usr/bin/dirname "$0")/updated" ] || exit 100 ;;
esac
"""


def test_what_is_installed_is_left_alone(tools: Tools, as_anybody: None) -> None:
    tools.add("dpkg-query", INSTALLED)
    said: list[str] = []
    ensure_packages(["qemu-system-x86"], said.append)
    assert said == []
    assert len(tools.calls) == 1


def test_who_is_not_root_is_told_the_command(tools: Tools, as_anybody: None) -> None:
    tools.add("dpkg-query", 'case "$*" in *qemu*) exit 1 ;; *) printf installed ;; esac')
    with pytest.raises(GuestUnavailable) as refusal:
        ensure_packages(["qemu-system-x86", "busybox"], lambda text: None)
    assert str(refusal.value).endswith("run: sudo apt-get install --no-install-recommends qemu-system-x86")


def test_root_installs_without_questions_and_tells_the_steps(tools: Tools, as_root: None) -> None:
    tools.add("dpkg-query", NOT_INSTALLED)
    tools.add(
        "apt-get",
        '[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1\n'
        "echo Reading package lists...\n"
        "echo 'Unpacking seabios (1.16) ...'\n"
        "echo 'Setting up qemu-system-x86:amd64 (7.2) ...'",
    )
    said: list[str] = []
    ensure_packages(["qemu-system-x86"], said.append)
    assert said == ["Installing qemu-system-x86", "Unpacking seabios", "Setting up qemu-system-x86"]
    (command,) = (call for call in tools.calls if call.startswith("apt-get"))
    assert command.startswith("apt-get install --yes")
    assert "--no-install-recommends" in command


def test_the_lists_are_updated_once_when_an_installation_fails(tools: Tools, as_root: None) -> None:
    tools.add("dpkg-query", NOT_INSTALLED)
    tools.add("apt-get", FAILS_UNTIL_UPDATED)
    ensure_packages(["qemu-system-x86"], lambda text: None)
    assert [call.split()[1] for call in tools.calls if call.startswith("apt-get")] == ["install", "update", "install"]


def test_an_installation_that_fails_twice(tools: Tools, as_root: None) -> None:
    tools.add("dpkg-query", NOT_INSTALLED)
    tools.add("apt-get", "exit 100")
    with pytest.raises(GuestUnavailable, match="could not install qemu-system-x86"):
        ensure_packages(["qemu-system-x86"], lambda text: None)


def test_a_system_without_apt(tools: Tools, as_root: None) -> None:
    with pytest.raises(GuestUnavailable, match="dpkg-query was not found"):
        ensure_packages(["qemu-system-x86"], lambda text: None)


DEPENDS = "printf 'linux-image-cloud-amd64\\n  Depends: linux-image-6.1.0-56-cloud-amd64\\n'"


def test_the_package_behind_a_metapackage(tools: Tools, as_anybody: None) -> None:
    tools.add("apt-cache", DEPENDS)
    assert real_package("linux-image-cloud-amd64", lambda text: None) == "linux-image-6.1.0-56-cloud-amd64"


def test_empty_lists_are_updated_by_root(tools: Tools, as_root: None) -> None:
    tools.add("apt-get", FAILS_UNTIL_UPDATED)
    tools.add("apt-cache", f'[ -e "$(/usr/bin/dirname "$0")/updated" ] || exit 100\n{DEPENDS}')
    said: list[str] = []
    assert real_package("linux-image-cloud-amd64", said.append) == "linux-image-6.1.0-56-cloud-amd64"
    assert said == ["Updating the package lists"]


def test_empty_lists_for_who_is_not_root(tools: Tools, as_anybody: None) -> None:
    tools.add("apt-cache", "exit 100")
    with pytest.raises(GuestUnavailable, match="run: sudo apt-get update"):
        real_package("linux-image-cloud-amd64", lambda text: None)


def test_a_metapackage_that_nobody_offers(tools: Tools, as_root: None) -> None:
    tools.add("apt-get")
    tools.add("apt-cache", "exit 100")
    with pytest.raises(GuestUnavailable, match="do not offer linux-image-cloud-amd64"):
        real_package("linux-image-cloud-amd64", lambda text: None)


def test_packages_are_fetched_into_the_folder(tools: Tools, as_anybody: None, tmp_path: Path) -> None:
    tools.add("apt-get", ": > b.deb; : > a.deb")
    target = tmp_path / "target"
    target.mkdir()
    assert download(["a", "b"], target, lambda text: None) == [target / "a.deb", target / "b.deb"]
    assert tools.calls == ["apt-get download -q a b"]


def test_a_package_that_cannot_be_fetched(tools: Tools, as_root: None, tmp_path: Path) -> None:
    tools.add("apt-get", "exit 100")
    with pytest.raises(GuestUnavailable, match="could not download a"):
        download(["a"], tmp_path, lambda text: None)


def test_a_package_that_cannot_be_unpacked(tools: Tools, tmp_path: Path) -> None:
    tools.add("dpkg", "exit 2")
    with pytest.raises(GuestUnavailable, match=r"could not unpack a\.deb"):
        unpack(tmp_path / "a.deb", tmp_path)
