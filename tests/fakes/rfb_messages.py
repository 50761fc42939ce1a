"""A viewer's RFB messages as bytes, written independently of the code under test."""

from struct import pack

PIXEL_FORMAT = pack("!BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


def set_pixel_format(pixel_format: bytes = PIXEL_FORMAT) -> bytes:
    return b"\x00\x00\x00\x00" + pixel_format


def set_encodings(*encodings: int) -> bytes:
    return pack("!BxH", 2, len(encodings)) + b"".join(pack("!i", encoding) for encoding in encodings)


def update_request(incremental: bool = True, x: int = 0, y: int = 0, width: int = 640, height: int = 480) -> bytes:
    return pack("!BBHHHH", 3, incremental, x, y, width, height)


def key_event(keysym: int = 0x61, down: bool = True) -> bytes:
    return pack("!BBxxI", 4, down, keysym)


def pointer_event(x: int = 1, y: int = 2, buttons: int = 0) -> bytes:
    return pack("!BBHH", 5, buttons, x, y)


def cut_text(text: bytes = b"copied") -> bytes:
    return pack("!Bxxxi", 6, len(text)) + text


def extended_cut_text(body: bytes = b"\x01\x00\x00\x01") -> bytes:
    return pack("!Bxxxi", 6, -len(body)) + body


def enable_continuous_updates() -> bytes:
    return pack("!BBHHHH", 150, 1, 0, 0, 640, 480)


def fence(payload: bytes = b"abc") -> bytes:
    return pack("!BxxxIB", 248, 1, len(payload)) + payload


def xvp(code: int = 2) -> bytes:
    return bytes((250, 0, 1, code))


def set_desktop_size(screens: int = 1) -> bytes:
    return pack("!BxHHBx", 251, 800, 600, screens) + bytes(16 * screens)


def gii(payload: bytes = b"event", *, big_endian: bool = True) -> bytes:
    return bytes((253, 0x80 * big_endian)) + len(payload).to_bytes(2, "big" if big_endian else "little") + payload


def qemu_key(keysym: int = 0x61, keycode: int = 0x1E, down: bool = True) -> bytes:
    return pack("!BBHII", 255, 0, down, keysym, keycode)


def qemu_audio(operation: int = 0) -> bytes:
    return pack("!BBH", 255, 1, operation) + (pack("!BBI", 3, 2, 44100) if operation == 2 else b"")


WATCHING = [
    set_pixel_format(),
    set_encodings(0, 7, -223),
    set_encodings(),
    update_request(),
    enable_continuous_updates(),
    fence(),
    fence(b""),
]
"""What a viewer without rights may send."""

ACTING = [
    key_event(),
    pointer_event(),
    cut_text(),
    cut_text(b""),
    extended_cut_text(),
    xvp(),
    set_desktop_size(),
    set_desktop_size(0),
    gii(),
    gii(b"event", big_endian=False),
    qemu_key(),
    qemu_audio(0),
    qemu_audio(2),
]
"""What acts on the server behind the console."""

BY_PERSON = {key_event(), pointer_event(), cut_text(), cut_text(b""), xvp(), qemu_key()}
"""What a person does."""
