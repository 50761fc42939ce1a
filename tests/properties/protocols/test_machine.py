from hypothesis import given
from hypothesis import strategies as st
from tests.properties.protocols.wire import SIZES, run, split

from keyhole.protocols.machine import Machine, Read, ReadUntil, Script, Wait

WAITS = st.one_of(
    st.builds(Read, st.integers(0, 8), st.just("bytes")),
    st.builds(ReadUntil, st.sampled_from([b"\n", b"ab", b"aab"]), st.integers(3, 12), st.just("a mark")),
)


class Scripted(Machine[object]):
    def __init__(self, waits: list[Wait]) -> None:
        self._waits = waits
        super().__init__()

    def script(self) -> Script:
        for wait in self._waits:
            self.emit((yield wait))


@given(st.lists(WAITS, min_size=1, max_size=8), st.text("ab\n", max_size=60), SIZES)
def test_any_split_gives_the_same_and_no_byte_is_lost(waits: list[Wait], text: str, sizes: list[int]) -> None:
    data = text.encode()
    whole = run(Scripted(waits), [data], most_buffered=12)
    assert run(Scripted(waits), split(data, sizes), most_buffered=12) == whole
    if whole.done:
        assert b"".join(event for event in whole.events if isinstance(event, bytes)) + whole.trailing == data
