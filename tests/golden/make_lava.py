"""Loihi's arithmetic in plain Python integers, and the files of tests/golden/lava made with it.

    python tests/golden/make_lava.py

writes networks in lava-dl's exchange format, and what `simulate` makes of random input. Making them again
gives the same arrays. The simulation reproduces lava-dl's own files (tests/unit/test_lava_golden.py).

Written from what these say, no code taken: lava 0.10 proc/lif/models.py (u, v), proc/conv, proc/dense
(DelayDense) and lava-dl 0.6 lib/dl/netx/hdf5.py (how layers are read), slayer's block, synapse, axon (pool, delays).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent / "lava"
MADE_BY = "tests/golden/make_lava.py: plain Python integers"
TICKS = 24
_TOP = 2**23


@dataclass
class Layer:
    """One layer of a file: what each source brings, and its neurons."""

    name: str
    size: int
    #: By source: (target, weight, ticks later than without a delay).
    synapses: list[list[tuple[int, int, int]]]
    back: list[list[tuple[int, int, int]]]
    bias: list[int]
    i_decay: list[int]
    v_decay: list[int]
    threshold: list[int]
    exponent: int = 0
    #: Ticks by which spikes leave later.
    leave: list[int] = field(default_factory=list)
    direct: bool = False


def decayed(x: int, decay: int) -> int:
    """What is left of x, rounded towards zero."""
    kept = abs(x) * (4096 - decay) >> 12
    return kept if x >= 0 else -kept


def wrapped(x: int) -> int:
    """u has 24 bits and wraps around."""
    if x > _TOP:
        x -= 2 * _TOP
    return x + 2 * _TOP if x <= -_TOP else x


def clipped(x: int) -> int:
    """v has 24 bits and stays at its limit."""
    return max(-_TOP + 1, min(x, _TOP - 1))


def simulate(layers: Sequence[Layer], inputs: Sequence[Sequence[int]], *, late: bool) -> dict[str, dict[str, Any]]:
    """Run layers from their initial state.

    Args:
        layers: in order; the first takes the inputs.
        inputs: by tick and source.
        late: whether a layer's spikes reach the next one a tick later.

    Returns:
        By layer and "u", "v", "s": lists by tick and neuron.
    """
    ticks = range(len(inputs))
    result: dict[str, dict[str, Any]] = {}
    given = [list(row) for row in inputs]
    for k, layer in enumerate(layers):
        brought = [[0] * layer.size for _ in range(len(inputs) + 200)]
        for t in ticks:
            for source, value in enumerate(given[t]):
                for target, weight, delay in layer.synapses[source] if value else ():
                    brought[t + delay + (late and k > 0)][target] += weight * value
        u, v = [0] * layer.size, [0] * layer.size
        rows: dict[str, list[list[int]]] = {"u": [], "v": [], "s": []}
        sent = [[0] * layer.size for _ in range(len(inputs) + 200)]
        for t in ticks:
            spikes = [0] * layer.size
            for i in range(layer.size):
                x = brought[t][i] * 2 ** (6 + layer.exponent) if layer.exponent >= 0 else None
                if x is None:
                    x = brought[t][i] * 64 // 2**-layer.exponent  # exact: 64 is a multiple
                current = x if layer.direct else 0
                if not layer.direct:
                    u[i] = current = wrapped(decayed(u[i], layer.i_decay[i]) + x)
                v[i] = clipped(decayed(v[i], layer.v_decay[i]) + current + layer.bias[i] * 64)
                if v[i] > layer.threshold[i] * 64:
                    spikes[i], v[i] = 1, 0
            for i, fired in enumerate(spikes):
                if fired:
                    sent[t + (layer.leave[i] if layer.leave else 0)][i] += 1
                    for target, weight, _ in layer.back[i] if layer.back else ():
                        brought[t + 1][target] += weight
            for name, row in (("u", u), ("v", v), ("s", spikes)):
                rows[name].append(list(row))
        result[layer.name] = dict(rows)
        given = sent[: len(inputs)]
    return result


def read(path: Path, *, takes: str = "current") -> list[Layer]:
    """Layers of a file, as lava-dl's netx reads them."""
    layers: list[Layer] = []
    with h5py.File(path, "r") as file:
        shape: list[int] = []
        for i in range(len(file["layer"])):
            group = file[f"layer/{i}"]
            kind = _word(group["type"])
            if kind == "flatten":
                shape = [_product(shape)]
                continue
            if kind == "input":
                shape = [int(x) for x in group["shape"][()]]
                if "neuron" in group and takes != "spikes":
                    layers.append(_input(group, i, shape, takes))
                continue
            given, shape = shape, [int(x) for x in group["shape"][()]]
            if kind in ("conv", "pool"):
                layers.append(_conv(group, f"{kind}{i}", given, shape, pool=kind == "pool"))
            else:
                shape = [_product(shape)]
                layers.append(_dense(group, f"dense{i}", shape[0]))
    return layers


def _word(item: Any) -> str:
    value = np.asarray(item[()]).reshape(-1)[0]
    return str(value.decode() if isinstance(value, bytes) else value)


def _product(shape: Sequence[int]) -> int:
    n = 1
    for axis in shape:
        n *= axis
    return n


def _whole(group: Any, name: str) -> list[int]:
    return [int(x) for x in np.asarray(group[name][()]).reshape(-1)]


def _spread(values: list[int], size: int) -> list[int]:
    """By channel to by neuron."""
    return [value for value in values for _ in range(size // len(values))]


def _neurons(group: Any, size: int) -> dict[str, Any]:
    if "neuron" not in group:  # netx: u adds up, v is u, and never fires
        return {"i_decay": [0] * size, "v_decay": [4096] * size, "threshold": [2**17] * size}
    inner = group["neuron"]
    return {
        "i_decay": _spread(_whole(inner, "iDecay"), size),
        "v_decay": _spread(_whole(inner, "vDecay"), size),
        "threshold": _spread(_whole(inner, "vThMant"), size),
        "exponent": _whole(inner, "wgtExp")[0] if "wgtExp" in inner else 0,
    }


def _bias(group: Any, size: int) -> list[int]:
    return _spread(_whole(group, "bias"), size) if "bias" in group else [0] * size


def _input(group: Any, number: int, shape: list[int], takes: str) -> Layer:
    """The current enters v; `weight * x + bias` is the caller's, or the layer's."""
    size = _product(shape)
    weight, bias = (_whole(group, "weight")[0], _whole(group, "bias")[0]) if takes == "value" else (1, 0)
    synapses = [[(i, weight, 0)] for i in range(size)]
    return Layer(
        name=f"input{number}", size=size, synapses=synapses, back=[], bias=[bias] * size, direct=True,
        **_neurons(group, size),
    )  # fmt: skip


def _conv(group: Any, name: str, given: list[int], shape: list[int], *, pool: bool) -> Layer:
    """A correlation; axes are channels, height, width, and weights (out, in / groups, height, width)."""
    weight = np.asarray(group["weight"][()])
    weight = weight.reshape(weight.shape[:4]).astype(int).tolist()
    if pool:
        weight = [weight[0]] * given[0]
    groups = given[0] if pool else _whole(group, "groups")[0]
    sy, sx = _whole(group, "stride")
    py, px = _whole(group, "padding")
    dy, dx = _whole(group, "dilation")
    (channels, height, width), (outs, high, wide) = given, shape
    inner, outer = channels // groups, outs // groups
    synapses: list[list[tuple[int, int, int]]] = [[] for _ in range(_product(given))]
    for o in range(outs):
        for c, plane in enumerate(weight[o]):
            for a, row in enumerate(plane):
                for b, w in enumerate(row):
                    for oy in range(high):
                        for ox in range(wide):
                            y, x = oy * sy - py + a * dy, ox * sx - px + b * dx
                            if 0 <= y < height and 0 <= x < width:
                                source = ((o // outer * inner + c) * height + y) * width + x
                                synapses[source].append(((o * high + oy) * wide + ox, w, 0))
    size = _product(shape)
    leave = _spread([min(int(d), 62) for d in group["delay"][()]], size) if "delay" in group else []
    return Layer(
        name=name, size=size, synapses=synapses, back=[], bias=_bias(group, size), leave=leave,
        **_neurons(group, size),
    )  # fmt: skip


def _dense(group: Any, name: str, size: int) -> Layer:
    """Weights (out, in). Delays of so many as outputs delay what comes to each, otherwise what comes from each."""
    rows = np.asarray(group["weight"][()]).astype(int).reshape(size, -1).tolist()
    n = len(rows[0])
    delays = [min(int(d), 62) for d in group["delay"][()]] if "delay" in group else [0] * size
    by_target = len(delays) == size
    synapses = [
        [(i, rows[i][j], delays[i] if by_target else delays[j]) for i in range(size) if rows[i][j]] for j in range(n)
    ]
    back: list[list[tuple[int, int, int]]] = []
    if "weight_rec" in group:
        own = np.asarray(group["weight_rec"][()]).astype(int).reshape(size, size).tolist()
        back = [[(i, own[i][j], 0) for i in range(size) if own[i][j]] for j in range(size)]
    return Layer(
        name=name, size=size, synapses=synapses, back=back, bias=_bias(group, size), **_neurons(group, size)
    )  # fmt: skip


# What follows makes the files.


def neuron(threshold: int, i_decay: Any = 4096, v_decay: Any = 1024, exponent: int | None = 0) -> dict[str, Any]:
    """The fields of a neuron: "LOIHI" with wgtExp in older files, "CUBA" without it in those of lava-dl 0.6."""
    fields = {"iDecay": i_decay, "vDecay": v_decay, "vThMant": threshold, "refDelay": 1}
    if exponent is None:
        return {"type": "CUBA", **fields, "gradedSpike": False}
    return {"type": "LOIHI", **fields, "wgtExp": exponent}


def written(path: Path, layers: Sequence[dict[str, Any]]) -> Path:
    """Write an exchange file as slayer's export_hdf5 does."""
    with h5py.File(path, "w") as file:
        for i, layer in enumerate(layers):
            group = file.create_group(f"layer/{i}")
            group.create_dataset("type", (1,), "S10", [layer["type"].encode()])
            for name, value in layer.items():
                if name == "neuron":
                    for key, number in value.items():
                        group.create_dataset(f"neuron/{key}", data=number)
                elif name != "type":
                    group.create_dataset(name, data=value)
        file["simulation/Ts"] = 1
        file["simulation/tSample"] = TICKS
    return path


def conv(
    shape: Sequence[int],
    weight: npt.NDArray[np.float32],
    neurons: dict[str, Any],
    bias: Any,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """A layer's fields."""
    return {
        "type": "conv", "shape": np.array(shape), "weight": weight, "neuron": neurons,
        "bias": np.array(bias, np.float32), "stride": np.array(stride), "padding": np.array(padding),
        "dilation": np.array(dilation), "groups": groups, "inChannels": weight.shape[1] * groups,
        "outChannels": len(weight), "kernelSize": np.array(weight.shape[2:4]), **more,
    }  # fmt: skip


def dense(weight: npt.NDArray[np.float32], neurons: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A layer's fields."""
    fields = {
        "type": "dense", "shape": np.array([len(weight), 1, 1]), "inFeatures": weight.shape[1],
        "outFeatures": len(weight), "weight": weight, **more,
    }  # fmt: skip
    return fields if neurons is None else {**fields, "neuron": neurons}


def _weights(
    rng: np.random.Generator, shape: tuple[int, ...], low: int, high: int, step: int = 1
) -> npt.NDArray[np.float32]:
    """Random weights on a grid, both ends among them."""
    values = rng.integers(low // step, high // step + 1, shape) * step
    values.reshape(-1)[:2] = low, high
    return values.astype(np.float32)


def _biases(rng: np.random.Generator, n: int, low: int, high: int) -> npt.NDArray[np.float32]:
    return rng.integers(low, high + 1, n).astype(np.float32)


def deep() -> list[dict[str, Any]]:
    """Five convolutions and four dense layers, like PilotNet, with everything that a file can say."""
    rng = np.random.default_rng(5)
    per_channel = np.array([300, 900, 2000, 4096, 0, 64, 1000, 5])
    return [
        {"type": "input", "shape": np.array([2, 15, 17]), "weight": np.float32([36]), "bias": np.float32([-3]),
         "neuron": neuron(40, 4096, 700)},
        conv([4, 8, 8], _weights(rng, (4, 2, 3, 3, 1), -20, 18, 2), neuron(30), _biases(rng, 4, -6, 20),
             stride=(2, 2), padding=(1, 0)),
        conv([6, 4, 9], _weights(rng, (6, 2, 3, 2), -127, 127), neuron(90, 1024, 128, -2), _biases(rng, 6, -9, 25),
             padding=(0, 1), dilation=(2, 1), groups=2),
        conv([6, 5, 4], _weights(rng, (6, 2, 2, 3), -256, 254, 2), neuron(700, 3000, 0, 1), _biases(rng, 6, -40, 99),
             stride=(1, 2), padding=(1, 1), dilation=(1, 2), groups=3),
        conv([8, 5, 4], _weights(rng, (8, 6, 3, 3), -128, 112, 16), neuron(99, 2048, per_channel),
             _biases(rng, 8, -30, 40), padding=(1, 1)),
        conv([5, 3, 4], _weights(rng, (5, 8, 1, 1), -90, 127), neuron(60, 4095, 1), _biases(rng, 5, -2, 9),
             stride=(2, 1), delay=np.float32([0, 1.7, 3, 0.2, 7])),
        {"type": "flatten", "shape": np.array([1, 1, 60])},
        dense(_weights(rng, (20, 60), -127, 127), neuron(300, 500, 300), bias=_biases(rng, 20, -9, 20),
              delay=np.floor(rng.random(20) * 6).astype(np.float32)),
        dense(_weights(rng, (12, 20), -256, 254, 2), neuron(200, 4000, np.arange(12) * 300, -1),
              bias=_biases(rng, 12, -5, 30)),
        dense(_weights(rng, (6, 12), -64, 63), neuron(40, 1500, 4096, 2)),
        {**dense(_weights(rng, (1, 6), -24, 42, 2), neuron(2**17 - 1, 4096, 0), bias=np.float64([-1.0])),
         "weight": _weights(rng, (6,), -24, 42, 2)},
    ]  # fmt: skip


def recurrent() -> list[dict[str, Any]]:
    """Recurrent layers and no input layer, as lava-dl writes them; a dense layer without neurons at the end."""
    rng = np.random.default_rng(6)
    layers = []
    for n_in, n in ((6, 9), (9, 5)):
        layer = dense(_weights(rng, (n, n_in), -60, 90, 2), neuron(220, 2048, 614, None), bias=_biases(rng, n, -4, 4))
        layers.append({**layer, "type": "dense_rec", "weight_rec": _weights(rng, (n, n), -40, 40, 2)})
    return [*layers, dense(_weights(rng, (3, 5), -256, 254, 2), None)]


def pooled() -> list[dict[str, Any]]:
    """Spikes as input, a pool, and delays of what comes from each input of a dense layer."""
    rng = np.random.default_rng(7)
    return [
        {"type": "input", "shape": np.array([3, 6, 8])},
        {"type": "pool", "shape": np.array([3, 3, 4]), "weight": _weights(rng, (1, 1, 2, 2), 40, 44, 2),
         "neuron": neuron(130, 4096, 512, None), "kernelSize": np.array([2, 2]), "stride": np.array([2, 2]),
         "padding": np.array([0, 0]), "dilation": np.array([1, 1])},
        {"type": "flatten", "shape": np.array([1, 1, 36])},
        dense(_weights(rng, (7, 36), -50, 60), neuron(190, 3000, 100, None), delay=np.arange(36.0) % 5),
    ]  # fmt: skip


def wide() -> list[dict[str, Any]]:
    """Odd weights of nine bits, which Lava's simulation runs as they are."""
    rng = np.random.default_rng(8)
    return [dense(_weights(rng, (8, 12), -256, 254), neuron(200, 2000, 1000, None), bias=_biases(rng, 8, -9, 9))]


def _currents(size: int) -> Iterator[list[int]]:
    """An image of currents that changes once."""
    rng = np.random.default_rng(9)
    first, second = (rng.integers(-8, 77, size).tolist() for _ in range(2))
    yield from (first if t < TICKS // 2 else second for t in range(TICKS))


def _spikes(size: int) -> list[list[int]]:
    made: list[list[int]] = (np.random.default_rng(size).random((TICKS, size)) < 0.3).astype(int).tolist()
    return made


def main() -> None:
    """Write all files."""
    HERE.mkdir(exist_ok=True)
    for name, layers, inputs in (
        ("deep", deep(), list(_currents(510))),
        ("recurrent", recurrent(), _spikes(6)),
        ("pooled", pooled(), _spikes(144)),
        ("wide", wide(), _spikes(12)),
    ):
        path = written(HERE / f"{name}.net", layers)
        arrays = {"made_by": np.array(MADE_BY), "inputs": np.array(inputs, np.int16)}
        for arrival in ("now", "next"):
            for layer, rows in simulate(read(path), inputs, late=arrival == "next").items():
                for variable, values in rows.items():
                    if arrival == "next" and variable != "s":
                        continue  # the same arithmetic
                    kept = np.array(values, np.int8 if variable == "s" else np.int32)
                    arrays[f"{arrival}.{layer}.{variable}"] = kept
        np.savez_compressed(HERE / f"{name}.npz", **arrays)


if __name__ == "__main__":
    main()
