"""What the tests of the whole product share: a plugin that they name in `pytest_plugins`.

Playwright's synchronous interface keeps an event loop in the tests' thread while a browser is open. So tests with a
browser are no coroutines, the browser is closed at the end of their module, and what is asynchronous goes through the
`portal`, whose loop has a thread of its own.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, sync_playwright
from tests.real.browser import REFUSED_REQUEST, WINDOW, ConsolePage
from tests.real.processes import program
from tests.real.service import SIMULATED, USERS, Service, guests_found_at, serving

from keyhole.demo.qemu_guest import DemoGuest


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread that stays, through which tests that are not coroutines use what is asynchronous."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, guest: DemoGuest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the shared real guest and a simulated one."""
    settings = f"{USERS}{SIMULATED}{guests_found_at(guest.qmp_path)}"
    with serving(portal, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = program("chromium", "chromium")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.fixture
def open_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., ConsolePage]]:
    """Makes a page in a browser session of its own.

    Afterwards every page must have kept to its own origin, and Chromium must not have complained of anything but
    refused requests: not of an error, nor of the content security policy.
    """
    folder = request.config.rootpath / "test-results" / re.sub(r"\W+", "-", request.node.name).strip("-")
    pages: list[ConsolePage] = []
    with ExitStack() as stack:

        def make(locale: str = "en-US") -> ConsolePage:
            # Certificates are checked in tests of their own; here they are made for the day.
            context = stack.enter_context(
                chromium.new_context(viewport=WINDOW, locale=locale, ignore_https_errors=True)
            )
            pages.append(ConsolePage(context.new_page(), folder / str(len(pages)) if pages else folder))
            return pages[-1]

        yield make
        for page in pages:
            page.picture("end")
            assert [words for words in page.complaints if not REFUSED_REQUEST.search(words)] == []
            here = urlsplit(page.page.url).netloc
            assert {urlsplit(url).netloc for url in page.requested if not url.startswith("blob:")} <= {here}


@pytest.fixture
def viewer(open_page: Callable[[], ConsolePage]) -> ConsolePage:
    return open_page()
