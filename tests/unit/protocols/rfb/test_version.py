import pytest

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.version import Version, server_version, viewer_version


@pytest.mark.parametrize(
    ("greeting", "version"),
    [
        (b"RFB 003.003\n", Version.V3_3),
        (b"RFB 003.005\n", Version.V3_3),
        (b"RFB 003.006\n", Version.V3_3),
        (b"RFB 003.007\n", Version.V3_7),
        (b"RFB 003.008\n", Version.V3_8),
        (b"RFB 003.889\n", Version.V3_8),
        (b"RFB 004.001\n", Version.V3_8),
        (b"RFB 005.000\n", Version.V3_8),
    ],
)
def test_a_servers_version(greeting: bytes, version: Version) -> None:
    assert server_version(greeting) is version


@pytest.mark.parametrize(
    ("greeting", "version"),
    [
        (b"RFB 003.003\n", Version.V3_3),
        (b"RFB 003.005\n", Version.V3_3),
        (b"RFB 003.007\n", Version.V3_7),
        (b"RFB 003.008\n", Version.V3_8),
        (b"RFB 003.889\n", Version.V3_8),
    ],
)
def test_a_viewers_version(greeting: bytes, version: Version) -> None:
    assert viewer_version(greeting) is version


@pytest.mark.parametrize("greeting", [b"RFB 000.000\n", b"RFB 002.002\n", b"RFB 006.000\n"])
def test_servers_of_other_protocols(greeting: bytes) -> None:
    with pytest.raises(ProtocolError, match="server's version"):
        server_version(greeting)


@pytest.mark.parametrize("greeting", [b"RFB 003.009\n", b"RFB 004.000\n", b"RFB 000.000\n"])
def test_viewers_may_not_exceed_our_version(greeting: bytes) -> None:
    with pytest.raises(ProtocolError, match="viewer's version"):
        viewer_version(greeting)


@pytest.mark.parametrize(
    "greeting", [b"RFB 3.8\n1234", b"RFB 003.008\r", b"rfb 003.008\n", b"RFB +03.008\n", b"RFB 00\xb2.008\n", b""]
)
def test_greetings_are_digits_in_their_places(greeting: bytes) -> None:
    with pytest.raises(ProtocolError, match="does not greet"):
        server_version(greeting)
    with pytest.raises(ProtocolError, match="does not greet"):
        viewer_version(greeting)
