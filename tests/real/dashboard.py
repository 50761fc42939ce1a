"""The dashboard in a browser, operated like a user."""

from playwright.sync_api import Locator, Page, expect
from tests.real.browser import ConsolePage
from tests.real.service import Service, User

ADMIN = User("root", "root-password", "demo", ("admin", "member", "reader"))


class Dashboard:
    """The page at `/`. `viewer` is the same tab, for the console that opens in it."""

    def __init__(self, viewer: ConsolePage, service: Service) -> None:
        self.viewer = viewer
        self.page: Page = viewer.page
        self._url = service.url

    @property
    def rows(self) -> Locator:
        """The rows that are drawn."""
        return self.page.locator(".server")

    @property
    def count(self) -> Locator:
        """How many servers there are, in words."""
        return self.page.locator("#count")

    @property
    def sessions(self) -> Locator:
        return self.page.locator(".sessions li")

    @property
    def spoken(self) -> Locator:
        return self.page.locator("#spoken")

    def row(self, name: str) -> Locator:
        return self.rows.filter(has=self.page.locator(".name").get_by_text(name, exact=True))

    def goto(self) -> None:
        self.page.goto(f"{self._url}/")

    def fill_in(self, user: str, password: str, project: str = "") -> None:
        """Fills in the sign-in form and sends it."""
        for field, value in (("user", user), ("password", password), ("project", project)):
            self.page.locator(f"#{field}").fill(value)
        self.page.locator(".sign-in button").click()

    def sign_in(self, user: User) -> None:
        """Opens the page, signs in, and waits until the servers are shown."""
        self.goto()
        self.fill_in(user.name, user.password)
        self.expect_signed_in()

    def expect_signed_in(self) -> None:
        expect(self.page.locator("html[data-state=signed_in]")).to_be_attached()
        expect(self.page.locator(".grid, .empty, .failure").first).to_be_visible()

    def expect_form(self, sentence: str = "") -> None:
        """Expects the form, with this sentence and the focus in its first field."""
        expect(self.page.locator("html[data-state=signed_out]")).to_be_attached()
        expect(self.page.locator(".sign-in .sentence")).to_have_text(sentence)
        expect(self.page.locator("#user")).to_be_focused()
        expect(self.rows).to_have_count(0)
