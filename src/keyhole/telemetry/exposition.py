"""A process's metrics as plain values, and plain values in Prometheus' text format."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from keyhole.telemetry.samples import Family, total


def families_of(registry: CollectorRegistry) -> list[Family]:
    """A process's metrics, without the times at which counting began (`_created`), which cannot be added up."""
    return [
        [
            metric.name,
            metric.type,
            metric.documentation,
            [[one.name, one.labels, one.value] for one in metric.samples if not one.name.endswith("_created")],
        ]
        for metric in registry.collect()
    ]


def exposition(families: Iterable[Family]) -> bytes:
    """The sum of all families in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Summed(total(families)))
    return generate_latest(registry)


class _Summed(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for name, kind, text, samples in self._families:
            metric = Metric(name, text, kind)
            for sample, labels, number in samples:
                metric.add_sample(sample, labels, number)
            yield metric
