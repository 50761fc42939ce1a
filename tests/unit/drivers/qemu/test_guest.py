"""Parsing QEMU's descriptions of its sockets."""

import pytest

from keyhole.drivers.qemu.guest import chardev_address
from keyhole.model import Address, TcpAddress, UnixAddress


@pytest.mark.parametrize(
    ("words", "address"),
    [
        # As QEMU 7.2 says it, while nobody is connected and while somebody is.
        ("disconnected:unix:/run/s,server=on", UnixAddress("/run/s")),
        ("unix:/run/s,server=on", UnixAddress("/run/s")),
        ("disconnected:tcp:127.0.0.1:4455,server=on", TcpAddress("127.0.0.1", 4455)),
        ("tcp:127.0.0.1:4455,server=on <-> 127.0.0.1:59818", TcpAddress("127.0.0.1", 4455)),
        # As older ones did.
        ("disconnected:unix:/run/s,server", UnixAddress("/run/s")),
        ("tcp:[::1]:4455,server=on <-> [::1]:5", TcpAddress("::1", 4455)),
        ("tcp:0.0.0.0:4455,server=on", TcpAddress("127.0.0.1", 4455)),
        ("tcp::::4455,server=on", TcpAddress("::1", 4455)),
        ("unix:/odd,server=on/s,server=on", UnixAddress("/odd,server=on/s")),
        # Not a listening socket that speaks plain bytes.
        ("unix:/run/s", None),
        ("tcp:10.0.0.1:4455 <-> 10.0.0.2:1", None),
        ("telnet:127.0.0.1:4456,server=on <-> 127.0.0.1:34840", None),
        ("disconnected:telnet:127.0.0.1:4456,server=on", None),
        ("disconnected:tls:127.0.0.1:4456,server=on", None),
        ("disconnected:websocket:127.0.0.1:4456,server=on", None),
        ("pty:/dev/pts/0", None),
        ("file", None),
        ("", None),
        # Not an address.
        ("unix:relative,server=on", None),
        ("unix:/" + "x" * 107 + ",server=on", None),
        ("unix:/nul\0,server=on", None),
        ("unix:/half\ud800,server=on", None),
        ("tcp:host.example:4455,server=on", None),
        ("tcp:127.0.0.1:0,server=on", None),
        ("tcp:127.0.0.1:65536,server=on", None),
        ("tcp:127.0.0.1:\u0664,server=on", None),
        ("tcp:127.0.0.1,server=on", None),
    ],
)
def test_where_a_chardev_listens(words: str, address: Address | None) -> None:
    answer = [{"label": "monitor", "filename": "unix:/other,server=on"}, {"label": "serial0", "filename": words}]
    assert chardev_address(answer, "serial0") == address


@pytest.mark.parametrize("answer", [None, {}, [], [1], [{"label": "serial0"}], [{"label": "serial0", "filename": 1}]])
def test_an_answer_out_of_form_names_nothing(answer: object) -> None:
    assert chardev_address(answer, "serial0") is None
