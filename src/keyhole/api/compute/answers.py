"""The compute API's answers, as JSON Schema: for the OpenAPI document and the tests that use it."""

from collections.abc import Mapping
from typing import Any

JsonSchema = Mapping[str, Any]

TEXT: JsonSchema = {"type": "string"}
NUMBER: JsonSchema = {"type": "integer"}
TEXT_OR_NULL: JsonSchema = {"type": ["string", "null"]}
ANYTHING: JsonSchema = {}


def closed(**properties: JsonSchema) -> JsonSchema:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "properties": {name: dict(schema) for name, schema in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def opened(required: JsonSchema, *names: str) -> JsonSchema:
    """An object with at least these properties: those of `required` and, of any kind, the names."""
    properties = dict(required["properties"]) | {name: dict(ANYTHING) for name in names}
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(name: str, item: JsonSchema) -> JsonSchema:
    """A page of a collection, with the link to the next page where there may be one."""
    collection: dict[str, Any] = {"type": "array", "items": dict(item)}
    return {
        "type": "object",
        "properties": {name: collection, f"{name}_links": dict(LINKS)},
        "required": [name],
        "additionalProperties": False,
    }


LINKS: JsonSchema = {"type": "array", "items": closed(rel=TEXT, href=TEXT)}

SERVER = closed(id=TEXT, name=TEXT, links=LINKS)
_MORE = """
status tenant_id user_id created updated hostId addresses flavor image metadata accessIPv4 accessIPv6 key_name
config_drive OS-DCF:diskConfig OS-EXT-STS:task_state OS-EXT-STS:vm_state OS-EXT-STS:power_state
OS-EXT-AZ:availability_zone OS-SRV-USG:launched_at OS-SRV-USG:terminated_at os-extended-volumes:volumes_attached
security_groups
"""
SERVER_IN_DETAIL = opened(SERVER, *_MORE.split())
FLAVOR = opened(SERVER)
FLAVOR_IN_DETAIL = opened(SERVER, "vcpus", "ram", "disk", "swap")

SERVERS = listed("servers", SERVER)
SERVERS_IN_DETAIL = listed("servers", SERVER_IN_DETAIL)
ONE_SERVER = closed(server=SERVER_IN_DETAIL)
FLAVORS = listed("flavors", FLAVOR)
FLAVORS_IN_DETAIL = listed("flavors", FLAVOR_IN_DETAIL)
ONE_FLAVOR = closed(flavor=FLAVOR_IN_DETAIL)

CONSOLE = closed(console=closed(type=TEXT, url=TEXT))
REMOTE_CONSOLE = closed(remote_console=closed(protocol=TEXT, type=TEXT, url=TEXT))
OUTPUT = closed(output=TEXT)
TOKEN = closed(
    console={
        "type": "object",
        "properties": {
            "instance_uuid": dict(TEXT),
            "host": dict(TEXT),
            "port": dict(NUMBER),
            "internal_access_path": dict(TEXT_OR_NULL),
            "tls_port": {"type": ["integer", "null"]},
        },
        "required": ["instance_uuid", "host", "port", "internal_access_path"],
        "additionalProperties": False,
    }
)

FAULT: JsonSchema = {
    "type": "object",
    "description": "One key that names the fault, as Nova does.",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": {
        "type": "object",
        "properties": {"code": dict(NUMBER), "message": dict(TEXT), "retryAfter": dict(TEXT)},
        "required": ["code", "message"],
        "additionalProperties": False,
    },
}
NO_ROUTE = closed(message=TEXT, code=TEXT, title=TEXT)
UNAUTHORIZED = closed(error=closed(code=NUMBER, title=TEXT, message=TEXT))
