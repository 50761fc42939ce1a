"""The traffic totals of a line."""

from keyhole.relay.taps.traffic import Flow, TrafficTap


def test_each_direction_is_counted() -> None:
    tap = TrafficTap()
    for size, at in ((10, 1.0), (300, 1.5), (20, 4.0)):
        tap.target_sent(bytes(size), at)
    tap.viewer_sent(b"a", 2.0)
    assert tap.to_viewer == Flow(330, 3, 300, 2.5, 4.0)
    assert tap.to_target == Flow(1, 1, 1, 0.0, 2.0)
    assert not tap.closed.is_set()
    tap.line_closed()
    assert tap.closed.is_set()
