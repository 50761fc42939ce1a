"""THE table of the compute API: one row for each operation and range of microversions.

Routing, validation of bodies and queries, roles and the order of checks come from here, and so does
docs/reference/api.md. A new call is a row, its schema and its handler.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from keyhole.api.compute import answers
from keyhole.api.compute.call import Call
from keyhole.api.compute.console_auth_tokens import WITH_TLS_PORT, refuse_before_2_31, show_token
from keyhole.api.compute.console_output import get_console_output
from keyhole.api.compute.consoles import (
    ACTION_SCHEMAS,
    REMOTE_CONSOLE_2_6,
    REMOTE_CONSOLE_2_8,
    REMOTE_CONSOLE_2_99,
    create_remote_console,
    get_console,
    refuse_rdp,
    refuse_xvp_consoles,
)
from keyhole.api.compute.flavors import FLAVOR_QUERY, list_flavors, list_flavors_in_detail, show_flavor
from keyhole.api.compute.query import ANY_QUERY, QueryRules
from keyhole.api.compute.schema import Schema
from keyhole.api.compute.server_list import list_servers, list_servers_in_detail
from keyhole.api.compute.server_query import SERVER_QUERY
from keyhole.api.compute.server_view import show_server
from keyhole.api.compute.versions import NEWEST, OLDEST, Microversion
from keyhole.model import Identity, Role

Handler = Callable[[Call], Awaitable[dict[str, Any] | bytes]]
"""Returns the answer's content, as bytes if it is already JSON text."""

ACTION_PATH = "/servers/{server_id}/action"
"""The path whose operations are distinguished by the body's only key."""


class Order(StrEnum):
    """Which refusal comes first if both the role and the server are wrong."""

    POLICY_FIRST = "policy first"
    SERVER_FIRST = "server first"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation in one range of microversions.

    `role` None allows every signed-in caller. `policy` is Nova's name for the rule, which a refusal quotes. `query`
    are the query arguments that it accepts; `answer` is the content of a 200, None if there is no 200; `refusals` are
    statuses in addition to those of every call.
    """

    name: str
    summary: str
    method: str
    path: str
    handler: Handler
    role: Role | None = None
    policy: str = ""
    order: Order = Order.POLICY_FIRST
    oldest: Microversion = OLDEST
    newest: Microversion = NEWEST
    action: str | None = None
    body: Schema | None = None
    query: QueryRules = ANY_QUERY
    answer: answers.JsonSchema | None = None
    refusals: tuple[int, ...] = ()

    @property
    def versions(self) -> str:
        """The range of microversions in words."""
        if self.newest == NEWEST:
            return f"{self.oldest} and later"
        return f"{self.oldest} to {self.newest}"

    @property
    def takes_body(self) -> bool:
        return self.method in ("POST", "PUT")

    def allows(self, identity: Identity) -> bool:
        """Whether the identity's roles are sufficient."""
        return identity.has(self.role)


_CONSOLES = "os_compute_api:os-remote-consoles"
_OUTPUT = "os_compute_api:os-console-output"
_TOKENS = "os_compute_api:os-console-auth-tokens"
_LAST_ACTION = Microversion(2, 5)
_NOT_NOW = (409,)
_NO_QUERY = QueryRules(closed_from=Microversion(2, 102))


def _console_action(action: str, kind: str) -> Operation:
    return Operation(
        action,
        f"A URL that opens the server's {kind} console; later microversions have remote-consoles instead.",
        "POST",
        ACTION_PATH,
        get_console,
        role=Role.MEMBER,
        policy=_CONSOLES,
        newest=_LAST_ACTION,
        action=action,
        body=ACTION_SCHEMAS[action],
        answer=answers.CONSOLE,
        refusals=_NOT_NOW,
    )


def _remote_consoles(oldest: Microversion, newest: Microversion, body: Schema, more: str) -> Operation:
    return Operation(
        "remote-consoles",
        f"A URL that opens a console of the server{more}.",
        "POST",
        "/servers/{server_id}/remote-consoles",
        create_remote_console,
        role=Role.MEMBER,
        policy=_CONSOLES,
        order=Order.SERVER_FIRST,
        oldest=oldest,
        newest=newest,
        body=body,
        answer=answers.REMOTE_CONSOLE,
        refusals=_NOT_NOW,
    )


def _removed(method: str, path: str) -> Operation:
    summary = "Removed with XenServer's console service."
    return Operation("consoles", summary, method, path, refuse_xvp_consoles, refusals=(410,))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "list-servers",
        "The servers of the project.",
        "GET",
        "/servers",
        list_servers,
        role=Role.READER,
        policy="os_compute_api:servers:index",
        query=SERVER_QUERY,
        answer=answers.SERVERS,
    ),
    Operation(
        "list-servers-in-detail",
        "The servers of the project, with all details.",
        "GET",
        "/servers/detail",
        list_servers_in_detail,
        role=Role.READER,
        policy="os_compute_api:servers:detail",
        query=SERVER_QUERY,
        answer=answers.SERVERS_IN_DETAIL,
    ),
    Operation(
        "show-server",
        "One server.",
        "GET",
        "/servers/{server_id}",
        show_server,
        role=Role.READER,
        policy="os_compute_api:servers:show",
        order=Order.SERVER_FIRST,
        query=_NO_QUERY,
        answer=answers.ONE_SERVER,
    ),
    _console_action("os-getVNCConsole", "VNC"),
    _console_action("os-getSPICEConsole", "SPICE"),
    _console_action("os-getSerialConsole", "serial"),
    Operation(
        "os-getRDPConsole",
        "Removed: there are no RDP consoles.",
        "POST",
        ACTION_PATH,
        refuse_rdp,
        newest=_LAST_ACTION,
        action="os-getRDPConsole",
    ),
    Operation(
        "os-getConsoleOutput",
        "The last lines of the server's serial console.",
        "POST",
        ACTION_PATH,
        get_console_output,
        role=Role.MEMBER,
        policy=_OUTPUT,
        order=Order.SERVER_FIRST,
        action="os-getConsoleOutput",
        body=ACTION_SCHEMAS["os-getConsoleOutput"],
        answer=answers.OUTPUT,
        refusals=_NOT_NOW,
    ),
    _remote_consoles(Microversion(2, 6), Microversion(2, 7), REMOTE_CONSOLE_2_6, ""),
    _remote_consoles(Microversion(2, 8), Microversion(2, 98), REMOTE_CONSOLE_2_8, "; also mks and webmks"),
    _remote_consoles(Microversion(2, 99), NEWEST, REMOTE_CONSOLE_2_99, "; also spice-direct"),
    Operation(
        "os-console-auth-tokens",
        "Refused: these microversions only cover RDP consoles.",
        "GET",
        "/os-console-auth-tokens/{token}",
        refuse_before_2_31,
        newest=Microversion(2, 30),
    ),
    Operation(
        "os-console-auth-tokens",
        "The location of the console that a token opens. The token is not redeemed.",
        "GET",
        "/os-console-auth-tokens/{token}",
        show_token,
        role=Role.ADMIN,
        policy=_TOKENS,
        oldest=Microversion(2, 31),
        query=QueryRules(closed_from=WITH_TLS_PORT),
        answer=answers.TOKEN,
    ),
    _removed("GET", "/servers/{server_id}/consoles"),
    _removed("POST", "/servers/{server_id}/consoles"),
    _removed("GET", "/servers/{server_id}/consoles/{console_id}"),
    _removed("DELETE", "/servers/{server_id}/consoles/{console_id}"),
    Operation(
        "list-flavors",
        "The sizes of the caller's servers.",
        "GET",
        "/flavors",
        list_flavors,
        query=FLAVOR_QUERY,
        answer=answers.FLAVORS,
    ),
    Operation(
        "list-flavors-in-detail",
        "The sizes of the caller's servers, with all details.",
        "GET",
        "/flavors/detail",
        list_flavors_in_detail,
        query=FLAVOR_QUERY,
        answer=answers.FLAVORS_IN_DETAIL,
    ),
    Operation(
        "show-flavor",
        "One size of the caller's servers.",
        "GET",
        "/flavors/{flavor_id}",
        show_flavor,
        query=_NO_QUERY,
        answer=answers.ONE_FLAVOR,
    ),
)
