"""Real guests for every test here. A missing QEMU or package is an error, as it is for the demo."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from tests.real.guests import fresh_id

from keyhole.demo.guest_image import GuestImage, build_image
from keyhole.demo.qemu_guest import DemoGuest

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 300
"""Of a test here that sets none itself: guests boot, browsers start, and services are waited for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="session")
def guest_image(pytestconfig: pytest.Config) -> GuestImage:
    """The demo guest's kernel and initramfs, kept below `.cache` of the checkout."""
    return build_image(pytestconfig.rootpath / ".cache" / "demo", print)


@pytest.fixture(scope="session")
def guest(guest_image: GuestImage) -> Iterator[DemoGuest]:
    """One guest for all tests that leave it as it was: running, nobody on its serial port, logged out there.

    It has a loop of its own, in a thread, since the tests' loops end with them and a browser's holds this thread. A
    test may use its paths and `pid`, not await it.
    """
    with start_blocking_portal() as portal:
        guest = portal.call(_started, guest_image, "shared")
        try:
            portal.call(guest.until_ready)
            yield guest
        finally:
            portal.call(guest.__aexit__, None, None, None)


@pytest.fixture
async def own_guest(guest_image: GuestImage) -> AsyncIterator[DemoGuest]:
    """A guest of the test's own, which may be stopped, rebooted and switched off."""
    async with DemoGuest(guest_image, name="own", server_id=fresh_id(), progress=print) as guest:
        await guest.until_ready()
        yield guest


async def _started(image: GuestImage, name: str) -> DemoGuest:
    return await DemoGuest(image, name=name, server_id=fresh_id(), progress=print).__aenter__()
