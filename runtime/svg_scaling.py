"""A picture of how cost grows: log-log plots side by side. spikelet is orange, plain C is blue."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spikelet.bench_scaling import Curve, Scaling
from spikelet.svg import Svg, number

__all__ = ["picture"]

_STYLE = """\
.axis{stroke:var(--line);fill:none}.grid{stroke:var(--line);stroke-width:.6;opacity:.6}
.head{fill:var(--ink);font-size:14px;font-weight:600}.say{fill:var(--muted);font-size:12px}
.tick{fill:var(--muted);font-size:11px}.end{text-anchor:end}.mid{text-anchor:middle}
.ours{stroke:var(--whole);fill:none;stroke-width:2.2}.ours-dot{fill:var(--whole)}.ours-text{fill:var(--whole)}
.plain{stroke:var(--float);fill:none;stroke-width:1.6}.plain-dot{fill:var(--float)}.plain-text{fill:var(--float)}
.label{font-size:12px}
svg{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif}
"""
_COLUMNS, _WIDTH, _HEIGHT = 3, 350.0, 270.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _HEAD = 52.0, 16.0, 34.0, 40.0, 46.0
_RADIUS = 2.6


def picture(found: Scaling) -> str:
    """An SVG file with a plot for each curve."""
    rows = -(-len(found.curves) // _COLUMNS)
    svg = Svg(_COLUMNS * _WIDTH + 12, _HEAD + rows * _HEIGHT, title=f"Cost on {found.core}")
    svg.text(12, 24, f"Instructions on {found.core}, against one quantity at a time", cls="head")
    svg.text(12, 41, f"two dense layers; {found.compiler} {found.flags}; slopes of the last four points", cls="say")
    for i, curve in enumerate(found.curves):
        _plot(svg, curve, i % _COLUMNS * _WIDTH, _HEAD + i // _COLUMNS * _HEIGHT)
    if len(found.curves) % _COLUMNS:
        _legend(svg, (len(found.curves) % _COLUMNS) * _WIDTH + _LEFT, _HEAD + (rows - 1) * _HEIGHT + _TOP + 24)
    return svg.file(_STYLE)


def _plot(svg: Svg, curve: Curve, x0: float, y0: float) -> None:
    sides = [
        ("plain", [(p.x, p.plain) for p in curve.points if p.plain is not None], curve.plain),
        ("ours", [(p.x, p.ours) for p in curve.points], curve.ours),
    ]
    values = [y for _, points, _ in sides for _, y in points]
    left, right = x0 + _LEFT, x0 + _WIDTH - _RIGHT
    top, bottom = y0 + _TOP, y0 + _HEIGHT - _BOTTOM
    xs = _Axis(min(p.x for p in curve.points), max(p.x for p in curve.points), left, right)
    ys = _Axis(10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))), bottom, top)
    svg.text(left, y0 + 24, curve.name, cls="head")
    for value in ys.decades():
        svg.path([(left, ys.at(value)), (right, ys.at(value))], cls="grid")
        svg.text(left - 6, ys.at(value) + 4, _power(value), cls="tick end")
    for value in xs.decades():
        svg.path([(xs.at(value), top), (xs.at(value), bottom)], cls="grid")
        svg.text(xs.at(value), bottom + 16, _power(value), cls="tick mid")
    svg.add("rect", x=left, y=top, width=right - left, height=bottom - top, cls="axis")
    for cls, points, slope in sides:
        placed = [(xs.at(x), ys.at(y)) for x, y in points]
        svg.path(placed, cls=cls)
        for (x, y), (px, py) in zip(points, placed, strict=True):
            svg.add("circle", cx=px, cy=py, r=_RADIUS, cls=f"{cls}-dot", tip=f"{x:,}: {y:,} instructions")
        _slope(svg, placed, slope, cls)


def _slope(svg: Svg, placed: Sequence[tuple[float, float]], slope: float, cls: str) -> None:
    """The slope, above the line for plain C, below it for ours."""
    if cls == "plain":
        x, y = placed[-2]
        svg.text(x - 8, y - 8, f"slope {slope:.2f}", cls="label end plain-text")
    else:
        svg.text(
            placed[-1][0] - 4, max(y for _, y in placed[-3:]) + 18, f"slope {slope:.2f}", cls="label end ours-text"
        )


def _legend(svg: Svg, x: float, y: float) -> None:
    for i, (cls, said) in enumerate((("ours", "spikelet"), ("plain", "plain event-driven C, same compiler"))):
        svg.path([(x, y + 22 * i), (x + 26, y + 22 * i)], cls=cls)
        svg.add("circle", cx=x + 13, cy=y + 22 * i, r=_RADIUS, cls=f"{cls}-dot")
        svg.text(x + 34, y + 22 * i + 4, said, cls="say")


class _Axis:
    """Places values between two ends, by their logarithm."""

    def __init__(self, low: float, high: float, start: float, stop: float) -> None:
        self._low, self._high = math.log10(low), math.log10(high)
        self._start, self._stop = start, stop

    def at(self, value: float) -> float:
        """Where a value is."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return float(number(self._start + share * (self._stop - self._start)))

    def decades(self) -> list[float]:
        """Powers of ten between the ends."""
        return [10.0**n for n in range(math.ceil(self._low - 1e-9), math.floor(self._high + 1e-9) + 1)]


def _power(value: float) -> str:
    """A power of ten, short."""
    units = {0: "", 3: "k", 6: "M", 9: "G"}
    exponent = round(math.log10(value))
    base = exponent - exponent % 3
    return f"{10 ** (exponent - base)}{units[base]}"
