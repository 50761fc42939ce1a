"""How log events are written: one readable line each on a terminal, one JSON object each otherwise."""

import sys
from datetime import UTC, datetime
from json import JSONEncoder
from typing import TextIO, cast

import structlog
from structlog.processors import TimeStamper, add_log_level, dict_tracebacks
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from keyhole.protocols.text import printable
from keyhole.telemetry.log_stream import LogStream

_encode = JSONEncoder(default=repr).encode


def make_logger(stream: TextIO | None = None, *, json: bool | None = None) -> FilteringBoundLogger:
    """A logger writing to `stream` (default: standard error), in JSON if `json` is set or, for None, unless the stream
    is a terminal.

    It is created for one Telemetry and passed as an argument; nothing is configured globally.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if json is None else json
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(
            cast("TextIO", LogStream(stream))
        ),  # one write for each line: several processes share the stream
        processors=[_render_json] if as_json else _for_a_terminal(),
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    ).bind()
    return logger


def _for_a_terminal() -> list[Processor]:
    return [
        add_log_level,
        TimeStamper(fmt="iso", utc=True),
        _make_printable,
        structlog.dev.set_exc_info,
        structlog.dev.ConsoleRenderer(colors=True),
    ]


def _make_printable(logger: object, level: str, event: EventDict) -> EventDict:
    """What others chose, such as a server's name, may hold control sequences, which a terminal would obey."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _render_json(logger: object, level: str, event: EventDict) -> str:
    """Renders a line in one step: logging is one of the most expensive parts of creating a link."""
    event["level"] = level
    event["timestamp"] = f"{datetime.now(UTC).isoformat()[:-6]}Z"
    if "exc_info" in event:
        event = dict_tracebacks(logger, level, event)
    return _encode(event)
