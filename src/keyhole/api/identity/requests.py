"""The bodies of token requests, v3 and v2.0, and of new application credentials, and what they request.

There is only one domain. Unknown keys are ignored in token requests and refused in others, as Keystone does.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from keyhole.api.errors import RequestRefused
from keyhole.api.http import parse_json
from keyhole.errors import NotAuthenticated
from keyhole.model import Scope
from keyhole.reasons import Reason

DOMAIN_ID = "default"
DOMAIN_NAME = "Default"

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Model = TypeVar("Model", bound=BaseModel)
Secret = Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class Body(BaseModel):
    """A part of a request body: immutable, and its errors never show a value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Strict(Body):
    """A part whose unknown keys are refused, since they might request less than would be granted."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")


class Domain(Body):
    id: Name | None = None
    name: Name | None = None

    @property
    def is_ours(self) -> bool:
        if self.id is not None:
            return self.id == DOMAIN_ID
        return self.name is not None and self.name.lower() == DOMAIN_NAME.lower()


class Named(Body):
    """A user or project: by its id, or by its name and domain."""

    id: Name | None = None
    name: Name | None = None
    domain: Domain | None = None

    def reference(self, what: str) -> str:
        """The id or name. Raises RequestRefused if the request omits it, NotAuthenticated for other domains."""
        if self.domain is not None and not self.domain.is_ours:
            raise NotAuthenticated
        if self.id is not None:
            return self.id
        if self.name is None:
            raise malformed(f"Expecting to find id or name in {what}.")
        if self.domain is None:
            raise malformed(f"Expecting to find domain in {what}; it is the one with the id {DOMAIN_ID!r}.")
        return self.name


class PasswordUser(Named):
    password: Secret


class PasswordMethod(Body):
    user: PasswordUser


class TokenMethod(Body):
    id: Secret


class CredentialMethod(Body):
    """An application credential: by its id, or by its name and user."""

    id: Name | None = None
    name: Name | None = None
    user: Named | None = None
    secret: Secret

    def references(self) -> tuple[str, str | None]:
        """The credential and, if it is given by name, the user. Raises RequestRefused, NotAuthenticated."""
        if self.id is not None:
            return self.id, None
        if self.name is None:
            raise malformed("Expecting to find id or name in application_credential.")
        if self.user is None:
            raise malformed("Expecting to find user in application_credential, which is given by its name.")
        return self.name, self.user.reference("user")


class Methods(Body):
    methods: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8)]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None
    application_credential: CredentialMethod | None = None


class AskedScope(Body):
    project: Named | None = None
    domain: Any = None
    system: Any = None
    unscoped: Any = None


def _spelled_out(scope: object) -> object:
    """The scope "unscoped" is also written as a bare word."""
    return {"unscoped": {}} if scope == "unscoped" else scope


class Auth(Body):
    identity: Methods
    asked_scope: Annotated[AskedScope | None, BeforeValidator(_spelled_out)] = Field(None, alias="scope")

    @property
    def scope(self) -> Scope | str:
        """What the issuer is asked for: a project's id or name, or the scope that stands for one. Raises Refusal."""
        if self.asked_scope is None:
            return Scope.OWN_PROJECT
        if self.asked_scope.project is not None:
            return self.asked_scope.project.reference("project")
        if self.asked_scope.domain is not None or self.asked_scope.system is not None:
            # Nobody has a role on the domain or the system.
            raise NotAuthenticated
        return Scope.UNSCOPED


class V3Request(Body):
    auth: Auth


class PasswordCredentials(Body):
    username: Name | None = None
    user_id: Name | None = Field(None, alias="userId")
    password: Secret


class ApiKeyCredentials(Body):
    username: Name
    api_key: Secret = Field(alias="apiKey")


class OldToken(Body):
    id: Secret


class OldAuth(Body):
    password: PasswordCredentials | None = Field(None, alias="passwordCredentials")
    api_key: ApiKeyCredentials | None = Field(None, alias="RAX-KSKEY:apiKeyCredentials")
    token: OldToken | None = None
    tenant_id: Name | Literal[""] | None = Field(None, alias="tenantId")
    tenant_name: Name | Literal[""] | None = Field(None, alias="tenantName")

    @property
    def scope(self) -> Scope | str:
        """A project's id or name, or the user's own project."""
        return self.tenant_id or self.tenant_name or Scope.OWN_PROJECT


class V2Request(Body):
    auth: OldAuth


class RoleReference(Strict):
    id: Name | None = None
    name: Name | None = None
    domain_id: None = None


def _in_utc(at: datetime) -> datetime:
    """The time in UTC, which is assumed if there is no zone. Raises ValueError beyond the year 9999 in UTC."""
    try:
        return datetime.fromtimestamp((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(), UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("it is not in the years 1 to 9999 of UTC") from error


class NewCredential(Strict):
    """The requested application credential. Without roles it has all roles of the token."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=1024)] | None = None
    secret: SecretStr | None = None
    roles: Annotated[tuple[RoleReference, ...], Field(max_length=64)] = ()
    expires_at: Annotated[datetime, AfterValidator(_in_utc)] | None = None
    unrestricted: bool | None = None
    access_rules: tuple[Any, ...] | None = None


class CredentialRequest(Strict):
    application_credential: NewCredential


def parse(model: type[Model], body: bytes) -> Model:
    """The request in a body. Raises RequestRefused (400), which says what is wrong but never quotes values."""
    try:
        return model.model_validate(parse_json(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        what = {"missing": "is missing", "extra_forbidden": "is not known"}.get(
            first["type"], f"is wrong: {first['msg'].removeprefix('Value error, ')}"
        )
        raise malformed(f"Malformed request body: {place} {what}.") from error
    except ValueError as error:
        raise malformed("Malformed request body: it is not JSON; send a JSON object.") from error


def malformed(message: str) -> RequestRefused:
    """A 400 with one sentence."""
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
