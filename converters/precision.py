"""How many bits each layer gets: the fewest bytes within a loss that the user allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["STEPS", "Choice", "Loss", "Row", "choose_bits", "halves", "loss_between", "table"]

#: Bits that a layer can have, from the widest.
STEPS = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Points of accuracy lost [percent of samples], and the standard error of that figure."""

    points: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A choice that was measured: bits by layer, bytes, the loss it was searched with, and the held-out one."""

    bits: Mapping[str, int]
    bytes: int
    searched: Loss
    held_out: Loss | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen, and everything that was measured on the way: each layer alone, then the path of the search."""

    bits: Mapping[str, int]
    chosen: Row
    alone: Sequence[Row]
    path: Sequence[Row]


Evaluate = Callable[[Mapping[str, int]], Loss]


def loss_between(
    predictions: npt.NDArray[np.integer], reference: npt.NDArray[np.integer], labels: npt.ArrayLike | None = None
) -> Loss:
    """Points that predictions lose against those of the float network, shape (samples,).

    With labels: the float network's accuracy less theirs. Without: the part of predictions that differ.

    Raises:
        ValueError: there are no samples, or their numbers differ.
    """
    wanted = reference if labels is None else np.asarray(labels)
    if len(predictions) == 0 or len({len(predictions), len(reference), len(wanted)}) > 1:
        raise ValueError(f"{len(predictions)} predictions, {len(reference)} references, {len(wanted)} labels")
    lost = (reference == wanted).astype(float) - (predictions == wanted)
    return Loss(points=100 * float(lost.mean()), error=100 * float(lost.std() / np.sqrt(len(lost))))


def halves(samples: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Two thirds of the samples to search with and a third to check with, drawn at random, always the same.

    Data sets are often sorted by label.

    Raises:
        ValueError: fewer than two samples.
    """
    if samples < 2:
        raise ValueError("at least two samples are needed to choose bits: one to search with, one to check with")
    order = np.random.default_rng(0).permutation(samples)
    cut = max(1, samples * 2 // 3)
    return np.sort(order[:cut]), np.sort(order[cut:])


def choose_bits(
    evaluate: Evaluate,
    layers: Sequence[str],
    bytes_of: Callable[[Mapping[str, int]], int],
    max_loss: float,
    *,
    check: Evaluate | None = None,
    steps: Sequence[int] = STEPS,
) -> Choice:
    """Choose bits for each layer: few bytes, and at most `max_loss` points lost.

    Each layer is measured alone with each number of bits. Then, from all layers at the widest, the
    step (of one layer, to any fewer bits and bytes) that saves most bytes for the loss it adds, as measured
    alone, is tried with everything before it, and kept where the loss stays within the limit. What is
    found is checked on held-out samples; a choice that fails there goes back a step at a time. At
    most 6 evaluations a layer, the same result every time.

    Args:
        evaluate: loss of bits by layer, on samples to search with.
        layers: names of the layers.
        bytes_of: bytes of bits by layer.
        max_loss: points of accuracy [percent].
        check: loss on other samples; None: not checked.
        steps: bits to choose from, the widest first.

    Returns:
        The choice; the widest bits everywhere where nothing less is within the limit.

    Raises:
        ValueError: there are no layers, or `max_loss` is below 0.
    """
    if not layers or not max_loss >= 0:
        raise ValueError(f"{len(layers)} layers and max_loss={max_loss}: give layers and a loss of at least 0")
    rows: dict[tuple[int, ...], Row] = {}

    def measured(bits: Mapping[str, int]) -> Row:
        key = tuple(bits[layer] for layer in layers)
        if key not in rows:
            rows[key] = Row(bits=dict(bits), bytes=bytes_of(bits), searched=evaluate(bits))
        return rows[key]

    widest = dict.fromkeys(layers, steps[0])
    start = measured(widest)
    alone = {(layer, bits): measured({**widest, layer: bits}) for layer in layers for bits in steps}
    path, refused = [start], set[tuple[str, int]]()
    while True:
        now = path[-1]
        moves = [
            (_worth(now.bytes - bytes_of({**now.bits, layer: bits}), alone[layer, now.bits[layer]], row), layer, bits)
            for (layer, bits), row in alone.items()
            if bits < now.bits[layer]
            and (layer, bits) not in refused
            and bytes_of({**now.bits, layer: bits}) < now.bytes
        ]
        if not moves:
            break
        _, layer, bits = max(moves, key=lambda move: (move[0], -layers.index(move[1]), move[2]))
        tried = measured({**now.bits, layer: bits})
        if tried.searched.points <= max_loss:
            path.append(tried)
        else:
            refused.update((layer, fewer) for fewer in steps if fewer <= bits)
    checked = _checked(path, check, max_loss)
    return Choice(
        bits=checked[-1].bits,
        chosen=checked[-1],
        alone=list(alone.values()),
        path=[*checked, *path[len(checked) :]],
    )


def _worth(saved: int, before: Row, after: Row) -> float:
    """Bytes that a step saves, for a point that it costs when its layer is measured alone."""
    cost = after.searched.points - before.searched.points
    return saved / max(cost, after.searched.error / 4, 0.01)


def _checked(path: Sequence[Row], check: Evaluate | None, max_loss: float) -> list[Row]:
    """The path up to the last choice that held-out samples confirm by a standard error; the start is never refused."""
    if check is None:
        return list(path)
    for last in range(len(path) - 1, -1, -1):
        row = path[last]
        held_out = check(row.bits)
        confirmed = Row(bits=row.bits, bytes=row.bytes, searched=row.searched, held_out=held_out)
        if held_out.points + held_out.error <= max_loss or last == 0:
            return [*path[:last], confirmed]
    raise AssertionError("a path has a start")


def table(choice: Choice) -> list[tuple[str, ...]]:
    """Rows of text to print: bits of each layer, bytes, points lost while searching, and held out; the head first.

    All that was measured, from most bytes to fewest; the choice is marked.
    """
    layers = list(choice.bits)
    by_bits = {tuple(row.bits[layer] for layer in layers): row for row in (*choice.alone, *choice.path)}
    lines = [(*layers, "bytes", "points lost", "held out", "")]
    for bits, row in sorted(by_bits.items(), key=lambda item: (-item[1].bytes, item[0])):
        held_out = "" if row.held_out is None else f"{row.held_out.points:.2f}"
        mark = "chosen" if row.bits == choice.bits else ""
        lines.append((*map(str, bits), f"{row.bytes}", f"{row.searched.points:.2f}", held_out, mark))
    return lines
