"""`[[servers]]`: machines that nothing else knows, and where their consoles are."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from keyhole.config.section import Section
from keyhole.config.targets import SocketSettings, VncSettings
from keyhole.model import Address, TcpAddress
from keyhole.net.addresses import parse_target_url
from keyhole.protocols.http.connect import check_path


class ConsoleTarget(SocketSettings):
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


class VncTarget(VncSettings, ConsoleTarget):
    """`vnc`: a VNC server."""

    connect_path: str = Field(
        "",
        description="Path that the host is asked for by HTTP's CONNECT before VNC begins, as XenServer wants it; admins"
        " and the log see it, so no secret belongs in it.",
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
        " It is held to the rules of sockets: below `socket_directory` (the root, where it lies elsewhere) no link is"
        " followed, and of `socket_uids`, where they are set, one must own it.",
    )


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
