from keyhole.protocols.text import printable, sanitize


def test_printable_text_stays() -> None:
    assert sanitize("QEMU (vm1) é 漢".encode()) == "QEMU (vm1) é 漢"


def test_controls_directions_and_bad_bytes_become_question_marks() -> None:
    assert sanitize(b"a\x1b[31mb\nc\x00d") == "a?[31mb?c?d"
    assert sanitize("a\u202eb".encode()) == "a?b"
    assert sanitize(b"\xff\xfe ok") == "?? ok"


def test_text_is_cut_between_characters() -> None:
    assert sanitize("漢字漢字".encode(), 3) == "漢字漢"
    assert len(sanitize(b"x" * 5000)) == 1024


def test_a_closing_zero_byte_is_no_text() -> None:
    assert sanitize(b"Authentication failed\0") == "Authentication failed"
    assert sanitize(b"\0\0") == ""


def test_text_is_made_printable_without_being_cut() -> None:
    assert printable("é" * 2000) == "é" * 2000
    assert printable("a\x1b[31m\n\u202e\ud83db") == "a?[31m???b"
