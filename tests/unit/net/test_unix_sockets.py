"""Links, replaced sockets and foreign listeners, on real sockets."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from keyhole.errors import SocketRefused
from keyhole.model import SocketTrust
from keyhole.net import unix_sockets
from keyhole.net.unix_sockets import connect, found, peer_of

Listen = Callable[[Path], socket.socket]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Creates a listening socket at a path."""
    with ExitStack() as stack:

        def make(path: Path) -> socket.socket:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(str(path))
            server.listen(0)
            return server

        yield make


async def says(path: Path, server: socket.socket, trust: SocketTrust) -> bool:
    """Whether a connection to the path is one to that server."""
    with await connect(str(path), trust) as connection:
        server.setblocking(False)
        try:
            accepted, _ = server.accept()
        except BlockingIOError:
            return False
        with accepted:
            return peer_of(connection).pid == os.getpid()


ANY = SocketTrust()


async def test_a_socket_in_its_place_is_connected_to(tmp_path: Path, listen: Listen) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    path = tmp_path / "deep" / "er" / "vnc"
    server = listen(path)
    for directory in ("/", str(tmp_path), str(path.parent)):
        assert await says(path, server, SocketTrust(directory))


async def test_a_link_in_the_sockets_place_is_not_followed(tmp_path: Path, listen: Listen) -> None:
    server = listen(tmp_path / "another's")
    (tmp_path / "vnc").symlink_to("another's")
    with pytest.raises(SocketRefused, match="over a link"):
        await connect(str(tmp_path / "vnc"), ANY)
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.accept()


async def test_a_folder_that_was_replaced_by_a_link_is_not_followed(tmp_path: Path, listen: Listen) -> None:
    (tmp_path / "guest").mkdir()
    (tmp_path / "secret").mkdir()
    listen(tmp_path / "guest" / "vnc")
    listen(tmp_path / "secret" / "vnc")
    path, trust = tmp_path / "guest" / "vnc", SocketTrust(str(tmp_path))
    (await connect(str(path), trust)).close()
    (tmp_path / "guest").rename(tmp_path / "away")
    (tmp_path / "guest").symlink_to("secret")
    with pytest.raises(SocketRefused, match="over a link"):
        await connect(str(path), trust)


async def test_links_above_the_directory_are_its_owners_business(tmp_path: Path, listen: Listen) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "var").symlink_to("run")
    server = listen(tmp_path / "run" / "vnc")
    path = tmp_path / "var" / "vnc"
    assert await says(path, server, SocketTrust(str(path.parent)))
    with pytest.raises(SocketRefused, match="over a link"):
        await connect(str(path), ANY)


async def test_a_socket_that_is_swapped_after_it_was_found_is_not_reached(
    tmp_path: Path, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vnc"
    server, secret = listen(path), listen(tmp_path / "secret")
    connect_to = unix_sockets._connect

    async def swap_then_connect(connection: socket.socket, place: str) -> None:
        path.unlink()
        path.symlink_to("secret")
        await connect_to(connection, place)

    monkeypatch.setattr(unix_sockets, "_connect", swap_then_connect)
    secret.setblocking(False)
    # An unlinked socket still is the one that was found.
    assert await says(path, server, ANY)
    with pytest.raises(BlockingIOError):
        secret.accept()


async def test_a_second_name_of_anothers_socket_is_refused(tmp_path: Path, listen: Listen) -> None:
    listen(tmp_path / "secret")
    os.link(tmp_path / "secret", tmp_path / "vnc")
    with pytest.raises(SocketRefused, match="second name"):
        await connect(str(tmp_path / "vnc"), ANY)


async def test_a_listener_of_another_user_is_refused(tmp_path: Path, listen: Listen) -> None:
    server = listen(tmp_path / "vnc")
    us = os.geteuid()
    assert await says(tmp_path / "vnc", server, SocketTrust(user_ids=frozenset({us})))
    with pytest.raises(SocketRefused, match="of another user"):
        await connect(str(tmp_path / "vnc"), SocketTrust(user_ids=frozenset({us + 1})))


@pytest.mark.parametrize(("user_id", "is_refused"), [(4242, False), (0, False), (4243, True)])
async def test_unless_told_otherwise_the_files_owner_root_and_ourselves_may_listen(
    tmp_path: Path, listen: Listen, monkeypatch: pytest.MonkeyPatch, user_id: int, is_refused: bool
) -> None:
    listen(tmp_path / "vnc")
    mode, inode, device, links, _, *others = os.stat(tmp_path / "vnc")
    owned = os.stat_result((mode, inode, device, links, 4242, *others))
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda handle: owned if real(handle).st_ino == owned.st_ino else real(handle))
    monkeypatch.setattr(unix_sockets, "peer_of", lambda connection: unix_sockets.Peer(1, user_id))
    if is_refused:
        with pytest.raises(SocketRefused, match="of another user"):
            await connect(str(tmp_path / "vnc"), ANY)
    else:
        (await connect(str(tmp_path / "vnc"), ANY)).close()


@pytest.mark.parametrize(
    ("path", "directory", "words"),
    [
        ("/run/other/vnc", "/run/qemu", "is not below /run/qemu"),
        ("/run/qemu-other/vnc", "/run/qemu", "is not below"),
        ("/run/qemu/../secret", "/run/qemu", "not the plain path"),
        ("/run/qemu", "/run/qemu", "not the plain path"),
    ],
)
def test_a_path_elsewhere_is_refused_before_it_is_looked_at(path: str, directory: str, words: str) -> None:
    with pytest.raises(SocketRefused, match=words), found(path, directory):
        pass


def test_what_is_no_socket_is_refused_and_no_handle_stays_open(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    before = os.listdir("/proc/self/fd")
    for name in ("file", "folder", "link"):
        with pytest.raises(SocketRefused), found(str(tmp_path / name)):
            pass
    for name in ("absent", "file/below"):
        with pytest.raises(OSError, match=name.partition("/")[2] or name), found(str(tmp_path / name)):
            pass
    assert os.listdir("/proc/self/fd") == before


async def test_nobody_listens(tmp_path: Path, listen: Listen) -> None:
    listen(tmp_path / "vnc").close()
    with pytest.raises(ConnectionRefusedError):
        await connect(str(tmp_path / "vnc"), ANY)


async def test_a_full_queue_is_waited_for(tmp_path: Path, listen: Listen) -> None:
    server = listen(tmp_path / "vnc")
    first = await connect(str(tmp_path / "vnc"), ANY)
    waiting = asyncio.create_task(connect(str(tmp_path / "vnc"), ANY))
    await asyncio.sleep(0)
    assert not waiting.done()
    server.accept()[0].close()
    (await asyncio.wait_for(waiting, 5)).close()
    first.close()
