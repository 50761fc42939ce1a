"""How to reach and sign in to consoles: settings that servers and drivers share."""

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
        description="The weakest VeNCrypt subtype to accept: `x509none`, `x509vnc` (with `password_file`),"
        " `x509plain` (with `username` too), or the same with `tls` for `x509`: anonymous TLS, which does not verify"
        " the server."
    ),
]


class TlsSettings(Section):
    """`tls`: VeNCrypt for the connection to a VNC server. If set, nothing weaker is accepted."""

    ca: Path | None = Field(None, description="PEM file with the authorities to trust; unset: the system's.")
    certificate: Path | None = Field(
        None, description="PEM file with Keyhole's certificate chain, if the server requires one."
    )
    key: Path | None = Field(None, description="PEM file with the certificate's private key, without passphrase.")
    subtype: SubtypeName = VencryptSubtype.X509NONE
    server_name: str = Field(
        "",
        description="Name or address that the server's certificate must be for. Empty: the host of `url`, `localhost`"
        " for a unix socket.",
    )
    insecure: bool = Field(
        False, description="Do not check the server's certificate; the log and, for admins, `/readyz` report it."
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
        """A warning for the operator, as the end of a sentence."""
        return None if self.target_tls.is_verified else "is reached by TLS without verification"


class SocketSettings(Section):
    """Which unix sockets may be dialled; for sections with addresses of sockets."""

    socket_directory: str | None = Field(
        None,
        description="Directory that must contain the unix sockets; below it no link is followed. Unset: any directory,"
        " and no link is followed.",
    )
    socket_uids: frozenset[int] | None = Field(
        None,
        description="Numeric ids of users whose processes may listen on unix sockets; unset: the socket's owner, root"
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
    """How to sign in to a VNC server; for sections with VNC consoles."""

    password_file: Path | None = Field(None, description="File whose first line is the console's VNC password.")
    username: str = Field("", description="User name that is sent with the password by `x509plain`.")
    tls: TlsSettings | None = Field(None, description="TLS for the connection to it.")

    @model_validator(mode="after")
    def _check_credentials(self) -> "VncSettings":
        if self.username and (self.tls is None or self.password_file is None):
            raise ValueError("username goes with password_file, and with tls: it is only sent under TLS")
        wanted = self.tls.subtype.value if self.tls is not None else ""
        if wanted.endswith(("vnc", "plain")) and self.password_file is None:
            raise ValueError(f"tls.subtype = {wanted!r} needs password_file")
        if wanted.endswith("plain") and not self.username:
            raise ValueError(f"tls.subtype = {wanted!r} needs username")
        return self
