"""All settings, and reading them: first the file, then the environment, which overrides it."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from keyhole.config.identity import IdentitySettings
from keyhole.config.limits import LimitSettings
from keyhole.config.section import refuse_duplicates
from keyhole.config.sections import ConsoleSettings, ServerSettings, SessionSettings, StoreSettings, TokenSettings
from keyhole.config.servers import StaticServer
from keyhole.errors import SettingsError
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.net.addresses import origin_of, parse_listen

ENVIRONMENT_PREFIX = "KEYHOLE_"


class Settings(BaseSettings):
    """All settings. Created by `load`."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", env_ignore_empty=False
    )

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    tokens: TokenSettings = TokenSettings()
    sessions: SessionSettings = SessionSettings()
    console: ConsoleSettings = ConsoleSettings()
    limits: LimitSettings = LimitSettings()
    identity: IdentitySettings = IdentitySettings()
    servers: tuple[StaticServer, ...] = Field((), description="Servers of the driver `static`.")
    drivers: dict[str, dict[str, Any]] = Field({}, description="One table for each driver in use.")

    @model_validator(mode="after")
    def _check_servers(self) -> "Settings":
        refuse_duplicates("server id", (server.id for server in self.servers))
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
        """The environment overrides the file (which `load` passes as the initial values)."""
        return env_settings, init_settings

    @property
    def listen_address(self) -> Address:
        return parse_listen(self.server.listen)

    @property
    def admin_listen_address(self) -> Address | None:
        return parse_listen(self.server.admin_listen) if self.server.admin_listen else None

    @property
    def host_names(self) -> frozenset[str]:
        """The hosts of `server.public_url` and of the listening addresses, both names and addresses."""
        listened = (self.listen_address, self.admin_listen_address)
        hosts = {address.host.lower() for address in listened if isinstance(address, TcpAddress)}
        return frozenset(hosts | {urlsplit(self.public_url).hostname or ""})

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The exact origins that may open consoles: `console.allowed_origins` and `public_url`'s own."""
        return frozenset({origin_of(self.public_url), *self.console.allowed_origins})

    @property
    def public_url(self) -> str:
        """`server.public_url`, otherwise the listening address as a browser on this machine reaches it."""
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
    """Reads the file (None: only the environment). Raises SettingsError with one line."""
    if path is None:
        return make({}, source="settings")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(text, source=str(path))


def parse(text: bytes, *, source: str) -> Settings:
    """Settings from a file's content and the environment; `source` begins the one line of a SettingsError."""
    try:
        values = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source}: is not TOML: {error}") from error
    return make(values, source=source)


def make(values: Mapping[str, Any], *, source: str) -> Settings:
    """Settings from plain values and the environment; `source` begins the one line of a SettingsError."""
    _refuse_unknown_variables()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(f"{source}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """The first error, as `place: what`, without the value (it may be a secret)."""
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
