"""The guest's files: downloaded once, kept, never incomplete."""

import platform
from pathlib import Path

import pytest
from tests.fakes.tools import Tools

from keyhole.demo import GuestUnavailable
from keyhole.demo.guest_image import build_image

DPKG = """
/bin/mkdir -p "$3/boot" "$3/bin"
case "$2" in
  */linux-*) echo kernel > "$3/boot/vmlinuz-6.1.0-56-cloud-amd64" ;;
  *) echo busybox > "$3/bin/busybox" ;;
esac
"""


@pytest.fixture
def packages(tools: Tools, as_anybody: None) -> Tools:
    """A system whose package sources offer what is needed."""
    tools.add("apt-cache", "echo '  Depends: linux-image-6.1.0-56-cloud-amd64'")
    tools.add("apt-get", 'shift 2; for package in "$@"; do : > "$package.deb"; done')
    tools.add("dpkg", DPKG)
    return tools


def test_the_image_is_made_of_two_packages(packages: Tools, tmp_path: Path) -> None:
    said: list[str] = []
    image = build_image(tmp_path / "state", said.append)
    assert image.kernel.read_text() == "kernel\n"
    assert b"busybox\n" in image.initramfs.read_bytes()
    assert len(said) == 1
    assert "apt-get download -q linux-image-6.1.0-56-cloud-amd64 busybox-static" in packages.calls


def test_the_second_time_fetches_nothing(packages: Tools, tmp_path: Path) -> None:
    first = build_image(tmp_path, lambda text: None)
    calls = packages.calls
    said: list[str] = []
    assert build_image(tmp_path, said.append) == first
    assert packages.calls == calls
    assert said == []


def test_nothing_else_is_left_behind(packages: Tools, tmp_path: Path) -> None:
    build_image(tmp_path, lambda text: None)
    build_image(tmp_path, lambda text: None)
    assert sorted(path.name for path in (tmp_path / "guest").iterdir()) == ["busybox", "initramfs", "vmlinuz"]


def test_a_build_that_fails_midway_is_begun_again(packages: Tools, tmp_path: Path) -> None:
    packages.add("dpkg", "exit 2")
    with pytest.raises(GuestUnavailable):
        build_image(tmp_path, lambda text: None)
    assert list((tmp_path / "guest").iterdir()) == []
    packages.add("dpkg", DPKG)
    assert build_image(tmp_path, lambda text: None).kernel.read_text() == "kernel\n"


def test_a_package_without_the_file(packages: Tools, tmp_path: Path) -> None:
    packages.add("dpkg", '/bin/mkdir -p "$3"')
    with pytest.raises(GuestUnavailable, match="busybox"):
        build_image(tmp_path, lambda text: None)


@pytest.mark.parametrize(("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64"), ("", "")])
def test_another_machine_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, machine: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(GuestUnavailable, match=machine or "unknown machine"):
        build_image(tmp_path, lambda text: None)
