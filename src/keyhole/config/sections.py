"""`[server]`, `[store]`, `[tokens]`, `[sessions]`, `[console]`: the service itself."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from keyhole.config.section import Section
from keyhole.net.addresses import origin_of, parse_listen
from keyhole.net.proxies import Proxies, parse_proxies

WORKERS_LIMIT = 128
DEFAULT_LISTEN = "127.0.0.1:6080"


class ServerSettings(Section):
    """`[server]`: the service's addresses, URL, workers and TLS."""

    listen: str = Field(DEFAULT_LISTEN, description="Address to listen on: `HOST:PORT` or `unix:/PATH`.")
    admin_listen: str = Field(
        "",
        description="An additional address, `HOST:PORT` or `unix:/PATH`, that answers `/healthz`, `/readyz` and"
        " `/metrics` over plain HTTP, with all details for everybody who can reach it. Empty: none.",
    )
    public_url: str = Field(
        "", description="Start of the returned URLs, as browsers reach it. Empty: the listening address."
    )
    workers: Annotated[int, Field(ge=1, le=WORKERS_LIMIT)] = Field(
        1, description="Processes that share the port; one for each processor core to use."
    )
    tls_certificate: Path | None = Field(
        None,
        description="PEM file with the certificate chain; enables TLS. Changed files take effect for new connections,"
        " without a reload.",
    )
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses or networks of reverse proxies, `unix` for those on a unix socket. Their"
        " `X-Forwarded-For` is trusted as the client address of sign-ins and connections.",
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

    @field_validator("admin_listen")
    @classmethod
    def _check_admin_listen(cls, value: str) -> str:
        if value:
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

    @property
    def proxies(self) -> Proxies:
        """`trusted_proxies`, to be asked whose connection one of theirs is."""
        return parse_proxies(self.trusted_proxies)

    @model_validator(mode="after")
    def _check_tls(self) -> "ServerSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be set together")
        return self

    @model_validator(mode="after")
    def _check_addresses(self) -> "ServerSettings":
        if self.admin_listen and parse_listen(self.admin_listen) == parse_listen(self.listen):
            raise ValueError("admin_listen is the same address as listen; write another one")
        return self


class StoreSettings(Section):
    """`[store]`: the database of grants, sessions and tokens."""

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
        600, description="How long a console link is valid."
    )
    reuse: Literal["once", "until_expiry"] = Field(
        "once", description="`once`: a link opens one time; `until_expiry`: any number of times, as in Nova."
    )


class SessionSettings(Section):
    """`[sessions]`: open consoles."""

    idle_seconds: Annotated[int, Field(ge=0)] = Field(
        0, description="A session ends after this long without input (screen updates do not count); 0: no limit."
    )
    maximum_seconds: Annotated[int, Field(ge=0)] = Field(
        0, description="A session ends after this long, reconnections included; 0: no limit."
    )
    resume_seconds: Annotated[int, Field(ge=0, le=7 * 24 * 3600)] = Field(
        3600,
        description="How long a browser that lost its session may resume its console without a new link; 0: never.",
    )
    reauthorize_seconds: Annotated[int, Field(ge=0)] = Field(
        60,
        description="How often to check with the identity service that users of open consoles still may open them;"
        " 0: only when they reconnect.",
    )
    drain_seconds: Annotated[int, Field(ge=0)] = Field(
        0, description="How long open sessions may continue when the service stops; 0: they end at once."
    )
    keepalive_timeout_seconds: Annotated[int, Field(ge=6)] = Field(
        45,
        description="A session ends at the latest after this long without a sign of life from the viewer or the host.",
    )


class ConsoleSettings(Section):
    """`[console]`: the origins that may show consoles, and sessions for each server."""

    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Exact origins (`https://HOST[:PORT]`) that may show consoles, in addition to `public_url`'s own.",
    )
    frame_ancestors: tuple[str, ...] | None = Field(
        None,
        description="Exact origins whose pages may show the console page in a frame; unset: those of `allowed_origins`."
        " With an empty list only pages of `public_url` itself may.",
    )
    max_sessions_per_server: Annotated[int, Field(ge=0)] = Field(
        0, description="How many sessions one server may have at once; 0: no limit."
    )

    @field_validator("allowed_origins", "frame_ancestors")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(origin_of(origin) for origin in value)

    @property
    def framing_origins(self) -> tuple[str, ...]:
        """The origins whose pages may frame the console page, in addition to our own."""
        return self.allowed_origins if self.frame_ancestors is None else self.frame_ancestors
