"""A reload: another generation of workers on the same port, without any interruption."""

import asyncio
import re
import signal
import ssl
from functools import partial
from pathlib import Path

import pytest
import trustme
from anyio.from_thread import BlockingPortal
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.real.certificates import certified
from tests.real.consoles import novnc_size
from tests.real.live import answers, echoed, metric, probing, sessions_on, traffic, worker_of, workers
from tests.real.processes import KEYHOLE, free_port, is_free, run
from tests.real.service import SIMULATED, USERS, Service, serving
from tests.real.targets import SERVER_IDS, static_server, url_of
from tests.real.test_workers import echoing, is_gone

pytest_plugins = ("tests.real.fixtures",)

SERVER = SERVER_IDS.format(0)
LIVE_SESSIONS = 200
LONG = 60


def reload(folder: Path) -> tuple[int, str]:
    """`keyhole reload`: its exit status and standard error."""
    done = run(KEYHOLE, "reload", "--config", folder / "keyhole.toml", folder=folder)
    assert done.stdout == ""
    return done.returncode, done.stderr


def change(folder: Path, old: str, new: str) -> None:
    """Changes the settings' file."""
    config = folder / "keyhole.toml"
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def test_an_upgrade_under_live_sessions_loses_none(portal: BlockingPortal, tmp_path: Path) -> None:
    async def upgrade(service: Service) -> None:
        async with sessions_on(service, SERVER, LIVE_SESSIONS) as sessions:  # noqa: SIM117  # the prober ends first
            async with traffic(sessions), probing(service.port) as prober:
                await echoed(sessions)
                before = set(workers(service))
                assert await asyncio.to_thread(reload, tmp_path) == (0, "")
                await echoed(sessions)
                await prober.go_on()
                assert prober.failed == []
                assert service.events("console.closed") == []
                retired = 'keyhole_workers{state="retired"}'
                await until(lambda: asyncio.to_thread(lambda: metric(service, retired) == 2), LONG)
                async with sessions_on(service, SERVER, 4) as later:
                    await asyncio.gather(*(session.echo() for session in later))
                    await until(lambda: len(worker_of(service)) == LIVE_SESSIONS + 4)
                assert not before & set(worker_of(service)[LIVE_SESSIONS:])
        for worker in before:
            await is_gone(worker)

    with echoing(portal, tmp_path, count=2) as service:
        portal.call(upgrade, service)
        assert metric(service, 'keyhole_sessions_opened_total{type="novnc"}') == LIVE_SESSIONS + 4
        assert service.running.end() == 0
        for worker in workers(service):
            portal.call(is_gone, worker)
        assert "Traceback" not in service.running.stderr


class TestNewSettings:
    def test_they_are_used(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}") as service:
            change(tmp_path, "[drivers.simulated]", '[tokens]\nreuse = "until_expiry"\n[drivers.simulated]')
            service.running.process.send_signal(signal.SIGHUP)
            portal.call(until, lambda: service.events("service.reloaded"), LONG)
            assert len(workers(service)) == 2
            link = service.console_url("5174e000-0000-4000-8000-000000000001")
            for _ in range(2):
                portal.call(novnc_size, link)
            with service.http as client:
                found = client.post("/v1/links/inspect", json={"token": link.partition("token%3D")[2]})
            assert found.status_code == 200, found.text

    @pytest.mark.parametrize("wrong", ["nonsense = 1", "[store]\nurl = 'sqlite:////none/such.db'"])
    def test_bad_ones_change_nothing(self, portal: BlockingPortal, tmp_path: Path, wrong: str) -> None:
        with echoing(portal, tmp_path, count=2) as service:
            config = tmp_path / "keyhole.toml"
            good = config.read_text()
            store = re.sub(r"\[store\]\nurl = .*\n", "", good)
            config.write_text(f"{wrong}\n{store}")

            async def try_it() -> None:
                async with sessions_on(service, SERVER, 2) as sessions, traffic(sessions):
                    status, words = await asyncio.to_thread(reload, tmp_path)
                    assert status == 2
                    assert re.fullmatch(r"keyhole: .*(nonsense|/none/such\.db).*\n", words)
                    await echoed(sessions)

            portal.call(try_it)
            assert len(service.events("service.reload_refused")) == 1
            assert service.events("worker.died") == []
            config.write_text(good)
            assert reload(tmp_path) == (0, "")

    def test_another_number_of_workers(self, portal: BlockingPortal, tmp_path: Path) -> None:
        async def renumber(service: Service) -> None:
            async with probing(service.port) as prober, sessions_on(service, SERVER, 2) as sessions, traffic(sessions):
                for before, after in ((1, 3), (3, 2)):
                    change(tmp_path, f"workers = {before}", f"workers = {after}")
                    assert await asyncio.to_thread(reload, tmp_path) == (0, "")
                    await echoed(sessions)
                    # Every socket that was ever bound is served, or a part of these would not be answered.
                    await prober.go_on(60)
                    serving = 'keyhole_workers{state="serving"}'
                    await until(partial(asyncio.to_thread, lambda: metric(service, serving) == after), LONG)  # noqa: B023
                assert prober.failed == []

        with echoing(portal, tmp_path, count=1) as service:
            portal.call(renumber, service)

    def test_another_address(self, portal: BlockingPortal, tmp_path: Path) -> None:
        with echoing(portal, tmp_path, count=2) as service:
            old, new = service.port, free_port()

            async def move() -> None:
                async with sessions_on(service, SERVER, 2) as sessions, traffic(sessions):
                    change(tmp_path, f"127.0.0.1:{old}", f"127.0.0.1:{new}")
                    assert await asyncio.to_thread(reload, tmp_path) == (0, "")
                    await until(lambda: is_free(old), LONG)
                    await echoed(sessions)

            portal.call(move)
            assert answers(Service(f"http://127.0.0.1:{new}", service.running))

    def test_a_service_that_does_not_run(self, tmp_path: Path) -> None:
        (tmp_path / "keyhole.toml").write_text("")
        status, words = reload(tmp_path)
        assert status == 1
        assert words == f"keyhole: no service runs here with the settings in {tmp_path}/keyhole.toml\n"


class TestACertificate:
    @pytest.mark.parametrize("kind", [trustme.KeyType.ECDSA, trustme.KeyType.RSA], ids=lambda kind: kind.name)
    def test_a_new_one_is_taken_under_a_live_session(
        self, portal: BlockingPortal, tmp_path: Path, kind: trustme.KeyType
    ) -> None:
        files, trust = certified(tmp_path, kind)
        with (
            portal.wrap_async_context_manager(listening(echo)) as target,
            serving(
                portal,
                tmp_path,
                f"{USERS}{static_server(0, 'vm', url_of(target))}",
                server={**files, "workers": 2},
                trust=trust,
            ) as service,
        ):
            portal.call(self._swap, service, tmp_path, kind)
            assert len(workers(service)) == 2

    async def _swap(self, service: Service, folder: Path, kind: trustme.KeyType) -> None:
        chain, key = folder / "certificate.pem", folder / "key.pem"
        old = chain.read_bytes()
        (folder / "new").mkdir()
        certified(folder / "new", kind)
        async with sessions_on(service, SERVER, 2) as sessions, traffic(sessions):
            # Half of the new pair: the old one stays, and the log says why.
            chain.write_bytes((folder / "new" / "certificate.pem").read_bytes())
            await until(lambda: len(service.events("service.degraded")) == 2)
            for _ in range(8):
                assert await asyncio.to_thread(served, service.port) == ssl.PEM_cert_to_DER_cert(old.decode())
            key.write_bytes((folder / "new" / "key.pem").read_bytes())
            await until(lambda: len(service.events("certificate.changed")) == 2)
            new = ssl.PEM_cert_to_DER_cert(chain.read_text())
            for _ in range(8):
                assert await asyncio.to_thread(served, service.port) == new
            await echoed(sessions)


def served(port: int) -> bytes:
    """The certificate that a new connection gets, in DER."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
