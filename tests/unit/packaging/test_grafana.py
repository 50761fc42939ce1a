"""The dashboard asks for metrics and labels that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase
from structlog.testing import CapturingLogger

from keyhole.telemetry.telemetry import Telemetry

DASHBOARD = Path(__file__).parents[3] / "packaging" / "grafana" / "keyhole.json"


@pytest.fixture(scope="module")
def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text())["panels"])


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """Every series' name, with its labels."""
    telemetry = Telemetry(CapturingLogger())
    series: dict[str, set[str]] = {}
    for collector in set(telemetry.registry._names_to_collectors.values()):
        (metric,) = collector.collect()
        assert isinstance(collector, MetricWrapperBase)
        names = set(collector._labelnames)
        match metric.type:
            case "counter":
                series[f"{metric.name}_total"] = names
            case "histogram":
                series[f"{metric.name}_bucket"] = {*names, "le"}
            case _:
                series[metric.name] = names
    return series


def expressions(panels: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_metric_that_is_asked_for_exists(panels: list[dict[str, Any]], labels: dict[str, set[str]]) -> None:
    asked = set(re.findall(r"keyhole_\w+", " ".join(expressions(panels))))
    assert asked <= set(labels)
    assert len(asked) > 10


def test_every_label_that_is_asked_for_is_one_of_its_metric(
    panels: list[dict[str, Any]], labels: dict[str, set[str]]
) -> None:
    for expression in expressions(panels):
        (metric,) = set(re.findall(r"keyhole_\w+", expression))
        grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        chosen = set(re.findall(r"[{,]\s*(\w+)=~", expression))
        assert grouped | chosen <= labels[metric] | {"job"}, expression


def test_panels_do_not_lie_on_one_another(panels: list[dict[str, Any]]) -> None:
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
