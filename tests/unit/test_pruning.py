"""Pruning on calibration data: what is left out, what it brings, what it loses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.converters import convert
from spikelet.engine import Engine
from spikelet.errors import ConvertError
from spikelet.image import decode, encode, load
from spikelet.model import Model, ProjectionKind, SparseWeights
from spikelet.reference import Reference
from support.command_line import DIGITS, spikelet
from support.command_line import SAID as COMMAND_SAID

SAID: dict[str, Any] = {"framework": "snntorch", "reset": "zero", "encoder": "rate", "ticks_per_sample": 25}


def digits(**how: Any) -> Model:
    """The network of the demo."""
    return convert(DIGITS / "digits.nir", **SAID, **how)


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """Digits to calibrate with, and their labels."""
    with np.load(DIGITS / "digits_test.npz") as file:
        return file["x"][:150].astype(np.uint8), file["y"][:150]


@pytest.mark.parametrize("by", ["magnitude", "activity"])
def test_a_share_of_the_weights_is_left_out_in_blocks_of_four(by: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    """Three quarters of the first layer are gone; what is left runs, with the bits of the reference."""
    frames, labels = data
    model = digits(prune=0.85, prune_by=by, sparse="small", calibration=frames, calibration_labels=labels)
    first = model.projections[0]
    record = model.meta["pruning"]
    layer = next(iter(record["layers"].values()))

    assert first.kind is ProjectionKind.SPARSE4
    assert isinstance(first.weights, SparseWeights)
    assert 0 < first.weights.size <= 0.15 * digits().projections[0].weights.size + 4
    assert layer["share"] == 0.85
    assert layer["bytes"][1] < layer["bytes"][0]
    assert len(encode(model)) < len(encode(digits()))
    assert encode(decode(encode(model))) == encode(model)
    assert len(record["accuracy"]) == 2
    with Reference(model) as reference:
        for frame in frames[:2]:
            assert Engine(model).run(frame).counts.tolist() == reference.run(frame).counts.tolist()


def test_what_does_not_pay_is_not_pruned(data: tuple[np.ndarray, np.ndarray]) -> None:
    """A tenth less than all is slower as sparse rows than dense."""
    frames, _ = data
    model = digits(prune=0.1, calibration=frames)

    assert {p.kind for p in model.projections} == {ProjectionKind.DENSE}
    assert {layer["share"] for layer in model.meta["pruning"]["layers"].values()} == {0.0}
    assert model.meta["pruning"]["points_lost"] == 0


def test_auto_stays_within_the_loss_and_takes_more_where_more_may_be_lost(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Instructions as counted fall as the loss that is allowed rises; nothing is lost on half of the data unseen."""
    frames, labels = data
    found = []
    for most in (0.0, 3.0, 60.0):
        given: dict[str, Any] = {"calibration": frames, "calibration_labels": labels, "max_loss": most}
        record = digits(prune="auto", **given).meta["pruning"]
        assert record["points_lost"] <= most or most == 0
        found.append(sum(layer["instructions"][1] for layer in record["layers"].values()))
        before = sum(layer["instructions"][0] for layer in record["layers"].values())

    assert found == sorted(found, reverse=True)
    assert found[-1] < before
    again = digits(prune="auto", calibration=frames, calibration_labels=labels, max_loss=3.0)
    assert encode(again) == encode(digits(prune="auto", calibration=frames, calibration_labels=labels, max_loss=3.0))


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ({"prune": 0.5}, "prune: found 0.5; allowed: with calibration="),
        ({"prune": 1.0, "calibration": True}, "prune: found 1.0; allowed: auto, or a number between 0 and 1"),
        ({"prune": "most", "calibration": True}, "prune: found 'most'"),
        (
            {"prune": 0.5, "prune_by": "luck", "calibration": True},
            "prune_by: found 'luck'; allowed: magnitude, activity",
        ),
    ],
    ids=["no data", "all", "a word", "by"],
)
def test_what_cannot_be_pruned_is_refused(how: dict[str, Any], text: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    """One error that says what to do."""
    with pytest.raises(ConvertError, match=text):
        digits(**{name: data[0] if value is True else value for name, value in how.items()})


def test_an_int8_network_is_not_pruned(tmp_path: Path) -> None:
    """A .tflite file keeps its numbers."""
    file = tmp_path / "net.tflite"
    file.write_bytes(b"\0\0\0\0TFL3" + bytes(64))
    with pytest.raises(ConvertError, match=r"prune: found 0\.5 with a \.tflite file"):
        convert(file, prune=0.5)


def test_the_command_prints_accuracy_beside_bytes_and_instructions(tmp_path: Path) -> None:
    """Before and after, for each layer and for all."""
    image = tmp_path / "pruned.spkl"
    words = ["convert", DIGITS / "digits.nir", "-o", image, *COMMAND_SAID, "--sparse", "small", "--prune"]
    done = spikelet(*words, "0.85", "--calibration", DIGITS / "digits_calib.npz")

    assert done.exit_code == 0, done.stderr
    assert "Pruned by magnitude on calibration data" in done.stdout
    assert "blocks of 4" in done.stdout
    assert "points lost" in done.stdout
    assert load(image).meta["pruning"]["share"] == 0.85
    refused = spikelet(*words, "much")
    assert refused.exit_code == 2
    assert "--prune much: give auto, or a number between 0 and 1" in refused.stderr
