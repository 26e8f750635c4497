"""Int8 networks as spikes: accuracy against ticks and synaptic operations: python -m benchmarks.rate_coding.

Digits: scikit-learn's, 540 test samples. MNIST: 2,000 samples of train10k to calibrate, test5k to test, from
SPIKELET_DATA or ../shared/data. Levels, biases and margins come from training samples; test samples are looked at
once, to print. The interpreter's answers are those of ai-edge-litert's reference kernels.

--real converts the networks for keyword spotting, images and visual wake words, and compares rates with the int8
values on the one real input that there is of each (calibrated on that input, so this says how exact the code is and
nothing of accuracy).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import spikelet
import spikelet.image
from spikelet.converters.tflite.reader import read_tflite
from spikelet.converters.tflite.spikes import convert_spikes
from spikelet.datasets import DataSet
from spikelet.early_exit import KEY, margin_of, table, trace
from spikelet.model import Model

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "spikes"
EXAMPLES = ROOT / "examples"
_REFERENCE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, samples to calibrate with, and test samples, as frames with labels."""

    name: str
    file: Path
    calibration: tuple[Any, Any]
    test: tuple[Any, Any]


def folder() -> Path:
    """The shared test data."""
    return Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))


def cases() -> Iterator[Case]:
    """The networks that there are real data for."""
    with np.load(EXAMPLES / "digits" / "digits_calib.npz") as file:
        calibration = file["x"], file["y"]
    with np.load(EXAMPLES / "digits" / "digits_test.npz") as file:
        test = file["x"], file["y"]
    yield Case(name="digits, max-pooling", file=GOLDEN / "digits_pool.tflite", calibration=calibration, test=test)
    residual = EXAMPLES / "digits_int8" / "digits_int8.tflite"
    yield Case(name="digits, residual", file=residual, calibration=calibration, test=test)
    if not (folder() / "mnist").is_dir():
        print(f"no {folder() / 'mnist'}: set SPIKELET_DATA", file=sys.stderr)
        return
    with np.load(folder() / "mnist" / "train10k.npz") as file:
        chosen = np.random.default_rng(0).permutation(len(file["x"]))[:2000]
        calibration = file["x"][chosen], file["y"][chosen]
    with np.load(folder() / "mnist" / "test5k.npz") as file:
        test = file["x"], file["y"]
    yield Case(name="MNIST, residual", file=GOLDEN / "mnist_residual.tflite", calibration=calibration, test=test)


class Oracle:
    """The interpreter's reference kernels."""

    def __init__(self, file: Path) -> None:
        self._interpreter = Interpreter(
            str(file),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def answer(self, frame: npt.NDArray[np.uint8]) -> int:
        """The class of a frame."""
        q = (frame.astype(np.int16) - 128).astype(np.int8).reshape(self._input["shape"])
        self._interpreter.set_tensor(self._input["index"], q)
        self._interpreter.invoke()
        return int(np.argmax(self.tensor(self._output["index"])))

    def tensor(self, index: int) -> npt.NDArray[Any]:
        """A tensor of the last inference."""
        values: npt.NDArray[Any] = self._interpreter.get_tensor(index)
        return values


def samples_of(frames: Any, labels: Any, model: Model) -> DataSet:
    """A data set of a model."""
    parts: dict[str, Any] = {model.inputs[0].name: frames.reshape(len(frames), -1)}
    return DataSet(name="test", parts=parts, labels=labels.astype(np.int64), ticks=model.ticks_per_sample)


def show(case: Case, ticks: int, burst: int) -> None:
    """Rows of the table of a network."""
    frames, labels = case.calibration
    model = convert_spikes(
        case.file, calibration=frames, calibration_labels=labels.astype(np.int64), ticks=ticks, burst=burst
    )
    data = samples_of(*case.test, model)
    few = samples_of(case.test[0][:_REFERENCE], case.test[1][:_REFERENCE], model)
    with spikelet.Engine(model) as engine, spikelet.Reference(model) as reference:
        rows = table(trace(engine, data), [margin_of(model)])
        same = all(
            np.array_equal(getattr(a, name), getattr(b, name))
            for a, b in [(trace(engine, few), trace(reference, few))]
            for name in ("predictions", "gaps", "spikes", "synops")
        )
    size = len(spikelet.image.encode(model))
    print(f"\n{case.name}, up to {burst} spikes of a neuron a tick: image {size:,} bytes, window {ticks} ticks;")
    print(f"host and reference {'the same bits' if same else 'DIFFER'} in every tick of {_REFERENCE} samples;")
    print(f"margin from {model.meta[KEY]['samples']} training samples\n")
    print("| ticks | accuracy | spikes | synaptic operations |\n| --- | --- | --- | --- |")
    for row in rows:
        name = f"{row.ticks:.0f}" if row.margin is None else f"early exit: {row.ticks:.2f}"
        print(f"| {name} | {100 * row.accuracy:.2f} % | {row.spikes:,.0f} | {row.synops:,.0f} |")


def real_inputs() -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Files of the shared data with the one real input of each, as frames."""
    with np.load(folder() / "tflite" / "inputs.npz") as file:
        words, photograph = file["kws"], file["vww_gray"]
    small = np.rint(photograph.reshape(32, 3, 32, 3).mean(axis=(1, 3))).astype(np.uint8)
    yield "kws_ref_model", (words.astype(np.int16) + 128).astype(np.uint8)
    yield "pretrainedResnet_quant", np.repeat(small[None, :, :, None], 3, axis=3)
    yield "vww_96_int8", np.repeat(photograph[None, :, :, None], 3, axis=3)


def rates(model: Model, frame: npt.NDArray[np.uint8], ticks: int) -> tuple[int, dict[str, Any], int]:
    """The class, spikes of every neuron (maps have channels last), and all synaptic operations."""
    sent = {population.name: np.zeros(population.size, np.int64) for population in model.populations}
    with spikelet.Engine(model) as engine:
        engine.push_frame(frame.reshape(-1))
        for _ in range(ticks):
            engine.advance(1)
            for index, population in enumerate(model.populations):
                sent[population.name] += engine.probe(index, spikelet.Variable.EVENTS)
        return int(np.argmax(engine.scores())), sent, sum(entry.synops for entry in engine.stats())


def show_real() -> None:
    """How near rates come to the int8 values of each layer."""
    print("\n| network | ticks, spikes a tick | class (interpreter's) | correlation of rates | synaptic operations |")
    print("| --- | --- | --- | --- | --- |")
    for name, frames in real_inputs():
        path = folder() / "tflite" / f"{name}.tflite"
        oracle, graph = Oracle(path), read_tflite(path).subgraphs[0]
        known = oracle.answer(frames[0])
        index = {tensor.name: tensor.index for tensor in graph.tensors}
        for ticks, burst in ((32, 1), (128, 1), (32, 4), (8, 16)):
            model = convert_spikes(path, calibration=frames, ticks=ticks, burst=burst)
            found, sent, synops = rates(model, frames[0], ticks)
            likeness = []
            for population, about in model.meta["spikes"]["populations"].items():
                values = oracle.tensor(index[about["tensor"]])
                channels = values.shape[-1]
                # Levels differ by channel: each channel's rates by themselves, weighted by its variance.
                likeness.append(_alike(sent[population].reshape(-1, channels), values.reshape(-1, channels)))
            print(
                f"| {name} | {ticks}, {burst} | {found} ({known}) |"
                f" first layer {likeness[0]:.3f}, last {likeness[-1]:.3f} | {synops:,} |",
                flush=True,
            )


def _alike(sent: npt.NDArray[np.int64], values: npt.NDArray[np.int8]) -> float:
    """Correlation of spikes and values inside of channels, of all channels together."""
    x = sent - sent.mean(axis=0)
    y = values.astype(np.float64) - values.mean(axis=0)
    slope = np.sum(x * y, axis=0) / np.maximum(np.sum(x * x, axis=0), 1e-12)
    left = np.sum((y - x * slope) ** 2)
    return float(np.sqrt(max(0.0, 1 - left / max(np.sum(y**2), 1e-12))))


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="the real networks, one input each")
    parser.add_argument("--only", default="", help="networks with this in their names")
    options = parser.parse_args()
    if options.real:
        show_real()
        return
    for case in cases():
        if options.only not in case.name:
            continue
        oracle = Oracle(case.file)
        right = np.mean([oracle.answer(frame) == label for frame, label in zip(*case.test, strict=True)])
        print(f"\n{case.name}: the interpreter has {100 * right:.2f} % of {len(case.test[0])} right", flush=True)
        for ticks, burst in ((64, 1), (8, 4), (2, 16)):
            show(case, ticks, burst)


if __name__ == "__main__":
    main()
