"""Walks over elements by five indices (graded.md 3.1): broadcasting, slices and pieces as sizes and steps."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["AXES", "SIZE_MAX", "numbered", "strides", "walk"]

#: Indices of a walk, and the largest size of one.
AXES, SIZE_MAX = 5, 65535


def strides(shape: Sequence[int]) -> list[int]:
    """Elements between neighbours along each axis."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return steps[::-1]


def walk(sizes: Sequence[int], *steps: Sequence[int]) -> tuple[list[int], list[list[int]]] | None:
    """The same walk with as few axes as possible, filled up to five; None: it needs more.

    Args:
        sizes: of each axis, the last fastest.
        steps: elements between neighbours along each axis, of each tensor that is walked over.

    Returns:
        sizes, and steps of each tensor.
    """
    axes: list[tuple[int, tuple[int, ...]]] = []
    for size, *each in zip(sizes, *steps, strict=True):
        if size == 1:
            continue
        if axes:
            before, wide = axes[-1]
            if before * size <= SIZE_MAX and all(w == size * s for w, s in zip(wide, each, strict=True)):
                axes[-1] = (before * size, tuple(each))
                continue
        axes.append((size, tuple(each)))
    if len(axes) > AXES or any(size > SIZE_MAX for size, _ in axes):
        return None
    filled = [(1, (0,) * len(steps))] * (AXES - len(axes)) + axes
    return [size for size, _ in filled], [[each[i] for _, each in filled] for i in range(len(steps))]


def numbered(name: str, values: Sequence[int]) -> dict[str, int]:
    """Parameters of one name, such as size_0 .. size_4."""
    return {f"{name}_{index}": value for index, value in enumerate(values)}
