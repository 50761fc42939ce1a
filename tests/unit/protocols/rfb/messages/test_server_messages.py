from tests.fakes.rfb_messages import PIXEL_FORMAT

from keyhole.protocols.rfb.messages.server_messages import (
    bell,
    desktop_size_rectangle,
    framebuffer_update,
    raw_rectangle,
    server_cut_text,
    server_init,
)


def test_server_init() -> None:
    assert server_init(800, 600, b"0123456789abcdef", "vm é") == (
        b"\x03\x20\x02\x58" + b"0123456789abcdef" + b"\0\0\0\x05vm \xc3\xa9"
    )
    assert server_init(1, 1) == b"\0\1\0\1" + PIXEL_FORMAT + bytes(4)


def test_an_update_is_a_count_and_its_rectangles() -> None:
    assert framebuffer_update([]) == bytes(4)
    assert framebuffer_update([b"one", b"two"]) == b"\0\0\0\2onetwo"


def test_rectangles() -> None:
    assert raw_rectangle(1, 2, 3, 4, b"pixels").hex() == "0001000200030004" + "00000000" + b"pixels".hex()
    assert desktop_size_rectangle(1024, 768).hex() == "0000000004000300" + "ffffff21"


def test_bell_and_text() -> None:
    assert bell() == b"\2"
    assert server_cut_text("é漢") == b"\3\0\0\0" + b"\0\0\0\2" + b"\xe9?"
