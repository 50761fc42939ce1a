import pytest
from tests.fakes import rfb_messages as viewer

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.messages.client_reader import (
    ClientEvent,
    ClientMessageReader,
    CutText,
    KeyEvent,
    Other,
    PointerEvent,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
)
from keyhole.protocols.rfb.pixel_format import PixelFormat


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (viewer.set_pixel_format(), SetPixelFormat(PixelFormat())),
        (viewer.set_encodings(7, 0, -223), SetEncodings((7, 0, -223))),
        (viewer.set_encodings(), SetEncodings(())),
        (viewer.update_request(False, 1, 2, 3, 4), UpdateRequest(False, 1, 2, 3, 4)),
        (viewer.update_request(True, 0, 0, 65535, 65535), UpdateRequest(True, 0, 0, 65535, 65535)),
        (viewer.key_event(0xFF0D, down=True), KeyEvent(True, 0xFF0D)),
        (viewer.key_event(0x61, down=False), KeyEvent(False, 0x61)),
        (viewer.qemu_key(0x61, 0x1E), KeyEvent(True, 0x61, 0x1E)),
        (viewer.pointer_event(10, 20, 5), PointerEvent(5, 10, 20)),
        (viewer.cut_text(b"caf\xe9\n"), CutText("café\n")),
        (viewer.extended_cut_text(), Other(6)),
        (viewer.enable_continuous_updates(), Other(150)),
        (viewer.fence(), Other(248)),
        (viewer.xvp(), Other(250)),
        (viewer.set_desktop_size(), Other(251)),
        (viewer.gii(), Other(253)),
        (viewer.qemu_audio(2), Other(255)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bytes) else "",
)
def test_each_message_is_one_event(message: bytes, event: ClientEvent) -> None:
    reader = ClientMessageReader()
    reader.receive_data(message[:-1])
    assert reader.events() == []
    reader.receive_data(message[-1:] + message)
    assert reader.events() == [event, event]
    assert not reader.done


@pytest.mark.parametrize("data", [b"c", viewer.set_pixel_format(bytes(16)), b"\xff\x02\0\0"])
def test_broken_rules(data: bytes) -> None:
    reader = ClientMessageReader()
    with pytest.raises(ProtocolError):
        reader.receive_data(viewer.key_event() + data)
    assert reader.events() == [KeyEvent(True, 0x61)]
