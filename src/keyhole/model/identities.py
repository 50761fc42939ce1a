"""Who asks, how they sign in, and what they are given for it."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from pydantic import SecretStr


class Role(StrEnum):
    """Roles that Keyhole acts on; others are carried and ignored."""

    READER = "reader"
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user, acting in a project (None when the token is unscoped), with roles."""

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
        """Whether the roles are enough where `role` is asked for; None lets everybody in."""
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
    """An identity token as kept: its hash, whose it is, how it was got, and until when it is good."""

    token_hash: str = field(repr=False)
    identity: Identity
    methods: tuple[str, ...]
    audit_id: str
    issued_at: float
    expires_at: float
    application_credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequesterToken:
    """What a console was asked for with: the identity token itself, until when it is good, and by what it was got.

    It says later whether whoever asked still may. Kept sealed only (`crypto/sealing.py`).
    """

    token: str = field(repr=False)
    expires_at: float
    application_credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationCredential:
    """What a program signs in with in its user's place: an id and a secret, for one project, with some of the roles.

    It is good until `expires_at` (None: no end). Only an `unrestricted` one may make and delete others.
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
    """What servers belong to and users act in."""

    id: str
    name: str


class Scope(Enum):
    """What a token is for where the request names no project."""

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
    """A good token, to be exchanged for another one."""

    token: SecretStr


SignIn = PasswordSignIn | ApiKeySignIn | CredentialSignIn | TokenSignIn
