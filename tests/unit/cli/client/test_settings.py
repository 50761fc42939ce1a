import sys

import pytest
from tests.fakes.cloud_api import PASSWORD, Answer, CloudApi
from tests.fakes.command_line import CommandLine

CLOUDS = """
clouds:
  mine:
    auth: {{auth_url: "{url}/identity/v3", username: demo, password: {password}, project_name: demo}}
  other:
    auth: {{auth_url: "{url}/elsewhere/v3", username: demo, password: wrong, project_name: demo}}
"""


def sign_in_bodies(cloud: CloudApi) -> list[object]:
    return [asked.body["auth"] for asked in cloud.calls("POST", "/identity/v3/auth/tokens")]


@pytest.fixture
def unset(cloud: CloudApi, monkeypatch: pytest.MonkeyPatch) -> CloudApi:
    """A cloud whose variables are not set."""
    for name in cloud.variables:
        monkeypatch.delenv(name)
    cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
    return cloud


class TestVariables:
    def test_a_password(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        assert keyhole("servers").status == 0
        domain = {"name": "Default"}
        user = {"name": "demo", "password": PASSWORD, "domain": domain}
        assert sign_in_bodies(cloud) == [
            {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "demo", "domain": domain}},
            }
        ]

    def test_a_domain_that_is_not_named_is_the_default_one(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        monkeypatch.delenv("OS_USER_DOMAIN_NAME")
        monkeypatch.delenv("OS_PROJECT_DOMAIN_NAME")
        assert keyhole("servers").status == 0
        (body,) = sign_in_bodies(cloud)
        assert body["identity"]["password"]["user"]["domain"] == {"id": "default"}  # type: ignore[index]
        assert body["scope"]["project"]["domain"] == {"id": "default"}  # type: ignore[index]

    def test_an_application_credential(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.sign_in_with(
            {
                "OS_AUTH_TYPE": "v3applicationcredential",
                "OS_AUTH_URL": f"{unset.url}/identity/v3",
                "OS_APPLICATION_CREDENTIAL_ID": "c1",
                "OS_APPLICATION_CREDENTIAL_SECRET": "s1",
            }
        )
        assert keyhole("servers").status == 0
        credential = {"id": "c1", "secret": "s1"}
        assert sign_in_bodies(unset) == [
            {"identity": {"methods": ["application_credential"], "application_credential": credential}}
        ]

    def test_a_token(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.sign_in_with(
            {
                "OS_AUTH_TYPE": "v3token",
                "OS_AUTH_URL": f"{unset.url}/identity/v3",
                "OS_TOKEN": "t1",
                "OS_PROJECT_ID": "p1",
            }
        )
        assert keyhole("servers").status == 0
        assert sign_in_bodies(unset) == [
            {"identity": {"methods": ["token"], "token": {"id": "t1"}}, "scope": {"project": {"id": "p1"}}}
        ]

    def test_domains_are_passed_over_where_identity_is_of_version_2(
        self, keyhole: CommandLine, cloud: CloudApi
    ) -> None:
        keyhole.sign_in_with({"OS_AUTH_TYPE": "v2password", "OS_AUTH_URL": f"{cloud.url}/identity/v2.0"})
        endpoint = {"region": "RegionOne", "publicURL": f"{cloud.url}/compute/v2.1"}
        token = {"id": "t", "expires": "2099-01-01T00:00:00Z", "tenant": {"id": "p1", "name": "demo"}}
        access = {
            "token": token,
            "user": {"id": "u", "name": "demo", "roles": []},
            "serviceCatalog": [{"type": "compute", "name": "nova", "endpoints": [endpoint]}],
        }
        cloud.tell("POST", "/identity/v2.0/tokens", Answer({"access": access}))
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        assert keyhole("servers").status == 0
        (asked,) = cloud.calls("POST", "/identity/v2.0/tokens")
        credentials = {"username": "demo", "password": PASSWORD}
        assert asked.body == {"auth": {"passwordCredentials": credentials, "tenantName": "demo"}}


class TestCloudsYaml:
    def test_a_cloud_by_its_name(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.write_clouds(CLOUDS.format(url=unset.url, password=PASSWORD))
        assert keyhole("servers", "--os-cloud", "mine").status == 0

    def test_a_cloud_by_its_variable(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.write_clouds(CLOUDS.format(url=unset.url, password=PASSWORD))
        keyhole.sign_in_with({"OS_CLOUD": "mine"})
        assert keyhole("servers").status == 0

    def test_the_option_wins_over_the_variable(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.write_clouds(CLOUDS.format(url=unset.url, password=PASSWORD))
        keyhole.sign_in_with({"OS_CLOUD": "other"})
        assert keyhole("servers", "--os-cloud", "mine").status == 0

    def test_a_password_beside_the_cloud(self, keyhole: CommandLine, unset: CloudApi) -> None:
        keyhole.write_clouds(CLOUDS.format(url=unset.url, password='""'))
        keyhole.sign_in_with({"OS_PASSWORD": PASSWORD})
        assert keyhole("servers", "--os-cloud", "mine").status == 0

    def test_a_cloud_that_is_not_there(self, keyhole: CommandLine) -> None:
        done = keyhole("servers", "--os-cloud", "nosuch")
        assert (done.status, done.out, done.err) == (2, "", "keyhole: Cloud nosuch was not found\n")

    def test_a_file_that_cannot_be_read_is_told_of(self, keyhole: CommandLine) -> None:
        keyhole.write_clouds("clouds:\n mine: : x\n")
        done = keyhole("servers", "--os-cloud", "mine")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("keyhole: Cloud mine was not found. Skipping config file ")
        assert done.err.count("\n") == 1

    @pytest.mark.parametrize("text", ["clouds: {mine: null}\n", "clouds: {mine: [1]}\n", "clouds: [mine]\n", "[]\n"])
    def test_a_file_of_another_form(self, keyhole: CommandLine, text: str) -> None:
        keyhole.write_clouds(text)
        done = keyhole("servers", "--os-cloud", "mine")
        assert (done.status, done.out) == (2, "")
        assert done.err.count("\n") == 1


class TestIncomplete:
    def test_nothing_is_set(self, keyhole: CommandLine) -> None:
        done = keyhole("servers")
        hint = "or name a cloud of your clouds.yaml with --os-cloud"
        assert (done.status, done.out) == (2, "")
        assert done.err == f"keyhole: not set: OS_AUTH_URL, OS_USERNAME, OS_PASSWORD ({hint})\n"

    @pytest.mark.parametrize("name", ["OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD"])
    def test_one_is_not_set(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.delenv(name)
        done = keyhole("servers")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(f"keyhole: not set: {name} (")
        assert cloud.asked == []

    def test_another_way_of_signing_in_lacks_something(self, keyhole: CommandLine) -> None:
        keyhole.sign_in_with(
            {"OS_AUTH_TYPE": "v3applicationcredential", "OS_AUTH_URL": "http://x", "OS_APPLICATION_CREDENTIAL_ID": "c"}
        )
        done = keyhole("servers")
        assert done.status == 2
        assert done.err.startswith("keyhole: not set: OS_APPLICATION_CREDENTIAL_SECRET (")

    def test_a_way_of_signing_in_that_tells_itself_what_it_lacks(self, keyhole: CommandLine) -> None:
        keyhole.sign_in_with(
            {"OS_AUTH_TYPE": "v3oidcpassword", "OS_AUTH_URL": "http://x", "OS_ACCESS_TOKEN_ENDPOINT": "http://x/token"}
        )
        done = keyhole("servers")
        assert done.status == 2
        assert done.err.startswith("keyhole: not set: OS_IDENTITY_PROVIDER, OS_PROTOCOL")
        assert done.err.count("\n") == 1

    def test_a_way_of_signing_in_that_there_is_not(self, keyhole: CommandLine) -> None:
        keyhole.sign_in_with({"OS_AUTH_TYPE": "handshake"})
        done = keyhole("servers")
        assert done.status == 2
        assert done.err.startswith("keyhole: An invalid auth-type was specified: handshake.")
        assert done.err.count("\n") == 1

    def test_no_project(self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OS_PROJECT_NAME")
        monkeypatch.delenv("OS_PROJECT_DOMAIN_NAME")
        done = keyhole("servers")
        assert (done.status, done.out) == (2, "")
        assert done.err == "keyhole: no project is selected; set OS_PROJECT_NAME or OS_PROJECT_ID\n"

    @pytest.mark.parametrize("url", ["cloud.example.com", "ftp://cloud.example.com", "5000"])
    def test_an_address_that_is_none(self, keyhole: CommandLine, cloud: CloudApi, url: str) -> None:
        keyhole.sign_in_with({"OS_AUTH_URL": url})
        done = keyhole("servers")
        assert done.status == 2
        assert done.err == "keyhole: OS_AUTH_URL is not a URL; it begins with http:// or https://\n"

    def test_a_timeout_that_is_no_number(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_API_TIMEOUT": "soon"})
        done = keyhole("servers")
        assert (done.status, done.err.count("\n")) == (2, 1)

    def test_a_value_with_braces_gives_nothing_away(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        keyhole.sign_in_with({"OS_APPLICATION_CREDENTIAL_SECRET": "sec{ret}"})
        done = keyhole("servers")
        assert done.status == 2
        assert done.err == "keyhole: the OS_* variables or clouds.yaml have an invalid format\n"


class TestAskedPassword:
    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def test_is_asked_for_on_a_terminal(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        monkeypatch.delenv("OS_PASSWORD")
        asked: list[str] = []

        def ask(prompt: str, stream: object = None) -> str:
            asked.append(prompt)
            return PASSWORD

        monkeypatch.setattr("getpass.getpass", ask)
        done = keyhole("servers")
        assert (done.status, done.out) == (0, "ID  Name  Status\n")
        assert len(asked) == 1
        assert done.err.startswith("Password")

    def test_is_not_asked_for_when_there_is_one(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        assert keyhole("servers").status == 0

    def test_is_not_asked_for_where_there_is_no_standard_input(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OS_PASSWORD")
        monkeypatch.setattr(sys, "stdin", None)
        done = keyhole("servers")
        assert done.status == 2
        assert done.err.startswith("keyhole: not set: OS_PASSWORD (")
