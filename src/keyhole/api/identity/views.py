"""The format of tokens in v3 and v2.0, and of projects and application credentials in v3."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from keyhole.api.identity.documents import REGION, catalog, id_of, service_catalog
from keyhole.api.identity.requests import DOMAIN_ID, DOMAIN_NAME
from keyhole.model import ApplicationCredential, Identity, IdentityToken, Project

DOMAIN = {"id": DOMAIN_ID, "name": DOMAIN_NAME}


def token_v3(
    token: IdentityToken,
    credential: ApplicationCredential | None,
    compute_url: str,
    identity_url: str,
    *,
    with_catalog: bool,
) -> dict[str, Any]:
    """{"token": {...}}; one without a project has neither roles nor a catalog. `credential` is the one that it was
    issued for.
    """
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
    if credential is not None:
        content["application_credential"] = {
            "id": credential.id,
            "name": credential.name,
            "restricted": not credential.unrestricted,
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


def projects_v3(projects: Iterable[Project], identity_url: str) -> dict[str, Any]:
    """{"projects": [...]} that a user may act in."""
    shown = [
        {
            "id": project.id,
            "name": project.name,
            "domain_id": DOMAIN_ID,
            "parent_id": DOMAIN_ID,
            "description": "",
            "enabled": True,
            "is_domain": False,
            "options": {},
            "tags": [],
            "links": {"self": f"{identity_url}/v3/projects/{project.id}"},
        }
        for project in projects
    ]
    return {"projects": shown, "links": _list_links(f"{identity_url}/v3/auth/projects")}


def credential_v3(credential: ApplicationCredential, identity_url: str) -> dict[str, Any]:
    """{"application_credential": {...}} without its secret."""
    return {"application_credential": _credential(credential, identity_url)}


def credentials_v3(credentials: Iterable[ApplicationCredential], identity_url: str, user_id: str) -> dict[str, Any]:
    """{"application_credentials": [...]} of a user."""
    return {
        "application_credentials": [_credential(credential, identity_url) for credential in credentials],
        "links": _list_links(_credentials_url(identity_url, user_id)),
    }


def catalog_v3(compute_url: str, identity_url: str) -> dict[str, Any]:
    """{"catalog": [...]} of a token with a project."""
    return {
        "catalog": catalog(compute_url, identity_url),
        "links": _list_links(f"{identity_url}/v3/auth/catalog"),
    }


def role_id(role: str) -> str:
    """The id of a role, derived from its name."""
    return id_of("role", role)


def _roles(identity: Identity) -> list[dict[str, str]]:
    return [{"id": role_id(role), "name": role} for role in sorted(identity.roles)]


def _credential(credential: ApplicationCredential, identity_url: str) -> dict[str, Any]:
    url = f"{_credentials_url(identity_url, credential.user_id)}/{credential.id}"
    return {
        "id": credential.id,
        "name": credential.name,
        "description": credential.description or None,
        "user_id": credential.user_id,
        "project_id": credential.project_id,
        "system": None,
        "roles": [{"id": role_id(role), "name": role, "domain_id": None} for role in sorted(credential.roles)],
        "expires_at": None if credential.expires_at is None else _timestamp(credential.expires_at),
        "unrestricted": credential.unrestricted,
        "links": {"self": url},
    }


def _credentials_url(identity_url: str, user_id: str) -> str:
    return f"{identity_url}/v3/users/{quote(user_id, safe='')}/application_credentials"


def _list_links(url: str) -> dict[str, str | None]:
    return {"self": url, "previous": None, "next": None}


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _whole_seconds(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
