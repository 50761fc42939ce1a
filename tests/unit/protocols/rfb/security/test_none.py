from keyhole.protocols.rfb.security.none import NoSecurity


def test_nothing_is_said() -> None:
    sent: list[bytes] = []
    security = NoSecurity()
    assert security.number == 1
    assert list(security.script(sent.append)) == []
    assert sent == []
