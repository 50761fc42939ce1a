"""How log events are written: one readable line each on a terminal, one JSON object each otherwise."""

import sys
from typing import TextIO

import structlog


def make_logger(stream: TextIO | None = None, *, json: bool | None = None) -> structlog.typing.FilteringBoundLogger:
    """A logger writing to `stream` (default: standard error); `json` None means: unless the stream is a terminal.

    It is made for one Observer and handed on as an argument; nothing is configured globally.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if json is None else json
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=True)
    )
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),  # one write for a line: several processes share the stream
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if as_json else structlog.dev.set_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return logger
