"""The demo's guest as it really boots, is seen, is typed at, and ends."""

import asyncio
import os
import re
import shutil
import signal
import sys
import textwrap

from tests.fakes.waiting import until
from tests.real.guests import (
    fresh_id,
    has_ended,
    is_socket,
    qmp,
    serial_line,
    type_keys,
    until_screen,
)

from keyhole.demo.guest_image import GuestImage
from keyhole.demo.initramfs import LOGIN_PASSWORD, LOGIN_USER
from keyhole.demo.qemu_guest import DemoGuest

BOOT_MARK = b"Linux version"


async def test_the_first_screen_is_the_greeting_and_a_prompt_alone(guest_image: GuestImage) -> None:
    async with DemoGuest(guest_image, name="web-1", server_id=fresh_id(), progress=print) as guest:
        await guest.until_ready()
        text = await until_screen(guest.qmp_path, lambda text: "# " in text or text.endswith("#"))
    assert text.splitlines() == [
        "Keyhole demo guest: a real Linux under QEMU, seen through its VNC console.",
        f"Try: uname -a, ls /, reboot. Serial console: login {LOGIN_USER}, password {LOGIN_PASSWORD}.",
        "",
        "web-1:~#",
    ]


async def test_it_says_when_it_is_up(guest_image: GuestImage) -> None:
    said: list[str] = []
    async with DemoGuest(guest_image, name="timed", server_id=fresh_id(), progress=said.append) as guest:
        await guest.until_ready()
    assert [re.sub(r"[0-9.]+ s", "N s", text) for text in said] == [
        "Booting timed, a small Linux under QEMU",
        "timed is up after N s",
    ]


async def test_what_is_typed_is_run_and_seen_on_the_screen(guest: DemoGuest) -> None:
    await until_screen(guest.qmp_path, lambda text: "#" in text)
    await type_keys(guest.qmp_path, "clear\necho x$((6*7))\n")
    await until_screen(guest.qmp_path, lambda text: "x42" in text.splitlines())


async def test_the_serial_console_asks_for_a_login(guest: DemoGuest) -> None:
    async with serial_line(guest.serial_path) as line:
        await line.log_in()
        await line.run("echo x$((6*7))", rb"x42\r\n")
        await line.run("id -u; hostname", rb"0\r\nshared\r\n")
        await line.run("exit", rb"login: ")


async def test_a_wrong_password_is_refused_on_the_serial_console(guest: DemoGuest) -> None:
    async with serial_line(guest.serial_path) as line:
        line.send("\r")
        await line.expect(rb"login: ")
        line.send(f"{LOGIN_USER}\r")
        await line.expect(rb"Password: ")
        line.send("wrong\r")
        await line.expect(rb"Login incorrect")


async def test_the_serial_log_is_kept_while_nobody_listens(guest: DemoGuest) -> None:
    log = guest.serial_log.read_bytes()
    assert BOOT_MARK in log
    assert b"login:" in log


async def test_a_reboot_boots_the_same_guest_again(own_guest: DemoGuest) -> None:
    pid = own_guest.pid
    await until_screen(own_guest.qmp_path, lambda text: "#" in text)
    await type_keys(own_guest.qmp_path, "echo before; reboot\n")
    await until(lambda: own_guest.serial_log.read_bytes().count(BOOT_MARK) == 2, seconds=60)
    text = await until_screen(own_guest.qmp_path, lambda text: text.endswith("own:~#"), seconds=60)
    assert "before" not in text
    assert own_guest.pid == pid
    assert not has_ended(pid)


async def test_ctrl_alt_delete_reboots(own_guest: DemoGuest) -> None:
    async with qmp(own_guest.qmp_path) as session:
        keys = [{"type": "qcode", "data": code} for code in ("ctrl", "alt", "delete")]
        await session.execute("send-key", keys=keys)
    await until(lambda: own_guest.serial_log.read_bytes().count(BOOT_MARK) == 2, seconds=60)


async def test_poweroff_ends_the_guest(own_guest: DemoGuest) -> None:
    await until_screen(own_guest.qmp_path, lambda text: "#" in text)
    await type_keys(own_guest.qmp_path, "poweroff\n")
    async with asyncio.timeout(30):
        assert await own_guest.wait() == 0


async def test_nothing_is_left_when_it_ends(guest_image: GuestImage) -> None:
    async with DemoGuest(guest_image, name="brief", server_id=fresh_id(), progress=print) as guest:
        await guest.until_ready()
        pid, folder = guest.pid, guest.qmp_path.parent
        assert all(map(is_socket, (guest.qmp_path, guest.vnc_path, guest.serial_path)))
    assert has_ended(pid)
    assert not folder.exists()


PARENT = """
import asyncio, sys
from pathlib import Path
from keyhole.demo.guest_image import GuestImage
from keyhole.demo.qemu_guest import DemoGuest

async def main():
    image = GuestImage(Path(sys.argv[1]), Path(sys.argv[2]))
    async with DemoGuest(image, name="orphan", server_id=sys.argv[3], progress=lambda text: None) as guest:
        print(guest.pid, guest.qmp_path.parent, flush=True)
        await guest.until_ready()
        print("ready", flush=True)
        await guest.wait()

asyncio.run(main())
"""


async def test_the_guest_dies_with_its_parent_even_when_that_is_killed(guest_image: GuestImage) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(PARENT),
        str(guest_image.kernel),
        str(guest_image.initramfs),
        fresh_id(),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert parent.stdout is not None
        async with asyncio.timeout(60):
            pid_text, folder = (await parent.stdout.readline()).decode().split()
            assert await parent.stdout.readline() == b"ready\n"
        pid = int(pid_text)
        assert not has_ended(pid)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        await parent.wait()
    await until(lambda: has_ended(pid), seconds=5)
    shutil.rmtree(folder)  # the one thing that a killed parent leaves behind
