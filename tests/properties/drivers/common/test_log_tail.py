"""The end of a log is the same as the last lines of the whole log."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from keyhole.drivers.common import log_tail
from keyhole.drivers.common.log_tail import read_tail

CONTENT = st.lists(st.sampled_from([b"\n", b"a", b"\r\n", b"\xff", b"word " * 5]), max_size=60).map(b"".join)


@given(CONTENT, st.one_of(st.none(), st.integers(0, 70)), st.integers(1, 50))
def test_the_tail_is_the_last_lines(content: bytes, lines: int | None, block_bytes: int) -> None:
    whole = content.split(b"\n")
    expected = content if lines is None else b"\n".join(whole[len(whole) - min(lines, len(whole)) :]) if lines else b""
    usual, log_tail.BLOCK_BYTES = log_tail.BLOCK_BYTES, block_bytes
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "console.log"
            path.write_bytes(content)
            assert read_tail(path, lines) == expected
    finally:
        log_tail.BLOCK_BYTES = usual
