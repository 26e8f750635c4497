"""describe: everything that an image says, also where nobody vouches for it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bad_images.wide import wide_model
from spikelet.events import from_dense
from spikelet.image import decode, encode
from spikelet.memory import work_size
from spikelet.model import LifChoices, Population, ResetKind
from spikelet.reference import Reference
from spikelet.report import describe, kind_of, one_line
from support.random_models import random_model, wide_random_model


@pytest.mark.parametrize("seed", range(6))
def test_a_report_is_json_and_equal_after_a_round_trip(seed: int) -> None:
    """Sizes, names and memory of random models."""
    model = random_model(seed)
    report = describe(model)

    assert json.loads(json.dumps(report)) == describe(decode(encode(model)))
    assert report["image"]["bytes"] == len(encode(model)) == report["memory"]["image"]
    assert report["image"]["format"] == 1
    assert report["memory"]["work"] == work_size(model) >= report["memory"]["state"]
    assert [p["name"] for p in report["populations"]] == [p.name for p in model.populations]
    assert [p["shape"] for p in report["projections"]] == [list(p.weights.shape) for p in model.projections]
    assert report["synops_dense"] == sum(p.weights.size for p in model.projections)
    assert all(
        (p["kind"], p["back"], p["map"], p["delays"]) == ("dense", False, None, None) for p in report["projections"]
    )
    assert one_line(model) == "-".join(str(n) for n in (model.inputs[0].size, *(p.size for p in model.populations)))


def test_a_report_says_all_of_projections_and_delay_lines() -> None:
    """Kinds, bits, bytes as stored, maps in words, delays, and what comes back from the tick before."""
    model = wide_model()
    report = describe(model)
    projections = {p["name"]: p for p in report["projections"]}

    assert json.loads(json.dumps(report)) == describe(decode(encode(model)))
    assert [p["kind"] for p in report["populations"]] == ["IF", "delay line", "delay line", "IF", "IF", "IF"]
    assert [p["block"] for p in report["populations"]] == [16, 0, 0, 0, 4096, 8]
    assert report["populations"][1]["parameters"] == {"delay": {"least": 0, "largest": 4, "count": 36}}
    assert {name for name, p in projections.items() if p["back"]} == {"back", "late", "ones"}
    assert projections["mapped"]["map"] == "2 x 5 x 6"
    assert projections["mapped"]["conv"] == ("to 4 x 3 x 3, planar, kernel 3 x 3, stride 2 x 2, pad 1 x -1, 2 groups")
    assert projections["pooled"]["map"] == "4 x 3 x 3, planar, pooled by 2 x 1"
    assert projections["pooled"]["conv"] is None
    assert projections["late"]["delays"] == {"least": 0, "largest": 3}
    keys = ("kind", "shape", "bits", "weights", "bytes")
    assert {name: tuple(p[key] for key in keys) for name, p in projections.items()} == {
        "mapped": ("conv", [4, 1, 3, 3], 8, 36, 6 * 8 + 40),
        "bits": ("conv", [4, 2, 2, 3], 4, 48, 4 * 8 + 40),
        "feed": ("feed", [36, 36], 0, 0, 0),
        "back": ("feed", [36, 36], 0, 0, 0),
        "single": ("feed", [36, 36], 0, 0, 0),
        "pooled": ("dense", [12, 5], 2, 60, 12 * 4 + 40),
        "late": ("dense", [700, 5], 4, 3500, 700 * 4 + 5 * 4),
        "ones": ("dense", [5, 5], 1, 25, 5 * 4),
        "pairs": ("sparse", [12, 700], 8, 5, 13 * 4 + 20 + 40),
        "fours": ("sparse4", [36, 38], 8, 4, 37 * 4 + 4 * 5),
    }
    assert one_line(model) == "60-36-5-700-38"


@pytest.mark.parametrize("seed", range(6))
def test_a_report_of_any_projections_is_json_and_equal_after_a_round_trip(seed: int) -> None:
    """Bytes are those that the image has more by a projection, where nothing is shared."""
    model = wide_random_model(seed)
    report = describe(model)
    lengths = [entry["bytes"] for entry in report["projections"]]
    data = len(encode(replace(model, meta={}))) - len(encode(replace(model, projections=(), meta={})))
    names = len('"",') * len(lengths) + sum(len(p.name) for p in model.projections)

    assert json.loads(json.dumps(report)) == describe(decode(encode(model)))
    assert data <= sum(lengths) + 32 * len(lengths) + names + 8


def test_synops_of_all_are_those_that_the_reference_counts() -> None:
    """One event of each source neuron of each projection."""
    model = wide_model()
    for index, projection in enumerate(model.projections):
        sources = model.inputs if projection.from_input else model.populations
        port = replace(model.inputs[0], size=sources[projection.source].size, shape=(sources[projection.source].size,))
        port = replace(port, capacity=port.size, max_sum=port.size)
        lines = [replace(p, max_count=32767, choices=replace(p.choices, several=True)) for p in model.populations[1:3]]
        fed = replace(projection, source=0, from_input=True)
        populations = (model.populations[0], *lines, *model.populations[3:])
        alone = replace(model, populations=populations, inputs=(port,), projections=(fed,))
        with Reference(alone) as running:
            running.push(from_dense(np.ones((1, port.size), np.int64)))
            running.advance(1)

            assert describe(alone)["synops_dense"] == running.stats()[fed.target].synops, index


def test_every_choice_that_was_made_is_in_the_report() -> None:
    """What is not the plain choice, by name."""
    model = random_model(0)
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT, reset_next=True, reset_before_leak=True)
    first = replace(model.populations[0], choices=choices, parameters={}, max_count=1)
    report = describe(replace(model, populations=(first, *model.populations[1:])))

    assert report["populations"][0]["choices"] == {
        "reset_kind": "subtract",
        "reset_next": True,
        "reset_before_leak": True,
        "rounding": "floor",
    }


KINDS = {
    "IF": (LifChoices(), {}),
    "LIF": (LifChoices(), {"decay_v": 60000}),
    "LI": (LifChoices(fires=False), {"decay_v": 60000}),
    "I": (LifChoices(fires=False), {}),
    "threshold": (LifChoices(), {"decay_v": 0}),
    "CUBA-LIF": (LifChoices(has_u=True), {"decay_v": 60000, "decay_u": 50000}),
    "CUBA-LI": (LifChoices(has_u=True, fires=False), {"decay_v": 60000}),
    "adaptive LIF": (LifChoices(has_a=True), {"decay_v": 60000}),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_have_their_usual_names(name: str) -> None:
    """By what leaks, fires and has a current."""
    choices, parameters = KINDS[name]
    values = {key: np.array([value], np.int32) for key, value in parameters.items()}

    assert kind_of(Population(name="p", size=1, frac=4, choices=choices, parameters=values)) == name


@pytest.mark.parametrize(
    "meta",
    [
        {"populations": 3},
        {"populations": [{"scale": "wide", "v_bound": []}] * 9},
        {"populations": [{"scale": ["x"], "tau_ticks": {}, "never_saturates": 1}] * 3},
        {"choices": [1, 2], "calibration": "good", "source": 4, "assumed": {}, "input_scale": "x"},
        {"choices": {"LIF": 3}},
    ],
    ids=str,
)
def test_meta_of_another_shape_is_left_out(meta: dict[str, object]) -> None:
    """META is for people and not checked when an image is opened; the report keeps what has the right type."""
    model = random_model(0)
    wide = {**meta}
    if isinstance(wide.get("populations"), list):
        wide["populations"] = wide["populations"][: len(model.populations)]  # type: ignore[index]
    report = describe(decode(encode(replace(model, meta=wide))))

    assert all(entry["report"] == {} for entry in report["populations"])
    assert report["meta"] == {}
