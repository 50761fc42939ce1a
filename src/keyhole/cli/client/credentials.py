"""Application credentials, through Keystone's API: each is for one script and revoked without affecting others."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

from keyhole.cli.client.cloud import Cloud, Nothing

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_SPAN_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

CONFLICTING: Final = tuple(
    f"OS_{name}"
    for name in (
        "CLOUD",
        "TOKEN",
        "PASSWORD",
        "USERNAME",
        "USER_ID",
        "USER_DOMAIN_NAME",
        "USER_DOMAIN_ID",
        "PROJECT_NAME",
        "PROJECT_ID",
        "PROJECT_DOMAIN_NAME",
        "PROJECT_DOMAIN_ID",
        "TENANT_NAME",
        "TENANT_ID",
        "DOMAIN_NAME",
        "DOMAIN_ID",
        "SYSTEM_SCOPE",
    )
)
"""Variables that must not be set together with an application credential, which determines user and project."""


class Credential(BaseModel):
    """An application credential as listed; `expires_at` in UTC, None for one that does not expire."""

    id: str
    name: str
    expires_at: str | None = None


class NewCredential(Credential):
    """A credential that was just created, with its secret, which is shown only once."""

    secret: SecretStr


class _Created(BaseModel):
    application_credential: NewCredential


class _Listed(BaseModel):
    application_credentials: list[Credential]


def create_credential(cloud: Cloud, name: str, expires_at: str | None) -> NewCredential:
    """A new application credential for the current project. Raises CommandFailed."""
    asked = {"name": name} if expires_at is None else {"name": name, "expires_at": expires_at}
    return cloud.identity(_Created, "POST", _path(cloud), body={"application_credential": asked}).application_credential


def list_credentials(cloud: Cloud) -> list[Credential]:
    """The user's application credentials. Raises CommandFailed."""
    return cloud.identity(_Listed, "GET", _path(cloud)).application_credentials


def delete_credential(cloud: Cloud, credential_id: str) -> None:
    """Revokes a credential. Raises NotFound when it does not exist, and CommandFailed."""
    cloud.identity(Nothing, "DELETE", f"{_path(cloud)}/{quote(credential_id, safe='', errors='replace')}")


def environment_of(cloud: Cloud, credential: NewCredential) -> Mapping[str, str]:
    """The OS_* variables with which a client signs in to the same cloud by the credential."""
    settings = cloud.region
    variables = {
        "OS_AUTH_TYPE": "v3applicationcredential",
        "OS_AUTH_URL": settings.get_auth_args().get("auth_url"),
        "OS_APPLICATION_CREDENTIAL_ID": credential.id,
        "OS_APPLICATION_CREDENTIAL_SECRET": credential.secret.get_secret_value(),
        "OS_REGION_NAME": settings.get_region_name(),
        "OS_CACERT": settings.config.get("cacert"),
    }
    return {name: str(value) for name, value in variables.items() if value}


def expiry(text: str, now: datetime) -> str:
    """`text` in the API's format. It is a duration from `now` such as 90m, 12h or 30d, or a date and time (in UTC
    without a zone). Raises ValueError."""
    span = _SPAN.fullmatch(text)
    if span is None:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    else:
        moment = now + timedelta(**{_SPAN_UNITS[span[2]]: int(span[1])})
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _path(cloud: Cloud) -> str:
    return f"/users/{quote(cloud.user_id, safe='')}/application_credentials"
