"""Which drivers the settings name, and what is wrong with them in one line."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest

from keyhole import config
from keyhole.config import DriverSettings
from keyhole.errors import SettingsError
from keyhole.ports.drivers import DriverContext
from keyhole.runtime import drivers
from keyhole.runtime.drivers import chosen_drivers


def chosen(sections: dict[str, Any]) -> list[str]:
    choices = chosen_drivers(config.make({"drivers": sections}, source="test"))
    made: list[Any] = [choice.make(DriverContext(choice.name, lambda name: name)) for choice in choices]
    return [f"{driver.name}: {type(driver).__name__}" for driver in made]


def test_a_driver_may_stand_several_times_under_names_of_their_own() -> None:
    sections = {
        "qemu": {"sockets": "/run/a/*.qmp"},
        "kvm-west": {"driver": "qemu", "sockets": "/run/b/*.qmp"},
        "simulated": {"driver": "simulated"},
    }
    assert chosen(sections) == ["qemu: QemuDriver", "kvm-west: QemuDriver", "simulated: SimulatedDriver"]


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"vmware": {}}, r"drivers\.vmware: there is no such driver; known are .*qemu, simulated"),
        ({"west": {"driver": "vmware"}}, r"drivers\.west\.driver: unknown; known are .*qemu, simulated"),
        ({"west": {"driver": ["qemu"]}}, r"drivers\.west\.driver: unknown"),
        ({"static": {}}, r"drivers\.static: there is no such driver"),
        ({"static": {"driver": "qemu"}}, r"drivers\.static\.driver: unknown"),
        ({"west": {"driver": "static"}}, r"drivers\.west\.driver: unknown"),
        ({"a b": {"driver": "qemu"}}, "a name has at most 63"),
        ({"west": {"driver": "qemu"}}, r"drivers\.west\.sockets: is missing"),
        ({"qemu": {"sockets": "x", "vcn": 1}}, r"drivers\.qemu\.vcn: is not a known key"),
    ],
)
def test_a_section_that_is_wrong(sections: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError, match=line):
        chosen(sections)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("far", "keyhole_far_away:Driver [libvirt]", drivers.DRIVERS_GROUP)
    monkeypatch.setattr(drivers, "entry_points", lambda group: [entry])
    with pytest.raises(
        SettingsError, match=r"drivers\.far: .*No module named .keyhole_far_away.; install keyhole\[lib"
    ):
        chosen({"far": {}})


@pytest.mark.parametrize("entry", entry_points(group=drivers.DRIVERS_GROUP), ids=lambda entry: entry.name)
def test_each_driver_has_the_common_settings(entry: EntryPoint) -> None:
    assert issubclass(entry.load().Settings, DriverSettings)
