"""A server's consoles and console output, through the compute API.

Microversions from 2.6 on have remote-consoles, older ones an action for each protocol. xvpvnc is always requested by
its action: every cloud with that type has the action, and today's Nova refuses the type either way.
"""

import re
import string
import webbrowser
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel

from keyhole.cli.client.cloud import Cloud, CommandFailed
from keyhole.cli.client.servers import server_path
from keyhole.model import ConsoleType, Protocol

_ACTIONS: Final = {
    Protocol.VNC: "os-getVNCConsole",
    Protocol.SERIAL: "os-getSerialConsole",
    Protocol.SPICE: "os-getSPICEConsole",
}
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
_IN_URLS: Final = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, slots=True)
class Console:
    """A console's URL. Anyone who has it can open the console."""

    protocol: Protocol
    type: ConsoleType
    url: str


class _Url(BaseModel):
    url: str


class _ByAction(BaseModel):
    console: _Url


class _ByRemoteConsoles(BaseModel):
    remote_console: _Url


class _Output(BaseModel):
    output: str


def create_console(cloud: Cloud, server_id: str, console_type: ConsoleType) -> Console:
    """A new URL for a server's console. Raises CommandFailed."""
    protocol = console_type.protocol
    if console_type is not ConsoleType.XVPVNC and cloud.compute_offers(2, 6):
        body = {"remote_console": {"protocol": protocol.value, "type": console_type.value}}
        path = server_path(server_id, "remote-consoles")
        url = cloud.compute(_ByRemoteConsoles, "POST", path, body=body, microversion="2.6").remote_console.url
    else:
        action = {_ACTIONS[protocol]: {"type": console_type.value}}
        url = cloud.compute(_ByAction, "POST", server_path(server_id, "action"), body=action).console.url
    if not _is_link(url):
        raise CommandFailed("the cloud returned an invalid console URL")
    return Console(protocol, console_type, url)


def console_output(cloud: Cloud, server_id: str, lines: int | None) -> str:
    """The server's console output: the last `lines` lines, or all that is kept. Raises CommandFailed."""
    # The API counts the text after the last line feed as a line, although it is usually empty.
    arguments = {} if lines is None else {"length": lines + 1}
    body = {"os-getConsoleOutput": arguments}
    output = cloud.compute(_Output, "POST", server_path(server_id, "action"), body=body).output
    return output if lines is None else "".join(_LINE.findall(output)[-lines:])


def open_in_browser(console: Console) -> None:
    """Opens the console in the user's browser. Raises CommandFailed."""
    if not webbrowser.open(console.url):
        raise CommandFailed("could not start a browser; open the URL yourself")


def _is_link(url: str) -> bool:
    """Whether the URL is safe to show on a terminal and to pass to a browser."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.netloc) and _IN_URLS.issuperset(url)
