"""The schema's first tables, and the conversion of rows to values and back; `session_rows.py` has the other tables.

Times are seconds since the epoch. Lists are JSON. A change here needs a new file in `migrations/versions/` and a new
`SCHEMA_VERSION`; a test checks that a new database and a migrated one have the same schema.
"""

import json
from collections.abc import Mapping
from sys import intern
from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, MetaData, String, Table, Text

from keyhole.model import ApplicationCredential, ConsoleType, Grant, Identity, IdentityToken, Rights

SCHEMA_VERSION = "0006"
"""The newest revision in `migrations/versions/`."""

metadata = MetaData()

schema_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), primary_key=True),
)

grants = Table(
    "grants",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("user_name", Text, nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("server_id", String(255), nullable=False),
    Column("server_name", Text, nullable=False),
    Column("console_type", String(32), nullable=False),
    Column("address", Text, nullable=False),
    Column("rights", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("redeemed_at", Float),
    Column("id", String(32), nullable=False),
    Column("revoked_at", Float),
    Column("sealed_requester", Text),
    Column("driver", Text),
    Index("grants_by_expiry", "expires_at"),
    Index("grants_by_id", "id"),
)
Index(
    "grants_by_revocation",
    grants.c.revoked_at,
    sqlite_where=grants.c.revoked_at.is_not(None),
    postgresql_where=grants.c.revoked_at.is_not(None),
)
Index(
    "grants_by_opening",
    grants.c.server_id,
    grants.c.redeemed_at,
    sqlite_where=grants.c.redeemed_at.is_not(None),
    postgresql_where=grants.c.redeemed_at.is_not(None),
)

identity_tokens = Table(
    "identity_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("user_name", Text, nullable=False),
    Column("project_id", String(64)),
    Column("project_name", Text),
    Column("roles", Text, nullable=False),
    Column("methods", Text, nullable=False),
    Column("audit_id", String(64), nullable=False),
    Column("issued_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("application_credential_id", String(64)),
    Index("identity_tokens_by_expiry", "expires_at"),
)

application_credentials = Table(
    "application_credentials",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("roles", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("description", Text, nullable=False),
    Column("unrestricted", Boolean, nullable=False),
    Index("application_credentials_by_user", "user_id", "name", unique=True),
)


_SHARED_BY_GRANTS = ("user_id", "user_name", "project_id", "server_id", "server_name", "address")


def row_of_grant(grant: Grant) -> dict[str, Any]:
    """The row of a grant."""
    return {
        "token_hash": grant.token_hash,
        "user_id": grant.user_id,
        "user_name": grant.user_name,
        "project_id": grant.project_id,
        "server_id": grant.server_id,
        "server_name": grant.server_name,
        "console_type": grant.console_type.value,
        "address": grant.address,
        "rights": grant.rights.value,
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "redeemed_at": grant.redeemed_at,
        "id": grant.id,
        "revoked_at": grant.revoked_at,
        "sealed_requester": grant.sealed_requester,
        "driver": grant.driver,
    }


def grant_of_row(row: Mapping[str, Any]) -> Grant:
    """The grant in a row.

    Texts that many grants share are kept in memory once: an open session has two grants, from two queries.
    """
    console_type, rights = ConsoleType(row["console_type"]), Rights(row["rights"])
    shared = {name: intern(row[name]) for name in _SHARED_BY_GRANTS}
    return Grant(
        **{**row, **shared, "console_type": console_type, "rights": rights, "driver": intern(row["driver"] or "")}
    )


def row_of_token(token: IdentityToken) -> dict[str, Any]:
    """The row of an identity token."""
    identity = token.identity
    return {
        "token_hash": token.token_hash,
        "user_id": identity.user_id,
        "user_name": identity.user_name,
        "project_id": identity.project_id,
        "project_name": identity.project_name,
        "roles": json.dumps(sorted(identity.roles)),
        "methods": json.dumps(token.methods),
        "audit_id": token.audit_id,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "application_credential_id": token.application_credential_id,
    }


def token_of_row(row: Mapping[str, Any]) -> IdentityToken:
    """The identity token in a row."""
    identity = Identity(
        user_id=row["user_id"],
        user_name=row["user_name"],
        project_id=row["project_id"],
        project_name=row["project_name"],
        roles=frozenset(json.loads(row["roles"])),
    )
    return IdentityToken(
        token_hash=row["token_hash"],
        identity=identity,
        methods=tuple(json.loads(row["methods"])),
        audit_id=row["audit_id"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        application_credential_id=row["application_credential_id"],
    )


def row_of_credential(credential: ApplicationCredential) -> dict[str, Any]:
    """The row of an application credential."""
    return {
        "id": credential.id,
        "user_id": credential.user_id,
        "name": credential.name,
        "secret_hash": credential.secret_hash,
        "project_id": credential.project_id,
        "roles": json.dumps(sorted(credential.roles)),
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "description": credential.description,
        "unrestricted": credential.unrestricted,
    }


def credential_of_row(row: Mapping[str, Any]) -> ApplicationCredential:
    """The application credential in a row."""
    return ApplicationCredential(
        **{**row, "roles": frozenset(json.loads(row["roles"])), "unrestricted": bool(row["unrestricted"])}
    )
