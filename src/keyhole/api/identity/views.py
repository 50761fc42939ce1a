"""How a token looks in v3 and in v2.0."""

from datetime import UTC, datetime
from typing import Any

from keyhole.api.identity.documents import REGION, catalog, id_of, service_catalog
from keyhole.api.identity.requests import DOMAIN_ID, DOMAIN_NAME
from keyhole.model import Identity, IdentityToken

DOMAIN = {"id": DOMAIN_ID, "name": DOMAIN_NAME}


def token_v3(token: IdentityToken, compute_url: str, identity_url: str, *, with_catalog: bool) -> dict[str, Any]:
    """{"token": {...}}; one without a project has neither roles nor a catalog."""
    identity = token.identity
    content: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {
            "id": identity.user_id,
            "name": identity.user_name,
            "domain": DOMAIN,
            "password_expires_at": None,
        },
        "audit_ids": [token.audit_id],
        "issued_at": _timestamp(token.issued_at),
        "expires_at": _timestamp(token.expires_at),
    }
    if identity.project_id is not None:
        content["project"] = {"id": identity.project_id, "name": identity.project_name, "domain": DOMAIN}
        content["is_domain"] = False
        content["roles"] = _roles(identity)
        if with_catalog:
            content["catalog"] = catalog(compute_url, identity_url)
    return {"token": content}


def token_v2(text: str, token: IdentityToken, compute_url: str, identity_url: str) -> dict[str, Any]:
    """{"access": {"token", "user", "serviceCatalog"}}, as Keystone v2.0 and Rackspace answered."""
    identity = token.identity
    issued: dict[str, Any] = {
        "id": text,
        "issued_at": _timestamp(token.issued_at),
        "expires": _whole_seconds(token.expires_at),
        "audit_ids": [token.audit_id],
    }
    services: list[dict[str, Any]] = []
    if identity.project_id is not None:
        issued["tenant"] = {"id": identity.project_id, "name": identity.project_name, "enabled": True}
        services = service_catalog(compute_url, identity_url, identity.project_id)
    user = {
        "id": identity.user_id,
        "name": identity.user_name,
        "username": identity.user_name,
        "roles": _roles(identity),
        "roles_links": [],
        "RAX-AUTH:defaultRegion": REGION,
    }
    return {"access": {"token": issued, "user": user, "serviceCatalog": services}}


def projects_v3(identity: Identity, identity_url: str) -> dict[str, Any]:
    """{"projects": [...]}: the project that the token is for."""
    projects: list[dict[str, Any]] = []
    if identity.project_id is not None:
        projects.append(
            {
                "id": identity.project_id,
                "name": identity.project_name,
                "domain_id": DOMAIN_ID,
                "parent_id": DOMAIN_ID,
                "description": "",
                "enabled": True,
                "is_domain": False,
                "options": {},
                "tags": [],
                "links": {"self": f"{identity_url}/v3/projects/{identity.project_id}"},
            }
        )
    return {"projects": projects, "links": _list_links(f"{identity_url}/v3/auth/projects")}


def catalog_v3(compute_url: str, identity_url: str) -> dict[str, Any]:
    """{"catalog": [...]} of a token with a project."""
    return {
        "catalog": catalog(compute_url, identity_url),
        "links": _list_links(f"{identity_url}/v3/auth/catalog"),
    }


def _roles(identity: Identity) -> list[dict[str, str]]:
    return [{"id": id_of("role", role), "name": role} for role in sorted(identity.roles)]


def _list_links(url: str) -> dict[str, str | None]:
    return {"self": url, "previous": None, "next": None}


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _whole_seconds(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
