"""The OpenAPI document: valid, complete, and made from the tables alone."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from schemathesis import openapi

from keyhole.api.compute.operations import OPERATIONS
from keyhole.api.identity.endpoints import ENDPOINTS
from keyhole.api.openapi.document import document
from keyhole.api.v1.operations import OWN_OPERATIONS

URL = "https://console.example.com"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(document(URL, issues_tokens=True)))
    return plain


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from parts(one)


def test_it_is_valid_openapi(described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0"
    openapi.from_dict(described).validate()
    assert described["servers"] == [{"url": URL}]


def test_every_reference_is_there(described: dict[str, Any]) -> None:
    named = {part["$ref"] for part in parts(described) if isinstance(part.get("$ref"), str)}
    assert named
    assert named <= {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}


def test_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)


def test_every_row_of_the_tables_is_there(described: dict[str, Any]) -> None:
    paths = described["paths"]
    for row in OPERATIONS:
        operation = paths[f"/compute/v2.1{row.path}"][row.method.lower()]
        told = [one for one in operation["x-openstack"] if one["name"] == row.name]
        assert (str(row.oldest), str(row.newest)) in [(one["oldest"], one["newest"]) for one in told]
        assert row.action in [one.get("action") for one in told]
    for endpoint in ENDPOINTS:
        assert str(endpoint.status) in paths[f"/identity{endpoint.path}"][endpoint.method.lower()]["responses"]
    for own in OWN_OPERATIONS:
        assert str(own.status) in paths[own.path][own.method.lower()]["responses"]


def test_the_parameters_of_a_path_are_described(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for operation in operations.values():
            named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            assert named == re.findall(r"{(\w+)}", path)


def test_what_an_action_takes(described: dict[str, Any]) -> None:
    action = described["paths"]["/compute/v2.1/servers/{server_id}/action"]["post"]
    bodies = action["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    (vnc,) = (body for body in bodies if body["required"] == ["os-getVNCConsole"])
    assert vnc["properties"]["os-getVNCConsole"] == {
        "type": "object",
        "properties": {"type": {"type": "string", "enum": ["novnc", "xvpvnc"]}},
        "required": ["type"],
        "additionalProperties": False,
    }
    assert action["security"] == [{"token": []}]
    assert {"200", "400", "401", "403", "404", "409"} <= set(action["responses"])


def test_query_arguments_are_described_with_the_microversion_that_brought_them(described: dict[str, Any]) -> None:
    listed = described["paths"]["/compute/v2.1/servers"]["get"]["parameters"]
    by_name = {one["name"]: one for one in listed if one["in"] == "query"}
    assert by_name["name"]["schema"]["items"] == {"type": "string", "format": "regex"}
    assert by_name["locked"]["description"] == "From microversion 2.73 on."
    assert len(by_name["sort_key"]["schema"]["items"]["anyOf"]) == 2


def test_who_may_ask_of_keyholes_own_calls(described: dict[str, Any]) -> None:
    paths = described["paths"]
    assert paths["/v1/servers"]["get"]["security"] == [{"token": []}]
    assert paths["/v1/sign-in"]["post"]["security"] == []
    assert paths["/c/{console_id}/session"]["delete"]["security"] == [{"ticket": []}]
    assert set(described["components"]["securitySchemes"]) == {"token", "ticket"}


def test_pages_of_keyholes_own_lists(described: dict[str, Any]) -> None:
    for path in ("/v1/servers", "/v1/sessions"):
        named = {one["name"]: one["schema"] for one in described["paths"][path]["get"]["parameters"]}
        assert set(named) == {"limit", "marker", "all_projects"}
        assert named["limit"] == {"type": "integer", "minimum": 1}


def test_without_an_issuer_here_identity_is_left_out() -> None:
    assert not [path for path in document(URL, issues_tokens=False)["paths"] if path.startswith("/identity")]


def test_passwords_are_marked(described: dict[str, Any]) -> None:
    password = described["components"]["schemas"]["PasswordUser"]["properties"]["password"]
    assert (password["format"], password["writeOnly"]) == ("password", True)
