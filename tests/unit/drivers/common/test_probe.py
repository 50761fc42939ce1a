"""Whether something listens at an address, without the listener noticing the probe."""

import asyncio
import socket
from pathlib import Path

import pytest

from keyhole.drivers.common import probe as probe_module
from keyhole.drivers.common.probe import probe
from keyhole.model import TcpAddress, UnixAddress


@pytest.fixture
def listener() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


async def test_a_listener_is_well_and_is_never_given_the_connection(listener: socket.socket) -> None:
    with listener:
        for _ in range(20):
            assert await probe(TcpAddress("127.0.0.1", listener.getsockname()[1])) is None
        # A connection that was opened after all those comes out first.
        with socket.create_connection(listener.getsockname()) as late:
            async with asyncio.timeout(5):
                accepted, peer = await asyncio.get_running_loop().sock_accept(listener)
            accepted.close()
            assert peer == late.getsockname()


async def test_a_host_name_is_tried_at_each_of_its_addresses(listener: socket.socket) -> None:
    # localhost may be ::1 as well, where nothing listens.
    with listener:
        assert await probe(TcpAddress("localhost", listener.getsockname()[1])) is None


async def test_a_port_where_nothing_listens_refuses(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert await probe(TcpAddress("127.0.0.1", port)) == "refuses the connection"


async def test_a_host_that_does_not_exist_is_said_to_be_so() -> None:
    # RFC 6761: names under .invalid never resolve.
    assert await probe(TcpAddress("nowhere.invalid", 5900)) == "has a host name that cannot be found"


async def test_a_listener_that_does_not_answer_is_given_up(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "DEADLINE_SECONDS", 0.05)
    listener.listen(0)
    with listener:
        # The queue of one is full, so that the next opening is left without an answer.
        waiting = [socket.socket() for _ in range(3)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
            address = TcpAddress("127.0.0.1", listener.getsockname()[1])
            assert await probe(address) == "does not answer within 0.05 s"
        finally:
            for sock in waiting:
                sock.close()


async def test_a_unix_socket_is_looked_at_and_not_connected_to(tmp_path: Path) -> None:
    path = tmp_path / "console"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        sock.setblocking(False)
        assert await probe(UnixAddress(str(path))) is None
        with pytest.raises(BlockingIOError):
            sock.accept()


async def test_a_path_without_a_socket_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "console"
    assert await probe(UnixAddress(str(path))) == "does not exist"
    path.write_text("")
    assert await probe(UnixAddress(str(path))) == "is not a socket"
    link = tmp_path / "link"
    link.symlink_to(path)
    assert await probe(UnixAddress(str(link))) == "is reached over a link, which is not followed"
    assert await probe(UnixAddress(str(path)), f"{tmp_path}/other") == f"is not below {tmp_path}/other"
