"""Pieces of a page: escaped text, figures that machines can read too, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from spikelet.svg import Svg, clean

__all__ = ["Html", "drawn", "figure", "join", "table", "tag", "text"]


class Html(str):
    """Text that is HTML already. Everything else is escaped."""

    __slots__ = ()


def text(value: object) -> Html:
    """Escape what is not HTML yet; control characters become question marks."""
    return value if isinstance(value, Html) else Html(escape(clean(str(value))))


def join(parts: Iterable[object], between: str = "") -> Html:
    """Put pieces together."""
    return Html(between.join(text(part) for part in parts))


def tag(name: str, *inside: object, **attributes: str) -> Html:
    """An element; attributes as keywords, `cls` for class."""
    said = "".join(
        f' {"class" if key == "cls" else key.replace("_", "-")}="{escape(clean(value))}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{said}>{join(inside)}</{name}>")


def figure(shown: str, key: str, value: object) -> Html:
    """A number as people read it, with the value of the JSON and where it stands there."""
    return tag("data", shown, value="null" if value is None else str(value), data_key=key)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, cls: str = "") -> Html:
    """A table; columns whose name begins with "#" are numbers, flush right."""
    right = [column.startswith("#") for column in columns]

    def line(kind: str, cells: Sequence[object]) -> Html:
        made = (tag(kind, cell, cls="n") if r else tag(kind, cell) for cell, r in zip(cells, right, strict=True))
        return tag("tr", *made)

    head = tag("thead", line("th", [column.removeprefix("#") for column in columns]))
    body = tag("tbody", *(line("td", row) for row in rows))
    return tag("div", tag("table", head, body, cls=cls), cls="wide")


def drawn(svg: Svg, said: str = "", *, cls: str = "") -> Html:
    """A drawing with a caption."""
    caption = [tag("figcaption", said)] if said else []
    return tag("figure", Html(svg.inline()), *caption, **({"cls": cls} if cls else {}))
