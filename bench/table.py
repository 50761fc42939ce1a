"""How a comparison and the aims are shown: a column for each contestant, the ratios first."""

from rich import box
from rich.table import Table

from bench.comparison import BARE, BASELINE, LIMIT, NOVA, Comparison, Spread
from bench.goals import GOALS, Results


def table(comparison: Comparison) -> Table:
    """`OTHER / this` is how often the contestant's cost fits into the other's: more is better."""
    shown = Table(title=comparison.title, title_justify="left", box=box.SIMPLE_HEAD)
    shown.add_column("", no_wrap=True)
    contestants = list(comparison.rounds)
    for contestant in contestants:
        shown.add_column(contestant, justify="right", no_wrap=True)
    for other in (BASELINE, LIMIT, BARE, NOVA):
        if other in comparison.rounds:
            ratios = [_ratio(comparison.cheaper(contestant, other)) for contestant in contestants]
            shown.add_row(f"{other} / this", *ratios, style="bold")
    for figure in comparison.figures:
        shown.add_row(figure, *(spread_text(comparison.spread(contestant, figure)) for contestant in contestants))
    return shown


def goals_table(results: Results) -> Table:
    """What the run says about each aim."""
    shown = Table(title="Aims", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("", "measured as", "must", "goal", "this run", ""):
        shown.add_column(column, no_wrap=True, justify="right" if column in ("must", "goal", "this run") else "left")
    for goal in GOALS:
        if (value := goal.value(results)) is not None:
            shown.add_row(
                goal.what, goal.measured, number(goal.must), number(goal.wished), number(value), goal.verdict(value)
            )
    return shown


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else number(ratio)


def spread_text(spread: Spread | None) -> str:
    """The median and, in brackets, the lowest and the highest."""
    if spread is None:
        return "-"
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)} to {number(spread.high)})"


def number(value: float) -> str:
    """With three digits that count."""
    if 0 < abs(value) < 0.01:
        return f"{value:.1g}"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
