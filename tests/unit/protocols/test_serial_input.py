"""A view-only viewer of a serial line sends nothing to it, but its input still counts as activity."""

from keyhole.protocols.serial_input import SerialInput


def test_a_watcher_types_nothing_until_it_may() -> None:
    line = SerialInput(view_only=True)
    assert (line.feed(b"reboot\r"), line.input_count) == (b"", 1)
    assert line.set_view_only(False) == b""
    assert (line.feed(b"ls\r"), line.input_count) == (b"ls\r", 2)
    assert line.set_view_only(True) == b""
    assert line.feed(b"x") == b""
