"""`[identity]`: who may call the API."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from keyhole.config.section import Section, refuse_duplicates
from keyhole.net.addresses import origin_of


class UserSettings(Section):
    """`[[identity.users]]`: one user of the embedded identity."""

    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The user's name.")
    password_hash: SecretStr | None = Field(None, description="As printed by `keyhole config hash-password`.")
    password: SecretStr | None = Field(
        None, description="The password itself; refused unless `allow_plain_passwords` is true."
    )
    api_key_hash: SecretStr | None = Field(
        None, description="Hash of the key for `RAX-KSKEY:apiKeyCredentials`, created in the same way."
    )
    project: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The user's project.")
    roles: tuple[str, ...] = Field(
        ("member", "reader"),
        description="`reader` lists servers, `member` opens consoles, `admin` has access to all projects.",
    )


class IdentitySettings(Section):
    """`[identity]`: who may call the API."""

    backend: Literal["embedded", "keystone"] = Field(
        "embedded", description="`embedded`: the users below; `keystone`: the users of an OpenStack Identity service."
    )
    token_lifetime_seconds: Annotated[int, Field(ge=60, le=7 * 24 * 3600)] = Field(
        3600, description="`embedded`: how long an identity token is valid."
    )
    allow_plain_passwords: bool = Field(
        False, description="`embedded`: accept `password` as well as `password_hash`; for trials only."
    )
    users: tuple[UserSettings, ...] = Field((), description="`embedded`: the users.")
    auth_url: str = Field("", description="`keystone`: URL of the Identity service, which clients use too.")
    username: str = Field("", description="`keystone`: Keyhole's own user there, which may validate tokens.")
    password: SecretStr | None = Field(None, description="`keystone`: that user's password.")
    project_name: str = Field("", description="`keystone`: the project that this user acts in, such as `service`.")
    user_domain_name: str = Field("Default", description="`keystone`: the domain of this user.")
    project_domain_name: str = Field("Default", description="`keystone`: the domain of this project.")
    cafile: Path | None = Field(
        None, description="`keystone`: PEM file with the authorities to trust; unset: the system's."
    )
    region_name: str | None = Field(
        None, description="`keystone`: the region whose Identity endpoint is used; unset: the first in the catalog."
    )

    expired_token_seconds: Annotated[int, Field(ge=0)] = Field(
        172800,
        description="`keystone`: its `[token] allow_expired_window`: how long after its expiry a token can still be"
        " used to check the rights of an open console's user.",
    )

    @property
    def keystone_url(self) -> str:
        """The base URL of Keystone's versions: `auth_url` without the version."""
        return self.auth_url.rstrip("/").removesuffix("/v3")

    @field_validator("auth_url")
    @classmethod
    def _check_auth_url(cls, value: str) -> str:
        if value:
            origin_of(value)
        return value

    @model_validator(mode="after")
    def _check_backend(self) -> "IdentitySettings":
        of_keystone = ("auth_url", "username", "password", "project_name")
        if self.backend == "keystone":
            missing = [key for key in of_keystone if not getattr(self, key)]
            if missing:
                raise ValueError(f'backend = "keystone" needs {", ".join(missing)}')
            if self.users:
                raise ValueError('users belong to backend = "embedded"; with "keystone" they are kept in Keystone')
        else:
            for key in (*of_keystone, "cafile", "region_name"):
                if getattr(self, key):
                    raise ValueError(f'{key} belongs to backend = "keystone"')
        return self

    @model_validator(mode="after")
    def _check_users(self) -> "IdentitySettings":
        refuse_duplicates("user", (user.name for user in self.users))
        for user in self.users:
            if user.password is not None and not self.allow_plain_passwords:
                raise ValueError(
                    f"user {user.name!r} has a plain password; use password_hash (keyhole config hash-password)"
                    " or set identity.allow_plain_passwords = true"
                )
            if user.password is not None and user.password_hash is not None:
                raise ValueError(f"user {user.name!r} has both password and password_hash; keep one")
        return self
