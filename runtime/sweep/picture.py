"""A sweep as a picture: accuracy against bytes, and against instructions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from spikelet.svg import Svg, width_of
from spikelet.svg import number as coordinate
from spikelet.sweep.pareto import pareto
from spikelet.sweep.run import Found, Sweep
from spikelet.sweep.words import value_of, words

__all__ = ["picture"]

_STYLE = """\
.axis{stroke:var(--line);stroke-width:1;fill:none;shape-rendering:crispEdges}
.tick{fill:var(--muted);font-size:11px}.say{fill:var(--ink);font-size:13px}.end{text-anchor:end}.mid{text-anchor:middle}
.head{fill:var(--ink);font-size:15px;font-weight:600}
.front{stroke:var(--ink);stroke-width:1.2;fill:none;opacity:.55;stroke-dasharray:4 3}
.point{fill-opacity:.28;stroke-opacity:.55;stroke-width:1}.best{fill-opacity:1;stroke:var(--ink);stroke-width:1.6}
.c0{fill:var(--float);stroke:var(--float)}.c1{fill:var(--whole);stroke:var(--whole)}.c2{fill:var(--back);stroke:var(--back)}
.c3{fill:var(--good);stroke:var(--good)}.c4{fill:var(--late);stroke:var(--late)}.c5{fill:var(--muted);stroke:var(--muted)}
.best.c0,.best.c1,.best.c2,.best.c3,.best.c4,.best.c5{stroke:var(--ink)}
.name{fill:var(--ink);font-size:11px;font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:3px}
svg{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif}
"""
_WIDTH, _HEIGHT = 980.0, 470.0
_TOP, _BOTTOM = 84.0, 56.0
_PANELS = ((66.0, 470.0), (560.0, 964.0))
_COLOURS = 6
#: Where a number may stand beside its point, the best place first.
_PLACES = ((8, -8), (-8, -8), (8, 14), (-8, 14), (0, -12), (0, 20), (14, 4), (-14, 4))


@dataclass(frozen=True, slots=True)
class _Scale:
    """From numbers to places: `low` is at `start`, `high` at `stop`; by their logarithms where `log`."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return self.start + (at - low) / (high - low) * (self.stop - self.start)


def picture(found: Sweep) -> str:
    """An SVG file: all points pale, those worth having numbered as in the table; fronts of each cost dashed."""
    best = {index: number for number, index in enumerate(found.pareto, 1)}
    shown = [entry for entry in found.found if "error" not in entry.result]
    svg = Svg(_WIDTH, _HEIGHT, title="Accuracy against bytes and instructions")
    svg.text(_PANELS[0][0], 26, f"{len(shown)} ways of converting, {len(best)} worth having", cls="head")
    colour = _legend(svg, shown)
    panels = [("bytes", "bytes of the image"), ("instructions", f"instructions a sample on {found.board}")]
    for (left, right), (cost, title) in zip(_PANELS, panels, strict=True):
        usable = [i for i, entry in enumerate(found.found) if entry.result.get(cost) and "error" not in entry.result]
        if usable:
            _panel(svg, found, usable, best, cost=cost, title=title, left=left, right=right, colour=colour)
    return svg.file(_STYLE)


def _legend(svg: Svg, shown: Sequence[Found]) -> Callable[[Found], str]:
    """Colours by the first axis that varies; tells the class of a point."""
    for name in ("bits", "ticks", "early_exit", "threshold", "prune"):
        values = list(dict.fromkeys(asdict(entry.point)[name] for entry in shown))
        if 1 < len(values) <= _COLOURS:
            break
    else:
        return lambda _: "c0"
    x = _PANELS[0][0] + 6
    for index, value in enumerate(values):
        text = value_of(name, value)
        svg.add("circle", cx=x, cy=48, r=5, cls=f"best c{index}")
        svg.text(x + 10, 52, text, cls="tick")
        x += width_of(text, 11) + 34
    classes = {value: f"c{index}" for index, value in enumerate(values)}
    return lambda entry: classes[asdict(entry.point)[name]]


def _panel(
    svg: Svg,
    found: Sweep,
    usable: Sequence[int],
    best: dict[int, int],
    *,
    cost: str,
    title: str,
    left: float,
    right: float,
    colour: Callable[[Found], str],
) -> None:
    """A plot of accuracy against a cost."""
    costs = {i: float(found.found[i].result[cost]) for i in usable}
    right_ones = {i: 100 * float(found.found[i].result["accuracy"]) for i in usable}
    below = _HEIGHT - _BOTTOM
    x = _across(list(costs.values()), left, right)
    y = _up(list(right_ones.values()), [right_ones[i] for i in best if i in right_ones], below)
    svg.add("rect", x=left, y=_TOP, width=right - left, height=below - _TOP, cls="axis")
    free = left - 20
    for value in _round_values(x):
        svg.add("path", d=f"M{coordinate(x(value))} {coordinate(below)}v4", cls="axis")
        half = width_of(_amount(value), 11) / 2
        if x(value) - half > free:
            svg.text(x(value), below + 17, _amount(value), cls="tick mid")
            free = x(value) + half + 6
    for value in _steps(y.low, y.high, 6):
        svg.add("path", d=f"M{coordinate(left)} {coordinate(y(value))}h-4", cls="axis")
        svg.text(left - 7, y(value) + 4, f"{value:g}", cls="tick end")
    svg.text((left + right) / 2, below + 40, title, cls="say mid")
    svg.text(left, _TOP - 9, "% right on calibration data", cls="tick")
    _front(svg, [found.found[i].result for i in usable], cost, x, y)
    order = sorted(usable, key=lambda i: i in best)
    for i in order:
        entry, height = found.found[i], right_ones[i]
        tip = f"{words(entry.point)}: {height:.2f} %, {_amount(costs[i])} {cost}"
        tip = f"{best[i]}. {tip}" if i in best else tip
        kind = f"{'best' if i in best else 'point'} {colour(entry)}"
        if height < y.low:
            at = f"M{coordinate(x(costs[i]) - 4)} {coordinate(below - 8)}h8l-4 7z"
            svg.add("path", d=at, cls=kind, tip=tip)
        else:
            svg.add("circle", cx=x(costs[i]), cy=y(height), r=5.5 if i in best else 4, cls=kind, tip=tip)
    _names(svg, [(x(costs[i]), y(max(right_ones[i], y.low)), str(best[i])) for i in usable if i in best])


def _front(svg: Svg, results: Sequence[Mapping[str, Any]], cost: str, x: _Scale, y: _Scale) -> None:
    """Steps through the points that are best by this cost alone."""
    kept = [results[i] for i in pareto(results, (cost,))]
    steps: list[tuple[float, float]] = []
    for entry in kept:
        height = 100 * float(entry["accuracy"])
        if height < y.low:
            continue
        at = x(float(entry[cost]))
        if steps:
            steps.append((at, steps[-1][1]))
        steps.append((at, y(height)))
    if steps:
        svg.path([*steps, (x.stop, steps[-1][1])], cls="front")


def _names(svg: Svg, points: Sequence[tuple[float, float, str]]) -> None:
    """Numbers beside their points, where they cover least."""
    taken = [(x, y) for x, y, _ in points]
    for x, y, text in points:

        def crowd(place: tuple[int, int], x: float = x, y: float = y) -> float:
            return sum(max(0.0, 15 - math.hypot(x + place[0] - a, y + place[1] - 4 - b)) for a, b in taken)

        dx, dy = min(_PLACES, key=crowd)
        taken.append((x + dx, y + dy - 4))
        anchor = "name" if dx > 0 else "name end" if dx < 0 else "name mid"
        svg.text(x + dx, y + dy, text, cls=anchor)


def _across(values: list[float], left: float, right: float) -> _Scale:
    """Costs, by their logarithms where they are far apart."""
    low, high = min(values), max(values)
    if high > 3 * low:
        return _Scale(low / 1.15, high * 1.15, left, right, log=True)
    room = 0.08 * (high - low) or 0.1 * high
    return _Scale(low - room, high + room, left, right)


def _up(values: list[float], best: list[float], below: float) -> _Scale:
    """Accuracies; where some are far below all that are worth having, the scale ends above them."""
    high, low, least = max(values), min(values), min(best, default=min(values))
    if high - low > 5 * (high - least) + 5:
        low = least - max(0.5 * (high - least), 2.0)
    room = 0.07 * (high - low) or 1.0
    return _Scale(low - room, high, below, _TOP + 24)


def _round_values(scale: _Scale) -> list[float]:
    """Round numbers of a scale."""
    if not scale.log:
        return _steps(scale.low, scale.high, 5)
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    found: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        values = (s * 10.0**p for p, s in product(range(first, last + 1), steps))
        found = [value for value in values if scale.low <= value <= scale.high]
        if len(found) >= 4:
            break
    return found


def _steps(low: float, high: float, count: int) -> list[float]:
    """About so many round numbers from low to high."""
    rough = (high - low) / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(s * unit for s in (1, 2, 2.5, 5, 10) if s * unit >= rough)
    first = math.ceil(low / step)
    return [round(n * step, 10) for n in range(first, math.floor(high / step) + 1)]


def _amount(value: float) -> str:
    """A number for people: 12,300 or 1.2 M."""
    if value >= 1e6:
        return f"{value / 1e6:g} M" if value % 1e5 == 0 else f"{value / 1e6:.2f} M"
    return f"{value:,.0f}"
