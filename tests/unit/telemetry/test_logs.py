"""How log lines are written."""

import errno
import io
import json
from dataclasses import dataclass, field

import pytest

from keyhole.reasons import Reason
from keyhole.telemetry.logs import make_logger


@dataclass
class Hiding:
    token: str = field(repr=False)


def test_a_line_is_one_write_since_several_processes_share_the_stream() -> None:
    writes: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return len(text)

    make_logger(Stream(), json=True).info("refused", message="two\nlines")
    assert len(writes) == 1
    assert writes[0].endswith("}\n")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("é\u2028\x85\n\x1b[31m", '"\\u00e9\\u2028\\u0085\\n\\u001b[31m"'),
        ("half a pair: \ud83d", '"half a pair: \\ud83d"'),
        (b"\xff", "\"b'\\\\xff'\""),
        (object, "\"<class 'object'>\""),
        (Hiding("secret"), '"Hiding()"'),
        (Reason.KILLED, '"killed"'),
        (None, "null"),
    ],
)
def test_whatever_is_logged_is_one_line_of_ascii(value: object, written: str) -> None:
    stream = io.StringIO()
    make_logger(stream, json=True).info("refused", message=value)
    line = stream.getvalue()
    assert line.isascii()
    assert line.count("\n") == 1
    assert written in line
    assert list(json.loads(line)) == ["message", "event", "level", "timestamp"]


def test_a_defect_is_logged_with_its_traceback() -> None:
    stream = io.StringIO()
    make_logger(stream, json=True).error("service.failed", exc_info=ValueError("no"))
    (exception,) = json.loads(stream.getvalue())["exception"]
    assert (exception["exc_type"], exception["exc_value"]) == ("ValueError", "no")


def test_a_full_disk_stops_nobody() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    make_logger(Full(), json=True).info("event")


def test_what_others_chose_cannot_control_a_terminal() -> None:
    stream = io.StringIO()
    make_logger(stream, json=False).info("console.opened", server_name="\x1b]0;owned\x07\ud83d\x85\n", count=1)
    line = stream.getvalue()
    assert "?]0;owned????" in line
    assert line.count("\n") == 1
    assert not {"\x1b]", "\x07", "\ud83d", "\x85"} & {*line, *(line[at : at + 2] for at in range(len(line)))}
