"""Which classes a network takes for which: as a matrix where it fits the screen, else class by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spikelet.cli.screen import Rows, number, percent, say, table, width

__all__ = ["class_name", "print_confusion"]

#: Most classes of a matrix, characters of a name in front of it, and most rows of a table class by class.
_CLASSES, _NAME, _ROWS = 20, 14, 40


def class_name(index: int, labels: Sequence[str]) -> str:
    """A class for people: its number, and its name where it has one."""
    return f"{index} {labels[index]}" if index < len(labels) and labels[index] != str(index) else str(index)


def print_confusion(matrix: npt.NDArray[np.int64], labels: Sequence[str]) -> None:
    """Print samples by label and prediction.

    Args:
        matrix: samples by label (row) and prediction (column).
        labels: names of the classes; may be empty.
    """
    names = [class_name(index, labels) for index in range(len(matrix))]
    cell = max(len(number(int(matrix.max(initial=0)))), len(str(len(matrix) - 1)))
    front = min(max(map(len, names)), _NAME)
    room = (width() - front - 9) // len(matrix)
    if len(matrix) <= _CLASSES and cell < room:
        _print_matrix(matrix, names, front, min(room, cell + 2))
    else:
        _print_classes(matrix, names)


def _print_matrix(matrix: npt.NDArray[np.int64], names: Sequence[str], front: int, cell: int) -> None:
    """Rows are labels, columns predictions; nothing stands for 0."""
    say()
    say("Confusions: rows are labels, columns predictions")
    say(" " * (front + 1) + "".join(str(column).rjust(cell) for column in range(len(matrix))) + "   right")
    for index, row in enumerate(matrix):
        shown = names[index] if len(names[index]) <= front else names[index][: front - 1] + "…"
        cells = "".join((number(int(count)) if count else "·").rjust(cell) for count in row)
        say(f"{shown.ljust(front)} {cells} {_right(matrix, index)}")
    say()


def _right(matrix: npt.NDArray[np.int64], index: int) -> str:
    total = int(matrix[index].sum())
    return (percent(int(matrix[index, index]) / total, 0) if total else "-").rjust(7)


def _print_classes(matrix: npt.NDArray[np.int64], names: Sequence[str]) -> None:
    """One row a class: those with most mistakes first where there are many."""
    wrong = matrix.sum(axis=1) - matrix.diagonal()
    order = np.arange(len(matrix)) if len(matrix) <= _ROWS else np.argsort(-wrong, kind="stable")[:_ROWS]
    rows: Rows = []
    for index in order.tolist():
        others = matrix[index].copy()
        others[index] = 0
        other = int(np.argmax(others))
        taken = f"{names[other]} ({number(int(others[other]))})" if others[other] else "-"
        given = int(matrix[:, index].sum())
        precise = percent(int(matrix[index, index]) / given, 1) if given else "-"
        rows.append((names[index], number(int(matrix[index].sum())), _right(matrix, index).strip(), precise, taken))
    title = "Classes" if len(matrix) <= _ROWS else f"The {_ROWS} classes of {len(matrix)} with most mistakes"
    table(title, ("class", "#samples", "#right", "#of predictions", "most often taken for"), rows)
