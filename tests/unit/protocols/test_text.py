from keyhole.protocols.text import printable


def test_printable_text_stays() -> None:
    assert printable("QEMU (vm1) é 漢".encode()) == "QEMU (vm1) é 漢"


def test_controls_directions_and_bad_bytes_become_question_marks() -> None:
    assert printable(b"a\x1b[31mb\nc\x00d") == "a?[31mb?c?d"
    assert printable("a\u202eb".encode()) == "a?b"
    assert printable(b"\xff\xfe ok") == "?? ok"


def test_text_is_cut_between_characters() -> None:
    assert printable("漢字漢字".encode(), 3) == "漢字漢"
    assert len(printable(b"x" * 5000)) == 1024


def test_a_closing_zero_byte_is_no_text() -> None:
    assert printable(b"Authentication failed\0") == "Authentication failed"
    assert printable(b"\0\0") == ""
