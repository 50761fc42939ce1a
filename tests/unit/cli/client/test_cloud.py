"""Every failure between a command and a cloud is one line and exit status 1."""

import logging
import socket

import pytest
from tests.fakes.cloud_api import TOKEN, Answer, CloudApi
from tests.fakes.command_line import CommandLine, Done

from keyhole.cli.client import settings


def refused(done: Done) -> str:
    """The one line of a command that failed."""
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("keyhole: ")
    assert done.err.count("\n") == 1
    return done.err.removeprefix("keyhole: ").removesuffix("\n")


class TestFaults:
    @pytest.mark.parametrize(
        ("answer", "line"),
        [
            (Answer({"conflictingRequest": {"code": 409, "message": "Instance x is not ready"}}, 409), "not ready"),
            (Answer({"error": {"code": 403, "message": "You are not allowed."}}, 403), "You are not allowed."),
            (
                Answer({"computeFault": {"code": 500, "message": "Unexpected\nAPI\tError."}}, 500),
                "Unexpected API Error.",
            ),
            (Answer({"badRequest": {"message": "\x1b[2Jboo"}}, 400), "?[2Jboo"),
            (Answer({"message": "Slow down.<br /><br />\n\n\n", "code": "429 Too Many"}, 429), "Slow down."),
        ],
    )
    def test_the_clouds_own_words(self, keyhole: CommandLine, cloud: CloudApi, answer: Answer, line: str) -> None:
        cloud.tell("GET", "/servers/detail", answer)
        assert line in refused(keyhole("servers"))

    @pytest.mark.parametrize(
        "answer", [Answer(b"<html>Bad Gateway</html>", 502), Answer({}, 502), Answer([1], 502), Answer({"a": {}}, 502)]
    )
    def test_an_answer_without_words(self, keyhole: CommandLine, cloud: CloudApi, answer: Answer) -> None:
        cloud.tell("GET", "/servers/detail", answer)
        line = refused(keyhole("servers"))
        assert line == f"{cloud.url}/compute/v2.1/servers/detail answered 502 Bad Gateway"

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(b"<html>Welcome</html>"),
            Answer(b""),
            Answer([]),
            Answer({"servers": None}),
            Answer({"servers": [{"name": "no id"}]}),
            Answer({"servers": [{"id": 5, "name": "vm1"}]}),
        ],
    )
    def test_an_answer_of_another_form(self, keyhole: CommandLine, cloud: CloudApi, answer: Answer) -> None:
        cloud.tell("GET", "/servers/detail", answer)
        assert refused(keyhole("servers")).endswith("has an unexpected format")


class TestSignIn:
    def test_wrong_password(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_PASSWORD": "wrong-password"})
        line = refused(keyhole("servers"))
        assert line == "the sign-in was refused: The request you have made requires authentication."

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(None, 201),
            Answer({"token": {}}, 201),
            Answer({"token": None}, 201, {"X-Subject-Token": "t"}),
            Answer({"token": {"catalog": [{"type": "compute", "endpoints": [{}]}]}}, 201, {"X-Subject-Token": "t"}),
            Answer(b"<html>", 201, {"X-Subject-Token": "t"}),
        ],
    )
    def test_a_token_of_another_form(self, keyhole: CommandLine, cloud: CloudApi, answer: Answer) -> None:
        cloud.tell("POST", "/identity/v3/auth/tokens", answer)
        refused(keyhole("servers"))

    def test_a_token_that_ends_early_is_replaced(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        unauthorized = {"error": {"code": 401, "message": "The request you have made requires authentication."}}
        cloud.tell("GET", "/servers/detail", Answer(unauthorized, 401), Answer({"servers": []}))
        assert keyhole("servers").status == 0
        assert len(cloud.calls("POST", "/identity/v3/auth/tokens")) == 2

    def test_a_region_that_there_is_not(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_REGION_NAME": "Nowhere"})
        assert refused(keyhole("servers")) == "public endpoint for compute service in Nowhere region not found"

    def test_the_token_goes_with_every_call(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        keyhole("servers")
        (asked,) = cloud.calls("GET", "/servers/detail")
        assert asked.headers["X-Auth-Token"] == TOKEN
        assert asked.headers["User-Agent"].startswith("keyhole/")


@pytest.mark.parametrize("path", ["/identity/v3", ""])
@pytest.mark.parametrize("document", [None, [], {"version": None}, {"versions": {"values": [{}]}}, b"<html>"])
def test_a_version_document_of_another_form(keyhole: CommandLine, cloud: CloudApi, path: str, document: object) -> None:
    cloud.tell("GET", path, Answer(document))
    refused(keyhole("console", "vm1"))


class TestReach:
    def test_nobody_listens(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        keyhole.sign_in_with({"OS_AUTH_URL": f"http://user:pass@127.0.0.1:{port}/v3"})
        line = refused(keyhole("servers"))
        assert line == f"Unable to establish connection to http://127.0.0.1:{port}/v3/auth/tokens: Connection refused"

    def test_an_address_that_cannot_be_looked_at(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_AUTH_URL": "http://["})
        refused(keyhole("servers"))

    def test_no_identity_api_there(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_AUTH_URL": f"{cloud.url}/nothing"})
        assert refused(keyhole("servers")).startswith("Could not find versioned identity endpoints")

    def test_a_silent_cloud_is_not_waited_for_without_end(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "ANSWER_SECONDS", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            keyhole.sign_in_with({"OS_AUTH_URL": f"{url}/v3"})
            assert refused(keyhole("servers")) == f"Request to {url}/v3/auth/tokens timed out"


def test_what_libraries_warn_of_stays_inside(keyhole: CommandLine, cloud: CloudApi) -> None:
    before = list(logging.getLogger().handlers)
    keyhole.sign_in_with({"OS_CACERT": "/nowhere", "OS_INSECURE": "true"})
    cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
    done = keyhole("servers")
    assert (done.status, done.err) == (0, "")
    assert logging.getLogger().handlers == before
