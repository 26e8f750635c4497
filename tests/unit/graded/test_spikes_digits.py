"""Trained networks of real digits as spikes: at most a point below the interpreter at 32 ticks, on every runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikelet
from paths import ROOT, data
from spikelet.converters.tflite.spikes import convert_spikes
from spikelet.datasets import DataSet, load
from spikelet.early_exit import margin_of, table, trace, with_gap
from spikelet.errors import ConvertError
from spikelet.evaluate import evaluate
from spikelet.model import Model
from support.tflite_interpreter import TfliteInterpreter

GOLDEN = ROOT / "tests" / "golden" / "spikes"
EXAMPLE = ROOT / "examples" / "digits_int8"
CALIBRATION = ROOT / "examples" / "digits" / "digits_calib.npz"


def golden(name: str) -> dict[str, Any]:
    """Answers of the interpreter, and samples where they are kept."""
    with np.load(GOLDEN / f"{name}_answers.npz") as file:
        return {key: file[key] for key in file.files}


def digits() -> tuple[Any, Any]:
    """Training samples to calibrate with."""
    with np.load(CALIBRATION) as file:
        return file["x"], file["y"].astype(np.int64)


def mnist(name: str, samples: int) -> tuple[Any, Any]:
    """A part of MNIST's samples, mixed: the training part is sorted by class."""
    with np.load(data(f"mnist/{name}.npz")) as file:
        x, y = file["x"], file["y"].astype(np.int64)
    chosen = np.random.default_rng(0).permutation(len(x))[:samples]
    return x[chosen], y[chosen]


@pytest.fixture(scope="module")
def pooled() -> Model:
    """The network with max-pooling."""
    frames, labels = digits()
    return convert_spikes(GOLDEN / "digits_pool.tflite", calibration=frames, calibration_labels=labels)


def samples_of(frames: Any, labels: Any, model: Model) -> DataSet:
    """A data set."""
    parts = {model.inputs[0].name: frames.reshape(len(frames), -1)}
    return DataSet(name="test", parts=parts, labels=labels.astype(np.int64), ticks=model.ticks_per_sample)


def test_max_pooling_digits_lose_less_than_a_point(pooled: Model) -> None:
    """All 540 test samples, against the answers of the interpreter that stand in the file."""
    known = golden("digits_pool")
    with spikelet.Engine(pooled) as engine:
        found = evaluate(engine, samples_of(known["x"], known["y"], pooled))

    said = float(np.mean(known["answers"] == known["y"]))
    assert said == 532 / 540
    assert found.accuracy >= said - 0.01
    assert np.mean(found.predictions == known["answers"]) >= 0.99


def test_the_answers_in_the_file_are_the_interpreters() -> None:
    """Of the interpreter that is installed, whose version may be another."""
    known = golden("digits_pool")
    interpreter = TfliteInterpreter(GOLDEN / "digits_pool.tflite")
    frames = known["x"][:60].astype(np.int16) - 128

    assert known["answers"][:60].tolist() == [
        int(np.argmax(interpreter.infer(frame.astype(np.int8)[None])[0])) for frame in frames
    ]


@pytest.mark.parametrize("burst", [1, 4])
def test_residual_digits_lose_less_than_a_point(burst: int) -> None:
    """The example's network: a sum, a depthwise layer, a mean; with bursts in 8 ticks."""
    frames, labels = digits()
    ticks = 32 // burst
    model = convert_spikes(
        EXAMPLE / "digits_int8.tflite", calibration=frames, calibration_labels=labels, ticks=ticks, burst=burst
    )
    with np.load(ROOT / "examples" / "digits" / "digits_test.npz") as file:
        test, truth = file["x"], file["y"].astype(np.int64)
    interpreter = TfliteInterpreter(EXAMPLE / "digits_int8.tflite")
    quantised = (test.astype(np.int16) - 128).astype(np.int8).reshape(-1, 1, 8, 8, 1)
    answers = [int(np.argmax(interpreter.infer(image)[0])) for image in quantised]
    with spikelet.Engine(model) as engine:
        found = evaluate(engine, samples_of(test, truth, model))

    assert found.accuracy >= np.mean(answers == truth) - 0.01


def test_a_float_file_needs_a_scale_of_pixels() -> None:
    """Without one it is refused; with it the network is as good as the int8 file."""
    frames, labels = digits()
    with pytest.raises(ConvertError, match="input_scale"):
        convert_spikes(EXAMPLE / "digits_float.tflite", calibration=frames)
    model = convert_spikes(
        EXAMPLE / "digits_float.tflite", calibration=frames, calibration_labels=labels, input_scale=1 / 255
    )
    known = golden("digits_pool")
    with spikelet.Engine(model) as engine:
        found = evaluate(engine, samples_of(known["x"], known["y"], model))

    assert found.accuracy >= 0.97


def test_host_and_reference_give_the_same_bits(pooled: Model) -> None:
    """Scores, spikes and synaptic operations of every tick."""
    known = golden("digits_pool")
    data_set = samples_of(known["x"][:6], known["y"][:6], pooled)
    with spikelet.Engine(pooled) as engine, spikelet.Reference(pooled) as reference:
        a, b = trace(engine, data_set), trace(reference, data_set)

    for name in ("predictions", "gaps", "spikes", "synops"):
        assert getattr(a, name).tolist() == getattr(b, name).tolist(), name


def test_early_exits_take_a_quarter_of_the_ticks(pooled: Model) -> None:
    """With the margin from training samples, on test samples, at most half a point below all ticks."""
    known = golden("digits_pool")
    with spikelet.Engine(pooled) as engine:
        rows = table(trace(engine, samples_of(known["x"], known["y"], pooled)), [margin_of(pooled)])

    last, stopped = rows[-2:]
    assert last.ticks == 32
    assert stopped.accuracy >= last.accuracy - 0.005
    assert stopped.ticks <= 8
    assert stopped.synops <= last.synops / 4


def test_int8_arrays_are_frames_of_spiking_networks(pooled: Model, tmp_path: Path) -> None:
    """A data set may hold the numbers of the file's own input."""
    known = golden("digits_pool")
    frames = known["x"][:5].reshape(5, -1)
    np.savez(tmp_path / "a.npz", x=(frames.astype(np.int16) - 128).astype(np.int8), y=known["y"][:5])

    assert np.array_equal(load(tmp_path / "a.npz", pooled).parts["image"], frames)


@pytest.fixture(scope="module")
def residual() -> Iterator[tuple[Model, spikelet.Engine]]:
    """MNIST's network."""
    frames, labels = mnist("train10k", 1000)
    model = convert_spikes(GOLDEN / "mnist_residual.tflite", calibration=frames, calibration_labels=labels)
    with spikelet.Engine(model) as engine:
        yield model, engine


@pytest.mark.slow
def test_mnist_loses_less_than_a_point(residual: tuple[Model, spikelet.Engine]) -> None:
    """The 5,000 test samples at 32 ticks, and with early exits by a margin from 1,000 training samples."""
    model, engine = residual
    known = golden("mnist_residual")["answers"]
    with np.load(data("mnist/test5k.npz")) as file:
        test, truth = file["x"], file["y"].astype(np.int64)
    found = evaluate(engine, samples_of(test, truth, model))
    with spikelet.Engine(with_gap(model, margin_of(model))) as ends:
        stopped = evaluate(ends, samples_of(test, truth, model))

    assert np.mean(known == truth) == 0.9812
    assert found.accuracy >= np.mean(known == truth) - 0.01
    assert stopped.accuracy >= np.mean(known == truth) - 0.01
    assert stopped.ticks.mean() < 10
