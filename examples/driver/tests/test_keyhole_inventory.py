"""The inventory driver held to what every driver does, and what is its own."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from examples.driver import keyhole_inventory
from examples.driver.keyhole_inventory import InventoryDriver
from tests.contract.driver_hosts import Hosts, HostsSuite
from tests.contract.driver_many import SERVER_IDS, ManySuite
from tests.contract.driver_names import Named, NamesSuite
from tests.contract.driver_news import DeleteSuite, LostNewsSuite, MoveSuite, Scene
from tests.contract.driver_stage import CONTEXT, PROJECT, Broken, Stage
from tests.contract.driver_suite import DoublesSuite
from tests.contract.machines import Machine
from tests.fakes.drivers import address_of, sentences, target_of

from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.drivers.simulated.serial_server import SerialLog, SerialServer
from keyhole.errors import Unavailable
from keyhole.model import Protocol, TcpAddress, UnixAddress

SERVER_ID = "7d0a0000-0000-4000-8000-000000000001"
HEAD = "id,name,project,vnc,serial,log,rack\n"


def write(folder: Path, text: str) -> None:
    """Replaces the inventory in one step."""
    (folder / "new.csv").write_text(text)
    (folder / "new.csv").replace(folder / "inventory.csv")


def make_driver(folder: Path, text: str, **settings: Any) -> InventoryDriver:
    write(folder, text)
    return InventoryDriver(InventoryDriver.Settings(file=folder / "inventory.csv", **settings), CONTEXT)


def line_of(machine: Machine) -> str:
    return f"{machine.id},{machine.name},{PROJECT},{machine.vnc},{machine.serial},{machine.log},\n"


class TestInventory(DoublesSuite):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[Stage]:
        log = tmp_path / "serial.log"
        async with AsyncExitStack() as stack:
            vnc, serial = RfbServer("rack1-a"), SerialServer("rack1-a", SerialLog(log))
            for server in (vnc, serial):
                stack.push_async_callback(server.close)
            screen = await vnc.start(TcpAddress("127.0.0.1", 0))
            line = await serial.start(UnixAddress(str(tmp_path / "serial")))
            text = f"{HEAD}{SERVER_ID},rack1-a,{PROJECT},{screen},{line},{log},rack 1\n"
            driver = await stack.enter_async_context(make_driver(tmp_path, text, project="other"))
            yield Stage(driver, SERVER_ID, frozenset({Protocol.VNC, Protocol.SERIAL}), log.read_bytes)

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[Broken]:
        async with make_driver(tmp_path, f"{HEAD}{SERVER_ID},a,,vnc://10.0.0.1,,\n") as driver:
            yield Broken(driver, f"{tmp_path}/inventory.csv:2")


class TestInventoryHosts(HostsSuite):
    @pytest.fixture
    async def hosts(self, tmp_path: Path) -> AsyncIterator[Hosts]:
        dying, other = Machine(tmp_path / "a", "dying"), Machine(tmp_path / "b", "other")
        async with dying, other, make_driver(tmp_path, HEAD + line_of(dying) + line_of(other)) as driver:
            yield Hosts(driver, dying.id, other.id, dying.end)


class TestInventoryNews(DeleteSuite, MoveSuite, LostNewsSuite):
    @pytest.fixture
    async def scene(self, tmp_path: Path) -> AsyncIterator[Scene]:
        machine, new = Machine(tmp_path / "old", SERVER_ID), Machine(tmp_path / "new", SERVER_ID)
        renamed = line_of(machine).replace(machine.name, "renamed", 1)

        async def become(text: str) -> None:
            write(tmp_path, HEAD + text)

        async def lose() -> None:
            (tmp_path / "inventory.csv").unlink()

        events = {
            "delete": lambda: become(""),
            "move": lambda: become(line_of(new)),
            "lose": lose,
            "regain": lambda: become(renamed),
        }
        async with machine, new, make_driver(tmp_path, HEAD + line_of(machine), poll_seconds=1) as driver:
            yield Scene(driver, SERVER_ID, events)


class TestInventoryNames(NamesSuite):
    @pytest.fixture
    def named(self, tmp_path: Path) -> Named:
        def make(name: str) -> InventoryDriver:
            return make_driver(tmp_path, f'{HEAD}{SERVER_ID},"{name}",,tcp://h:1,,\n')

        return make


class TestInventoryMany(ManySuite):
    @pytest.fixture
    def many(self, tmp_path: Path) -> InventoryDriver:
        return make_driver(tmp_path, HEAD + "".join(f"{one},,,tcp://h:1,,\n" for one in SERVER_IDS))


def test_the_package_names_it_as_a_driver() -> None:
    package = tomllib.loads(Path(keyhole_inventory.__file__).with_name("pyproject.toml").read_text("utf-8"))
    assert package["project"]["entry-points"]["keyhole.drivers"] == {"inventory": "keyhole_inventory:InventoryDriver"}


async def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, f"{HEAD}a,,,tcp://h:1,,\n")
    assert [(one.id, one.name, one.project_id) for one in await driver.list_now()] == [("a", "a", "id of demo")]
    make_driver(tmp_path, f"{HEAD}a,,,tcp://h:1,,\nb,web,lab,tcp://h:2,,\n")
    assert [(one.id, one.name, one.project_id) for one in await driver.list_now()][1:] == [("b", "web", "id of lab")]


async def test_what_was_located_is_opened_whatever_the_file_says_by_then(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, f"{HEAD}a,,,tcp://h:1,,\n")
    location = await driver.locate("a", Protocol.VNC)
    make_driver(tmp_path, f"{HEAD}a,,,tcp://other:22,,\n")
    async with driver.open(location, None) as target:
        assert address_of(target) == TcpAddress("h", 1)
    assert address_of(await target_of(driver, "a", Protocol.VNC)) == TcpAddress("other", 22)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b,x,,tcp://h:1,,", "the column id must have"),
        (",x,,tcp://h:1,,", "the column id must have"),
        ("a,x,,h:1,,", "write tcp://HOST:PORT or unix:/PATH"),
        ("good,x,,tcp://h:1,,", "the id good is listed twice"),
    ],
)
async def test_a_line_that_cannot_be_used_is_named_and_hides_no_other(tmp_path: Path, line: str, words: str) -> None:
    driver = make_driver(tmp_path, f"{HEAD}good,,,tcp://h:1,,\n{line}\n")
    assert [one.id for one in await driver.list_now()] == ["good"]
    (sentence,) = await sentences(driver)
    assert sentence.startswith(f"{tmp_path}/inventory.csv:3: ")
    assert words in sentence


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * (keyhole_inventory.MAX_FILE_BYTES + 1)])
async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    driver = make_driver(tmp_path, HEAD)
    path = tmp_path / "inventory.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"inventory\.csv cannot be read"):
        await driver.list_now()
    (sentence,) = await sentences(driver)
    assert str(path) in sentence
