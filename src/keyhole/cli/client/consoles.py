"""A server's consoles and console output by the compute API.

Microversions from 2.6 on have remote-consoles, older ones an action for each protocol. xvpvnc is asked for by its
action everywhere: whoever has that type has the action, and today's Nova would refuse it by either.
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
    """A console's URL. Whoever has it may open the console."""

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
        raise CommandFailed("the cloud answered with something that is not a console's URL")
    return Console(protocol, console_type, url)


def console_output(cloud: Cloud, server_id: str, lines: int | None) -> str:
    """What the server wrote to its console: the last `lines` lines, or all of it that is kept. Raises CommandFailed."""
    # The API counts what follows the last line feed as a line, though as a rule it is empty.
    arguments = {} if lines is None else {"length": lines + 1}
    body = {"os-getConsoleOutput": arguments}
    output = cloud.compute(_Output, "POST", server_path(server_id, "action"), body=body).output
    return output if lines is None else "".join(_LINE.findall(output)[-lines:])


def open_in_browser(console: Console) -> None:
    """Starts the person's browser at the console. Raises CommandFailed."""
    if not webbrowser.open(console.url):
        raise CommandFailed("no browser could be started; open the URL by hand")


def _is_link(url: str) -> bool:
    """Whether a terminal may show it and a browser may be given it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.netloc) and _IN_URLS.issuperset(url)
