"""The engine of graded networks equals the numpy reference on every byte of every layer, for any network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel, LayerKind
from spikelet.graded.reference import GradedReference
from support.chance import Chance
from support.graded_networks import corpus, graded_network, random_inputs

N = 600
#: Inferences of a network; its variables go on from each to the next.
RUNS = 3


@cache
def networks() -> list[GradedModel]:
    """The same ones each time."""
    return corpus(N)


@st.composite
def models(draw: st.DrawFn, layers: int = 6) -> GradedModel:
    """Random networks."""
    return graded_network(Chance(lambda low, high: draw(st.integers(low, high))), layers=layers)


def assert_agreement(model: GradedModel, seed: int) -> None:
    """Every layer's output, some inferences and a reset."""
    reference = GradedReference(model)
    with GradedEngine(model) as engine:
        for run in range(RUNS):
            if run == RUNS - 1:
                engine.reset()
                reference.reset()
            inputs = random_inputs(model, seed * RUNS + run)
            pairs = zip(reference.layers(*inputs), engine.layers(*inputs), strict=True)
            for (index, expected), (_, found) in pairs:
                where = f"layer {index}, {model.layers[index]}"
                assert np.array_equal(expected, found), where
            # After the last layer nothing has been written over an output port.
            for port in model.outputs:
                assert np.array_equal(reference._read(port.tensor), engine._read(port.tensor))


@pytest.mark.parametrize("part", range(10))
def test_engine_and_reference_agree_on_the_corpus(part: int) -> None:
    """The same networks each time, of which test_the_corpus_shows_everything knows what they show."""
    for seed, model in list(enumerate(networks()))[part::10]:
        assert_agreement(model, seed)


@given(models(), st.integers(0, 1000))
def test_engine_and_reference_agree(model: GradedModel, seed: int) -> None:
    """Graded 1 to 3 and 5: layers of every kind, with tensors over each other."""
    assert_agreement(model, seed)


@pytest.mark.slow
@settings(max_examples=5000, suppress_health_check=list(HealthCheck))
@given(models(layers=15), st.integers(0, 1000))
def test_engine_and_reference_agree_in_a_long_search(model: GradedModel, seed: int) -> None:
    """As above, with more and larger networks."""
    assert_agreement(model, seed)


@given(models(), st.integers(0, 1000))
def test_layer_by_layer_equals_an_inference_at_once(model: GradedModel, seed: int) -> None:
    """Graded 2.4: cutting an inference at layer borders changes no result, variables included."""
    with GradedEngine(model) as at_once, GradedEngine(model) as singly:
        for run in range(RUNS):
            inputs = random_inputs(model, seed + run)
            expected = at_once.infer(*inputs)
            for _ in singly.layers(*inputs):
                pass
            found = tuple(singly._read(port.tensor) for port in model.outputs)
            assert all(np.array_equal(e, f) for e, f in zip(expected, found, strict=True))


def _is_usual(p: Mapping[str, int]) -> bool:
    """3 x 3 taps and a rectifier."""
    return p["kernel_y"] == p["kernel_x"] == 3 and p["out_zero"] == p["act_min"] == -128 and p["act_max"] == 127


def test_the_corpus_shows_everything() -> None:
    """Each kind, often; outputs over inputs; variables, constants, several ports; results that are not all alike."""
    kinds: Counter[str] = Counter()
    features: Counter[str] = Counter()
    for model in networks():
        features["variables"] += model.variables > 0
        features["constants"] += any(tensor.constant is not None for tensor in model.tensors)
        features["inputs"] += len(model.inputs) > 1
        features["outputs"] += len(model.outputs) > 1
        features["memory again"] += model.memory < sum(t.size * t.type for t in model.tensors if t.constant is None)
        for layer in model.layers:
            kinds[layer.kind.name] += 1
            p, output = layer.parameters, model.tensors[layer.output]
            given = [model.tensors[index] for index in layer.inputs if model.tensors[index].constant is None]
            features["in place"] += any(t.at == output.at for t in given)
            features["padding"] += bool(p.get("pad_y", 0) or p.get("pad_x", 0))
            features["dilation"] += p.get("dilation_y", 1) > 1 or p.get("dilation_x", 1) > 1
            features["groups"] += layer.kind is LayerKind.CONV_S8 and p["groups"] > 1
            features["usual depthwise"] += layer.kind is LayerKind.DEPTHWISE_S8 and _is_usual(p)
            features["blocks"] += p.get("out_channels", p.get("outputs", 0)) > 64
            features["steps of 0"] += p.get("a_step_4", 1) == 0 or p.get("b_step_4", 1) == 0
            features["backwards"] += any(p.get(f"in_step_{k}", 0) < 0 for k in range(5))
            features.update(f"{layer.kind.name} {p['bits']} bits" for _ in range("bits" in p))
            features.update(f"sums of {p['sum_bits']} bits" for _ in range("sum_bits" in p))

    assert min(kinds[kind.name] for kind in LayerKind) >= N // 8
    wanted = (
        "variables",
        "constants",
        "inputs",
        "outputs",
        "memory again",
        "in place",
        "padding",
        "dilation",
        "groups",
    )
    wanted += (
        "usual depthwise",
        "blocks",
        "steps of 0",
        "backwards",
        "CONV_S8 2 bits",
        "CONV_S8 4 bits",
        "CONV_S8 8 bits",
    )
    wanted += ("DENSE_S8 2 bits", "DENSE_S8 4 bits", "DENSE_S8 8 bits", "sums of 32 bits", "sums of 64 bits")
    assert {name: features[name] for name in wanted if features[name] < N // 60} == {}


@pytest.mark.parametrize("kind", LayerKind, ids=lambda kind: kind.name)
def test_results_of_each_kind_vary(kind: LayerKind) -> None:
    """Parameters that clamp everything would make agreement easy."""
    varied = 0
    chosen = corpus(60, [kind], 1)
    for seed, model in enumerate(chosen):
        with GradedEngine(model) as engine:
            *_, (_, last) = engine.layers(*random_inputs(model, seed))
        varied += last.size < 4 or len(np.unique(last)) > min(last.size // 8, 12)

    assert kind is LayerKind.FILL or varied > len(chosen) // 3
