"""The console page in a browser, operated like a user."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect
from tests.real.pictures import read_picture

WINDOW: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_SECONDS = 20.0
POLL_MILLISECONDS = 50

KEY_MILLISECONDS = 40
"""The guest's PS/2 queue is small: faster typing loses keys."""

SCREEN = "#frame canvas"

_SHIFTED = set('~!@#$%^&*()_+{}|:"<>?ABCDEFGHIJKLMNOPQRSTUVWXYZ')

REFUSED_REQUEST = re.compile(
    r"Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_(CONNECTION|INTERNET)_)"
    r"|WebSocket connection to .* failed"
)
"""How Chromium tells of a refusal, or of a line that is down, which the page itself explains."""


class ConsolePage:
    """The page of one console. `complaints` are Chromium's messages, `requested` all requested URLs."""

    def __init__(self, page: Page, pictures: Path) -> None:
        self.page = page
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._pictures = pictures
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("websocket", lambda socket: self.requested.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))

    @property
    def screen(self) -> Image.Image:
        """The remote screen as drawn, in RGB."""
        return self.picture("screen", SCREEN)

    @property
    def drawn_size(self) -> tuple[float, float]:
        """The drawn size of the remote screen, in CSS pixels."""
        box = self.page.locator(SCREEN).bounding_box()
        assert box is not None
        return box["width"], box["height"]

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" or "Content Security Policy" in text:
            self.complaints.append(text)

    def picture(self, name: str, part: str = "body") -> Image.Image:
        """A screenshot of a part of the page, kept among the test's results."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        file = self._pictures / f"{name}.png"
        self.page.locator(part).screenshot(path=file, animations="disabled")
        return read_picture(file)

    def prefer(self, **preferences: str | float | bool) -> None:
        """Sets preferences before the page is opened, as the panels View and More would."""
        self.page.add_init_script(f"localStorage.setItem('keyhole.console', {json.dumps(json.dumps(preferences))})")

    def open(self, url: str) -> None:
        """Follows a link to a console and waits until it is open."""
        self.page.goto(url)
        self.expect_connected()

    def expect_connected(self) -> None:
        root = self.page.locator("html")
        self.page.locator("html:not([data-state=opening])").wait_for(state="attached")
        assert root.get_attribute("data-state") == "connected", self.page.locator("#card").inner_text()

    def note_states(self) -> None:
        """Records every state that the console enters in the page's `states`."""
        self.page.evaluate(
            "window.states = []; document.addEventListener('keyhole-state', event => states.push(event.detail.state))"
        )

    def expect_ended(self, reason: str, title: str) -> None:
        """Waits until the page says that the console has ended, and why."""
        self.page.locator("html[data-state=ended]").wait_for(state="attached")
        card = self.page.locator("#card")
        assert self.page.locator("html").get_attribute("data-reason") == reason, card.inner_text()
        expect(card).to_be_visible()
        expect(self.page.locator("#card-title")).to_have_text(title)
        expect(self.page.locator("#card-ticket")).to_contain_text(reason)

    def type(self, text: str) -> None:
        """Types like a user, with separate key events for Shift; a new line is Enter."""
        for character in text:
            key = {"\n": "Enter"}.get(character, character)
            self.page.keyboard.press(f"Shift+{key}" if key in _SHIFTED else key, delay=KEY_MILLISECONDS)

    def press_together(self, *keys: str) -> None:
        """Presses keys in this order and releases them in the same order."""
        for key in keys:
            self.page.keyboard.down(key)
        for key in keys:
            self.page.keyboard.up(key)

    def choose_scaling(self, label: str) -> None:
        self.page.locator("#view").click()
        panel = self.page.locator("#view-panel")
        panel.get_by_text(label).click()
        self.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()

    def until_drawn(self, width: float, height: float) -> None:
        """Waits until the remote screen is drawn at this size, in CSS pixels: noVNC follows a moment later."""
        self._until(lambda: self.drawn_size == (width, height), lambda: f"drawn at {self.drawn_size}")

    def until_screen(self, condition: Callable[[Image.Image], bool], part: str = SCREEN) -> None:
        """Waits until the drawn remote screen meets the condition."""
        self._until(
            lambda: condition(self.picture("screen", part)),
            lambda: "the picture, which is among the tests' results, is another",
        )

    def _until(self, condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, otherwise()
            self.page.wait_for_timeout(POLL_MILLISECONDS)
