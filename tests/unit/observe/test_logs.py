"""How log lines are written."""

import io

from keyhole.observe.logs import make_logger


def test_a_line_is_one_write_since_several_processes_share_the_stream() -> None:
    writes: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return len(text)

    make_logger(Stream(), json=True).info("refused", message="two\nlines")
    assert len(writes) == 1
    assert writes[0].endswith("}\n")
