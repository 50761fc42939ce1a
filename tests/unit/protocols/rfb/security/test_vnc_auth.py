import pytest

from keyhole.protocols.machine import Read
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication


def test_the_challenge_is_answered_with_what_the_caller_makes_of_it() -> None:
    sent: list[bytes] = []
    security = VncAuthentication(lambda challenge: challenge[::-1])
    assert security.number == 2
    script = security.script(sent.append)
    assert next(script) == Read(16, "the server's password challenge")
    with pytest.raises(StopIteration):
        script.send(bytes(range(16)))
    assert sent == [bytes(range(15, -1, -1))]
