"""Held keys and buttons are released with the minimum number of messages."""

from keyhole.protocols.rfb.messages.held_input import MAX_HELD_KEYS, HeldInput


def key(keysym: int, *, down: bool) -> bytes:
    return bytes((4, down, 0, 0)) + keysym.to_bytes(4, "big")


def qemu_key(keysym: int, keycode: int, *, down: bool) -> bytes:
    return bytes((255, 0, 0, down)) + keysym.to_bytes(4, "big") + keycode.to_bytes(4, "big")


def pointer(buttons: int, x: int = 3, y: int = 4) -> bytes:
    return bytes((5, buttons)) + x.to_bytes(2, "big") + y.to_bytes(2, "big")


def test_keys_are_released_in_the_order_in_which_they_went_down() -> None:
    held = HeldInput()
    for message in (key(0xFFE3, down=True), qemu_key(0x61, 30, down=True), key(0x62, down=True), key(0x62, down=False)):
        held.note(message)
    assert held.release() == key(0xFFE3, down=False) + qemu_key(0x61, 30, down=False)
    assert held.release() == b""


def test_a_key_that_repeats_is_released_once() -> None:
    held = HeldInput()
    for _ in range(3):
        held.note(key(0x61, down=True))
    assert held.release() == key(0x61, down=False)


def test_buttons_are_released_where_the_pointer_is() -> None:
    held = HeldInput()
    held.note(pointer(0b101, 10, 20))
    held.note(pointer(0b001, 11, 21))
    assert held.release() == pointer(0, 11, 21)
    assert held.release() == b""
    held.note(pointer(0, 12, 22))
    assert held.release() == b""


def test_the_oldest_of_too_many_keys_are_forgotten() -> None:
    held = HeldInput()
    for keysym in range(MAX_HELD_KEYS + 1):
        held.note(key(keysym, down=True))
    assert held.release() == b"".join(key(keysym, down=False) for keysym in range(1, MAX_HELD_KEYS + 1))


def test_other_messages_hold_nothing() -> None:
    held = HeldInput()
    held.note(b"\xff\x01\0\0")
    assert held.release() == b""
