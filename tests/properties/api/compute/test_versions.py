"""The header that asks for a microversion: a version, or a refusal; never anything else."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from keyhole.api.compute.versions import LEGACY_VERSION_HEADER, VERSION_HEADER, Microversion, requested_version
from keyhole.api.errors import RequestRefused

NAMES = st.sampled_from([VERSION_HEADER.lower().encode(), LEGACY_VERSION_HEADER.lower().encode()])
PIECES = st.sampled_from(
    [b"compute", b"volume", b" ", b",", b"2.6", b"2.", b"latest", b"999999999999.1", b"\xff", b"\xb2.1"]
)
VALUES = st.one_of(st.lists(PIECES, max_size=8).map(b"".join), st.binary(max_size=40))


@given(st.integers(1, 99), st.integers(0, 999))
def test_what_is_written_is_read(major: int, minor: int) -> None:
    version = Microversion(major, minor)
    raw = [(VERSION_HEADER.lower().encode(), f"volume 3.1, Compute {version} ".encode())]
    assert requested_version(Headers(raw=raw)) == version


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_any_headers_ask_for_a_version_or_are_refused(raw: list[tuple[bytes, bytes]]) -> None:
    try:
        version = requested_version(Headers(raw=raw))
    except RequestRefused:
        return
    assert version == Microversion(*map(int, str(version).split(".")))
