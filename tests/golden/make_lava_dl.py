"""Makes tests/golden/lava/slayer.{net,npz}: a network that lava-dl itself exports, and what lava-dl makes of it.

    python tests/golden/make_lava_dl.py

needs lava-dl 0.6.0, torch 2.3.1 and numpy 1.26 (see docs/how-to/loihi.md). Making the files again gives the same
arrays. lava-dl runs on real numbers: a potential of 1 is 64 weight units, 4096 units of Loihi's v.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

HERE = Path(__file__).parent / "lava"
TICKS = 40
slayer: Any = import_module("lava.lib.dl.slayer")


def main() -> None:
    """Build, run, export."""
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    blocks = built()
    x = torch.tensor(rng.integers(-1, 3, (1, 2, 8, 9, TICKS)), dtype=torch.float32)
    for block in blocks:  # shapes are found in the first run
        x = block(x)
    for block in blocks:
        randomised(block, rng)
        block.eval()
    arrays: dict[str, np.ndarray[Any, Any]] = {"made_by": np.array(f"lava-dl {version('lava-dl')}")}
    given = rng.integers(-1, 3, (1, 2, 8, 9, TICKS))
    arrays["inputs"] = flat(given).astype(np.int16)
    with torch.no_grad():
        x = torch.tensor(given, dtype=torch.float32)
        for number, block in enumerate(blocks):
            recorded(block, number, x, arrays)
            x = block(x)
    with h5py.File(HERE / "slayer.net", "w") as file:
        for number, block in enumerate(blocks):
            block.export_hdf5(file.create_group(f"layer/{number}"))
    np.savez_compressed(HERE / "slayer.npz", **arrays)


def built() -> list[Any]:
    """Every block that is read; decays of their own run for dense layers only (of maps lava-dl breaks on CPUs)."""
    cuba = slayer.block.cuba
    norm = slayer.neuron.norm.MeanOnlyBatchNorm

    def neurons(threshold: float, current: Any, voltage: Any, **more: Any) -> dict[str, Any]:
        return {"threshold": threshold, "current_decay": current, "voltage_decay": voltage, **more}

    return [
        cuba.Input(neurons(0.6, 1, 0.2), weight=0.5625, bias=0.2),
        cuba.Conv(
            neurons(0.7, 0.4, 0.3, norm=norm),
            2, 3, 3, stride=2, padding=(1, 0), weight_scale=2, delay=True,
        ),
        cuba.Pool(neurons(0.9, 0.8, 0.3), 2, weight_scale=0.7),
        cuba.Flatten(),
        cuba.Dense(
            neurons(0.8, (0.3, 0.9), (0.1, 0.4), shared_param=False), 12, 10, weight_scale=3, delay=True
        ),
        cuba.Dense(neurons(0.8, 0.4, 0.2, norm=norm), 10, 10, weight_scale=3),
        cuba.Recurrent(neurons(1.6, 0.5, 0.15), 10, 6, weight_scale=3),
        cuba.Affine(neurons(1.0, 0.6, 0.1), 6, 3, weight_scale=2),
    ]  # fmt: skip


def randomised(block: Any, rng: np.random.Generator) -> None:
    """Biases and delays, which training would find. Weights are random from the start."""
    norm = getattr(getattr(block, "neuron", None), "norm", None)
    if norm is not None:
        norm.running_mean = torch.tensor(rng.integers(-9, 6, len(norm.running_mean)) / 32, dtype=torch.float32)
    if getattr(block, "delay", None) is not None:
        block.delay.delay.data = torch.tensor(rng.integers(0, 7, block.delay.delay.shape), dtype=torch.float32)


def recorded(block: Any, number: int, x: Any, arrays: dict[str, Any]) -> None:
    """u, v and spikes of a block. lava-dl's u has the bias in it, and its v is not reset yet where it fires.

    A dense layer's delays are put on all three: netx delays what comes to a neuron, slayer its spikes; without
    a bias this is the same.
    """
    kind = type(block).__name__
    if kind == "Flatten":
        return
    if kind == "Input":
        z = x * block.pre_hook_fx(block.weight) + block.pre_hook_fx(block.bias)
    elif kind == "Recurrent":  # its feedback is inside; it keeps its state from run to run
        block.neuron.current_state = block.neuron.voltage_state = block.spike_state = torch.zeros(1)
        arrays[f"dense{number}.s"] = flat(block(x).numpy())[1:].astype(np.int8)
        block.neuron.current_state = block.neuron.voltage_state = block.spike_state = torch.zeros(1)
        return
    else:
        z = block.synapse(x)
    name = f"{ {'Input': 'input', 'Conv': 'conv', 'Pool': 'pool'}.get(kind, 'dense') }{number}"
    u, v = block.neuron.dynamics(z)
    late = block.delay if kind == "Dense" and block.delay is not None else lambda x: x
    arrays[f"{name}.u"], arrays[f"{name}.v"] = (
        flat(np.rint(late(part).numpy() * 4096)).astype(np.int32) for part in (u, v)
    )
    if kind != "Affine":
        arrays[f"{name}.s"] = flat(late(block.neuron.spike(v)).numpy()).astype(np.int8)
        now = slayer.axon.delay(block.neuron(z), 1)
        sent = now if block.delay is None else block.delay(now)
        assert torch.equal(sent, block(x))


def flat(values: Any) -> np.ndarray[Any, Any]:
    """(ticks, neurons) of (1, ..., ticks)."""
    return np.ascontiguousarray(np.moveaxis(np.asarray(values)[0], -1, 0).reshape(values.shape[-1], -1))


if __name__ == "__main__":
    main()
