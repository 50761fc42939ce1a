"""How consoles are reached and signed in to: what the settings of servers and of drivers share."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from keyhole.config.section import Section
from keyhole.errors import TlsUnusable
from keyhole.model import SocketTrust, TargetTls, VencryptSubtype
from keyhole.net.tls_client import client_context

SubtypeName = Annotated[
    VencryptSubtype,
    Field(
        description="The weakest VeNCrypt sub-type that will do: `x509none`, `x509vnc` (with `password_file`),"
        " `x509plain` (with `username` too), or the same with `tls` for `x509`: anonymous TLS, which does not tell who"
        " is at the other end."
    ),
]


class TlsSettings(Section):
    """`tls`: VeNCrypt on the way to a VNC server; once set, nothing weaker is accepted there."""

    ca: Path | None = Field(None, description="PEM file with the authorities to trust; unset: the system's.")
    certificate: Path | None = Field(
        None, description="PEM file with our certificate chain, where the server wants one."
    )
    key: Path | None = Field(None, description="PEM file with the certificate's private key, without passphrase.")
    subtype: SubtypeName = VencryptSubtype.X509NONE
    server_name: str = Field(
        "",
        description="Name or address that the server's certificate must be for. Empty: the host of `url`, `localhost`"
        " for a unix socket.",
    )
    insecure: bool = Field(
        False, description="Do not check the server's certificate; said in the log and, to admins, in `/readyz`."
    )

    @model_validator(mode="after")
    def _check(self) -> "TlsSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key must be set together")
        if self.insecure and (self.ca is not None or self.server_name):
            raise ValueError("ca and server_name have no meaning with insecure = true; keep one or the other")
        if self.subtype.is_anonymous:
            for key in ("ca", "certificate", "server_name", "insecure"):
                if getattr(self, key):
                    raise ValueError(
                        f"{key} has no meaning with subtype = {self.subtype.value!r}: no certificate is shown"
                    )
        try:
            client_context(self.target_tls)
        except TlsUnusable as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def target_tls(self) -> TargetTls:
        return TargetTls(**self.model_dump())

    @property
    def warning(self) -> str | None:
        """What the operator should be reminded of, as the end of a sentence."""
        return None if self.target_tls.is_verified else "is reached by TLS without verification"


class SocketSettings(Section):
    """Which unix sockets may be dialled; for sections that name some."""

    socket_directory: str | None = Field(
        None,
        description="Directory below which unix sockets must lie; below it no link is followed. Unset: anywhere, and"
        " no link is followed.",
    )
    socket_uids: frozenset[int] | None = Field(
        None,
        description="Users (numbers) whose processes may listen on unix sockets; unset: the socket's owner, root"
        " and Keyhole's own.",
    )

    @field_validator("socket_directory")
    @classmethod
    def _check_directory(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("/"):
            raise ValueError(f"{value!r} is not the absolute path of a directory")
        return value

    @property
    def socket_trust(self) -> SocketTrust:
        return SocketTrust(self.socket_directory or "/", self.socket_uids)


class VncSettings(Section):
    """What signing in to a VNC server takes; for sections that name some."""

    password_file: Path | None = Field(None, description="File whose first line is the console's VNC password.")
    username: str = Field("", description="Name that goes with the password where `x509plain` is spoken.")
    tls: TlsSettings | None = Field(None, description="TLS on the way there.")

    @model_validator(mode="after")
    def _check_credentials(self) -> "VncSettings":
        if self.username and (self.tls is None or self.password_file is None):
            raise ValueError("username goes with password_file, and with tls: it is told under TLS only")
        wanted = self.tls.subtype.value if self.tls is not None else ""
        if wanted.endswith(("vnc", "plain")) and self.password_file is None:
            raise ValueError(f"tls.subtype = {wanted!r} needs password_file")
        if wanted.endswith("plain") and not self.username:
            raise ValueError(f"tls.subtype = {wanted!r} needs username")
        return self
