"""Models that contradict themselves are refused before anything is made of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from bad_images.builders import COUNTING, LIF, POISSON, READOUT, UNUSED, good_model
from bad_images.wide import (
    CONV,
    FEED,
    LATE,
    LINE,
    MAPPED,
    PAIRS,
    POOLED,
    REACH_MAX_COUNT,
    SINGLE,
    SPARSE,
    reaching_model,
    wide_model,
)
from spikelet.errors import ModelError
from spikelet.image import encode
from spikelet.model import (
    PARAMETERS,
    V_MAX,
    Encoder,
    LifChoices,
    Model,
    ProjectionKind,
    RefractoryMode,
    ResetKind,
    SourceMap,
    SparseWeights,
    UOrder,
)
from spikelet.reference import Reference
from spikelet.rules import NEEDS, absent_value, ranges


def changed(part: str, index: int, model: Model | None = None, **fields: Any) -> Model:
    """The good model, or another, with other fields in one of its parts."""
    model = good_model() if model is None else model
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
    ("source", "projections", 2, {"source": 6}, r"source \(a population\) is 6; allowed: 0 to 5"),
    ("block", "populations", LIF, {"block": 2}, "block is 2; allowed: 0, or 3 to 12"),
    ("bits", "projections", 0, {"bits": 3}, "bits is 3; allowed for dense: 8, 4, 2, 1"),
    ("a weight", "projections", 0, {"bits": 2}, "a weight is -3; allowed with 2 bits: -2 to 1"),
    ("a weight of one bit", "projections", 0, {"bits": 1}, "a weight is -3; allowed with 1 bits: -1 and 1"),
    ("no weights", "projections", 0, {"weights": None}, r"weights are NoneType; allowed: int8 \(6, 5\)"),
    ("order", "projections", 0, {"target": READOUT, "weights": np.zeros((6, 3), np.int8)}, "ordered by target"),
    ("encoder", "inputs", 0, {"encoder": Encoder.RATE}, "capacity is 10; with an encoder it is the size, 6"),
    ("shape", "inputs", 0, {"shape": (2, 2)}, r"shape \(2, 2\) does not hold 6"),
    ("no shape", "inputs", UNUSED, {"size": 1, "shape": ()}, r"shape \(\) does not hold 1"),
    ("seed", "inputs", POISSON, {"seed": 2**32}, "seed is 4294967296"),
    ("input", "projections", 0, {"source": 6}, r"source \(an input\) is 6; allowed: 0 to 5"),
    ("labels", "outputs", 0, {"labels": ("a", "b")}, "2 labels for 5 neurons"),
    ("capacity", "outputs", 0, {"capacity": 4}, "capacity is 4; allowed: 5 to 65535"),
]


def sparse(start: list[int], targets: list[int], values: list[int]) -> SparseWeights:
    """Weights that need not be right."""
    return SparseWeights(start=np.array(start), targets=np.array(targets), values=np.array(values, np.int8))


def geometry(**fields: Any) -> dict[str, Any]:
    """The convolution of the wide model, with other fields in its target map."""
    target = wide_model().projections[MAPPED].target_map
    assert target is not None
    return {"target_map": dataclasses.replace(target, **fields)}


def image(**fields: Any) -> dict[str, Any]:
    """The same with other fields in its source map."""
    return {"source_map": dataclasses.replace(SourceMap(channels=2, height=5, width=6), **fields)}


WIDE: list[tuple[str, str, int, dict[str, Any], str]] = [
    ("no map", "projections", MAPPED, {"source_map": None}, "a convolution has a source map and a target map"),
    ("no target map", "projections", MAPPED, {"target_map": None}, "a convolution has a source map and a target map"),
    ("a target map too many", "projections", POOLED, geometry(), "nothing else has a target map"),
    ("channels", "projections", MAPPED, image(channels=0), "source map: channels is 0; allowed: 1 to 65535"),
    ("size", "projections", MAPPED, image(width=5), "2 x 5 x 5 is 50 neurons; the population or input has 60"),
    ("pool", "projections", MAPPED, image(pool=(6, 1)), "pool_y is 6; allowed: 1 to 5"),
    ("no pool", "projections", MAPPED, image(pool=(1, 0)), "pool_x is 0; allowed: 1 to 6"),
    ("target's size", "projections", MAPPED, geometry(width=4), "4 x 3 x 4 is 48 neurons.* has 36"),
    ("groups", "projections", MAPPED, geometry(groups=4), "groups is 4, of 2 and 4 channels; it must divide both"),
    ("no groups", "projections", MAPPED, geometry(groups=0), "groups is 0"),
    ("kernel", "projections", MAPPED, geometry(kernel=(256, 1)), "kernel_y is 256; allowed: 1 to 255"),
    ("stride", "projections", MAPPED, geometry(stride=(1, 0)), "stride_x is 0; allowed: 1 to 255"),
    ("dilation", "projections", MAPPED, geometry(dilation=(1, 256)), "dilation_x is 256; allowed: 1 to 255"),
    ("pad", "projections", MAPPED, geometry(pad=(-32769, 0)), "pad_y is -32769; allowed: -32768 to 32767"),
    ("kernel's shape", "projections", MAPPED, geometry(kernel=(3, 2)), r"allowed: int8 \(4, 1, 3, 2\)"),
    ("sparse bits", "projections", PAIRS, {"bits": 4}, "bits is 4; allowed for sparse: 8"),
    ("sparse array", "projections", PAIRS, {"weights": np.zeros((12, 700), np.int8)}, "allowed: SparseWeights"),
    ("rows", "projections", PAIRS, {"weights": sparse([0, 1], [1], [1])}, r"allowed: int64 \(13,\)"),
    ("lengths", "projections", PAIRS, {"weights": sparse([0] * 12 + [1], [1, 2], [1])}, r"int64 \(n,\), int8 \(n,\)"),
    ("rows' end", "projections", PAIRS, {"weights": sparse([0] * 13, [1], [1])}, "must ascend from 0 to the 1 weights"),
    (
        "rows descend",
        "projections",
        PAIRS,
        {"weights": sparse([0, 2, 1, *[2] * 10], [1, 2], [1, 1])},
        "rows must ascend",
    ),
    ("order", "projections", PAIRS, {"weights": sparse([0] * 12 + [2], [2, 1], [1, 1])}, "targets do not ascend"),
    (
        "far",
        "projections",
        PAIRS,
        {"weights": sparse([0] * 12 + [1], [700], [1])},
        "target is 700; allowed: 0 to 699",
    ),
    ("below", "projections", PAIRS, {"weights": sparse([0] * 12 + [1], [-1], [1])}, "a target is -1"),
    ("zero", "projections", PAIRS, {"weights": sparse([0] * 12 + [1], [3], [0])}, "a stored weight is 0; leave it out"),
    ("delays", "projections", LATE, {"delays": ones(1, 2)}, r"delays are int32 \(2,\); allowed: int32 \(5,\)"),
    ("a delay", "projections", LATE, {"delays": ones(0, 0, -1, 0, 0)}, "a delay is -1; allowed: 0 to 65535"),
    ("late", "projections", LATE, {"delays": ones(0, 65536, 1, 0, 0)}, "a delay is 65536"),
    ("a feed to neurons", "projections", FEED, {"target": CONV}, "target 'map' is no delay line"),
    ("weights to a line", "projections", FEED, {"kind": ProjectionKind.DENSE}, "target 'line' is a delay line"),
    ("a feed's weights", "projections", FEED, {"weights": np.zeros((36, 36), np.int8)}, "a feed has no weights"),
    ("a feed's delays", "projections", FEED, {"delays": np.zeros(36, np.int32)}, "no weights and no delays"),
    ("a feed's map", "projections", FEED, image(channels=1, height=6), "a feed has no map"),
    ("a feed's size", "projections", FEED, {"source": SPARSE}, "its source has 700 neurons, its delay line 36"),
    ("a line's frac", "populations", LINE, {"frac": 1}, "frac is 1; in a delay line it is 0"),
    ("a line's block", "populations", LINE, {"block": 3}, "block is 3; in a delay line it is 0"),
    ("no delay", "populations", LINE, {"parameters": {}}, "a delay line needs the parameter delay"),
    ("a bias", "populations", LINE, {"parameters": {"bias": ones(1)}}, "there is no parameter 'bias'"),
    ("a long delay", "populations", SINGLE, {"parameters": {"delay": ones(65536)}}, r"delay\[0\] is 65536"),
    ("silent", "populations", SINGLE, {"choices": LifChoices(fires=False)}, "no choices but fires"),
    ("too much", "populations", LINE, {"max_count": 1}, "may hand in 2 a neuron and tick; max_count is 1"),
]


@pytest.mark.parametrize(
    ("part", "index", "fields", "words"), [case[1:] for case in WIDE], ids=[case[0] for case in WIDE]
)
def test_a_part_of_the_wide_model_that_breaks_a_rule_is_refused(
    part: str, index: int, fields: dict[str, Any], words: str
) -> None:
    """Semantics 2.5, 2.6 and 3.4; image 4 and 5."""
    with pytest.raises(ModelError, match=words):
        encode(changed(part, index, wide_model(), **fields))


def test_the_largest_reach_is_allowed_and_one_more_is_not() -> None:
    """Semantics 2.3: a target of a convolution meets no more neurons than its kernel has places."""
    encode(reaching_model(REACH_MAX_COUNT))
    with pytest.raises(ModelError, match=f"may send {343 * (REACH_MAX_COUNT + 1)} a tick"):
        encode(reaching_model(REACH_MAX_COUNT + 1))


def test_a_history_that_does_not_fit_is_named() -> None:
    """Arena 1: the largest of them, and what to do."""
    late = dataclasses.replace(wide_model().projections[PAIRS], delays=np.full(700, 65535, np.int32))
    more = tuple(dataclasses.replace(late, name=f"late{i}") for i in range(6))
    model = dataclasses.replace(wide_model(), projections=(*wide_model().projections[:PAIRS], *more))
    found = "projection 8 .'late0'.: 65536 ticks of 700 neurons wait in 183500800 of them: take shorter delays"
    with pytest.raises(ModelError, match=rf"the state would have 11010\d+ bytes; allowed: 1073741824\. {found}"):
        encode(model)


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
