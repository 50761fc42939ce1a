import json
import os
import subprocess
from typing import Any

import pytest
from tests.fakes.cloud_api import USER_ID, Answer, CloudApi
from tests.fakes.command_line import CommandLine

PATH = f"/identity/v3/users/{USER_ID}/application_credentials"
SECRET = "s3cret-$HOME-'quoted'"
MADE: dict[str, Any] = {"id": "c1", "name": "ci", "secret": SECRET, "expires_at": None, "project_id": "p", "roles": []}


def shell_variables(script: str) -> dict[str, str]:
    """The variables of a shell after these lines, in which a conflicting one was set before."""
    done = subprocess.run(
        ["sh", "-c", f"{script}\nenv -0"],
        env={"OS_PASSWORD": "old", "OS_PROJECT_NAME": "old", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (entry.partition("=") for entry in done.stdout.split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("OS_")}


class TestCreate:
    def test_prints_lines_that_sign_a_shell_in(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("POST", PATH, Answer({"application_credential": MADE}, 201))
        done = keyhole("credential", "create", "ci")
        assert (done.status, done.err) == (0, "")
        assert done.out.splitlines()[0] == (
            "# Application credential ci, id c1, without an expiry. The secret is not shown again."
        )
        assert done.out.count("c1") == 2
        assert shell_variables(done.out) == {
            "OS_AUTH_TYPE": "v3applicationcredential",
            "OS_AUTH_URL": f"{cloud.url}/identity/v3",
            "OS_APPLICATION_CREDENTIAL_ID": "c1",
            "OS_APPLICATION_CREDENTIAL_SECRET": SECRET,
            "OS_REGION_NAME": "RegionOne",
        }
        (asked,) = cloud.calls("POST", PATH)
        assert asked.body == {"application_credential": {"name": "ci"}}

    def test_json(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        expires = "2030-12-31T18:00:00.000000"
        cloud.tell("POST", PATH, Answer({"application_credential": MADE | {"expires_at": expires}}, 201))
        done = keyhole("credential", "create", "ci", "--format", "json")
        made = json.loads(done.out)
        assert made.pop("environment")["OS_APPLICATION_CREDENTIAL_SECRET"] == SECRET
        assert made == {"id": "c1", "name": "ci", "secret": SECRET, "expires_at": expires}

    def test_an_expiry(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        made = MADE | {"expires_at": "2030-12-31T16:00:00.000000"}
        cloud.tell("POST", PATH, Answer({"application_credential": made}, 201))
        done = keyhole("credential", "create", "ci", "--expires", "2030-12-31T18:00:00+02:00")
        assert "valid until 2030-12-31T16:00:00.000000" in done.out
        (asked,) = cloud.calls("POST", PATH)
        assert asked.body["application_credential"]["expires_at"] == "2030-12-31T16:00:00Z"

    @pytest.mark.parametrize("when", ["soon", "3x", "0d", "2030-13-01", "9999-12-31T23:59:59-12:00"])
    def test_an_expiry_that_is_none(self, keyhole: CommandLine, cloud: CloudApi, when: str) -> None:
        done = keyhole("credential", "create", "ci", "--expires", when)
        assert (done.status, done.out) == (2, "")
        assert f"'{when}' is neither a duration nor a date and time" in done.err
        assert cloud.asked == []

    def test_a_hostile_answer_runs_nothing_in_the_shell(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        bad = MADE | {"id": "$(touch owned)\n`id`", "name": "x\nexport OS_TOKEN=evil"}
        cloud.tell("POST", PATH, Answer({"application_credential": bad}, 201))
        variables = shell_variables(keyhole("credential", "create", "ci").out)
        assert variables["OS_APPLICATION_CREDENTIAL_ID"] == bad["id"]
        assert "OS_TOKEN" not in variables

    def test_the_clouds_refusal(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        message = "Conflict occurred attempting to store application_credential - Duplicate entry found with name ci."
        cloud.tell("POST", PATH, Answer({"error": {"code": 409, "message": message, "title": "Conflict"}}, 409))
        done = keyhole("credential", "create", "ci")
        assert (done.status, done.out, done.err) == (1, "", f"keyhole: {message}\n")


class TestList:
    def test_a_table_without_secrets(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        two = [MADE, MADE | {"id": "c2", "name": "night", "expires_at": "2030-12-31T18:00:00.000000"}]
        cloud.tell("GET", PATH, Answer({"application_credentials": two}))
        done = keyhole("credential", "list")
        assert done.out.splitlines() == [
            "ID  Name   Expires",
            "c1  ci     never",
            "c2  night  2030-12-31T18:00:00.000000",
        ]

    def test_json(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", PATH, Answer({"application_credentials": [MADE]}))
        done = keyhole("credential", "list", "--format", "json")
        assert json.loads(done.out) == [{"id": "c1", "name": "ci", "expires_at": None}]


class TestDelete:
    def test_says_nothing(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("DELETE", f"{PATH}/c1", Answer(b"", 204))
        done = keyhole("credential", "delete", "c1")
        assert (done.status, done.out, done.err) == (0, "", "")
        assert len(cloud.calls("DELETE", f"{PATH}/c1")) == 1

    def test_json(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("DELETE", f"{PATH}/c1", Answer(b"", 204))
        assert json.loads(keyhole("credential", "delete", "c1", "--format", "json").out) == {"deleted": "c1"}

    def test_one_that_is_not_there(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        message = "Could not find Application Credential: c9."
        cloud.tell("DELETE", f"{PATH}/c9", Answer({"error": {"code": 404, "message": message}}, 404))
        done = keyhole("credential", "delete", "c9")
        assert (done.status, done.err) == (1, f"keyhole: {message}\n")

    def test_an_id_stays_one_part_of_the_path(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        assert keyhole("credential", "delete", "../../x").status == 1
        assert [asked.path for asked in cloud.asked if asked.method == "DELETE"] == [f"{PATH}/..%2F..%2Fx"]


@pytest.mark.parametrize("words", [("credential", "create"), ("credential", "delete"), ("credential", "list", "x")])
def test_wrong_usage(keyhole: CommandLine, words: tuple[str, ...]) -> None:
    assert keyhole(*words).status == 2
