"""What commands print with: tables on stdout, progress on stderr, JSON where a machine reads."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

__all__ = [
    "Rows",
    "counted",
    "json_option",
    "number",
    "percent",
    "print_json",
    "progress",
    "say",
    "size",
    "status",
    "table",
    "width",
]

_WIDE = 120
#: Where room is short: the longest number with a unit and the longest name that are not broken, and the least
#: room of a text.
_NUMBER, _WORD, _TEXT = 10, 24, 8

#: Rows of a table.
Rows = list[Sequence[object]]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=_WIDE)
    return console


def width() -> int:
    """Characters of a line."""
    return _console().width


def say(text: str = "") -> None:
    """Print a line."""
    click.echo(_clean(text))


def print_json(data: Any) -> None:
    """Print data as JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; columns whose name begins with "#" are numbers, flush right."""
    made = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False, title_style="bold")
    made.show_header = any(column.strip("#") for column in columns)
    console = _console()
    cells = [[_clean(str(cell)) for cell in row] for row in rows]
    for heading, column in zip(_headings(columns, cells, console.width), columns, strict=True):
        made.add_column(
            heading.text,
            justify="right" if column.startswith("#") else "left",
            overflow="fold",
            no_wrap=heading.whole,
        )
    for row in cells:
        made.add_row(*row)
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


@dataclass(frozen=True, slots=True)
class _Heading:
    """The head of a column, and whether its cells are never broken."""

    text: str
    whole: bool


def _headings(columns: Sequence[str], cells: list[list[str]], room: int) -> list[_Heading]:
    """Where room is short, heads and texts are broken between words; numbers and names stay whole if they can."""
    found: list[_Heading] = []
    least = wanted = 0
    for index, column in enumerate(columns):
        head = column.removeprefix("#")
        lines = [line for row in cells for line in row[index].splitlines()]
        width = max(map(len, lines), default=0)
        limit = 0 if any(" " in line for line in lines) else _WORD
        limit = max(limit, _NUMBER if column.startswith("#") else 0)
        word = max(map(len, head.split()), default=0)
        found.append(_Heading("\n".join(textwrap.wrap(head, max(width, word))) if head else "", width <= limit))
        least += 3 + max(word, width if width <= limit else _TEXT)
        wanted += 3 + max(len(head), width)
    if wanted <= room:
        return [_Heading(column.removeprefix("#"), whole=False) for column in columns]
    return found if least <= room + 3 else [_Heading(heading.text, whole=False) for heading in found]


def _clean(text: str) -> str:
    """Names come from files: what could steer a terminal becomes a question mark."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


@contextmanager
def progress(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr, where that is a terminal; gives what is to be called with the steps done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = _console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def status(text: str) -> Iterator[None]:
    """Show that something takes its time, on stderr where that is a terminal."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def number(value: float, digits: int = 0) -> str:
    """A number with separators."""
    return f"{value:,.{digits}f}"


def counted(count: int, what: str) -> str:
    """A number of things, such as "1 sample" or "1,200 samples"."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def percent(part: float, digits: int = 2) -> str:
    """A part of 1 as percent; "-" for nan."""
    return "-" if math.isnan(part) else f"{100 * part:.{digits}f} %"


def size(count: int) -> str:
    """Bytes for people."""
    if count < 10_240:
        return f"{count:,} B"
    return f"{count / 1024:,.1f}".removesuffix(".0") + " KB"
