import pytest

from keyhole.api.compute.operations import OPERATIONS
from keyhole.api.path_table import PathTable
from keyhole.api.v1.operations import OWN_OPERATIONS

ROUTES = PathTable(OPERATIONS)
OWN = PathTable(OWN_OPERATIONS, head=True)


@pytest.mark.parametrize(
    ("method", "path", "name", "parameters"),
    [
        ("GET", "servers", "list-servers", {}),
        ("GET", "servers/detail", "list-servers-in-detail", {}),
        ("GET", "servers/abc", "show-server", {"server_id": "abc"}),
        ("POST", "servers/detail/remote-consoles", "remote-consoles", {"server_id": "detail"}),
        ("GET", "os-console-auth-tokens/t", "os-console-auth-tokens", {"token": "t"}),
        ("DELETE", "servers/s/consoles/c", "consoles", {"server_id": "s", "console_id": "c"}),
    ],
)
def test_finds(method: str, path: str, name: str, parameters: dict[str, str]) -> None:
    match = ROUTES.find(method, ["", *path.split("/")])
    assert match is not None
    assert match.rows[0].name == name
    assert match.parameters == parameters


def test_finds_all_rows_of_a_path() -> None:
    match = ROUTES.find("POST", ["", "servers", "s", "remote-consoles"])
    assert match is not None
    assert [row.versions for row in match.rows] == ["2.6 to 2.7", "2.8 to 2.98", "2.99 and later"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "servers/abc"),
        ("GET", "servers/abc/action"),
        ("GET", "servers/"),
        ("POST", "servers//action"),
        ("GET", "nosuch"),
        ("HEAD", "servers"),
        ("GET", ""),
    ],
)
def test_finds_nothing(method: str, path: str) -> None:
    assert ROUTES.find(method, ["", *path.split("/")]) is None


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/me", ["GET", "HEAD"]),
        ("/v1/sessions/abc", ["GET", "HEAD", "DELETE"]),
        ("/v1/links/inspect", ["POST", "DELETE"]),
        ("/v1/sessions/", []),
        ("x/v1/me", []),
        ("*", []),
    ],
)
def test_the_methods_at_a_path_are_in_the_order_of_the_table(path: str, methods: list[str]) -> None:
    assert OWN.methods_at(path.split("/")) == methods


def test_a_get_answers_head_only_where_the_table_says_so() -> None:
    assert OWN.find("HEAD", ["", "v1", "me"]) == OWN.find("GET", ["", "v1", "me"])
    assert PathTable(OWN_OPERATIONS).find("HEAD", ["", "v1", "me"]) is None
