"""Users and projects, how users sign in, and the tokens that they get."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from pydantic import SecretStr


class Role(StrEnum):
    """Roles that Keyhole acts on; others are stored but ignored."""

    READER = "reader"
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller: a user, acting in a project (None if the token is unscoped), with roles."""

    user_id: str
    user_name: str
    project_id: str | None = None
    project_name: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return Role.ADMIN in self.roles

    @property
    def is_member(self) -> bool:
        return Role.MEMBER in self.roles or self.is_admin

    @property
    def is_reader(self) -> bool:
        return Role.READER in self.roles or self.is_member

    def may_open_consoles_of(self, project_id: str) -> bool:
        """Whether the roles let this user open the consoles of a project's servers."""
        return self.is_admin or (self.is_member and self.project_id == project_id)

    def has(self, role: Role | None) -> bool:
        """Whether the roles include the required `role`; None allows everybody."""
        match role:
            case None:
                return True
            case Role.READER:
                return self.is_reader
            case Role.MEMBER:
                return self.is_member
            case Role.ADMIN:
                return self.is_admin


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A stored identity token: its hash, its user, how it was obtained, and until when it is valid."""

    token_hash: str = field(repr=False)
    identity: Identity
    methods: tuple[str, ...]
    audit_id: str
    issued_at: float
    expires_at: float
    application_credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequesterToken:
    """What a console was requested with: the identity token itself, until when it is valid, and how it was obtained.

    Used later to check that the user still has access. Stored encrypted only (`crypto/sealing.py`).
    """

    token: str = field(repr=False)
    expires_at: float
    application_credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """What a program signs in with on behalf of its user: an id and a secret, for one project, with some of the roles.

    It is valid until `expires_at` (None: no end). Only an `unrestricted` one may create and delete others.
    """

    id: str
    user_id: str
    name: str
    secret_hash: str = field(repr=False)
    project_id: str
    roles: frozenset[str]
    created_at: float
    expires_at: float | None = None
    description: str = ""
    unrestricted: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """What servers belong to and what users act in."""

    id: str
    name: str


class Scope(Enum):
    """What a token is for if the request names no project."""

    OWN_PROJECT = auto()
    UNSCOPED = auto()


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """A user, by name or id, and the password."""

    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class ApiKeySignIn:
    """A user, by name or id, and the user's API key (RAX-KSKEY)."""

    user: str
    api_key: SecretStr


@dataclass(frozen=True, slots=True)
class CredentialSignIn:
    """An application credential and its secret. The credential is named by its id, or by its name and user."""

    credential: str
    secret: SecretStr
    user: str | None = None


@dataclass(frozen=True, slots=True)
class TokenSignIn:
    """A valid token, to be exchanged for another one."""

    token: SecretStr


SignIn = PasswordSignIn | ApiKeySignIn | CredentialSignIn | TokenSignIn
