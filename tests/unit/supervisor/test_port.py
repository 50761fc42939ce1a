"""Which worker accepts on which socket; ports that grow, and inherited ports."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyhole.errors import SettingsError
from keyhole.supervisor.port import ListenAddress, Port, Ports


@pytest.fixture
def three() -> Iterator[Port]:
    port = Port.bind(ListenAddress(host="127.0.0.1", port=0), 3)
    yield port
    port.close()


def test_each_worker_has_a_socket_of_its_own_on_the_same_port(three: Port) -> None:
    assert len({listener.getsockname() for listener in three.sockets}) == 1
    assert three.shares(3, [0, 1, 2]) == {0: [0], 1: [1], 2: [2]}


def test_the_socket_of_a_missing_worker_goes_to_another(three: Port) -> None:
    for serving in ([0, 1], [0, 2], [1, 2], [2]):
        shares = three.shares(3, serving)
        assert sorted(index for share in shares.values() for index in share) == [0, 1, 2]
        assert all(slot in shares[slot] for slot in serving)
    assert three.shares(3, []) == {}


def test_fewer_workers_share_all_sockets(three: Port) -> None:
    assert three.shares(2, [0, 1]) == {0: [0, 2], 1: [1]}


def test_it_grows_and_never_shrinks(three: Port) -> None:
    three.grow(2)
    assert len(three.sockets) == 3
    three.grow(4)
    assert len({listener.getsockname() for listener in three.sockets}) == 1
    assert len(three.sockets) == 4


def test_it_gives_up_what_it_grew_in_vain(three: Port) -> None:
    before = list(three.sockets)
    three.grow(5)
    added = three.sockets[3:]
    three.shrink(3)
    assert three.sockets == before
    assert [listener.fileno() for listener in added] == [-1, -1]


def test_no_queue_is_lost_with_a_worker(three: Port) -> None:
    three.listen()
    clients = [socket.create_connection(three.sockets[0].getsockname()) for _ in range(32)]
    accepted = []
    for listener in three.sockets:
        listener.setblocking(False)
        with listener.dup():
            pass  # a worker that had it, and is gone
        while True:
            try:
                accepted.append(listener.accept()[0])
            except BlockingIOError:
                break
    assert len(accepted) == len(clients)
    for connection in (*clients, *accepted):
        connection.close()


def test_another_service_that_shares_its_port_is_noticed(three: Port) -> None:
    three.listen()
    place = ListenAddress(host="127.0.0.1", port=three.sockets[0].getsockname()[1])
    with pytest.raises(SettingsError, match="Address already in use"):
        Port.bind(place, 2)


def test_a_unix_socket_is_for_all_workers_and_goes_with_the_port(tmp_path: Path) -> None:
    path = tmp_path / "port"
    port = Port.bind(ListenAddress(path=str(path)), 2)
    assert port.shares(2, [0, 1]) == {0: [0], 1: [0]}
    assert port.serves(ListenAddress(path=str(path)))
    assert not port.serves(ListenAddress(host="127.0.0.1", port=1))
    port.close()
    assert not path.exists()


def test_given_sockets_serve_whatever_the_settings_say() -> None:
    port = Port.inherit([socket.socket(), socket.socket()])
    assert port.serves(ListenAddress(host="127.0.0.1", port=1))
    port.grow(3)
    assert port.shares(3, [0, 2]) == {0: [0, 1], 2: [0, 1]}
    port.close()


ANY = ListenAddress(host="127.0.0.1", port=0)


class TestPorts:
    @pytest.fixture
    def admin_place(self, tmp_path: Path) -> ListenAddress:
        return ListenAddress(path=str(tmp_path / "admin"))

    @pytest.fixture
    def both(self, admin_place: ListenAddress) -> Iterator[Ports]:
        ports = Ports().at(ANY, admin_place, 2)
        yield ports
        ports.close()

    def test_the_admins_socket_is_the_last_and_has_no_part_in_the_shares(
        self, both: Ports, admin_place: ListenAddress
    ) -> None:
        assert [listener.family for listener in both.sockets] == [socket.AF_INET, socket.AF_INET, socket.AF_UNIX]
        assert both.sockets[-1].getsockname() == admin_place.path
        assert both.shares(2, [0, 1]) == {0: [0], 1: [1]}

    def test_what_stays_in_its_place_is_the_same_for_other_settings(
        self, both: Ports, admin_place: ListenAddress
    ) -> None:
        same = both.at(ANY, admin_place, 3)
        assert same.sockets[:2] == both.sockets[:2]
        assert same.sockets[-1] is both.sockets[-1]
        assert len(same.sockets) == 4
        both.close(but=same)
        assert all(listener.fileno() >= 0 for listener in same.sockets)
        assert Path(str(admin_place.path)).exists()

    def test_an_address_that_is_named_no_more_is_closed(self, both: Ports, admin_place: ListenAddress) -> None:
        without = both.at(ANY, None, 2)
        assert without.sockets == both.sockets[:2]
        both.close(but=without)
        assert both.sockets[-1].fileno() < 0
        assert not Path(str(admin_place.path)).exists()

    def test_an_address_may_be_named_later_and_move(self, both: Ports, tmp_path: Path) -> None:
        moved = both.at(ANY, ListenAddress(host="127.0.0.1", port=0), 2)
        assert moved.sockets[-1].family == socket.AF_INET
        assert moved.sockets[:2] == both.sockets[:2]
        moved.close(but=both)

    def test_when_it_cannot_be_had_nothing_new_is_left_open(self, both: Ports, tmp_path: Path) -> None:
        taken = socket.create_server(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        path = tmp_path / "moved"
        with (
            taken,
            pytest.raises(SettingsError, match=r"^server\.admin_listen: cannot listen on .*: Address already in use"),
        ):
            both.at(ListenAddress(path=str(path)), ListenAddress(host="127.0.0.1", port=port), 2)
        assert not path.exists()
        assert all(listener.fileno() >= 0 for listener in both.sockets)

    def test_sockets_that_were_given_to_us_are_the_public_ports(self, admin_place: ListenAddress) -> None:
        given = socket.socket()
        ports = Ports(Port.inherit([given])).at(ANY, admin_place, 2)
        assert ports.sockets[0] is given
        assert ports.sockets[-1].family == socket.AF_UNIX
        ports.close()
