"""`[[servers]]`: machines that no other driver lists, and the addresses of their consoles."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from keyhole.config.section import Section
from keyhole.config.targets import SocketSettings, VncSettings
from keyhole.model import Address, TcpAddress
from keyhole.net.addresses import parse_target_url
from keyhole.protocols.http.connect import check_path


class ConsoleTarget(SocketSettings):
    """`vnc`, `spice`: the address of a console."""

    url: str = Field(description="`tcp://HOST:PORT` or `unix:/PATH`.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parse_target_url(value)
        return value

    @property
    def address(self) -> Address:
        return parse_target_url(self.url)


class VncTarget(VncSettings, ConsoleTarget):
    """`vnc`: a VNC server."""

    connect_path: str = Field(
        "",
        description="Path to request from the host by HTTP CONNECT before VNC begins, as XenServer requires. It is"
        " visible to admins and in the log, so it must not contain a secret.",
    )

    @model_validator(mode="after")
    def _check_connect_path(self) -> "VncTarget":
        if self.connect_path:
            check_path(self.connect_path)
            if not isinstance(self.address, TcpAddress):
                raise ValueError("connect_path belongs to a tcp:// url")
        return self


class SerialTarget(ConsoleTarget):
    """`serial`: a serial port behind a socket."""

    log_file: Path | None = Field(
        None,
        description="File to which the hypervisor writes all serial output."
        " The rules of sockets apply: below `socket_directory` (or the root, if the file is elsewhere) no link is"
        " followed, and if `socket_uids` is set, one of these users must own the file.",
    )


class StaticServer(Section):
    """`[[servers]]`: one machine that no other driver lists."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,255}$")] = Field(
        description="The server's id, usually a UUID."
    )
    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The server's name.")
    project: Annotated[str, Field(min_length=1, max_length=255)] = Field(description="The project that owns it.")
    vnc: VncTarget | None = Field(None, description="Its VNC console.")
    serial: SerialTarget | None = Field(None, description="Its serial console.")
    spice: ConsoleTarget | None = Field(None, description="Its SPICE console.")
