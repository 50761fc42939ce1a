import pytest
from tests.fakes.rfb_messages import (
    ACTING,
    BY_PERSON,
    WATCHING,
    cut_text,
    extended_cut_text,
    fence,
    gii,
    set_desktop_size,
    set_encodings,
)

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.rfb.messages.client_layout import LAYOUTS, Effect, layout_of

LIMIT = 256 * 1024


def length_of(message: bytes) -> int:
    layout = layout_of(message[0])
    return layout.header + layout.rest(message[: layout.header])


@pytest.mark.parametrize("message", WATCHING + ACTING, ids=lambda message: message[:4].hex())
def test_the_table_knows_the_length_of_every_message(message: bytes) -> None:
    assert length_of(message) == len(message)


def test_the_messages_above_cover_the_table() -> None:
    assert {message[0] for message in WATCHING + ACTING} == set(LAYOUTS)


def test_what_acts_is_told_from_what_watches() -> None:
    assert all(layout_of(message[0]).effect is Effect.READ for message in WATCHING)
    assert all(layout_of(message[0]).effect is Effect.INPUT for message in ACTING)


@pytest.mark.parametrize("message", WATCHING + ACTING, ids=lambda message: message[:4].hex())
def test_what_a_person_does_is_told_from_what_a_viewer_does(message: bytes) -> None:
    layout = layout_of(message[0])
    assert layout.by_person(message[: layout.header]) == (message in BY_PERSON)


@pytest.mark.parametrize(
    "message",
    [set_encodings(*range(1024)), cut_text(bytes(LIMIT)), extended_cut_text(bytes(LIMIT)), fence(bytes(64)),
     gii(bytes(4096)), gii(bytes(4096), big_endian=False), set_desktop_size(255)],
    ids=["encodings", "cut text", "extended cut text", "fence", "gii", "little-endian gii", "screens"],
)  # fmt: skip
def test_messages_at_their_limit(message: bytes) -> None:
    assert length_of(message) == len(message)


@pytest.mark.parametrize(
    "message",
    [set_encodings(*range(1025)), cut_text(bytes(LIMIT + 1)), extended_cut_text(bytes(LIMIT + 1)),
     b"\x06\0\0\0\x80\0\0\0", fence(bytes(65)), gii(bytes(4097)), gii(bytes(4097), big_endian=False)],
    ids=["encodings", "cut text", "extended cut text", "lowest number", "fence", "gii", "little-endian gii"],
)  # fmt: skip
def test_messages_beyond_their_limit(message: bytes) -> None:
    with pytest.raises(TooLarge):
        length_of(message)


@pytest.mark.parametrize("message", [b"\xff\x02\0\0", b"\xff\x01\0\x03"])
def test_unknown_qemu_messages(message: bytes) -> None:
    with pytest.raises(ProtocolError, match="QEMU"):
        length_of(message)


def test_unknown_messages() -> None:
    for message_type in set(range(256)) - set(LAYOUTS):
        with pytest.raises(ProtocolError, match=f"unknown type {message_type}\\."):
            layout_of(message_type)
