"""describe: everything that an image says, also where nobody vouches for it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spikelet.image import decode, encode
from spikelet.memory import work_size
from spikelet.model import LifChoices, Population, ResetKind
from spikelet.report import describe, kind_of, one_line
from support.random_models import random_model


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
    assert one_line(model) == "-".join(str(n) for n in (model.inputs[0].size, *(p.size for p in model.populations)))


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
