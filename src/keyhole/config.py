"""The settings: one TOML file, then the environment (`KEYHOLE_SERVER__LISTEN=...`). The only reader of either.

Every key has a type, a default and a description; docs/reference/configuration.md is generated from them. Unknown keys
are errors, in the file and in the environment. `[drivers.NAME]` sections are checked by the driver of that name.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from keyhole.addresses import origin_of, parse_listen, parse_proxies, parse_target_url
from keyhole.errors import SettingsError
from keyhole.model import Address, TcpAddress, UnixAddress

ENVIRONMENT_PREFIX = "KEYHOLE_"
DEFAULT_LISTEN = "127.0.0.1:6080"


class Section(BaseModel):
    """One table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(Section):
    """`[server]`: the one port."""

    listen: str = Field(DEFAULT_LISTEN, description="Address to listen on: `HOST:PORT` or `unix:/PATH`.")
    public_url: str = Field(
        "", description="What the returned URLs start with, as browsers reach it. Empty: the listening address."
    )
    workers: Literal[1] = Field(1, description="Processes that share the port; this version runs one.")
    tls_certificate: Path | None = Field(
        None, description="PEM file with the certificate chain; TLS is spoken when it is set."
    )
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses or networks of reverse proxies, `unix` for those on a unix socket: their"
        " `X-Forwarded-For` says where a sign-in comes from.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_trusted_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_proxies(value)
        return value

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, value: str) -> str:
        parse_listen(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value:
            origin_of(value)
            parts = urlsplit(value)
            if parts.path.rstrip("/") or parts.query or parts.fragment:
                raise ValueError(f"{value!r} has a path; write only https://HOST[:PORT]")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_tls(self) -> "ServerSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be set together")
        return self


class StoreSettings(Section):
    """`[store]`: where grants and tokens are kept."""

    url: str = Field(
        "sqlite:///keyhole.db",
        description="`sqlite:///PATH` (relative to the working directory, `sqlite:////PATH` absolute).",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or value == "sqlite:///":
            raise ValueError(f"{value!r} is not a store; write sqlite:///PATH")
        return value


class TokenSettings(Section):
    """`[tokens]`: console links."""

    lifetime_seconds: Annotated[int, Field(ge=1, le=7 * 24 * 3600)] = Field(
        600, description="How long a console link is good."
    )
    reuse: Literal["once", "until_expiry"] = Field(
        "once", description="`once`: a link opens one time; `until_expiry`: as often as wanted, as in Nova."
    )


class SessionSettings(Section):
    """`[sessions]`: open consoles."""

    idle_seconds: Annotated[int, Field(ge=0)] = Field(
        0, description="A session ends after this long without input (screen updates do not count); 0: no limit."
    )
    maximum_seconds: Annotated[int, Field(ge=0)] = Field(0, description="A session ends after this long; 0: no limit.")


class ConsoleSettings(Section):
    """`[console]`: who may open consoles from where."""

    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Exact origins (`https://HOST[:PORT]`) that may show consoles, beside `public_url`'s own.",
    )
    max_sessions_per_server: Annotated[int, Field(ge=0)] = Field(
        0, description="How many sessions one server may have at once; 0: no limit."
    )

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(origin_of(origin) for origin in value)


class UserSettings(Section):
    """`[[identity.users]]`: one user of the embedded identity."""

    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The user's name.")
    password_hash: SecretStr | None = Field(None, description="As printed by `keyhole config hash-password`.")
    password: SecretStr | None = Field(
        None, description="The password itself; refused unless `allow_plain_passwords` is true."
    )
    api_key_hash: SecretStr | None = Field(
        None, description="Hash of the key for `RAX-KSKEY:apiKeyCredentials`, made in the same way."
    )
    project: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The user's project.")
    roles: tuple[str, ...] = Field(
        ("member", "reader"), description="`reader` sees, `member` opens consoles, `admin` sees all projects."
    )


class IdentitySettings(Section):
    """`[identity]`: who may call the API."""

    backend: Literal["embedded", "keystone"] = Field(
        "embedded", description="`embedded`: the users below; `keystone`: those of an OpenStack Identity service."
    )
    token_lifetime_seconds: Annotated[int, Field(ge=60, le=7 * 24 * 3600)] = Field(
        3600, description="`embedded`: how long an identity token is good."
    )
    allow_plain_passwords: bool = Field(
        False, description="`embedded`: accept `password` beside `password_hash`; for trials only."
    )
    users: tuple[UserSettings, ...] = Field((), description="`embedded`: the users.")
    auth_url: str = Field("", description="`keystone`: the Identity service, as clients reach it too.")
    username: str = Field("", description="`keystone`: Keyhole's own user there, who may validate tokens.")
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

    @property
    def keystone_url(self) -> str:
        """Where the Keystone's versions begin: `auth_url` without the version."""
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
        names = [user.name for user in self.users]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"user {name!r} stands there twice")
        for user in self.users:
            if user.password is not None and not self.allow_plain_passwords:
                raise ValueError(
                    f"user {user.name!r} has a plain password; use password_hash (keyhole config hash-password)"
                    " or set identity.allow_plain_passwords = true"
                )
            if user.password is not None and user.password_hash is not None:
                raise ValueError(f"user {user.name!r} has both password and password_hash; keep one")
        return self


class ConsoleTarget(Section):
    """`vnc`, `spice`: where a console listens."""

    url: str = Field(description="`tcp://HOST:PORT` or `unix:/PATH`.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parse_target_url(value)
        return value

    @property
    def address(self) -> Address:
        return parse_target_url(self.url)


class VncTarget(ConsoleTarget):
    """`vnc`: a VNC server."""

    password_file: Path | None = Field(None, description="File whose first line is the console's VNC password.")


class SerialTarget(ConsoleTarget):
    """`serial`: a serial port behind a socket."""

    log_file: Path | None = Field(None, description="File to which the hypervisor writes all serial output.")


class StaticServer(Section):
    """`[[servers]]`: one machine that nothing else knows."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,255}$")] = Field(
        description="The server's id, usually a UUID."
    )
    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The server's name.")
    project: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The project that owns it.")
    vnc: VncTarget | None = Field(None, description="Its VNC console.")
    serial: SerialTarget | None = Field(None, description="Its serial console.")
    spice: ConsoleTarget | None = Field(None, description="Its SPICE console.")


class Settings(BaseSettings):
    """All of it. Made by `load`."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", env_ignore_empty=False
    )

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    tokens: TokenSettings = TokenSettings()
    sessions: SessionSettings = SessionSettings()
    console: ConsoleSettings = ConsoleSettings()
    identity: IdentitySettings = IdentitySettings()
    servers: tuple[StaticServer, ...] = Field((), description="Servers of the driver `static`.")
    drivers: dict[str, dict[str, Any]] = Field({}, description="One table for each driver in use.")

    @model_validator(mode="after")
    def _check_servers(self) -> "Settings":
        ids = [server.id for server in self.servers]
        for server_id in ids:
            if ids.count(server_id) > 1:
                raise ValueError(f"server id {server_id!r} stands there twice")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment over the file (which `load` hands in as the initial values)."""
        return env_settings, init_settings

    @property
    def listen_address(self) -> Address:
        return parse_listen(self.server.listen)

    @property
    def public_url(self) -> str:
        """`server.public_url`, or the listening address as a browser on this machine reaches it."""
        if self.server.public_url:
            return self.server.public_url
        scheme = "https" if self.server.tls_certificate else "http"
        match self.listen_address:
            case TcpAddress(host, port):
                host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
                return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
            case UnixAddress():
                return f"{scheme}://localhost"


def load(path: Path | None) -> Settings:
    """Reads the file (None: the environment alone). Raises SettingsError with one line."""
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: is not TOML: {error}") from error
    return make(values, source=str(path) if path else "settings")


def make(values: Mapping[str, Any], *, source: str) -> Settings:
    """Settings from plain values and the environment; `source` begins the one line of a SettingsError."""
    _refuse_unknown_variables()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(f"{source}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """The first thing that is wrong, as `place: what`, without the value (it may be a secret)."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    what = {
        "extra_forbidden": "is not a known key",
        "missing": "is missing",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    more = error.error_count() - 1
    return f"{place}: {what}" + (f" (and {more} more)" if more else "") if place else what


def _refuse_unknown_variables() -> None:
    known = {f"{ENVIRONMENT_PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in os.environ:
        upper = name.upper()
        if upper.startswith(ENVIRONMENT_PREFIX) and upper.split("__")[0] not in known:
            raise SettingsError(f"environment: {name} is not a known setting")
