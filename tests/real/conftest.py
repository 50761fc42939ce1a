"""Real guests for every test here. QEMU or a package that is missing is an error, as it would be for the demo."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.real.guests import fresh_id

from keyhole.demo.guest_image import GuestImage, build_image
from keyhole.demo.qemu_guest import DemoGuest


@pytest.fixture(scope="session")
def guest_image(pytestconfig: pytest.Config) -> GuestImage:
    """The demo guest's kernel and initramfs, kept below `.cache` of the checkout."""
    return build_image(pytestconfig.rootpath / ".cache" / "demo", print)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def guest(guest_image: GuestImage) -> AsyncIterator[DemoGuest]:
    """One guest for all tests that leave it as it was: running, nobody on its serial port, logged out there."""
    async with DemoGuest(guest_image, name="shared", server_id=fresh_id(), progress=print) as guest:
        await guest.until_ready()
        yield guest


@pytest.fixture
async def own_guest(guest_image: GuestImage) -> AsyncIterator[DemoGuest]:
    """A guest of the test's own, which may be stopped, rebooted and switched off."""
    async with DemoGuest(guest_image, name="own", server_id=fresh_id(), progress=print) as guest:
        await guest.until_ready()
        yield guest
