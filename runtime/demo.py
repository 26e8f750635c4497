"""The demo: from a trained network to identical spikes on an emulated board, with the figures that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet import toolchain
from spikelet._data import path as data_path
from spikelet.arrays import read_arrays
from spikelet.board_files import load as load_board
from spikelet.datasets import DataSet
from spikelet.datasets import load as load_data
from spikelet.emulator import Instructions, emulate
from spikelet.firmware import Build
from spikelet.fit import require_counting
from spikelet.model import Model
from spikelet.original import original
from spikelet.runner import Result, Runner
from spikelet.runners import open_runner
from spikelet.verify import float_predictions

__all__ = ["BOARD", "Demo", "Progress", "demo_model", "run"]

BOARD = "cortex-m4"
_TICKS = 25


#: Opens a step: what it does, of how many samples (0: it is one thing); gives what is called with the samples done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo found.

    Accuracies are parts of `samples`; `same` is how many samples gave the same spikes and statistics
    on the host and on the board. `instructions` are those of all samples.
    """

    model: Model
    samples: int
    framework_accuracy: float
    float_accuracy: float
    host_accuracy: float
    board_accuracy: float
    same: int
    spikes: int
    synops: int
    instructions: Instructions
    stack_used: int
    build: Build

    @property
    def identical(self) -> bool:
        """Whether host and board gave the same spikes."""
        return self.same == self.samples


@contextmanager
def _silent(_: str, __: int) -> Iterator[Callable[[int], object]]:
    yield lambda _done: None


def demo_model() -> Model:
    """Convert the network of examples/digits as the demo does."""
    from spikelet.converters import convert

    folder = data_path("examples/digits")
    frames = read_arrays(folder / "digits_calib.npz", {"x"})["x"]
    model = convert(
        folder / "digits.nir",
        framework="snntorch",
        reset="zero",
        encoder="rate",
        ticks_per_sample=_TICKS,
        calibration=frames,
    )
    assert isinstance(model, Model)
    return model


def run(
    *, board: str = BOARD, samples: int | None = None, compiler: str | None = None, progress: Progress = _silent
) -> Demo:
    """Run the demo.

    Args:
        board: an emulated board that counts instructions.
        samples: how many held-out digits; None: all.
        compiler: "gcc", "zig", "auto"; None: zig where it is installed, as it comes from pip.
        progress: opens a step.

    Raises:
        BoardError: no compiler or emulator: says what to install.
    """
    require_counting(board)
    folder = data_path("examples/digits")
    with progress("convert the network", 0):
        model = demo_model()
    data = load_data(folder / "digits_test.npz", model, labelled=True).take(samples)
    stored = read_arrays(folder / "digits_test.npz", {"framework_prediction"})["framework_prediction"]
    labels = data.labels
    assert labels is not None
    with progress("run the float network", 0):
        floats = float_predictions(original(folder / "digits.nir", model), model, data)
    with open_runner("host", model) as host, progress("run the integer model on this host", len(data)) as step:
        expected = list(_results(host, data, step))
    found_compiler = compiler or ("zig" if "zig" in toolchain.available(load_board(board).arch) else "auto")
    with progress(f"build the firmware of {board}, start it", 0):
        running = emulate(model, board, compiler=found_compiler, embed=True, count=True)
    with running, progress(f"stream digits to the emulated {board}", len(data)) as step:
        running.instructions(reset=True)
        found = list(_results(running, data, step))
        counted, stack = running.instructions(), running.stack_used()
    return Demo(
        model=model,
        samples=len(data),
        framework_accuracy=_accuracy(stored[: len(data)], labels),
        float_accuracy=_accuracy(floats, labels),
        host_accuracy=_accuracy(_predictions(expected), labels),
        board_accuracy=_accuracy(_predictions(found), labels),
        same=sum(_same(a, b) for a, b in zip(expected, found, strict=True)),
        spikes=sum(entry.events for result in expected for entry in result.stats),
        synops=sum(entry.synops for result in expected for entry in result.stats),
        instructions=counted,
        stack_used=stack,
        build=running.build,
    )


def _results(runner: Runner, data: DataSet, step: Callable[[int], object]) -> Iterator[Result]:
    for index in range(len(data)):
        yield runner.run(data.inputs(index), data.ticks_of(index))
        step(1)


def _predictions(results: list[Result]) -> npt.NDArray[np.int64]:
    return np.array([result.prediction for result in results], np.int64)


def _accuracy(predictions: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    return float(np.mean(predictions == labels))


def _same(a: Result, b: Result) -> bool:
    """The same output events in the same ticks, the same scores, the same number of spikes in every layer."""
    outputs = zip(a.outputs.values(), b.outputs.values(), strict=True)
    same = all(np.array_equal(x.events, y.events) and np.array_equal(x.scores, y.scores) for x, y in outputs)
    return same and list(a.stats) == list(b.stats)
