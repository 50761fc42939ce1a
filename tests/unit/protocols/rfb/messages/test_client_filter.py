import pytest
from tests.fakes.rfb_messages import (
    ACTING,
    BY_PERSON,
    WATCHING,
    cut_text,
    extended_cut_text,
    key_event,
    pointer_event,
    qemu_key,
    set_encodings,
    update_request,
)

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.reasons import Reason

ALL = [message for pair in zip(ACTING, WATCHING * 2, strict=False) for message in pair]


@pytest.mark.parametrize("message", WATCHING + ACTING, ids=lambda message: message[:4].hex())
def test_with_control_everything_passes_as_the_very_same_object(message: bytes) -> None:
    scanner = ClientMessageFilter()
    assert scanner.feed(message) is message
    assert scanner.input_count == (message in BY_PERSON)
    stream = message * 3
    assert scanner.feed(stream) is stream


@pytest.mark.parametrize("message", WATCHING, ids=lambda message: message[:4].hex())
def test_a_watcher_may_ask_for_the_screen(message: bytes) -> None:
    scanner = ClientMessageFilter(view_only=True)
    assert scanner.feed(message) is message
    stream = message + update_request()
    assert scanner.feed(stream) is stream
    assert scanner.input_count == 0


@pytest.mark.parametrize("message", ACTING, ids=lambda message: message[:4].hex())
def test_a_watcher_may_not_act(message: bytes) -> None:
    scanner = ClientMessageFilter(view_only=True)
    assert scanner.feed(message) == b""
    assert scanner.input_count == (message in BY_PERSON)
    assert scanner.feed(update_request() + message + update_request()) == update_request() * 2


@pytest.mark.parametrize("view_only", [False, True])
def test_messages_are_followed_byte_by_byte(view_only: bool) -> None:
    scanner = ClientMessageFilter(view_only=view_only)
    stream = b"".join(ALL)
    passed = b"".join(scanner.feed(bytes((byte,))) for byte in stream)
    assert passed == b"".join(message for message in ALL if not view_only or message in WATCHING)
    assert scanner.input_count == sum(message in BY_PERSON for message in ALL)


def test_what_looks_like_a_keystroke_inside_of_another_message_is_none() -> None:
    for message in (key_event(), pointer_event(), qemu_key(), update_request()):
        scanner = ClientMessageFilter(view_only=True)
        scanner.feed(cut_text(bytes(len(message)))[:8])
        assert scanner.feed(message) == b""
        assert scanner.input_count == 1
        assert scanner.feed(update_request()) == update_request()


def test_rights_that_change_apply_from_the_next_message_on() -> None:
    scanner = ClientMessageFilter()
    assert scanner.feed(key_event()[:3]) == key_event()[:3]
    assert scanner.set_view_only(True) == b""
    assert scanner.feed(key_event()[3:] + key_event()) == key_event()[3:] + key_event(down=False)


def test_nothing_is_no_message() -> None:
    assert ClientMessageFilter().feed(b"") == b""


def test_broken_rules() -> None:
    with pytest.raises(ProtocolError, match="unknown type 99"):
        ClientMessageFilter().feed(key_event() + b"c")
    with pytest.raises(TooLarge, match="SetEncodings"):
        ClientMessageFilter().feed(set_encodings(*range(1025)))
    with pytest.raises(ProtocolError, match="QEMU"):
        ClientMessageFilter().feed(b"\xff\x07" + bytes(10))


def test_nothing_but_an_incomplete_header_is_held() -> None:
    scanner = ClientMessageFilter(view_only=True)
    scanner.feed(cut_text(bytes(200000))[:100000])
    assert scanner._header == b""
    scanner = ClientMessageFilter(view_only=True)
    scanner.feed(cut_text()[:7])
    assert len(scanner._header) == 7


def test_so_many_messages_a_second_and_as_many_again_in_one_go() -> None:
    for reads in ([key_event()] * 20, [key_event() * 20], [update_request()] * 20):
        scanner = ClientMessageFilter(messages_per_second=10)
        for read in reads:
            scanner.feed(read)
        with pytest.raises(TooLarge, match="more than 10 messages") as caught:
            scanner.feed(pointer_event())
        assert caught.value.reason is Reason.LIMIT_MESSAGES


def test_a_second_later_as_many_may_be_sent_again() -> None:
    scanner = ClientMessageFilter(messages_per_second=10)
    for _ in range(5):
        scanner.refill()
        scanner.feed(key_event() * 10)


def test_a_smaller_clipboard_may_be_asked_for() -> None:
    scanner = ClientMessageFilter(cut_text_bytes=10)
    scanner.feed(cut_text(bytes(10)))
    for message in (cut_text(bytes(11)), extended_cut_text(bytes(11))):
        with pytest.raises(TooLarge) as caught:
            ClientMessageFilter(cut_text_bytes=10).feed(message)
        assert caught.value.reason is Reason.LIMIT_CUT_TEXT
