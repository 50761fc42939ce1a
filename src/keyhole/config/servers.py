"""`[[servers]]`: machines that nothing else knows, and where their consoles are."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from keyhole.addresses import parse_target_url
from keyhole.config.section import Section
from keyhole.model import Address


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
