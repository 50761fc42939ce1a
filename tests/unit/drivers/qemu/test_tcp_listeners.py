"""A console's TCP port: on this machine, and of a user that may listen there."""

import os
import socket
from pathlib import Path

import pytest
from tests.fakes.tcp_table import HEADER, table_line

from keyhole.drivers.qemu import tcp_listeners
from keyhole.drivers.qemu.tcp_listeners import listener_problem
from keyhole.model import TcpAddress

QEMU, ROOT = 107, 0
OF_ANOTHER = "belongs to a user whose processes may not listen there"
NOBODY = "has no listener"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_of_our_own_and_that_of_another(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        address = TcpAddress(host, server.getsockname()[1])
        assert listener_problem(address, frozenset({os.geteuid()})) is None
        assert listener_problem(address, frozenset({os.geteuid() + 1})) == OF_ANOTHER
    assert listener_problem(address, frozenset({os.geteuid()})) == NOBODY


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "8.8.8.8", "2001:db8::1", "::ffff:8.8.8.8", "224.0.0.1", "0.0.0.0"]
)
def test_another_machine_is_refused_even_where_somebody_listens_by_its_address(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "tcp"
    table.write_text(table_line(host, 80, QEMU))
    monkeypatch.setattr(tcp_listeners, "TABLES", (table,))
    assert listener_problem(TcpAddress(host, 80), frozenset({QEMU})) == "is not on this machine"


@pytest.mark.parametrize(
    ("host", "sockets", "problem"),
    [
        ("127.0.0.1", [("127.0.0.1", QEMU)], None),
        ("127.0.0.1", [("0.0.0.0", QEMU)], None),
        ("127.0.0.1", [("0.0.0.0", ROOT)], OF_ANOTHER),
        ("127.0.0.1", [("127.0.0.2", QEMU)], NOBODY),
        ("127.0.0.1", [("127.0.0.1", QEMU), ("127.0.0.1", ROOT)], OF_ANOTHER),
        ("127.0.0.1", [("0.0.0.0", QEMU), ("::", ROOT)], None),
        ("127.0.0.1", [("::", QEMU)], None),
        ("127.0.0.1", [("::", ROOT)], OF_ANOTHER),
        ("127.0.0.1", [("::ffff:127.0.0.1", QEMU)], None),
        ("::ffff:127.0.0.1", [("127.0.0.1", QEMU)], None),
        ("::1", [("::1", QEMU)], None),
        ("::1", [("::", ROOT)], OF_ANOTHER),
        ("::1", [("127.0.0.1", QEMU), ("0.0.0.0", QEMU)], NOBODY),
    ],
)
def test_the_sockets_that_a_connection_might_reach_count(
    host: str,
    sockets: list[tuple[str, int]],
    problem: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = tmp_path / "tcp"
    lines = [table_line(address, 5900, user_id) for address, user_id in sockets]
    table.write_text("".join([HEADER, *lines, table_line(host, 5901, ROOT)]))
    monkeypatch.setattr(tcp_listeners, "TABLES", (table, tmp_path / "absent"))
    assert listener_problem(TcpAddress(host, 5900), frozenset({QEMU})) == problem
