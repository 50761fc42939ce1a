"""The users of the settings, under their derived ids (`names.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import SecretStr

from keyhole.config import UserSettings
from keyhole.errors import SettingsError
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.identity.embedded.passwords import is_hash
from keyhole.model import Identity, Project


@dataclass(frozen=True, slots=True)
class User:
    """A user of the settings, who belongs to one project."""

    id: str
    name: str
    project: Project
    roles: frozenset[str]
    password_hash: SecretStr | None
    plain_password: SecretStr | None
    api_key_hash: SecretStr | None

    @property
    def unscoped(self) -> Identity:
        """Who this user is with an unscoped token, which carries no roles."""
        return Identity(self.id, self.name)

    def acting(self, roles: frozenset[str]) -> Identity:
        """Who this user is with a token for the project."""
        return Identity(self.id, self.name, self.project.id, self.project.name, roles)


class Users:
    """All users. Raises SettingsError if a hash in the settings is invalid."""

    def __init__(self, settings: Iterable[UserSettings]) -> None:
        users = [_read(user) for user in settings]
        self._by_id = {user.id: user for user in users}
        self._by_name = {user.name: user for user in users}
        self.project_names = {user.project.id: user.project.name for user in users}

    def find(self, reference: str) -> User | None:
        """A user by name or by id."""
        return self._by_name.get(reference) or self._by_id.get(reference)

    def with_id(self, user_id: str) -> User | None:
        """A user by id."""
        return self._by_id.get(user_id)


def _read(user: UserSettings) -> User:
    for key in ("password_hash", "api_key_hash"):
        given: SecretStr | None = getattr(user, key)
        if given is not None and not is_hash(given):
            raise SettingsError(
                f"identity.users: {key} of {user.name!r} is not a hash; make one with `keyhole config hash-password`"
            )
    return User(
        id=user_id_of(user.name),
        name=user.name,
        project=Project(project_id_of(user.project), user.project),
        roles=frozenset(user.roles),
        password_hash=user.password_hash,
        plain_password=user.password,
        api_key_hash=user.api_key_hash,
    )
