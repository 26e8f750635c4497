"""Runs a network tick by tick on the host, which tells what happens, and on a bare core, which counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.costs.board import GROUPS, Bare

from spikelet.budget_activity import Recorder
from spikelet.budget_terms import Terms, Work
from spikelet.model import Model

__all__ = ["Case", "Row", "rows_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network and its input: samples, one after the other, that follow each other without a reset.

    A sample maps port names to events with ticks of the sample, or to a frame.
    """

    name: str
    model: Model
    samples: Sequence[Mapping[str, Any]]
    ticks: int


@dataclass(frozen=True, slots=True)
class Row:
    """Instructions of a part of the engine in a tick (or of a push), and the terms of that tick."""

    case: str
    part: str
    counted: int
    terms: Mapping[str, int]


def rows_of(bare: Bare, case: Case, kernels: Sequence[str]) -> list[Row]:
    """Count a case on a bare core."""
    work = Work(case.model, kernels)
    found = []
    bare.start(case.model)
    recorder = Recorder(case.model)
    for step in (step for sample in case.samples for step in recorder.sample(sample, case.ticks)):
        pushed: Counter[str] = Counter()
        for index, frame in step.frames.items():
            pushed.update(bare.frame(frame, index))
        for index, events in step.events.items():
            pushed.update(bare.push(events, index))
        if pushed and not step.began:
            found.append(Row(case.name, "push", sum(pushed.values()), _all(work.push(step))))
        for out in range(len(case.model.outputs)):
            bare.take(out)
        counts, terms = bare.tick(), _all(work.terms(step.tick))
        found += [Row(case.name, part, counts.get(part, 0), terms) for part in GROUPS]
    recorder.close()
    return found


def _all(terms: Terms) -> Counter[str]:
    total: Counter[str] = Counter()
    for own in terms.values():
        total.update(own)
    return total
