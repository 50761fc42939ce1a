"""The query arguments of lists, by microversion: accepted, ignored, refused."""

import re
from urllib.parse import urlencode

import pytest
from tests.api.world import World, make_server, project_id_of

from keyhole.model import Server, ServerStatus

ROOT = "/compute/v2.1"
NEWEST = "2.104"


def three() -> list[Server]:
    return [
        make_server("a", "web", created_at=100.0, vcpus=1, memory_mb=512),
        make_server("b", "db", created_at=300.0, status=ServerStatus.SHUTOFF, vcpus=2, memory_mb=1024),
        make_server("c", "mail", created_at=200.0, status=ServerStatus.MIGRATING, host="host2"),
    ]


async def ask(query: str, version: str = "2.1", user: str = "demo", path: str = "/servers") -> tuple[int, object]:
    """The status and the names in the list, or a refusal's message."""
    response = await World(*three()).ask(
        "GET", f"{ROOT}{path}?{query}", user=user, OpenStack_API_Version=f"compute {version}"
    )
    (content, *_) = response.json().values()
    return response.status_code, [one["name"] for one in content] if isinstance(content, list) else content["message"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["db", "mail", "web"]),
        ("sort_dir=asc", ["web", "mail", "db"]),
        ("sort_key=display_name&sort_dir=asc", ["db", "mail", "web"]),
        ("sort_key=display_name", ["web", "mail", "db"]),
        ("sort_key=vcpus", ["web", "db", "mail"]),
        ("sort_key=uuid&sort_dir=asc&limit=1&marker=a", ["db"]),
        ("status=active", ["mail", "web"]),
        ("status=SHUTOFF&status=MIGRATING", ["db", "mail"]),
        ("status=DELETED&status=SHUTOFF", ["db"]),
        ("status=nosuch", []),
        ("flavor=2x1024", ["db"]),
        ("image=x", []),
        ("ip=10", []),
        ("changes-since=1970-01-01T00:03:00Z", ["db", "mail"]),
        ("host=host2", ["db", "mail", "web"]),
        ("whatever=1&_private=2&metadata=x", ["db", "mail", "web"]),
        ("tags=%5B", ["db", "mail", "web"]),
        ("vm_state=stopped", ["db", "mail", "web"]),
    ],
)
async def test_servers(query: str, names: list[str]) -> None:
    assert await ask(query) == (200, names)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("vm_state=stopped", ["db"]),
        ("power_state=4", ["db"]),
        ("locked=true", []),
        ("locked=no", ["db", "mail", "web"]),
        ("tags=x", []),
        ("changes-before=1970-01-01T00:03:00Z", ["web"]),
    ],
)
async def test_what_later_microversions_filter_by(query: str, names: list[str]) -> None:
    assert await ask(query, NEWEST) == (200, names)


async def test_an_admin_filters_by_where_a_server_is() -> None:
    assert await ask("all_tenants=1&host=host2", user="admin") == (200, ["mail"])
    assert await ask("all_tenants=1&uuid=b", user="admin") == (200, ["db"])
    assert await ask("all_tenants=1&deleted=true", user="admin") == (200, [])
    assert await ask("all_tenants=1&sort_key=host&sort_dir=asc", user="admin") == (200, ["web", "db", "mail"])


@pytest.mark.parametrize(
    ("version", "query", "words"),
    [
        ("2.75", "x=1", "'x' does not match any of the regexes: '^_'"),
        (NEWEST, "z=1&x=1", "'x', 'z' do not match any of the regexes: '^_'"),
        ("2.26", "tags=%5B", "Invalid input for query parameters tags. Value: [. '[' is not a 'regex'"),
        ("2.1", "name=", "Invalid input for query parameters name. Value: . '' is not a 'regex'"),
        ("2.1", "limit=", "Invalid input for query parameters limit. Value: . '' should be non-empty"),
        ("2.1", "limit=1&limit=x", "Invalid input for query parameters limit. Value: x. 'x' does not match"),
        (
            "2.1",
            "changes-since=x",
            "Invalid input for query parameters changes-since. Value: x. 'x' is not a",
        ),
        ("2.38", "status=nosuch", "Invalid status value"),
        ("2.1", "sort_key=x", "Invalid input for query parameters sort_key. Value: x. 'x' is not one of ["),
        ("2.75", "sort_key=vcpus", "Invalid input for query parameters sort_key. Value: vcpus."),
        ("2.1", "sort_dir=x", "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'"),
        ("2.73", "locked=maybe", "Unrecognized value 'maybe', acceptable values are: '0', '1', 'f'"),
        (
            "2.66",
            "changes-since=2020-01-01&changes-before=2019-01-01",
            "The value of changes-since must be less than or equal to changes-before.",
        ),
    ],
)
async def test_wrong_queries(version: str, query: str, words: str) -> None:
    status, message = await ask(query, version)
    assert status == 400
    assert str(message).startswith(words)


async def test_what_only_admins_may_ask_for() -> None:
    assert await ask("status=DELETED") == (403, "Only administrators may list deleted instances")
    assert await ask("sort_key=host") == (403, "Only administrators can sort servers by host")
    assert await ask("metadata=x", user="admin") == (400, "Invalid filter field: metadata.")
    assert await ask("_x=1", NEWEST, user="admin") == (400, "Invalid filter field: _x.")


@pytest.mark.parametrize(("version", "status"), [("2.101", 200), ("2.102", 400)])
@pytest.mark.parametrize("path", ["/servers/a", "/flavors/1x512"])
async def test_one_thing_takes_no_arguments_from_2_102_on(path: str, version: str, status: int) -> None:
    response = await World(*three()).ask("GET", f"{ROOT}{path}?x=1", OpenStack_API_Version=f"compute {version}")
    assert response.status_code == status


async def test_the_legacy_api_checks_no_query() -> None:
    path = f"/compute/v2/{project_id_of('demo')}/servers"
    world = World(*three())
    assert len((await world.ask("GET", f"{path}?name=&x=1&sort_key=x")).json()["servers"]) == 3
    for query, words in (
        ("limit=x", "limit must be an integer"),
        ("limit=-1", "limit must be >= 0"),
        ("offset=x", "offset must be an integer"),
    ):
        response = await world.ask("GET", f"{path}?{query}")
        assert response.status_code == 400
        assert response.json()["badRequest"]["message"] == f"Invalid input received: {words}"


@pytest.mark.parametrize(
    ("version", "query", "names"),
    [
        ("2.1", "minRam=1024", ["2x1024"]),
        ("2.1", "minDisk=1", []),
        ("2.1", "sort_dir=desc", ["2x1024", "1x512", "0x0"]),
        ("2.1", "limit=1", ["0x0"]),
        ("2.1", "limit=1&marker=0x0", ["1x512"]),
        ("2.1", "name=2x&x=1", ["0x0", "1x512", "2x1024"]),
        ("2.102", "name=2x", ["2x1024"]),
    ],
)
async def test_flavors(version: str, query: str, names: list[str]) -> None:
    assert await ask(query, version, path="/flavors") == (200, names)


@pytest.mark.parametrize(
    ("version", "query", "words"),
    [
        ("2.1", "minRam=x", "Invalid minRam filter [x]"),
        ("2.1", "marker=x", "marker [x] not found"),
        ("2.1", "sort_key=uuid", "Invalid input for query parameters sort_key. Value: uuid."),
        ("2.75", "x=1", "Additional properties are not allowed ('x' was unexpected)"),
    ],
)
async def test_wrong_queries_of_flavors(version: str, query: str, words: str) -> None:
    status, message = await ask(query, version, path="/flavors/detail")
    assert status == 400
    assert str(message).startswith(words)


@pytest.mark.parametrize(
    ("version", "added", "gone"),
    [
        ("2.55", {"description"}, set()),
        ("2.61", {"extra_specs"}, set()),
        ("2.102", set(), {"OS-FLV-DISABLED:disabled", "rxtx_factor"}),
    ],
)
async def test_what_a_microversion_changes_in_a_flavor(version: str, added: set[str], gone: set[str]) -> None:
    world = World(*three())
    minor = int(version.removeprefix("2."))
    before, after = [
        set(
            (await world.ask("GET", f"{ROOT}/flavors/1x512", OpenStack_API_Version=f"compute 2.{one}")).json()["flavor"]
        )
        for one in (minor - 1, minor)
    ]
    assert (after - before, before - after) == (added, gone)


async def test_the_next_page_of_flavors() -> None:
    response = await World(*three()).ask("GET", f"{ROOT}/flavors?limit=2&x=1")
    assert response.json()["flavors_links"] == [
        {"rel": "next", "href": f"https://console.example.com{ROOT}/flavors?limit=2&marker=1x512"}
    ]


async def test_filters_from_strangers_are_parsed_and_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    compile_text = re.compile

    def compile_and_tell(pattern: str | re.Pattern[str], *flags: int) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_text(pattern, *flags)

    monkeypatch.setattr(re, "compile", compile_and_tell)
    costly = "(?i)" + r"[a-\uffff]" * 22
    assert await ask(urlencode([("ip", costly), ("ip", costly), ("flavor", costly), ("description", costly)])) == (
        200,
        [],
    )
    assert costly not in compiled
