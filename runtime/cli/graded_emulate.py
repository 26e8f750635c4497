"""`spikelet emulate` of int8 networks: the instructions of each layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from spikelet.cli.screen import Rows, number, percent, print_json, progress, say, table
from spikelet.graded.board import EmulatedGradedBoard
from spikelet.graded.data import GradedDataSet
from spikelet.graded.names import short_name
from spikelet.graded.report import kind_of
from spikelet.graded.report_macs import macs

__all__ = ["emulate_graded"]

_FUNCTIONS = 12


@dataclass(slots=True)
class _Counts:
    """Instructions of all inferences."""

    inferences: int = 0
    layers: Counter[int] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)

    @property
    def engine(self) -> int:
        return self.layers.total()


def emulate_graded(board: EmulatedGradedBoard, data: GradedDataSet, *, as_json: bool) -> None:
    """Run samples on an emulated board, and print what each layer takes.

    Args:
        board: that counts, with the model.
        data: samples.
        as_json: print JSON.
    """
    counts = _Counts()
    with progress(f"on {board.build.board.name}", len(data)) as step:
        for index in range(len(data)):
            if board.model.variables:
                board.reset()
            for inputs in data.inputs(index):
                for layer, counted in board.instructions_by_layer(*inputs):
                    counts.layers[layer] += counted.engine
                    counts.functions.update({n: c for n, c in counted.by_function.items() if n in board.build.engine})
                counts.inferences += 1
            step(1)
    if as_json:
        print_json(_data(board, data, counts))
    else:
        _print(board, data, counts)


def _print(board: EmulatedGradedBoard, data: GradedDataSet, counts: _Counts) -> None:
    made, n = board.build, counts.inferences
    say(f"{made.board.title}, {made.compiler} -O{made.optimise}: {len(data)} samples, {n} inferences")
    rows: Rows = []
    for index, layer in enumerate(board.model.layers):
        done, work = counts.layers[index] / n, macs(layer)
        share = percent(counts.layers[index] / counts.engine, 1)
        each = f"{done / work:.2f}" if work else ""
        rows.append((index, short_name(layer.name), kind_of(layer), number(done), share, number(work), each))
    total = sum(macs(layer) for layer in board.model.layers)
    each = f"{counts.engine / n / total:.2f}" if total else ""
    rows.append(("", "engine", "", number(counts.engine / n), "", number(total), each))
    head = ("#", "layer", "kind", "#instructions", "#of the engine", "#multiply-accumulates", "#each")
    table("An inference", head, rows)
    rows = [
        (name, number(c / n), percent(c / counts.functions.total(), 1))
        for name, c in counts.functions.most_common(_FUNCTIONS)
    ]
    table("Functions of the engine", ("", "#instructions", "#of the engine"), rows)
    ms = 1000 * counts.engine / n / made.board.clock_hz
    say(f"at one instruction a cycle and {made.board.clock_hz / 1e6:g} MHz: {ms:.2f} ms an inference")
    say(f"stack used: {board.stack_used()} of {made.board.stack} bytes")


def _data(board: EmulatedGradedBoard, data: GradedDataSet, counts: _Counts) -> dict[str, Any]:
    """The counts for machines."""
    made = board.build
    return {
        "board": made.board.name,
        "compiler": made.compiler,
        "optimise": made.optimise,
        "samples": len(data),
        "inferences": counts.inferences,
        "engine": counts.engine,
        "layers": [
            {"index": index, "name": layer.name, "instructions": counts.layers[index], "macs": macs(layer)}
            for index, layer in enumerate(board.model.layers)
        ],
        "functions": dict(counts.functions.most_common()),
        "stack_used": board.stack_used(),
    }
