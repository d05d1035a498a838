"""A report as one PNG, drawn by matplotlib in a process of its own: `python -m supervisor.app.reports.picture KIND`.

The report comes as JSON on standard input, the picture leaves on standard output. Nothing else imports this module's
drawing, and no process of the tree imports this module at all: matplotlib costs two seconds and some 150 MB.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from actors.domain.market.session import NEW_YORK
from actors.domain.performance.due import Kind
from actors.domain.value import Value
from supervisor.app.reports.evening import EquityPoint, Evening
from supervisor.app.reports.morning import Morning
from supervisor.app.reports.sheet import money
from supervisor.app.reports.week_sheet import WEEKDAYS, Weekly
from supervisor.private_ray import ROOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UP, DOWN, OTHER = "#2b6cb0", "#b3261e", "#8a8a8a"
"""Blue and red are told apart by the colour-blind; signs say the same."""
TIMEOUT_S: Final = 120.0
SIZE_INCHES: Final = (11.0, 7.0)
DOTS_PER_INCH: Final = 110
BARS_MIN: Final = 4
"""Room that is left for bars, so that one alone is no wall."""


class NotDrawn(Exception):
    """The drawing process failed; its last words."""


def draw(kind: Kind, told: Value) -> bytes:
    """Return the PNG of a report, drawn by another process. Raises `NotDrawn`."""
    command = [sys.executable, "-m", "supervisor.app.reports.picture", kind.value]
    try:
        done = subprocess.run(
            command,
            input=told.model_dump_json().encode(),
            cwd=ROOT,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotDrawn(f"not drawn within {TIMEOUT_S:g} s") from error
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise NotDrawn((done.stderr.decode(errors="replace").strip() or "it said nothing").splitlines()[-1])
    return done.stdout


def evening(told: Evening, axes: "Sequence[Axes]") -> str:
    """Draw the session's result over time, by strategy, equity against the benchmark, refusals; return the title."""
    day = told.day
    counted = sorted(
        (each for each in day.structures if each.counted_at is not None), key=lambda each: str(each.counted_at)
    )
    times = [
        each.counted_at.astimezone(NEW_YORK).replace(tzinfo=None) for each in counted if each.counted_at is not None
    ]
    sums = list(accumulate((each.counted for each in counted), initial=Decimal(0)))[1:]
    _steps(axes[0], times, sums, "Result, structure after structure")
    _bars(axes[1], {each.strategy: each.result for each in day.strategies}, "By strategy")
    _against(axes[2], told)
    _bars(
        axes[3],
        {code: Decimal(count) for code, count in list(day.refusals.items())[:10]},
        "Refused, by rule",
        plain=True,
    )
    return f"Evening of {day.session:%a %d %b %Y}   {money(day.result)}"


def morning(told: Morning, axes: "Sequence[Axes]") -> str:
    """Draw the last sessions, what is at stake, the checks, what expires; return the title."""
    _bars(axes[0], {f"{each.session:%d %b}": each.result for each in told.recent}, "Last sessions")
    stake = {"at stake": told.today.at_stake, "allowed": told.loss_max}
    _bars(axes[1], stake, "What all structures may lose", plain=True)
    counts: dict[str, Decimal] = {}
    for each in told.preflight.checks:
        counts[each.verdict.value] = counts.get(each.verdict.value, Decimal(0)) + 1
    _bars(axes[2], counts, "Checks of the preflight", plain=True)
    cash = {each.account_domain: each.cash for each in told.today.margins}
    _bars(axes[3], cash, "Cash", plain=True)
    verdict = "GO" if told.preflight.is_go else "NO-GO: " + ", ".join(each.name for each in told.preflight.failures)
    return f"Morning of {told.today.on:%a %d %b %Y}   {verdict}"


def weekly(told: Weekly, axes: "Sequence[Axes]") -> str:
    """Draw sessions, strategies, weekday by hour, refusals; return the title."""
    week = told.week
    _bars(axes[0], {f"{each.session:%a %d}": each.result for each in week.sessions}, "By session")
    _bars(axes[1], {each.strategy: each.result for each in week.strategies}, "By strategy")
    _heat(axes[2], told)
    _bars(
        axes[3],
        {code: Decimal(count) for code, count in list(week.refusals.items())[:10]},
        "Refused, by rule",
        plain=True,
    )
    return f"Week of {week.first:%d %b} to {week.last:%d %b %Y}   {money(week.result)}"


def _steps(axes: "Axes", times: Sequence[Any], sums: Sequence[Decimal], title: str) -> None:
    axes.set_title(title, loc="left")
    if times:
        from matplotlib.dates import DateFormatter

        axes.step(times, [float(each) for each in sums], where="post", color=UP)
        axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
        axes.axhline(0, color=OTHER, linewidth=0.8)
        axes.tick_params(axis="x", rotation=30)
    else:
        _nothing(axes)


def _bars(axes: "Axes", amounts: Mapping[str, Decimal], title: str, *, plain: bool = False) -> None:
    axes.set_title(title, loc="left")
    if not amounts:
        _nothing(axes)
        return
    heights = [float(each) for each in amounts.values()]
    colours = [OTHER if plain else UP if each >= 0 else DOWN for each in heights]
    drawn = axes.bar(list(amounts), heights, color=colours)
    axes.set_xlim(-1, max(len(amounts), BARS_MIN))
    axes.bar_label(drawn, [f"{each:,.0f}" if plain else f"{each:+,.0f}" for each in heights], fontsize=8)
    axes.axhline(0, color=OTHER, linewidth=0.8)
    axes.tick_params(axis="x", rotation=30)


def _against(axes: "Axes", told: Evening) -> None:
    """Draw equity and benchmark, both as a share of where each was first known."""
    price = told.benchmark.price if told.benchmark is not None else None
    points = [*told.history, EquityPoint(session=told.day.session, equity=told.day.equity, benchmark=price)]
    axes.set_title("Equity against the benchmark", loc="left")
    is_drawn = False
    for name, colour in (("equity", UP), ("benchmark", OTHER)):
        known = [(each.session, getattr(each, name)) for each in points if getattr(each, name) is not None]
        if known:
            label = name if name == "equity" or told.benchmark is None else told.benchmark.symbol
            shares = [float(amount / known[0][1] - 1) * 100 for _, amount in known]
            axes.plot([f"{on:%d %b}" for on, _ in known], shares, color=colour, marker="o", label=f"{label}, %")
            is_drawn = True
    if is_drawn:
        axes.legend(fontsize=8)
    else:
        _nothing(axes)


def _heat(axes: "Axes", told: Weekly) -> None:
    axes.set_title("By weekday and hour of New York", loc="left")
    cells = told.week.hours
    if not cells:
        _nothing(axes)
        return
    hours = sorted({each.hour for each in cells})
    most = max(abs(float(each.result)) for each in cells) or 1.0
    grid = [[0.0] * 5 for _ in hours]
    for each in cells:
        if each.weekday < len(grid[0]):
            grid[hours.index(each.hour)][each.weekday] = float(each.result)
            axes.text(
                each.weekday, hours.index(each.hour), f"{each.result:+,.0f}", ha="center", va="center", fontsize=8
            )
    axes.imshow(grid, cmap="RdBu", vmin=-most, vmax=most, aspect="auto", alpha=0.6)
    axes.set_xticks(range(5), WEEKDAYS[:5])
    axes.set_yticks(range(len(hours)), [f"{hour:02d}" for hour in hours])


def _nothing(axes: "Axes") -> None:
    axes.text(0.5, 0.5, "nothing", ha="center", va="center", color=OTHER, transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


DRAWN: Final[Mapping[Kind, tuple[type[Value], Callable[..., str]]]] = {
    Kind.EVENING: (Evening, evening),
    Kind.MORNING: (Morning, morning),
    Kind.WEEK: (Weekly, weekly),
}


def main(kind: Kind, content: bytes) -> bytes:
    """Return the picture of a report that is given as JSON."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shape, drawing = DRAWN[kind]
    told: Any = shape.model_validate_json(content)
    figure, axes = plt.subplots(2, 2, figsize=SIZE_INCHES, layout="constrained")
    title = drawing(told, axes.flatten())
    figure.suptitle(f"{told.origin.words}   {title}", x=0.01, ha="left", fontweight="bold", wrap=True)
    made = BytesIO()
    figure.savefig(made, format="png", dpi=DOTS_PER_INCH)
    return made.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(main(Kind(sys.argv[1]), sys.stdin.buffer.read()))
