"""Models that contradict themselves are refused before anything is made of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from bad_images.builders import COUNTING, CURRENT, LIF, POISSON, READOUT, UNUSED, good_model
from spikelet.errors import ModelError
from spikelet.image import encode
from spikelet.model import PARAMETERS, V_MAX, Encoder, LifChoices, Model, RefractoryMode, ResetKind, UOrder
from spikelet.reference import Reference
from spikelet.rules import NEEDS, absent_value, ranges


def changed(part: str, index: int, **fields: Any) -> Model:
    """The good model with other fields in one of its parts."""
    model = good_model()
    parts = list(getattr(model, part))
    parts[index] = dataclasses.replace(parts[index], **fields)
    return dataclasses.replace(model, **{part: tuple(parts)})


def ones(*values: int) -> np.ndarray:
    """An int32 array."""
    return np.array(values, np.int32)


WRONG = [
    ("no populations", {"populations": ()}, "number of populations is 0"),
    ("no inputs", {"inputs": ()}, "number of inputs is 0"),
    ("no outputs", {"outputs": ()}, "number of outputs is 0"),
    ("a window that is too long", {"ticks_per_sample": 65536}, "ticks_per_sample is 65536"),
    ("a negative tick", {"tick_ns": -1}, "tick_ns is -1"),
]
WRONG_PARTS: list[tuple[str, str, int, dict[str, Any], str]] = [
    ("size", "populations", READOUT, {"size": 65536}, "size is 65536; allowed: 1 to 65535"),
    ("frac", "populations", LIF, {"frac": 21}, "population 0 .'lif'.: frac is 21"),
    ("unknown parameter", "populations", LIF, {"parameters": {"tau": ones(1)}}, "no parameter 'tau'"),
    ("int64", "populations", LIF, {"parameters": {"bias": np.array([1])}}, "bias is int64"),
    ("length", "populations", LIF, {"parameters": {"bias": ones(1, 2)}}, r"allowed: int32 \(1,\) or \(5,\)"),
    ("value", "populations", LIF, {"parameters": {"bias": ones(0, 0, V_MAX + 1, 0, 0)}}, r"bias\[2\] is 1073741824"),
    ("counts", "populations", LIF, {"max_count": 2}, "without several it is 1"),
    ("name twice", "populations", LIF, {"name": "readout"}, "'readout' stands twice"),
    ("weights' shape", "projections", 0, {"weights": np.zeros((5, 6), np.int8)}, r"allowed: int8 \(6, 5\)"),
    ("weights' dtype", "projections", 0, {"weights": np.zeros((6, 5), np.int16)}, "weights are int16"),
    ("target", "projections", 0, {"target": 6}, "target is 6"),
    ("source", "projections", 2, {"source": CURRENT}, "an earlier population.* is 1; allowed: 0 to 0"),
    ("order", "projections", 0, {"target": READOUT, "weights": np.zeros((6, 3), np.int8)}, "ordered by target"),
    ("encoder", "inputs", 0, {"encoder": Encoder.RATE}, "capacity is 10; with an encoder it is the size, 6"),
    ("shape", "inputs", 0, {"shape": (2, 2)}, r"shape \(2, 2\) does not hold 6"),
    ("no shape", "inputs", UNUSED, {"size": 1, "shape": ()}, r"shape \(\) does not hold 1"),
    ("seed", "inputs", POISSON, {"seed": 2**32}, "seed is 4294967296"),
    ("input", "projections", 0, {"source": 6}, r"source \(an input\) is 6; allowed: 0 to 5"),
    ("labels", "outputs", 0, {"labels": ("a", "b")}, "2 labels for 5 neurons"),
    ("capacity", "outputs", 0, {"capacity": 4}, "capacity is 4; allowed: 5 to 65535"),
]


@pytest.mark.parametrize(("fields", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_model_that_breaks_a_rule_is_refused(fields: dict[str, Any], words: str) -> None:
    """The message names the field, what was found and what is allowed."""
    with pytest.raises(ModelError, match=words):
        encode(dataclasses.replace(good_model(), **fields))


@pytest.mark.parametrize(
    ("part", "index", "fields", "words"), [case[1:] for case in WRONG_PARTS], ids=[case[0] for case in WRONG_PARTS]
)
def test_a_part_that_breaks_a_rule_is_refused(part: str, index: int, fields: dict[str, Any], words: str) -> None:
    """Writing and running check by the same rules."""
    model = changed(part, index, **fields)
    for use in (encode, Reference):
        with pytest.raises(ModelError, match=words):
            use(model)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_what_has_no_meaning_is_refused(name: str) -> None:
    """Semantics 3.2: a choice or parameter without its feature."""
    values: dict[str, Any] = {
        "u_order": UOrder.ADD_USE_DECAY,
        "refractory_mode": RefractoryMode.HOLD,
        "reset_kind": ResetKind.SET,
    }
    bare = LifChoices(fires=NEEDS[name] != "fires")
    if name in PARAMETERS:
        model = changed("populations", READOUT, choices=bare, parameters={name: ones(1)})
    else:
        model = changed("populations", READOUT, choices=dataclasses.replace(bare, **{name: values.get(name, True)}))
    with pytest.raises(ModelError, match=f"{name} has no meaning without {NEEDS[name]}"):
        encode(model)


def test_absent_parameters_have_values_in_their_range() -> None:
    """Semantics 3.1: leaving a parameter out never means something that could not be said."""
    for choices in (LifChoices(), LifChoices(shift12=True), LifChoices(reset_kind=ResetKind.SUBTRACT)):
        for name, (low, high) in ranges(choices).items():
            assert low <= absent_value(name, choices) <= high, name
    assert absent_value("decay_v", LifChoices(shift12=True)) == 4096
    assert set(ranges(LifChoices())) == set(PARAMETERS)


def test_the_largest_sums_are_allowed_and_one_more_is_not() -> None:
    """Semantics 2.3: 2^23 exactly."""
    lif = good_model().populations[LIF]
    encode(changed("inputs", 0, max_sum=2**23 - lif.size))
    with pytest.raises(ModelError, match=r"population 1 .*may send 8388609 a tick; allowed: 8388608"):
        encode(changed("inputs", 0, max_sum=2**23 - lif.size + 1))


def test_counts_of_the_whole_range_are_allowed() -> None:
    """Semantics 3.1 and image 4: 32767 spikes a tick."""
    encode(changed("populations", COUNTING, max_count=32767))
