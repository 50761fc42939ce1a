"""The bodies of token requests, v3 and v2.0, and what they ask for.

Only the one domain is known. Unknown keys are ignored, as Keystone does.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints, ValidationError

from keyhole.api.errors import RequestRefused
from keyhole.api.http import parse_json
from keyhole.errors import NotAuthenticated
from keyhole.ports import OWN_PROJECT, UNSCOPED
from keyhole.reasons import Reason

DOMAIN_ID = "default"
DOMAIN_NAME = "Default"

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Model = TypeVar("Model", bound=BaseModel)
Secret = Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class Body(BaseModel):
    """A part of a request body: immutable, and its errors never show a value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


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
        """The id or name. Raises RequestRefused when the request leaves it open, NotAuthenticated for other domains."""
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


class Methods(Body):
    methods: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8)]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None


class Scope(Body):
    project: Named | None = None
    domain: Any = None
    system: Any = None
    unscoped: Any = None


def _spelled_out(scope: object) -> object:
    """The scope "unscoped" is also written as a bare word."""
    return {"unscoped": {}} if scope == "unscoped" else scope


class Auth(Body):
    identity: Methods
    scope: Annotated[Scope | None, BeforeValidator(_spelled_out)] = None

    @property
    def project(self) -> str | None:
        """What the issuer is asked for: a project's id or name, OWN_PROJECT or UNSCOPED. Raises Refusal."""
        if self.scope is None:
            return OWN_PROJECT
        if self.scope.project is not None:
            return self.scope.project.reference("project")
        if self.scope.domain is not None or self.scope.system is not None:
            # Nobody has a role on the domain or the system.
            raise NotAuthenticated
        return UNSCOPED


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
    def project(self) -> str | None:
        """A project's id or name, or OWN_PROJECT."""
        return self.tenant_id or self.tenant_name or OWN_PROJECT


class V2Request(Body):
    auth: OldAuth


def parse(model: type[Model], body: bytes) -> Model:
    """The request that a body holds. Raises RequestRefused (400) saying what is wrong, never with values."""
    try:
        return model.model_validate(parse_json(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        what = "is missing" if first["type"] == "missing" else f"is wrong: {first['msg']}"
        raise malformed(f"Malformed request body: {place} {what}.") from error
    except ValueError as error:
        raise malformed("Malformed request body: it is not JSON; send a JSON object.") from error


def malformed(message: str) -> RequestRefused:
    """A 400 with one sentence."""
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
