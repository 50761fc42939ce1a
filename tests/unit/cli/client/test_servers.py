from typing import Any

import pytest
from tests.fakes.cloud_api import Answer, CloudApi
from tests.fakes.command_line import CommandLine

from keyhole.cli.client.cloud import CommandFailed, NotFound, signed_in
from keyhole.cli.client.servers import Server, find_server, list_servers

ID = "11111111-2222-3333-4444-555555555555"


def named(*names: str, first_id: int = 1) -> list[dict[str, Any]]:
    return [{"id": f"id-{number}", "name": name} for number, name in enumerate(names, first_id)]


def find(reference: str) -> Server:
    with signed_in(None) as cloud:
        return find_server(cloud, reference)


@pytest.mark.usefixtures("keyhole")
class TestFindServer:
    def test_by_id_without_asking_for_names(self, cloud: CloudApi) -> None:
        cloud.tell("GET", f"/servers/{ID}", Answer({"server": {"id": ID, "name": "vm1"}}))
        assert find(ID).name == "vm1"
        assert cloud.calls("GET", "/servers") == []

    def test_by_name(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("vm1")}))
        assert find("vm1").id == "id-1"
        (asked,) = cloud.calls("GET", "/servers")
        assert asked.query == {"name": "^vm1$"}

    def test_a_name_is_text_and_no_expression(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("a.b (c)")}))
        assert find("a.b (c)").id == "id-1"
        (asked,) = cloud.calls("GET", "/servers")
        assert asked.query == {"name": r"^a\.b\ \(c\)$"}

    def test_a_name_fits_exactly(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("VM1", "vm1", "vm10")}))
        assert find("vm1").id == "id-2"

    @pytest.mark.parametrize("name", ["detail", ".."])
    def test_a_name_that_leads_elsewhere_as_an_id(self, cloud: CloudApi, name: str) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": []}))
        cloud.tell("GET", "/servers", Answer({"servers": named(name)}))
        assert find(name).id == "id-1"

    def test_a_name_stays_one_part_of_the_path(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("a/b?c=d")}))
        assert find("a/b?c=d").id == "id-1"
        assert len(cloud.calls("GET", "/servers/a%2Fb%3Fc%3Dd")) == 1

    def test_none(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("vm10")}))
        with pytest.raises(NotFound, match="there is no server 'vm1' in the project"):
            find("vm1")

    def test_several(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers", Answer({"servers": named("vm1", "vm1")}))
        with pytest.raises(CommandFailed, match="2 servers are named 'vm1'; name one by its id: id-1, id-2"):
            find("vm1")

    def test_another_refusal_is_not_taken_for_absence(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/vm1", Answer({"forbidden": {"message": "no"}}, 403))
        with pytest.raises(CommandFailed, match="no"):
            find("vm1")
        assert cloud.calls("GET", "/servers") == []


@pytest.mark.usefixtures("keyhole")
class TestListServers:
    def test_goes_on_to_the_last_page(self, cloud: CloudApi) -> None:
        elsewhere = [{"rel": "next", "href": "http://elsewhere.example.com/servers/detail?marker=id-2"}]
        cloud.tell(
            "GET",
            "/servers/detail",
            Answer({"servers": named("a", "b"), "servers_links": elsewhere}),
            Answer({"servers": named("c", first_id=3), "servers_links": elsewhere}),
            Answer({"servers": []}),
        )
        with signed_in(None) as signed:
            found = [server.name for server in list_servers(signed, name_part="x", all_projects=True)]
        assert found == ["a", "b", "c"]
        assert [asked.query for asked in cloud.calls("GET", "/servers/detail")] == [
            {"all_tenants": "1", "name": "x"},
            {"all_tenants": "1", "name": "x", "marker": "id-2"},
            {"all_tenants": "1", "name": "x", "marker": "id-3"},
        ]

    def test_a_cloud_that_says_the_same_page_again_and_again(self, cloud: CloudApi) -> None:
        cloud.tell("GET", "/servers/detail", Answer({"servers": named("a"), "servers_links": [{}]}))
        with signed_in(None) as signed:
            assert len(list(list_servers(signed))) == 1
        assert len(cloud.calls("GET", "/servers/detail")) == 2


@pytest.mark.parametrize("reference", ["a\nb\x1b[2J", "not UTF-8: \udcff", ""])
def test_a_hostile_reference_is_told_on_one_line(keyhole: CommandLine, cloud: CloudApi, reference: str) -> None:
    cloud.tell("GET", "/servers", Answer({"servers": []}))
    done = keyhole("console", reference)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "\x1b" not in done.err
