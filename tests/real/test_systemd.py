"""The units in packaging/, and the service under systemd's own socket activation."""

import asyncio
import json
import os
import signal
import socket
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.live import answers, probing
from tests.real.processes import KEYHOLE, free_port, program, run, running
from tests.real.service import SIMULATED, USERS, Service
from tests.real.test_reload import reload
from tests.real.test_workers import is_gone

pytest_plugins = ("tests.real.fixtures",)

LONG = 60


def test_the_units_are_well_formed(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """systemd's own check, with the program where it is here."""
    units = [tmp_path / "keyhole.service", tmp_path / "keyhole.socket"]
    for unit in units:
        text = (pytestconfig.rootpath / "packaging" / "systemd" / unit.name).read_text()
        unit.write_text(text.replace("/usr/bin/keyhole", str(KEYHOLE)))
    done = run(program("systemd-analyze", "systemd"), "verify", *units)
    complaints = [line for line in done.stderr.splitlines() if "keyhole" in line]
    assert (done.returncode, complaints) == (0, [])


def test_the_port_comes_from_systemd(portal: BlockingPortal, tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "keyhole.toml"
    address = f"http://127.0.0.1:{port}"
    config.write_text(
        f'[server]\npublic_url = "{address}"\nworkers = 2\n'
        f'[store]\nurl = "sqlite:///{tmp_path}/keyhole.db"\n{USERS}{SIMULATED}'
    )
    activate = (program("systemd-socket-activate", "systemd"), "-l", f"127.0.0.1:{port}")
    with running(*activate, KEYHOLE, "serve", "--config", config, folder=tmp_path, name="keyhole") as process:
        service = Service(address, process)
        portal.call(until, partial(_is_listening, port), LONG)
        assert answers(service), process.stderr

        async def reload_it() -> None:
            async with probing(port) as prober:
                assert await asyncio.to_thread(reload, tmp_path) == (0, "")
                await prober.go_on()
            assert prober.failed == []

        portal.call(reload_it)
        assert process.end() == 0
        events = [line for line in process.logged if '"worker.started"' in line]
        assert len(events) == 4
        for worker in [json.loads(line)["worker"] for line in events]:
            portal.call(is_gone, worker)


def test_systemd_is_told_what_happens(portal: BlockingPortal, tmp_path: Path) -> None:
    config = tmp_path / "keyhole.toml"
    config.write_text(
        f'[server]\nlisten = "127.0.0.1:{free_port()}"\n[store]\nurl = "sqlite:///{tmp_path}/keyhole.db"\n'
        f"[sessions]\ndrain_seconds = 5\n{SIMULATED}"
    )
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(LONG)
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = (KEYHOLE, "serve", "--config", config)
        with running(*command, folder=tmp_path, environment=environment, name="keyhole") as process:
            assert systemd.recv(1024) == b"READY=1"
            assert answers(Service(f"http://{_listen(config)}", process))
            process.process.send_signal(signal.SIGHUP)
            assert systemd.recv(1024).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert systemd.recv(1024) == b"READY=1"
            assert process.end() == 0
            assert systemd.recv(1024) == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000"


def _listen(config: Path) -> str:
    return config.read_text().split('"')[1]


def _is_listening(port: int) -> bool:
    """Looks, without connecting, whether a loopback port is listened on (proc(5), /proc/net/tcp)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1] == f"0100007F:{port:04X}" and line.split()[3] == "0A" for line in lines)
