"""A run as docs/performance.md and docs/pictures/performance.svg show it."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from bench import growth
from bench.comparison import BASELINE, KEYHOLE, LIMIT, Comparison
from bench.goals import GOALS, Results
from bench.table import number, spread_text

PAGE = Path("docs/performance.md")
PICTURE = Path("docs/pictures/performance.svg")
BEGIN, END = "<!-- written by `make bench`: begin -->", "<!-- written by `make bench`: end -->"

_WIDTH, _LABEL, _BAR, _ROW = 860, 330, 420, 52
_COLOURS = {KEYHOLE: "#2f6fde", BASELINE: "#b9bec8", LIMIT: "#6b7280"}


def publish(results: Results, machine: Mapping[str, object]) -> None:
    """Writes both; what stands outside the marks of the page stays."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{markdown(results, machine)}\n{END}{after}")
    PICTURE.write_text(picture(results))


def markdown(results: Results, machine: Mapping[str, object]) -> str:
    """The machine, the aims, and a table for each comparison."""
    parts = ", ".join(f"{name} {value}" for name, value in machine.items() if value and name != "date")
    lines = [f"Measured on {machine['date']}: {parts}."]
    lines += ["", "| aim | measured as | must | goal | this run | |", "|---|---|---:|---:|---:|---|"]
    for goal in GOALS:
        value = goal.value(results)
        shown = "not measured" if value is None else f"**{number(value)}**"
        verdict = "" if value is None else goal.verdict(value)
        lines.append(
            f"| {goal.what} | {goal.measured} | {number(goal.must)} | {number(goal.wished)} | {shown} | {verdict} |"
        )
    for comparison in results.values():
        names = list(comparison.rounds)
        lines += ["", f"### {comparison.title}", "", f"| | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
        for figure in comparison.figures:
            cells = (spread_text(comparison.spread(name, figure)) for name in names)
            lines.append(f"| {figure} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def picture(results: Results) -> str:
    """Bars of cost beside websockify's, which is 1: shorter is better."""
    sizes = {growth.title(size) for size in growth.SIZES}
    shown = [
        comparison for title, comparison in results.items() if title not in sizes and BASELINE in comparison.rounds
    ]
    height = 56 + _ROW * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="16" y="26" font-size="16" fill="#111827">Cost of the same work, websockify = 1</text>',
    ]
    for at, name in enumerate(_COLOURS):
        x = 450 + 130 * at
        parts.append(f'<rect x="{x}" y="15" width="12" height="12" fill="{_COLOURS[name]}"/>')
        parts.append(f'<text x="{x + 18}" y="26" font-size="13" fill="#374151">{name}</text>')
    for at, comparison in enumerate(shown):
        parts += _bars(comparison, 48 + _ROW * at)
    return "\n".join([*parts, "</svg>", ""])


def _bars(comparison: Comparison, top: int) -> list[str]:
    parts = [f'<text x="16" y="{top + 24}" font-size="12" fill="#111827">{escape(comparison.title)}</text>']
    for at, (name, cost) in enumerate(_costs(comparison).items()):
        y, width = top + 13 * at, max(1.0, _BAR * min(cost, 1.05))
        parts.append(f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="11" fill="{_COLOURS[name]}"/>')
        parts.append(
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 10}" font-size="11" fill="#374151">{number(cost)}</text>'
        )
    return parts


def _costs(comparison: Comparison) -> dict[str, float]:
    """Each contestant's cost as a part of websockify's."""
    ratios = {name: comparison.cheaper(name, BASELINE) for name in _COLOURS if name in comparison.rounds}
    return {name: 1 / ratio for name, ratio in ratios.items() if ratio}
