"""Spiking networks of .tflite files without time: what populations stand for is what the interpreter computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.reader import parse_tflite
from spikelet.converters.tflite.spikes_levels import in_order, static_of
from spikelet.converters.tflite.spikes_operators import Planner
from spikelet.converters.tflite.spikes_reading import Reading, planar
from spikelet.converters.tflite.spikes_wiring import Plan
from support.spikes_networks import CASES, built, samples
from support.tflite_interpreter import TfliteInterpreter

#: Rounding of int8 tensors adds up over layers: so many steps of a tensor may be between it and real numbers.
STEPS = 2.5


def real(file: TfliteFile, index: int, values: Any) -> Any:
    """The real numbers of a tensor, in C order of (channels, height, width)."""
    tensor = file.subgraphs[0].tensors[index]
    assert tensor.quantisation is not None
    scale, zero = float(tensor.quantisation.scale[0]), int(tensor.quantisation.zero_point[0])
    return scale * (values.astype(np.float64) - zero)


def wanted(plan: Plan, path: str, values: Any, alpha: float) -> Any:
    """What a population stands for, of the tensor's real numbers."""
    shape = plan.network.nodes[path].shape  # type: ignore[attr-defined]
    turned = -values / alpha if plan.roles[path].negative else values
    return np.maximum(planar(turned, shape), 0)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_populations_stand_for_the_interpreters_values(name: str, seed: int) -> None:
    """Every population's value is its tensor's (or the negative part of it), to the int8 rounding of the layers."""
    content = built(name, seed)
    file = parse_tflite(content)
    plan = Planner(Reading(file), None, None).plan()
    interpreter = TfliteInterpreter(content)
    given = samples(4, *interpreter.input_details[0]["shape"][1:], seed=seed)
    frames = (given.astype(np.int16) + 128).astype(np.uint8)
    found = static_of(plan).run(in_order(plan, frames))
    positive = 0

    for index, sample in enumerate(given):
        interpreter.infer(sample[None])
        for path, role in plan.roles.items():
            if ".pair" in path:
                continue
            tensor = file.subgraphs[0].tensors[role.tensor]
            assert tensor.quantisation is not None
            alpha = 0.25 if name == "leaky" else 1.0
            values = wanted(plan, path, real(file, role.tensor, interpreter.tensor(role.tensor)), alpha)
            room = STEPS * float(tensor.quantisation.scale[0]) / (alpha if role.negative else 1)
            assert np.max(np.abs(found[path][index] - values)) <= room, path
            positive += int(np.count_nonzero(values))
    assert positive > 100


def test_the_largest_score_is_the_interpreters() -> None:
    """The readout is what the softmax gets: its order is kept where scores differ by more than the rounding."""
    compared = 0
    for name in CASES:
        content = built(name)
        file = parse_tflite(content)
        plan = Planner(Reading(file), None, None).plan()
        interpreter = TfliteInterpreter(content)
        given = samples(20, *interpreter.input_details[0]["shape"][1:])
        scores = static_of(plan).run(in_order(plan, (given.astype(np.int16) + 128).astype(np.uint8)))["scores"]
        last = file.subgraphs[0].operators[-1].inputs[0]
        step = float(file.subgraphs[0].tensors[last].quantisation.scale[0])  # type: ignore[union-attr]
        low, high = real(file, last, np.array([-128, 127]))

        for row, sample in zip(scores, given, strict=True):
            interpreter.infer(sample[None])
            logits = real(file, last, interpreter.tensor(last))[0]
            assert np.max(np.abs(np.clip(row, low, high) - logits)) <= STEPS * step, name
            second, first = np.sort(logits)[-2:]
            if first - second > 2 * STEPS * step:
                compared += 1
                assert int(np.argmax(logits)) == int(np.argmax(row)), name
        assert plan.dropped == ("SOFTMAX",)
    assert compared > 50


def test_negative_parts_have_populations_of_their_own() -> None:
    """A convolution behind one without a ReLU gets two populations; a sum needs none in between."""
    signed = Planner(Reading(parse_tflite(built("signed"))), None, None).plan().roles
    added = Planner(Reading(parse_tflite(built("residual"))), None, None).plan().roles

    assert [role.negative for role in signed.values()] == [False, True, False, False]
    assert not any(role.negative for role in added.values())
    assert len(added) == 4
