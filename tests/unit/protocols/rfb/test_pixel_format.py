import pytest
from tests.fakes.rfb_messages import PIXEL_FORMAT

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.pixel_format import PixelFormat


def test_the_usual_format() -> None:
    assert PixelFormat().encode() == PIXEL_FORMAT
    assert PixelFormat.decode(PIXEL_FORMAT) == PixelFormat()


def test_every_field_has_its_place() -> None:
    fields = PixelFormat(16, 15, True, True, 31, 62, 30, 10, 5, 1)
    assert fields.encode().hex() == "100f0101001f003e001e0a0501000000"
    assert PixelFormat.decode(fields.encode()) == fields


@pytest.mark.parametrize(
    "fields",
    [
        PixelFormat(bits_per_pixel=0),
        PixelFormat(bits_per_pixel=24),
        PixelFormat(bits_per_pixel=16),
        PixelFormat(blue_shift=32),
    ],
)
def test_formats_that_no_pixel_has(fields: PixelFormat) -> None:
    with pytest.raises(ProtocolError, match="pixel format"):
        PixelFormat.decode(fields.encode())


def test_with_a_colour_map_the_shifts_mean_nothing() -> None:
    assert PixelFormat.decode(PixelFormat(8, 8, True, False).encode()).true_colour is False
