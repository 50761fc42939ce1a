import json
import webbrowser
from typing import Any

import pytest
from tests.fakes.cloud_api import Answer, CloudApi
from tests.fakes.command_line import CommandLine

VM1 = "11111111-2222-3333-4444-555555555555"
VM2 = "22222222-2222-3333-4444-555555555555"
URL = "https://console.example.com/vnc_lite.html?path=%3Ftoken%3Dabc"


def listed(server_id: str, name: str, **more: str) -> dict[str, str]:
    return {"id": server_id, "name": name, "status": "ACTIVE", "tenant_id": "p1", **more}


def has_server(cloud: CloudApi, server_id: str = VM1, name: str = "vm1") -> None:
    """The cloud finds one server, by its id and by its name."""
    cloud.tell("GET", f"/servers/{server_id}", Answer({"server": listed(server_id, name)}))
    cloud.tell("GET", "/servers", Answer({"servers": [{"id": server_id, "name": name}]}))


def gives_console(cloud: CloudApi, url: Any = URL) -> None:
    cloud.tell("POST", f"/servers/{VM1}/remote-consoles", Answer({"remote_console": {"url": url, "type": "novnc"}}))


def gives_log(cloud: CloudApi, output: str) -> None:
    cloud.tell("POST", f"/servers/{VM1}/action", Answer({"output": output}))


class TestServers:
    def test_a_table(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell(
            "GET",
            "/servers/detail",
            Answer({"servers": [listed(VM1, "vm1"), listed(VM2, "a longer name", status="X")]}),
        )
        done = keyhole("servers")
        assert (done.status, done.err) == (0, "")
        assert done.out.splitlines() == [
            "ID                                    Name           Status",
            f"{VM1}  vm1            ACTIVE",
            f"{VM2}  a longer name  X",
        ]
        (asked,) = cloud.calls("GET", "/servers/detail")
        assert asked.query == {}

    def test_json(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": [listed(VM1, "vm1")]}))
        done = keyhole("servers", "--format", "json")
        assert json.loads(done.out) == [{"id": VM1, "name": "vm1", "status": "ACTIVE"}]

    def test_no_servers(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        assert keyhole("servers", "--format", "json").out == "[]\n"
        assert keyhole("servers").out == "ID  Name  Status\n"

    def test_every_project_with_its_project(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": [listed(VM1, "vm1")]}))
        done = keyhole("servers", "--all-projects", "--format", "json")
        assert json.loads(done.out) == [{"id": VM1, "name": "vm1", "status": "ACTIVE", "project": "p1"}]
        assert keyhole("servers", "--all-projects").out.splitlines()[0].split() == ["ID", "Name", "Status", "Project"]
        assert [asked.query for asked in cloud.calls("GET", "/servers/detail")] == [{"all_tenants": "1"}] * 2

    def test_a_name_is_text_and_no_expression(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        assert keyhole("servers", "--name", "a.b(c").status == 0
        (asked,) = cloud.calls("GET", "/servers/detail")
        assert asked.query == {"name": r"a\.b\(c"}

    def test_a_hostile_name_does_nothing_to_the_terminal(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        name = "vm\x1b[2J\n\u202e\x9b1m"
        cloud.tell("GET", "/servers/detail", Answer({"servers": [listed(VM1, name)]}))
        assert keyhole("servers").out.splitlines()[1] == f"{VM1}  vm?[2J???1m  ACTIVE"
        assert json.loads(keyhole("servers", "--format", "json").out)[0]["name"] == name

    def test_a_refusal_is_one_line(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        message = "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed."
        cloud.tell("GET", "/servers/detail", Answer({"forbidden": {"code": 403, "message": message}}, 403))
        done = keyhole("servers", "--all-projects")
        assert (done.status, done.out, done.err) == (1, "", f"keyhole: {message}\n")


class TestConsole:
    def test_the_url_alone(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_console(cloud)
        done = keyhole("console", "vm1")
        assert (done.status, done.out, done.err) == (0, f"{URL}\n", "")

    def test_json(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_console(cloud)
        done = keyhole("console", VM1, "--format", "json")
        assert json.loads(done.out) == {"server": VM1, "protocol": "vnc", "type": "novnc", "url": URL}

    @pytest.mark.parametrize(
        ("console_type", "protocol"), [("novnc", "vnc"), ("serial", "serial"), ("spice-html5", "spice")]
    )
    def test_each_type_is_asked_for(
        self, keyhole: CommandLine, cloud: CloudApi, console_type: str, protocol: str
    ) -> None:
        has_server(cloud)
        gives_console(cloud, "wss://console.example.com/?token=abc")
        done = keyhole("console", "vm1", "--type", console_type)
        assert (done.status, done.out) == (0, "wss://console.example.com/?token=abc\n")
        (asked,) = cloud.calls("POST", f"/servers/{VM1}/remote-consoles")
        assert asked.body == {"remote_console": {"protocol": protocol, "type": console_type}}

    def test_xvpvnc_says_its_protocol(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        url = "http://console.example.com/console?token=abc"
        cloud.tell("POST", f"/servers/{VM1}/action", Answer({"console": {"type": "xvpvnc", "url": url}}))
        done = keyhole("console", "vm1", "--type", "xvpvnc", "--format", "json")
        assert json.loads(done.out) == {"server": VM1, "protocol": "vnc", "type": "xvpvnc", "url": url}

    def test_a_browser_is_opened(self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch) -> None:
        has_server(cloud)
        gives_console(cloud)
        opened: list[str] = []

        def open_(url: str) -> bool:
            opened.append(url)
            return True

        monkeypatch.setattr(webbrowser, "open", open_)
        done = keyhole("console", "vm1", "--open")
        assert (done.status, done.out) == (0, f"{URL}\n")
        assert opened == [URL]

    def test_the_url_is_printed_though_no_browser_starts(
        self, keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        has_server(cloud)
        gives_console(cloud)
        monkeypatch.setattr(webbrowser, "open", lambda url: False)
        done = keyhole("console", "vm1", "--open")
        assert (done.status, done.out) == (1, f"{URL}\n")
        assert done.err == "keyhole: could not start a browser; open the URL yourself\n"

    def test_a_serial_console_is_no_page_to_open(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        done = keyhole("console", "vm1", "--type", "serial", "--open")
        assert (done.status, done.out) == (2, "")
        assert "the URL of a serial console is a WebSocket, not a page" in done.err
        assert cloud.asked == []

    def test_the_clouds_refusal(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        refusal = {"badRequest": {"code": 400, "message": "Unavailable console type novnc."}}
        cloud.tell("POST", f"/servers/{VM1}/remote-consoles", Answer(refusal, 400))
        done = keyhole("console", "vm1")
        assert (done.status, done.out, done.err) == (1, "", "keyhole: Unavailable console type novnc.\n")

    @pytest.mark.parametrize(
        "words", [("console",), ("console", "vm1", "--type", "rdp"), ("console", "vm1", "--format", "yaml")]
    )
    def test_wrong_usage(self, keyhole: CommandLine, words: tuple[str, ...]) -> None:
        done = keyhole(*words)
        assert (done.status, done.out) == (2, "")
        assert "Usage: keyhole console" in done.err


class TestLog:
    def test_all_of_it(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "one\n\ttwo  spaces\n")
        done = keyhole("log", "vm1")
        assert (done.status, done.out, done.err) == (0, "one\n\ttwo  spaces\n", "")
        (asked,) = cloud.calls("POST", f"/servers/{VM1}/action")
        assert asked.body == {"os-getConsoleOutput": {}}

    def test_its_last_lines(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "one\ntwo\nthree\n")
        assert keyhole("log", "vm1", "--lines", "2").out == "two\nthree\n"

    def test_the_last_line_is_ended(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "login: ")
        assert keyhole("log", "vm1").out == "login: \n"

    def test_an_empty_one(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "")
        assert keyhole("log", "vm1").out == ""

    def test_what_a_terminal_acts_on_is_left_out(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "\x1b]0;owned\x07a\rb\x9b2J\u202ec\n")
        assert keyhole("log", "vm1").out == "abc\n"

    def test_json_keeps_everything(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        has_server(cloud)
        gives_log(cloud, "\x1b[0mé\n")
        done = keyhole("log", "vm1", "--format", "json")
        assert json.loads(done.out) == {"server": VM1, "output": "\x1b[0mé\n"}
        assert done.out.isascii()
        assert "\x1b" not in done.out

    @pytest.mark.parametrize("lines", ["0", "-1", "many"])
    def test_wrong_numbers(self, keyhole: CommandLine, lines: str) -> None:
        done = keyhole("log", "vm1", "--lines", lines)
        assert done.status == 2
        assert "--lines" in done.err

    def test_a_server_that_is_not_there(self, keyhole: CommandLine, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": []}))
        done = keyhole("log", "vm9")
        assert (done.status, done.out) == (1, "")
        assert done.err == "keyhole: there is no server 'vm9' in the project\n"
