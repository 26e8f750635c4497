"""Plots of a comparison: rasters, potentials, histograms, rates. Float is blue, integers are orange, both are ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.svg import Svg, number, short

__all__ = ["STYLE", "Raster", "Trace", "histogram", "raster", "rates", "trace"]

#: What the plots' classes look like.
STYLE = """\
.axis{stroke:var(--line);stroke-width:1;fill:none;shape-rendering:crispEdges}
.tick{fill:var(--muted);font-size:10px}.say{fill:var(--muted);font-size:11px}.end{text-anchor:end}.mid{text-anchor:middle}
.both{stroke:var(--ink)}.only-float{stroke:var(--float)}.only-whole{stroke:var(--whole)}
.f{stroke:var(--float);fill:none;stroke-width:3.4;opacity:.55}.w{stroke:var(--whole);fill:none;stroke-width:1.3}
.area{fill:var(--float);opacity:.35}.th{stroke:var(--bad);stroke-width:1;stroke-dasharray:4 3;fill:none}
.mark{stroke:var(--bad);stroke-width:1;opacity:.7}.dot{fill:var(--whole);opacity:.55}
.diag{stroke:var(--muted);stroke-dasharray:3 3}
svg{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif}
"""

_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 12.0, 8.0, 22.0
#: So many marks go through the whole of a trace; more are short.
_MARKS = 24
_Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Spikes of some neurons in some ticks: boolean, shape (ticks, neurons); `real` is None without a float network."""

    real: _Bool | None
    whole: _Bool
    neurons: Sequence[int]
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Potentials of one neuron in some ticks, shape (ticks,), and ticks in which only one side fired."""

    real: Any
    whole: Any
    threshold: float | None
    start: int
    apart: Sequence[int]


def _ticks_axis(svg: Svg, start: int, stop: int, *, x0: float, x1: float, y: float) -> None:
    """Numbers of ticks below a plot."""
    step = _step(stop - start, 8)
    first = -(-start // step) * step
    for tick in range(int(first), stop, int(step)):
        x = x0 + (tick - start + 0.5) * (x1 - x0) / (stop - start)
        svg.add("path", d=f"M{number(x)} {number(y)}v4", cls="axis")
        svg.text(x, y + 14, str(tick), cls="tick mid")


def _step(span: float, count: int) -> float:
    """A round step that cuts a span into about `count` parts; at least 1."""
    step = 1.0
    while span / step > count:
        step *= 2.5 if str(step)[0] == "2" else 2.0
    return step


def raster(found: Raster, *, title: str, width: float = 1064) -> Svg:
    """Float above integers; spikes that only one side has are coloured."""
    ticks, count = found.whole.shape
    row = max(1.6, min(7.0, 200 / max(count, 1)))
    high = row * count
    panels = 1 if found.real is None else 2
    svg = Svg(width, _TOP + panels * high + (panels - 1) * 14 + _BOTTOM, title=title)
    x0, x1 = _LEFT, width - _RIGHT
    sides = [("integers", "only-whole", found.whole, found.real)]
    if found.real is not None:
        sides.insert(0, ("float", "only-float", found.real, found.whole))
    for panel, (name, cls, own, other) in enumerate(sides):
        y0 = _TOP + panel * (high + 14)
        svg.add("rect", x=x0, y=y0, width=x1 - x0, height=high, cls="axis")
        svg.text(x0 - 8, y0 + min(12, high), name, cls="say end")
        if high > 30:
            svg.text(x0 - 8, y0 + high - 2, f"{found.neurons[0]} – {found.neurons[-1]}", cls="tick end")
        both = own if other is None else own & other
        marks = ((both, "both"), (own & ~other, cls)) if other is not None else ((both, "both"),)
        for which, kind in marks:
            _spikes(svg, which, (x0, y0, (x1 - x0) / ticks, row), kind)
    _ticks_axis(svg, found.start, found.start + ticks, x0=x0, x1=x1, y=_TOP + panels * high + (panels - 1) * 14)
    return svg


def _spikes(svg: Svg, which: _Bool, place: tuple[float, float, float, float], cls: str) -> None:
    """One short line a spike, all in one path; neighbours in time are one line."""
    x0, y0, step, row = place
    wide, thick = max(0.9, min(step * 0.7, 6.0)), max(1.2, row * 0.75)
    parts = []
    ticks, neurons = np.nonzero(which)
    for tick, neuron in zip(ticks.tolist(), neurons.tolist(), strict=True):
        parts.append(f"M{x0 + (tick + 0.5) * step - wide / 2:.1f} {y0 + (neuron + 0.5) * row:.1f}h{wide:.1f}")
    if parts:
        svg.add("path", d="".join(parts), cls=cls, stroke_width=thick)


def trace(found: Trace, *, title: str, caption: str, width: float = 400, height: float = 140) -> Svg:
    """Potentials of a neuron on both sides, its threshold, and where their spikes differ."""
    svg = Svg(width, height, title=title)
    x0, x1, y0, y1 = 44.0, width - 8, 20.0, height - _BOTTOM
    lines = [values for values in (found.real, found.whole) if values is not None]
    extra = [found.threshold] if found.threshold is not None else []
    low = min([0.0, *extra, *(float(np.min(v)) for v in lines)])
    high = max([*extra, *(float(np.max(v)) for v in lines)])
    span = (high - low) or 1.0
    low, high = low - 0.06 * span, high + 0.06 * span
    ticks = len(lines[0])

    def place(values: Any) -> list[tuple[float, float]]:
        xs = x0 + (np.arange(ticks) + 0.5) * (x1 - x0) / ticks
        ys = y1 - (np.asarray(values) - low) / (high - low) * (y1 - y0)
        return [(round(x, 1), round(y, 1)) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]

    svg.text(x0, 12, short(caption, 80), cls="say")
    svg.add("rect", x=x0, y=y0, width=x1 - x0, height=y1 - y0, cls="axis")
    for tick in found.apart:
        x = x0 + (tick - found.start + 0.5) * (x1 - x0) / ticks
        down = y1 if len(found.apart) <= _MARKS else y0 + 7
        svg.add("path", d=f"M{number(x)} {number(y0)}V{number(down)}", cls="mark")
    lowest = min(float(np.min(v)) for v in lines)
    told: list[float] = []
    for value in [*extra, 0.0, lowest]:
        y = y1 - (value - low) / (high - low) * (y1 - y0)
        if value in extra:
            svg.add("path", d=f"M{number(x0)} {number(y)}H{number(x1)}", cls="th")
        if all(abs(value - other) > 0.12 * (high - low) for other in told):
            svg.text(x0 - 5, y + 3, f"{value:.3g}", cls="tick end")
            told.append(value)
    if found.real is not None:
        svg.path(place(found.real), cls="f")
    svg.path(place(found.whole), cls="w")
    _ticks_axis(svg, found.start, found.start + ticks, x0=x0, x1=x1, y=y1)
    return svg


def histogram(real: Any, whole: Any, *, title: str, caption: str, width: float = 520, height: float = 170) -> Svg:
    """Weights before (area) and after (line); `real` may be None."""
    svg = Svg(width, height, title=title)
    x0, x1, y0, y1 = 44.0, width - 8, 20.0, height - _BOTTOM
    values = [np.asarray(v, np.float64) for v in (real, whole) if v is not None]
    least, most = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    if least == most:
        least, most = least - 0.5, most + 0.5
    bins = np.linspace(least, most, 62)
    counted = [np.histogram(v, bins)[0] for v in values]
    top = max(1, *(int(c.max()) for c in counted))

    def place(counts: Any) -> list[tuple[float, float]]:
        points = []
        for index, count in enumerate(counts.tolist()):
            y = y1 - count / top * (y1 - y0)
            points += [(x0 + index * (x1 - x0) / 61, y), (x0 + (index + 1) * (x1 - x0) / 61, y)]
        return points

    svg.text(x0, 12, short(caption, 80), cls="say")
    if real is not None:
        svg.path([(x0, y1), *place(counted[0]), (x1, y1)], cls="area")
    svg.path([(x0, y1), *place(counted[-1]), (x1, y1)], cls="w")
    svg.add("path", d=f"M{number(x0)} {number(y1)}H{number(x1)}", cls="axis")
    svg.text(x0 - 5, y0 + 8, str(top), cls="tick end")
    for value in sorted({least, 0.0, most} if least < 0 < most else {least, most}):
        x = x0 + (value - least) / (most - least) * (x1 - x0)
        near = value == 0 and min(-least, most) < 0.12 * (most - least)
        if not near:
            anchor = "tick" if value == least else "tick end" if value == most else "tick mid"
            svg.text(x, y1 + 14, f"{value:.3g}", cls=anchor)
    return svg


def rates(real: Any, whole: Any, *, title: str, caption: str, size: float = 230) -> Svg:
    """Spikes of each neuron: float to the right, integers upwards; on the diagonal they are equal."""
    svg = Svg(size, size, title=title)
    x0, x1, y0, y1 = 40.0, size - 10, 20.0, size - 34
    top = max(float(np.max(real, initial=0)), float(np.max(whole, initial=0)), 1.0)
    svg.text(x0, 12, short(caption, 40), cls="say")
    svg.add("rect", x=x0, y=y0, width=x1 - x0, height=y1 - y0, cls="axis")
    svg.add("path", d=f"M{number(x0)} {number(y1)}L{number(x1)} {number(y0)}", cls="diag", fill="none")
    for x, y in sorted({(round(float(a), 3), round(float(b), 3)) for a, b in zip(real, whole, strict=True)}):
        svg.add("circle", cx=x0 + x / top * (x1 - x0), cy=y1 - y / top * (y1 - y0), r=2.2, cls="dot")
    svg.text(x0 - 5, y0 + 8, f"{top:.0f}", cls="tick end")
    svg.text(x0, y1 + 13, "0", cls="tick")
    svg.text(x1, y1 + 13, f"{top:.0f}", cls="tick end")
    svg.text((x0 + x1) / 2, y1 + 28, "spikes, float", cls="tick mid")
    svg.text(12, (y0 + y1) / 2, "integer", cls="tick mid", transform=f"rotate(-90 12 {number((y0 + y1) / 2)})")
    return svg
