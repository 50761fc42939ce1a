"""How a guest is started and ended, with a scripted QEMU; the real one is in tests/real."""

import os
import tempfile
import time
from pathlib import Path

import pytest
from tests.fakes.tools import Tools
from tests.fakes.waiting import until

import keyhole.demo.qemu_guest as qemu_guest
from keyhole.demo import GuestUnavailable
from keyhole.demo.guest_image import GuestImage
from keyhole.demo.qemu_guest import DemoGuest

SERVER_ID = "11111111-2222-3333-4444-555555555555"
SETPRIV = 'shift 2; exec "$@"'
# Finds the log's path among its arguments as QEMU does, and writes what a guest would.
BOOTS = 'log=${*##*logfile=}; log=${log%%,logappend*}; printf "boot\\r\\ndemo login: " > "$log"; exec /bin/sleep 60'
STUBBORN = "trap '' TERM; while :; do /bin/sleep 1; done"


@pytest.fixture
def machine(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine where guests' folders are made below the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tools.add("setpriv", SETPRIV)
    tools.add("qemu-system-x86_64", BOOTS)
    return tools


def make_guest(tmp_path: Path, name: str = "demo") -> DemoGuest:
    image = GuestImage(tmp_path / "vmlinuz", tmp_path / "initramfs")
    return DemoGuest(image, name=name, server_id=SERVER_ID, progress=lambda text: None)


def folders(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("keyhole-demo-*"))


@pytest.mark.parametrize("name", ["", "a b", "a,b", "-a", "a-", "ümlaut", "a\n", "x" * 64, "a.b"])
def test_a_name_that_is_no_hostname(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="hostname"):
        make_guest(tmp_path, name)


async def test_a_guest_runs_inside_its_block_and_leaves_nothing(machine: Tools, tmp_path: Path) -> None:
    async with make_guest(tmp_path, "web-1") as guest:
        await guest.until_ready()
        os.kill(guest.pid, 0)
        pid, (folder,) = guest.pid, folders(tmp_path)
        assert folder.stat().st_mode & 0o077 == 0
        assert guest.serial_log.read_bytes().endswith(b"login: ")
        (command,) = (call for call in machine.calls if call.startswith("qemu-system"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert folders(tmp_path) == []
    assert " -accel tcg" in command
    assert f"-name web-1 -uuid {SERVER_ID}" in command
    assert f"-vnc unix:{folder}/vnc" in command
    assert "hostname=web-1" in command
    assert "-no-reboot" not in command
    (setpriv,) = (call for call in machine.calls if call.startswith("setpriv"))
    assert setpriv.startswith("setpriv --pdeathsig KILL /")


async def test_a_guest_that_does_not_end_is_killed(
    machine: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu_guest, "STOP_SECONDS", 0.2)
    machine.add("qemu-system-x86_64", STUBBORN)
    async with make_guest(tmp_path) as guest:
        pid = guest.pid
        await until(lambda: any(call.startswith("qemu-system") for call in machine.calls))
        started_at = time.monotonic()
    assert 0.2 <= time.monotonic() - started_at < 3
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_guest_that_ends_while_booting_says_why(machine: Tools, tmp_path: Path) -> None:
    machine.add("qemu-system-x86_64", "echo starting; echo 'could not load kernel' >&2; exit 1")
    async with make_guest(tmp_path) as guest:
        with pytest.raises(GuestUnavailable, match="could not load kernel"):
            await guest.until_ready()
        assert await guest.wait() == 1
    assert folders(tmp_path) == []


async def test_a_guest_that_never_boots(machine: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_guest, "READY_SECONDS", 0.1)
    machine.add("qemu-system-x86_64", "exec /bin/sleep 60")
    async with make_guest(tmp_path) as guest:
        with pytest.raises(GuestUnavailable, match="did not boot"):
            await guest.until_ready()


@pytest.mark.parametrize("tool", ["qemu-system-x86_64", "setpriv"])
async def test_a_missing_tool_is_named(tools: Tools, tmp_path: Path, tool: str) -> None:
    for other in {"qemu-system-x86_64", "setpriv"} - {tool}:
        tools.add(other)
    with pytest.raises(GuestUnavailable, match=tool):
        await make_guest(tmp_path).__aenter__()
    assert folders(tmp_path) == []


async def test_a_folder_too_deep_for_sockets(machine: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(GuestUnavailable, match="TMPDIR"):
        await make_guest(tmp_path).__aenter__()
    assert list(deep.iterdir()) == []


async def test_commas_in_paths_reach_qemu_doubled(
    machine: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    machine.add("qemu-system-x86_64", "exec /bin/sleep 60")
    async with make_guest(tmp_path):
        await until(lambda: any(call.startswith("qemu-system") for call in machine.calls))
    (command,) = (call for call in machine.calls if call.startswith("qemu-system"))
    assert f"-qmp unix:{tmp_path}/a,,b/" in command
    assert f"logfile={tmp_path}/a,,b/" in command


def test_a_guest_outside_its_block_has_no_process(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _ = make_guest(tmp_path).pid
