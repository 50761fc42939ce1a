"""How a comparison is shown: a column for each contestant, the ratios first."""

from rich import box
from rich.table import Table

from bench.comparison import BARE, BASELINE, KEYHOLE, LIMIT, NOVA, Comparison, Spread


def table(comparison: Comparison) -> Table:
    """`OTHER / this` is how often the contestant's cost fits into the other's: more is better."""
    title = comparison.title
    if comparison.aim is not None:
        title += f" (aim: {BASELINE} / {KEYHOLE} of at least {comparison.aim:g})"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    shown.add_column("", no_wrap=True)
    contestants = list(comparison.rounds)
    for contestant in contestants:
        shown.add_column(contestant, justify="right", no_wrap=True)
    for other in (BASELINE, LIMIT, BARE, NOVA):
        if other in comparison.rounds:
            ratios = [_ratio(comparison.cheaper(contestant, other)) for contestant in contestants]
            shown.add_row(f"{other} / this", *ratios, style="bold")
    for figure in comparison.figures:
        shown.add_row(figure, *(_spread(comparison.spread(contestant, figure)) for contestant in contestants))
    return shown


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else _number(ratio)


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    if spread.low == spread.high:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    """With three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
