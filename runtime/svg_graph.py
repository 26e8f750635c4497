"""Draws a graph of boxes and labelled edges; what leads back, comes late or loops looks different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spikelet.svg import Svg, number, short, width_of
from spikelet.svg_layout import Box, Line, Route, layout

__all__ = ["STYLE", "GraphEdge", "GraphNode", "draw"]

#: What the classes of the picture look like; THEME comes before it.
STYLE = """\
svg{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif}
.box rect{fill:var(--node);stroke:var(--ink);stroke-width:1.3}
.input rect{fill:var(--input)}.output rect{fill:var(--output)}.delay rect{stroke:var(--late);stroke-dasharray:5 3}
.name{font-size:14px;font-weight:600;fill:var(--ink);text-anchor:middle}
.line{font-size:11.5px;fill:var(--muted);text-anchor:middle}
.head{font-size:13px;fill:var(--muted)}.legend{font-size:11.5px;fill:var(--muted)}
.rate{fill:var(--whole)}.label rect{fill:var(--page)}
.edge{fill:none;stroke:var(--muted)}.edge.back{stroke:var(--back);stroke-dasharray:7 4}
.edge.late{stroke:var(--late);stroke-dasharray:2 4;stroke-linecap:round}
.tip{fill:var(--muted)}.tip.back{fill:var(--back)}.tip.late{fill:var(--late)}
"""

_MARGIN, _NAME, _LINE, _ROW = 24.0, 14.0, 11.5, 15.0
_LONGEST, _LOOP = 34, 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A box: a name, lines below it, an orange line of rates, and a word for its looks (input, output, delay or "")."""

    name: str
    lines: tuple[str, ...] = ()
    rate: str = ""
    looks: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """An edge between two nodes, by index; `back` and `late` change its looks, `thick` [0 .. 1] its width."""

    source: int
    target: int
    lines: tuple[str, ...] = ()
    rate: str = ""
    back: bool = False
    late: bool = False
    thick: float = 0.0
    tip: str = ""


def draw(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], *, title: str, head: Sequence[str] = ()) -> Svg:
    """Draw a graph from top to bottom, with lines of text above it.

    Args:
        nodes: at least one.
        edges: those that do not lead back must have no cycle; a loop leads back.
        title: what the picture is called.
        head: lines above the graph.
    """
    loops = [edge for edge in edges if edge.source == edge.target]
    others = [edge for edge in edges if edge.source != edge.target]
    beside = {edge.source: _LOOP + _label_size(edge)[0] for edge in loops}
    boxes = [Box(width=_width(node), height=_height(node), beside=beside.get(i, 0.0)) for i, node in enumerate(nodes)]
    lines = [_line(edge) for edge in others]
    placed = layout(boxes, lines)
    legend = [(name, cls) for name, cls in _LEGEND if any(cls in _classes(edge).split() for edge in edges)]
    top = _MARGIN + 18 * len(head) + (10 if head else 0)
    wide = max([placed.width, *(width_of(text, 13) for text in head), 180.0 * len(legend)])
    svg = Svg(wide + 2 * _MARGIN, top + placed.height + _MARGIN + (28 if legend else 0), title=title)
    for row, text in enumerate(head):
        svg.text(_MARGIN, _MARGIN + 10 + 18 * row, short(text, 120), cls="head")
    x0 = _MARGIN + (wide - placed.width) / 2
    _markers(svg)
    with svg.group(transform=f"translate({number(x0)} {number(top)})"):
        for edge, route in zip(others, placed.routes, strict=True):
            _curve(svg, edge, _bent(route))
        for edge in loops:
            at, box = placed.boxes[edge.source], boxes[edge.source]
            x, y = at.x + box.width / 2, at.y
            curve = f"M{number(x)} {number(y - 9)}c{number(_LOOP - 6)} -14 {number(_LOOP - 6)} 32 1.5 18"
            _curve(svg, edge, curve)
            _label(svg, edge, (x + _LOOP + _label_size(edge)[0] / 2 - 12, y))
        for edge, route in zip(others, placed.routes, strict=True):
            _label(svg, edge, route.label)
        for node, at, box in zip(nodes, placed.boxes, boxes, strict=True):
            _box(svg, node, (at.x, at.y), box)
    x, y = _MARGIN, top + placed.height + _MARGIN + 10
    for name, cls in legend:
        svg.add("path", d=f"M{number(x)} {number(y)}h30", cls=f"edge {cls}", stroke_width=2)
        svg.text(x + 38, y + 4, name, cls="legend")
        x += 60 + width_of(name, _LINE)
    return svg


#: Looks of edges that need a word.
_LEGEND = (("back: one tick later", "back"), ("late: its own delays", "late"))


def _classes(edge: GraphEdge) -> str:
    return "late" if edge.late else "back" if edge.back else "ahead"


def _width(node: GraphNode) -> float:
    texts = [width_of(line, _LINE) for line in (*node.lines, node.rate)]
    return max(92.0, 1.1 * width_of(short(node.name, _LONGEST), _NAME) + 20, *(text + 20 for text in texts))


def _height(node: GraphNode) -> float:
    return 32.0 + _ROW * (len(node.lines) + bool(node.rate))


def _label_size(edge: GraphEdge) -> tuple[float, float]:
    texts = [*edge.lines, *([edge.rate] if edge.rate else [])]
    return max((width_of(short(text, 60), _LINE) for text in texts), default=0.0) + 8, _ROW * len(texts) + 2


def _line(edge: GraphEdge) -> Line:
    width, height = _label_size(edge)
    return Line(source=edge.source, target=edge.target, width=width, height=height, back=edge.back)


def _markers(svg: Svg) -> None:
    """Heads of arrows, one a kind of edge."""
    with svg.group():
        for kind in ("ahead", "back", "late"):
            svg.marker(kind, f"tip {kind}")


def _bent(route: Route) -> str:
    """The way of an edge: straight through layers, bent between them."""
    points = route.points
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for index, (x, y) in enumerate(points[1:], 1):
        before = points[index - 1]
        if before == (x, y):  # would leave the head of an arrow without a direction
            continue
        if index % 2:
            parts.append(f"L{number(x)} {number(y)}")
        else:
            half = (before[1] + y) / 2
            parts.append(f"C{number(before[0])} {number(half)} {number(x)} {number(half)} {number(x)} {number(y)}")
    return "".join(parts)


def _curve(svg: Svg, edge: GraphEdge, curve: str) -> None:
    kind = _classes(edge)
    width = 1.4 + 3.6 * edge.thick
    svg.add("path", tip=edge.tip, d=curve, cls=f"edge {kind}", stroke_width=width, marker_end=f"url(#{kind})")


def _label(svg: Svg, edge: GraphEdge, at: tuple[float, float]) -> None:
    """Lines of text over an edge, on a piece of paper."""
    if not edge.lines and not edge.rate:
        return
    width, height = _label_size(edge)
    x, y = at
    with svg.group(cls="label", tip=edge.tip):
        svg.add("rect", x=x - width / 2, y=y - height / 2, width=width, height=height, rx=3)
        _rows(svg, edge.lines, edge.rate, (x, y - height / 2 + 12))


def _box(svg: Svg, node: GraphNode, at: tuple[float, float], box: Box) -> None:
    x, y = at
    top = y - box.height / 2
    with svg.group(cls=f"box {node.looks}".strip(), tip=node.tip):
        rounded = 14 if node.looks in {"input", "output"} else 5
        svg.add("rect", x=x - box.width / 2, y=top, width=box.width, height=box.height, rx=rounded)
        svg.text(x, top + 20, short(node.name, _LONGEST), cls="name")
        _rows(svg, node.lines, node.rate, (x, top + 36))


def _rows(svg: Svg, lines: Sequence[str], rate: str, at: tuple[float, float]) -> None:
    x, y = at
    for row, line in enumerate(lines):
        svg.text(x, y + _ROW * row, short(line, 60), cls="line")
    if rate:
        svg.text(x, y + _ROW * len(lines), rate, cls="line rate")
