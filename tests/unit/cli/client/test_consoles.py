import pytest
from tests.fakes.cloud_api import Answer, CloudApi

from keyhole.cli.client.cloud import CommandFailed, signed_in
from keyhole.cli.client.consoles import Console, console_output, create_console
from keyhole.cli.client_commands import ConsoleChoice
from keyhole.model import CONSOLE_TYPES, ConsoleType

URL = "https://console.example.com/?token=abc"
ACTION = "/servers/s1/action"
REMOTE = "/servers/s1/remote-consoles"

ACTIONS = [
    ("novnc", "os-getVNCConsole"),
    ("xvpvnc", "os-getVNCConsole"),
    ("serial", "os-getSerialConsole"),
    ("spice-html5", "os-getSPICEConsole"),
]


def create(console_type: str) -> Console:
    with signed_in(None) as cloud:
        return create_console(cloud, "s1", ConsoleType(console_type))


def output(lines: int | None) -> str:
    with signed_in(None) as cloud:
        return console_output(cloud, "s1", lines)


def test_every_choice_is_a_console_type() -> None:
    assert {ConsoleType(choice) for choice in ConsoleChoice} == {ConsoleType(name) for name, _ in ACTIONS}


class TestCreateConsole:
    @pytest.mark.parametrize("newest", ["2.6", "2.40", "2.104"])
    @pytest.mark.parametrize("console_type", ["novnc", "serial", "spice-html5"])
    def test_by_remote_consoles_where_they_are_offered(self, cloud: CloudApi, newest: str, console_type: str) -> None:
        cloud.newest = newest
        cloud.tell("POST", REMOTE, Answer({"remote_console": {"url": URL}}))
        assert create(console_type).url == URL
        (asked,) = cloud.calls("POST", REMOTE)
        assert asked.headers["OpenStack-API-Version"] == "compute 2.6"
        assert asked.headers["X-OpenStack-Nova-API-Version"] == "2.6"

    @pytest.mark.parametrize("newest", ["2.5", "2.1", ""])
    @pytest.mark.parametrize(("console_type", "action"), ACTIONS)
    def test_by_the_action_where_they_are_not(
        self, cloud: CloudApi, newest: str, console_type: str, action: str
    ) -> None:
        cloud.newest = newest
        cloud.tell("POST", ACTION, Answer({"console": {"type": console_type, "url": URL}}))
        made = create(console_type)
        assert (made.url, made.type, made.protocol) == (URL, console_type, CONSOLE_TYPES[made.type].protocol)
        (asked,) = cloud.calls("POST", ACTION)
        assert asked.body == {action: {"type": console_type}}
        assert "OpenStack-API-Version" not in asked.headers

    def test_xvpvnc_by_the_action_always(self, cloud: CloudApi) -> None:
        cloud.tell("POST", ACTION, Answer({"console": {"type": "xvpvnc", "url": URL}}))
        assert create("xvpvnc").url == URL
        assert cloud.calls("POST", REMOTE) == []

    def test_an_api_that_hides_its_versions(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "", Answer({"unauthorized": {"message": "no"}}, 401))
        cloud.tell("POST", ACTION, Answer({"console": {"type": "novnc", "url": URL}}))
        assert create("novnc").url == URL

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "",
            "https://",
            "https://[",
            "https://x/?token=a\nb",
            "https://x/?token=a b",
            "https://x/\x1b[2J",
            "https://x/\u202e",
        ],
    )
    def test_something_that_is_not_a_link(self, cloud: CloudApi, url: str) -> None:
        cloud.tell("POST", REMOTE, Answer({"remote_console": {"url": url}}))
        with pytest.raises(CommandFailed, match="an invalid console URL"):
            create("novnc")


class TestConsoleOutput:
    @pytest.mark.parametrize(
        ("lines", "given", "shown"),
        [
            (None, "a\nb\n", "a\nb\n"),
            (1, "a\nb\n", "b\n"),
            (2, "x\na\nb\n", "a\nb\n"),
            (2, "x\na\nb", "a\nb"),
            (2, "\n\n\n", "\n\n"),
            (5, "a\nb", "a\nb"),
            (1, "", ""),
            (1, "a\x0bb\u2028c\n", "a\x0bb\u2028c\n"),
        ],
    )
    def test_the_last_lines(self, cloud: CloudApi, lines: int | None, given: str, shown: str) -> None:
        cloud.tell("POST", ACTION, Answer({"output": given}))
        assert output(lines) == shown

    def test_one_line_more_is_asked_for_as_the_api_counts_the_end_as_one(self, cloud: CloudApi) -> None:
        cloud.tell("POST", ACTION, Answer({"output": ""}))
        output(3)
        (asked,) = cloud.calls("POST", ACTION)
        assert asked.body == {"os-getConsoleOutput": {"length": 4}}

    def test_no_console_device(self, cloud: CloudApi) -> None:
        refusal = {"itemNotFound": {"code": 404, "message": "Guest does not have a console available."}}
        cloud.tell("POST", ACTION, Answer(refusal, 404))
        with pytest.raises(CommandFailed, match=r"Guest does not have a console available\."):
            output(None)
