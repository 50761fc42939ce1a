import pytest

from keyhole.api.compute.operations import OPERATIONS
from keyhole.api.compute.routes import Routes

ROUTES = Routes(OPERATIONS)


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
    match = ROUTES.find(method, tuple(path.split("/")))
    assert match is not None
    assert match.operations[0].name == name
    assert match.parameters == parameters


def test_finds_all_rows_of_a_path() -> None:
    match = ROUTES.find("POST", ("servers", "s", "remote-consoles"))
    assert match is not None
    assert [row.versions for row in match.operations] == ["2.6 to 2.7", "2.8 to 2.98", "2.99 and later"]


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
    assert ROUTES.find(method, tuple(path.split("/"))) is None
