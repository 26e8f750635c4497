"""Reference and engine give the sums, and images the bytes, that plain Python integers gave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.engine import Engine
from spikelet.events import EVENT
from spikelet.image import encode
from spikelet.model import Model, ProjectionKind, SourceMap, SparseWeights, TargetMap
from spikelet.reference import Reference
from spikelet.runner import Runner, Variable
from support.small_networks import join, line, network, sums

VECTORS = json.loads(Path(__file__).with_name("projections.json").read_text())
RUNNERS = [Reference, Engine]


def in_pairs(fields: dict[str, Any]) -> dict[str, Any]:
    """Lists of two are pairs in the model."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def sparse(weights: np.ndarray) -> SparseWeights:
    """The weights that are not 0."""
    row, targets = np.nonzero(weights)
    start = np.concatenate([[0], np.cumsum(np.count_nonzero(weights, axis=1))])
    return SparseWeights(start=start, targets=targets, values=weights[row, targets])


def model_of(given: dict[str, Any]) -> Model:
    """One projection from the input to neurons that show what came in."""
    source = SourceMap(**in_pairs(given["source"])) if given["source"] else None
    weights = np.array(given["weights"], np.int8)
    projection = join(
        "in",
        0,
        sparse(weights) if given["kind"] == "sparse" else weights,
        kind=ProjectionKind[given["kind"].upper()],
        bits=given["bits"],
        source_map=source,
        target_map=TargetMap(**in_pairs(given["target"])) if given["target"] else None,
        delays=np.array(given["delays"], np.int32) if given["delays"] else None,
    )
    n_source = len(given["weights"]) if source is None else source.size
    return network([sums("p", given["size"])], [projection], n_source)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", VECTORS["projections"], ids=lambda case: case["name"])
def test_a_projection_brings_the_golden_sums(case: dict[str, Any], runner: Callable[[Model], Runner]) -> None:
    """Semantics 2.5, 2.6 and 6: sums of every tick, and the weights that were added."""
    found = []
    with runner(model_of(case["given"])) as running:
        running.push(np.array([tuple(event) for event in case["given"]["events"]], EVENT))
        for _ in case["expected"]["sums"]:
            assert running.advance(1) == 1
            found.append(running.probe(0, Variable.V).tolist())

        assert case["expected"]["sums"] == found
        assert case["expected"]["synops"] == running.stats()[0].synops


@pytest.mark.parametrize("case", VECTORS["projections"], ids=lambda case: case["name"])
def test_an_image_holds_the_golden_bytes(case: dict[str, Any]) -> None:
    """Image 5.1."""
    assert bytes.fromhex(case["expected"]["stored"]) in encode(model_of(case["given"]))


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", VECTORS["lines"], ids=lambda case: case["name"])
def test_a_delay_line_gives_the_golden_events(case: dict[str, Any], runner: Callable[[Model], Runner]) -> None:
    """Semantics 3.4."""
    given = case["given"]
    found = []
    with runner(network([line("d", given["delay"], given["size"])], [join("in", 0)], given["size"])) as running:
        running.push(np.array([tuple(event) for event in given["events"]], EVENT))
        for _ in case["expected"]:
            assert running.advance(1) == 1
            found.append(running.probe(0, Variable.EVENTS).tolist())

    assert case["expected"] == found
