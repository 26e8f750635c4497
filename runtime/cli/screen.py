"""What commands print with: tables on stdout, progress on stderr, JSON where a machine reads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

__all__ = ["Rows", "json_option", "number", "percent", "print_json", "progress", "say", "size", "status", "table"]

_WIDE = 120

#: Rows of a table.
Rows = list[Sequence[object]]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=_WIDE)
    return console


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
    for column in columns:
        made.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left", overflow="fold"
        )
    for row in rows:
        made.add_row(*(_clean(str(cell)) for cell in row))
    console = _console()
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


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


def percent(part: float, digits: int = 2) -> str:
    """A part of 1 as percent; "-" for nan."""
    return "-" if math.isnan(part) else f"{100 * part:.{digits}f} %"


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count:,} B" if count < 10_240 else f"{count / 1024:,.1f} KB"
