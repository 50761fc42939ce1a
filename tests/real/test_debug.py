"""`keyhole debug` on a running service of two workers: the capture is read by tcpdump."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.real.live import KEY_EVENT, Session, sessions_on
from tests.real.processes import KEYHOLE, run
from tests.real.service import DEMO, USERS, Service, User, serving
from tests.real.targets import SERVER_IDS, static_server, url_of

pytest_plugins = ("tests.real.fixtures",)

ADMIN = User("admin", "admin-password", "demo", ("admin",))


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with portal.wrap_async_context_manager(listening(echo)) as target:
        settings = f"{USERS}{ADMIN.settings}{static_server(0, 'vm', url_of(target))}"
        with serving(portal, folder, settings, server={"workers": 2}) as service:
            yield service


def command(service: Service, folder: Path, user: User, *words: str) -> CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    variables = {
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_USERNAME": user.name,
        "OS_PASSWORD": user.password,
        "OS_PROJECT_NAME": user.project,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "HOME": str(folder),
    }
    return run(KEYHOLE, "debug", *words, environment=kept | variables, folder=folder)


async def echoing_while(session: Session, service: Service, folder: Path, *words: str) -> CompletedProcess[str]:
    """Runs a command while the session types."""
    running = asyncio.create_task(asyncio.to_thread(command, service, folder, ADMIN, *words))
    while not running.done():
        await session.echo()
        await asyncio.sleep(0.05)
    return await running


async def one_session(service: Service, folder: Path, *words: str) -> CompletedProcess[str]:
    async with sessions_on(service, SERVER_IDS.format(0), 1) as (session,):
        (session_id,) = await until(lambda: session_ids(service))
        done = await echoing_while(session, service, folder, words[0], session_id, *words[1:])
    await until(lambda: not session_ids(service))
    return done


def session_ids(service: Service) -> list[str]:
    found = service.get("/v1/sessions", headers={"X-Auth-Token": service.token_of(DEMO)}).json()["sessions"]
    return [session["id"] for session in found]


def test_a_capture_is_a_file_that_tcpdump_reads(portal: BlockingPortal, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "session.pcap"
    for _ in range(4):  # whichever worker is asked first
        done = portal.call(one_session, service, tmp_path, "capture", "--seconds", "2", "-o", str(file))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert file.stat().st_mode & 0o777 == 0o600
        read = run("tcpdump", "-n", "-tt", "-x", "-r", file, folder=tmp_path)
        assert read.returncode == 0
        packets = [line for line in read.stdout.splitlines() if line[0].isdigit()]
        assert [re.search(r"Flags \[(.*?)\]", line)[1] for line in packets[:3]] == ["S", "S.", "."]  # type: ignore[index]
        to_target = [line for line in packets if "192.0.2.1.49152 > 192.0.2.2.5900" in line and "length 8" in line]
        to_viewer = [line for line in packets if "192.0.2.2.5900 > 192.0.2.1.49152" in line and "length 8" in line]
        assert min(len(to_target), len(to_viewer)) > 5
        assert abs(len(to_target) - len(to_viewer)) <= 1
        assert KEY_EVENT.hex(" ", 2) in read.stdout
    events = service.events("session.captured")
    assert [event["by"] for event in events] == ["admin"] * 4


def test_traffic_is_counted(portal: BlockingPortal, service: Service, tmp_path: Path) -> None:
    done = portal.call(one_session, service, tmp_path, "traffic", "--seconds", "1", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["to_target"]["bytes"] == len(KEY_EVENT) * found["to_target"]["pieces"] > 0
    done = portal.call(one_session, service, tmp_path, "traffic", "--seconds", "1")
    heading, viewer, server = done.stdout.splitlines()
    assert heading.split()[:3] == ["Direction", "Bytes", "Bytes/s"]
    assert viewer.startswith("to viewer")
    assert server.startswith("to server")


def test_a_refusal_leaves_the_file_alone(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "session.pcap"
    file.write_bytes(b"an earlier capture")
    done = command(service, tmp_path, ADMIN, "capture", "unknown", "-o", str(file))
    assert (done.returncode, done.stderr) == (1, "keyhole: There is no such session in your project.\n")
    done = command(service, tmp_path, DEMO, "capture", "unknown", "-o", str(file))
    assert (done.returncode, done.stderr) == (1, "keyhole: This requires the role admin.\n")
    assert file.read_bytes() == b"an earlier capture"
