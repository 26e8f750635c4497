"""Both sides of every layer of a model on a core, in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.cmsis_nn import interpreter
from benchmarks.cmsis_nn.ours import EmulatedLayers
from benchmarks.cmsis_nn.peer import Peer
from benchmarks.cmsis_nn.tflite_layers import FileLayer, read

__all__ = ["Given", "Row", "compare", "given"]

Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Given:
    """A model's layers with their inputs and what the interpreter makes of them."""

    model: Path
    source: str
    layers: Sequence[FileLayer]
    tensors: dict[int, Int8]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A layer on a core: instructions of CMSIS-NN and of spikelet, and whether outputs are the interpreter's.

    `peer_cycles` and `ours_cycles` are modelled (docs/explanation/cycles.md). Without CMSIS-NN `peer` is 0.
    """

    name: str
    index: int
    macs: int
    zeros: float
    peer: int
    ours: int
    peer_cycles: int
    ours_cycles: int
    peer_equal: bool
    ours_equal: bool
    by_function: dict[str, int]
    cycles_by_function: dict[str, int]

    @property
    def ratio(self) -> float:
        """Ours of theirs; not a number without theirs."""
        return self.ours / self.peer if self.peer else float("nan")


def given(model: Path, data: Path | None) -> Given:
    """Read a model and run it once in the interpreter.

    Raises:
        Missing: the interpreter is not installed.
    """
    interpreter.version()
    layers = read(model)
    source, values = interpreter.inputs_of(model, data)
    wanted = sorted({index for layer in layers for index in (layer.input, layer.output)})
    return Given(model=model, source=source, layers=layers, tensors=interpreter.tensors(model, values, wanted))


def compare(
    found: Given,
    core: str,
    optimise: str,
    peer: Peer | None,
    *,
    zeros: float | None = None,
    only: Sequence[int] = (),
    worst: bool = True,
) -> Iterator[Row]:
    """Run and count every layer.

    Args:
        found: what to run.
        core: of benchmarks.instructions.machine.BOARDS.
        optimise: of both sides.
        peer: CMSIS-NN on that core.
        zeros: instead of the model's own values, random ones of them with this share of zeros; outputs are then
            compared with each other only.
        only: indices of operators; empty: all.
        worst: cycles at the upper ends of the manuals' ranges, instead of the lower ones.
    """
    ours = EmulatedLayers(core, "gcc", optimise, count=True)
    rng = np.random.default_rng(1)
    for layer in found.layers:
        if only and layer.index not in only:
            continue
        values = found.tensors[layer.input].reshape(layer.layer.in_shape)
        zero = layer.layer.parameters["in_zero"]
        expected: Int8 | None = found.tensors[layer.output].reshape(layer.layer.out_shape)
        if zeros is not None:
            values, expected = _random(rng, values, zero, zeros), None
        made = ours.run(layer.layer, values)
        by_function, cycles = ours.counted(), ours.cycles(worst=worst)
        theirs, counted, peer_cycles = peer.run(layer, values, worst=worst) if peer else (made, 0, 0)
        expected = theirs if expected is None else expected
        yield Row(
            name=_name(layer),
            index=layer.index,
            macs=layer.layer.macs,
            zeros=float(np.mean(values == zero)),
            peer=counted,
            ours=sum(by_function.values()),
            peer_cycles=peer_cycles,
            ours_cycles=sum(cycles.values()),
            peer_equal=bool(np.array_equal(theirs, expected)),
            ours_equal=bool(np.array_equal(made, expected)),
            by_function=by_function,
            cycles_by_function=cycles,
        )


def _random(rng: np.random.Generator, values: Int8, zero: int, zeros: float) -> Int8:
    """Values of a tensor, and zeros, in random places."""
    others = values[values != zero]
    drawn = rng.choice(others if others.size else np.array([zero + 1], np.int8), values.shape)
    return np.where(rng.random(values.shape) < zeros, zero, drawn).astype(np.int8)


def _name(layer: FileLayer) -> str:
    p = layer.layer.parameters
    if "rows" in p:
        return f"{layer.layer.name} {p['inputs']} -> {p['outputs']}"
    stride = f" stride {p['stride_y']}" if p["stride_y"] > 1 else ""
    channels = (
        f"{p['in_channels']}" if layer.layer.kind == "depthwise" else f"{p['in_channels']} -> {p['out_channels']}"
    )
    return f"{layer.layer.name} {channels}{stride}, {p['out_height']} x {p['out_width']}"
