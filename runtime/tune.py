"""Picks how a model is stored and built for a board, by counting instructions on its emulated core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikelet import board_files
from spikelet.board_files import Board
from spikelet.datasets import DataSet
from spikelet.emulator import emulate
from spikelet.engine import Engine
from spikelet.errors import NoRoomError
from spikelet.fit import require_counting
from spikelet.model import Model, Projection
from spikelet.parts import KERNEL_SETS, kernel_sets
from spikelet.runner import Result, Variable
from spikelet.tune_candidates import block_sizes, kernels, layout_name, layouts
from spikelet.tune_data import made_up
from spikelet.verify_runners import variables

__all__ = ["TUNED", "Trial", "Tuned", "tune"]

#: Where a tuned model's meta says what it was tuned for.
TUNED = "tuned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way that was counted: what of, which, the engine's instructions, bytes of flash that the firmware takes.

    `chosen`: it is in the tuned model. `instructions` is None where it does not fit the board.
    """

    part: str
    way: str
    instructions: int | None
    flash: int
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A model for a board, with the bits of the one before, and all that was tried.

    `before` and `after` are instructions of the engine on the samples, handing over of events included.
    """

    model: Model
    board: Board
    trials: tuple[Trial, ...]
    before: int
    after: int
    data: str

    @property
    def gains(self) -> bool:
        """Whether anything was better than what was there."""
        return self.after < self.before


@dataclass(frozen=True, slots=True)
class _Counted:
    instructions: int
    flash: int

    @property
    def key(self) -> tuple[int, int]:
        """Fewer instructions first, then less flash."""
        return self.instructions, self.flash


def tune(
    model: Model,
    board: str | Board,
    *,
    data: DataSet | None = None,
    compiler: str = "auto",
    progress: Callable[[int], object] = lambda _: None,
) -> Tuned:
    """Try other layouts, blocks and kernels, one part after the other, and keep what needs fewest instructions.

    Each way is built into the board's firmware and run on its emulated core; one that needs as many instructions as
    another and more flash is not taken. The result has the model's bits: events and all state words of all ticks of
    the samples are compared.

    Args:
        model: to tune.
        board: a board's name, of an emulator that counts instructions.
        data: samples; None: events are made up (docs/how-to/prune-and-tune.md).
        compiler: "gcc", "zig" or "auto".
        progress: called with 1 after each way.

    Raises:
        BoardError: unknown board, no compiler, no emulator that counts, or the model does not fit.
    """
    target = board_files.load(board)
    require_counting(target)
    search = _Search(model, target, data or made_up(model), compiler, progress)
    for index in range(len(model.projections)):
        search.projection(index)
    for index in range(len(model.populations)):
        search.blocks(index)
    search.kernels()
    return search.result(model)


class _Search:
    """The best so far, and what it is compared with."""

    def __init__(
        self, model: Model, board: Board, data: DataSet, compiler: str, progress: Callable[[int], object]
    ) -> None:
        self._board, self._data, self._compiler, self._progress = board, data, compiler, progress
        self._outputs: list[Result] = []
        self._model, self._trials = model, list[Trial]()
        self._start = self._now = self._count(model)

    def projection(self, index: int) -> None:
        """Layouts of a projection."""
        projections = self._model.projections
        own = projections[index]
        size = self._model.populations[own.target].size
        ways = [(layout_name(other), self._with(index, other)) for other in layouts(own, size)]
        self._try(f"projection {own.name}", layout_name(own), ways)

    def _with(self, index: int, other: Projection) -> Model:
        before = self._model.projections
        return replace(self._model, projections=(*before[:index], other, *before[index + 1 :]))

    def blocks(self, index: int) -> None:
        """Sizes of the blocks of a population."""
        populations = self._model.populations
        own = populations[index]
        ways = [
            (
                _block_name(block),
                replace(
                    self._model,
                    populations=(*populations[:index], replace(own, block=block), *populations[index + 1 :]),
                ),
            )
            for block in block_sizes(self._model, index)
        ]
        self._try(f"population {own.name}", _block_name(own.block), ways)

    def kernels(self) -> None:
        """Sets of kernels, kernel by kernel."""
        for name in sorted(
            {name for sets in kernels(self._model, self._board) for name in _changed(self._model, sets)}
        ):
            ways = [
                (sets.get(name, "the board's first"), _with_sets(self._model, sets))
                for sets in kernels(self._model, self._board)
                if _changed(self._model, sets) == [name]
            ]
            now = kernel_sets(self._model).get(name, "the board's first")
            self._try(f"kernel {name}", now, ways, strictly=True)

    def _try(self, part: str, now: str, ways: Sequence[tuple[str, Model]], *, strictly: bool = False) -> None:
        """Count all ways, and keep the best; `strictly`: none that only takes less flash.

        A kernel that the samples do not reach says nothing of those that do.
        """
        if not ways:
            return
        found: list[tuple[str, Model, _Counted | None]] = [(now, self._model, self._now)]
        found += [(name, model, self._counted(model)) for name, model in ways]
        there = [(own.instructions if strictly else own.key, at) for at, (_, _, own) in enumerate(found) if own]
        best = min(there, key=lambda pair: pair[0])[1]
        self._trials += [
            Trial(
                part=part,
                way=name,
                instructions=None if own is None else own.instructions,
                flash=0 if own is None else own.flash,
                chosen=at == best,
            )
            for at, (name, _, own) in enumerate(found)
        ]
        counted = found[best][2]
        assert counted is not None
        self._model, self._now = found[best][1], counted

    def _counted(self, model: Model) -> _Counted | None:
        """None: it does not fit."""
        try:
            return self._count(model)
        except NoRoomError:
            return None
        finally:
            self._progress(1)

    def _count(self, model: Model) -> _Counted:
        """Run all samples on the emulated core; outputs are those of the first model that ran."""
        instructions, outputs = 0, []
        with emulate(model, self._board, compiler=self._compiler, embed=True) as running:
            flash = running.build.flash.used
            for index in range(len(self._data)):
                running.reset()
                running.instructions(reset=True)
                result = running.run(self._data.inputs(index), self._data.ticks_of(index), reset=False)
                instructions += running.instructions().engine
                outputs.append(result)
        self._outputs = self._outputs or outputs
        if not all(_same(one, other) for one, other in zip(self._outputs, outputs, strict=True)):
            raise AssertionError("a layout, block or kernel changed a result")
        return _Counted(instructions, flash)

    def result(self, before: Model) -> Tuned:
        """The best, after its bits were compared with those of the model before."""
        gains = self._now.instructions < self._start.instructions
        model = before
        if gains:
            said = {
                "board": self._board.name,
                "data": self._data.name,
                "samples": len(self._data),
                "instructions": [self._start.instructions, self._now.instructions],
                "flash": [self._start.flash, self._now.flash],
            }
            model = replace(self._model, meta={**self._model.meta, TUNED: said})
            for index in range(len(self._data)):
                assert _bits(before, self._data, index) == _bits(model, self._data, index), "the bits are others"
        return Tuned(
            model=model,
            board=self._board,
            trials=tuple(self._trials),
            before=self._start.instructions,
            after=self._now.instructions if gains else self._start.instructions,
            data=self._data.name,
        )


def _block_name(block: int) -> str:
    return f"blocks of {2**block}" if block else "one block"


def _changed(model: Model, sets: Mapping[str, str]) -> list[str]:
    now = kernel_sets(model)
    return sorted(name for name in {*now, *sets} if now.get(name) != sets.get(name))


def _with_sets(model: Model, sets: Mapping[str, str]) -> Model:
    meta = {name: value for name, value in model.meta.items() if name != KERNEL_SETS}
    return replace(model, meta={**meta, KERNEL_SETS: dict(sets)} if sets else meta)


def _same(one: Result, other: Result) -> bool:
    """Whether all events and scores are equal."""
    return all(
        np.array_equal(one.outputs[name].events, found.events)
        and np.array_equal(one.outputs[name].scores, found.scores)
        for name, found in other.outputs.items()
    )


def _bits(model: Model, data: DataSet, index: int) -> dict[str, Any]:
    """Every event, score and state word of a sample's ticks, on this host."""
    keys = [(p.name, variable) for p in model.populations for variable in (*variables(p), Variable.EVENTS)]
    with Engine(model) as running:
        result = running.run(data.inputs(index), data.ticks_of(index), probe=list(dict.fromkeys(keys)))
    found: dict[str, Any] = {
        f"{name} {variable.name}": array.tobytes() for (name, variable), array in result.probes.items()
    }
    for name, output in result.outputs.items():
        found |= {f"{name} events": output.events.tobytes(), f"{name} scores": output.scores.tobytes()}
    return found
