"""Small values of RFB: pixel formats and versions, read from any bytes."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.pixel_format import PixelFormat
from keyhole.protocols.rfb.version import server_version, viewer_version


@given(st.binary(min_size=16, max_size=16))
def test_a_pixel_format_is_read_back_or_refused(data: bytes) -> None:
    try:
        pixel_format = PixelFormat.decode(data)
    except ProtocolError:
        return
    assert PixelFormat.decode(pixel_format.encode()) == pixel_format


@given(st.one_of(st.binary(max_size=14), st.from_regex(rb"\ARFB [0-9]{3}\.[0-9]{3}\n\Z")))
def test_a_greeting_is_a_version_or_refused(greeting: bytes) -> None:
    for read in (server_version, viewer_version):
        with suppress(ProtocolError):
            assert len(read(greeting).value) == 12
