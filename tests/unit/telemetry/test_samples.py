"""The sum over several processes."""

import json

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from keyhole.telemetry.exposition import exposition, families_of
from keyhole.telemetry.samples import total, without_gauges


def process(opened: int, now: int) -> CollectorRegistry:
    """One process's metrics."""
    registry = CollectorRegistry()
    Counter("opened", "Opened.", ["type"], registry=registry).labels("novnc").inc(opened)
    Gauge("now", "Now.", registry=registry).set(now)
    histogram = Histogram("setup", "Setup.", buckets=(1.0,), registry=registry)
    for _ in range(opened):
        histogram.observe(0.5)
    return registry


def test_each_sample_is_added_up_and_written_once() -> None:
    families = [family for opened, now in ((3, 2), (4, 1)) for family in families_of(process(opened, now))]
    lines = exposition(json.loads(json.dumps(families))).decode().splitlines()
    assert 'opened_total{type="novnc"} 7.0' in lines
    assert "now 3.0" in lines
    assert 'setup_bucket{le="1.0"} 7.0' in lines
    assert "setup_sum 3.5" in lines
    assert "# TYPE opened_total counter" in lines
    assert len([line for line in lines if line.startswith("# TYPE")]) == 3


def test_counters_outlive_their_process_and_gauges_do_not() -> None:
    dead = without_gauges(families_of(process(3, 2)))
    sums = {family[0]: family[3] for family in total([*dead, *families_of(process(4, 1))])}
    assert sums["opened"] == [["opened_total", {"type": "novnc"}, 7.0]]
    assert sums["now"] == [["now", {}, 1.0]]
