"""Version documents and service catalogs: where clients find the services."""

import uuid
from typing import Any

REGION = "RegionOne"
INTERFACES = ("public", "internal", "admin")

_NAMES = uuid.UUID("6f1b7a0e-52ad-4d0c-9a63-0c1f6d3d8a11")
"""The namespace in which ids of things that only have a name (roles, services, endpoints) are derived from it."""


def id_of(kind: str, name: str) -> str:
    """32 hex digits for something that only has a name; always the same."""
    return uuid.uuid5(_NAMES, f"{kind}/{name}").hex


def v3_document(identity_url: str) -> dict[str, Any]:
    """The version v3 as clients discover it."""
    return {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z"} | _found_at(identity_url, "v3")


def versions(identity_url: str) -> dict[str, Any]:
    """The versions to choose from."""
    return {"versions": {"values": [v3_document(identity_url)]}}


def one_version(identity_url: str) -> dict[str, Any]:
    """The version v3 by itself."""
    return {"version": v3_document(identity_url)}


def v2_document(identity_url: str) -> dict[str, Any]:
    """The version v2.0; it is not listed for discovery, only available at its path."""
    return {"id": "v2.0", "status": "deprecated", "updated": "2016-08-04T00:00:00Z"} | _found_at(identity_url, "v2.0")


def _found_at(identity_url: str, version: str) -> dict[str, Any]:
    return {
        "links": [{"rel": "self", "href": f"{identity_url}/{version}/"}],
        "media-types": [{"base": "application/json", "type": f"application/vnd.openstack.identity-{version}+json"}],
    }


def catalog(compute_url: str, identity_url: str) -> list[dict[str, Any]]:
    """The catalog in v3 tokens: compute and identity, each at every interface."""
    return [
        _service("compute", "nova", f"{compute_url}/v2.1"),
        _service("identity", "keystone", identity_url),
    ]


def service_catalog(compute_url: str, identity_url: str, project_id: str) -> list[dict[str, Any]]:
    """The catalog in v2.0 tokens, with the compute endpoint that such clients expect: /v2/{project_id}."""
    return [
        _old_service("compute", "cloudServersOpenStack", f"{compute_url}/v2/{project_id}", project_id),
        _old_service("identity", "keystone", f"{identity_url}/v2.0", project_id),
    ]


def _service(kind: str, name: str, url: str) -> dict[str, Any]:
    endpoints = [
        {
            "id": id_of("endpoint", f"{kind}/{interface}"),
            "interface": interface,
            "region": REGION,
            "region_id": REGION,
            "url": url,
        }
        for interface in INTERFACES
    ]
    return {"id": id_of("service", kind), "type": kind, "name": name, "endpoints": endpoints}


def _old_service(kind: str, name: str, url: str, project_id: str) -> dict[str, Any]:
    endpoint = {
        "id": id_of("endpoint", kind),
        "region": REGION,
        "tenantId": project_id,
        "publicURL": url,
        "internalURL": url,
        "adminURL": url,
    }
    return {"type": kind, "name": name, "endpoints": [endpoint], "endpoints_links": []}
