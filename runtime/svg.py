"""Writes SVG drawings: elements, escaped text, the colours that all pictures share. Same calls, same bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

__all__ = ["THEME", "Svg", "clean", "number", "short", "width_of"]

#: Colours by meaning, for light and dark; every picture and page that is shown begins with them.
THEME = """\
:root{--page:#fff;--card:#f6f8fa;--ink:#1f2328;--muted:#59636e;--line:#d1d9e0;--float:#0969da;--whole:#d4570a;
--bad:#cf222e;--good:#1a7f37;--warn:#9a6700;--back:#8250df;--late:#0f7b8a;--input:#ddf4ff;--output:#dafbe1;--node:#fff}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#151b23;--ink:#e6edf3;--muted:#9198a1;--line:#3d444d;
--float:#58a6ff;--whole:#f0883e;--bad:#ff7b72;--good:#3fb950;--warn:#d29922;--back:#bc8cff;--late:#39c5cf;
--input:#0c2d4a;--output:#0f3a20;--node:#151b23}}
"""


def clean(text: str) -> str:
    """Text from a file: what XML forbids, steers a terminal or turns the direction of reading becomes "?"."""
    return "".join(c if c.isprintable() else "?" for c in text)


def short(text: str, length: int) -> str:
    """At most `length` characters, the rest as an ellipsis."""
    text = clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def width_of(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font of a size [px]; rather too much."""
    units = 0.0
    for c in text:
        if unicodedata.east_asian_width(c) in "WF":
            units += 1.05
        elif c in "ilIj.,:;'|! ":
            units += 0.34
        elif c in "mwMW@%&<>=+×~_" or c.isupper():
            units += 0.86
        else:
            units += 0.63
    return units * size


def number(value: float) -> str:
    """A coordinate: two decimals at most, no "-0"."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Svg:
    """A drawing that grows element by element. Attributes are given as keywords: `stroke_width=2`, `cls="node"`."""

    def __init__(self, width: float, height: float, *, title: str) -> None:
        self.width, self.height = width, height
        self._title = clean(title)
        self._parts: list[str] = []

    def add(self, tag: str, /, *, tip: str = "", **attributes: str | float) -> None:
        """Add an element; `tip` is shown when the pointer rests on it."""
        start = f"<{tag}{_attributes(attributes)}"
        self._parts.append(f"{start}><title>{escape(clean(tip))}</title></{tag}>" if tip else f"{start}/>")

    def text(self, x: float, y: float, text: str, /, **attributes: str | float) -> None:
        """Add a line of text."""
        self._parts.append(f"<text{_attributes({'x': x, 'y': y, **attributes})}>{escape(clean(text))}</text>")

    def path(self, points: Sequence[tuple[float, float]], /, **attributes: str | float) -> None:
        """Add a line through points."""
        if points:
            steps = " ".join(f"{number(x)} {number(y)}" for x, y in points)
            self._parts.append(f"<path{_attributes({'d': f'M{steps}', **attributes})}/>")

    def marker(self, name: str, cls: str) -> None:
        """Define the head of an arrow, to be named by `marker_end`."""
        self._parts.append(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="9" markerHeight="9"'
            f' markerUnits="userSpaceOnUse" orient="auto"><path class="{cls}" d="M0 0 10 5 0 10z"/></marker>'
        )

    @contextmanager
    def group(self, *, tip: str = "", **attributes: str | float) -> Iterator[None]:
        """Group what is added inside."""
        self._parts.append(f"<g{_attributes(attributes)}>")
        if tip:
            self._parts.append(f"<title>{escape(clean(tip))}</title>")
        yield
        self._parts.append("</g>")

    def inline(self) -> str:
        """The drawing as an element of a page that has THEME."""
        return self._document("")

    def file(self, style: str) -> str:
        """The drawing as a file of its own, with THEME and its own style."""
        paper = "svg{background:var(--page)}\n"
        return self._document(f"<style>{escape(THEME + paper + style, quote=False)}</style>\n")

    def _document(self, head: str) -> str:
        width, height = number(self.width), number(self.height)
        start = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="img">\n<title>{escape(self._title)}</title>\n'
        )
        return start + head + "\n".join(self._parts) + "\n</svg>"


def _attributes(attributes: dict[str, str | float]) -> str:
    parts = []
    for name, value in attributes.items():
        key = "class" if name == "cls" else name.replace("_", "-")
        text = clean(value) if isinstance(value, str) else number(value)
        parts.append(f' {key}="{escape(text)}"')
    return "".join(parts)
