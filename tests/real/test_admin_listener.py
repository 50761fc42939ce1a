"""The admins' address: detailed health for everybody who can reach it, through reloads, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.processes import free_port, is_free
from tests.real.service import USERS, Service, serving
from tests.real.targets import SERVER_IDS, static_server
from tests.real.test_reload import LONG, change, reload

pytest_plugins = ("tests.real.fixtures",)

SECRET = "secret-name"


def asked(admin: str, path: str) -> httpx.Response:
    """An answer at the admins' address: a port on loopback, or a unix socket's path."""
    transport = httpx.HTTPTransport(uds=admin) if admin.startswith("/") else None
    base = "http://admin" if transport else f"http://{admin}"
    with httpx.Client(transport=transport, base_url=base, timeout=LONG) as client:
        return client.get(path)


@contextmanager
def served(portal: BlockingPortal, folder: Path, admin: str, workers: int) -> Iterator[Service]:
    """A service whose one server's console does not answer."""
    machine = static_server(0, SECRET, f"tcp://127.0.0.1:{free_port()}")
    listen = f"unix:{admin}" if admin.startswith("/") else admin
    keys: dict[str, str | int] = {"admin_listen": listen, "workers": workers}
    with serving(portal, folder, f"{USERS}{machine}", server=keys) as service:
        yield service


@pytest.mark.parametrize(("kind", "workers"), [("tcp", 2), ("unix", 1)])
def test_it_tells_details_that_the_public_port_does_not(
    portal: BlockingPortal, tmp_path: Path, kind: str, workers: int
) -> None:
    admin = f"127.0.0.1:{free_port()}" if kind == "tcp" else str(tmp_path / "admin.sock")
    with served(portal, tmp_path, admin, workers) as service:
        answer = asked(admin, "/readyz")
        assert answer.status_code == 200
        (problem,) = answer.json()["problems"]
        assert problem["part"] == "static"
        assert f"Server {SECRET} ({SERVER_IDS.format(0)})" in problem["sentence"]
        everybodys = service.get("/readyz")
        assert everybodys.json() == {"ready": True, "parts": {"store": 0, "identity": 0, "drivers": {"static": 1}}}
        for path in ("/readyz", "/metrics"):
            assert SECRET not in service.get(path).text
        assert asked(admin, "/healthz").text == "ok"
        assert f'keyhole_workers{{state="serving"}} {workers}.0' in asked(admin, "/metrics").text
        assert asked(admin, "/compute/v2.1/servers").status_code == 404


def test_it_outlives_reloads_moves_and_ends(portal: BlockingPortal, tmp_path: Path) -> None:
    old, new = f"127.0.0.1:{free_port()}", str(tmp_path / "admin.sock")
    with served(portal, tmp_path, old, workers=1) as service:
        for _ in range(2):
            assert reload(tmp_path) == (0, "")
            assert asked(old, "/healthz").text == "ok"
        change(tmp_path, f'"{old}"', f'"unix:{new}"')
        assert reload(tmp_path) == (0, "")
        assert len(asked(new, "/readyz").json()["problems"]) == 1
        portal.call(until, lambda: is_free(int(old.partition(":")[2])), LONG)
        change(tmp_path, f'admin_listen = "unix:{new}"', "")
        assert reload(tmp_path) == (0, "")
        assert not Path(new).exists()
        assert service.get("/healthz").text == "ok"
        assert service.running.end() == 0
        assert "Traceback" not in service.running.stderr


def test_an_address_that_is_taken_changes_nothing(portal: BlockingPortal, tmp_path: Path) -> None:
    first = f"127.0.0.1:{free_port()}"
    with served(portal, tmp_path, first, workers=1) as service:
        change(tmp_path, first, f"127.0.0.2:{service.port}")
        change(tmp_path, f"127.0.0.1:{service.port}", f"127.0.0.2:{service.port}")
        status, words = reload(tmp_path)
        assert status == 2
        assert "admin_listen is the same address as listen" in words
        assert asked(first, "/healthz").text == "ok"
        assert service.get("/healthz").text == "ok"
