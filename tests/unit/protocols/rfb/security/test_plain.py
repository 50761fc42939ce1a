from keyhole.protocols.rfb.security.plain import PlainAuthentication


def test_name_and_password_go_with_their_lengths_in_bytes() -> None:
    sent: list[bytes] = []
    security = PlainAuthentication("é".encode(), b"sesame")
    assert list(security.script(sent.append)) == []
    assert sent == [b"\0\0\0\x02\0\0\0\x06" + "é".encode() + b"sesame"]


def test_the_password_stays_out_of_the_log() -> None:
    assert "sesame" not in repr(PlainAuthentication(b"alice", b"sesame"))
