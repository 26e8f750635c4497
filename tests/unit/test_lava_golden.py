"""Loihi's fixed point, bit for bit: exchange files against plain integers, and these against lava-dl's own arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from golden.make_lava import read, simulate
from paths import data
from spikelet.converters import pipeline
from spikelet.converters.frontends.lava import read_lava
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Conv, DelayLine, Flatten, Input, Linear, Neurons, Node, Output, Scale
from spikelet.converters.pipeline import convert
from spikelet.engine import Engine
from spikelet.model import Model, PopulationKind
from spikelet.runner import Variable

GOLDEN = Path(__file__).parents[1] / "golden" / "lava"
CASES = ("deep", "recurrent", "pooled", "wide")
Array = npt.NDArray[Any]


def golden(case: str) -> dict[str, Array]:
    """Input, and by arrival, layer and variable what plain integers make of it."""
    with np.load(GOLDEN / f"{case}.npz") as arrays:
        return {name: arrays[name] for name in arrays}


def tiny(name: str) -> Array:
    """One of lava-dl's own arrays for tiny.net, shape (ticks, neurons): the file has (1, C, H, W, ticks)."""
    values = np.load(data(f"lava/tinynet_{name}.npy"))[0]
    return np.asarray(np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1), dtype=np.int64)


def image() -> Array:
    """The currents of lava-dl's test of tiny.net, (W, H, C) in the file."""
    return np.asarray(np.load(data("lava/tinynet_input_bias.npy")).transpose(2, 1, 0).reshape(-1), dtype=np.int64)


class Run:
    """Runs a network as it was read, with the integers that it stands for, independent of the converter."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.nodes = network.nodes
        self.u: dict[str, Array] = {}
        self.v: dict[str, Array] = {}
        self.past: dict[str, list[Array]] = {path: [] for path, _ in network.of(DelayLine)}

    def tick(self, given: Array) -> dict[str, Array]:
        """What every node gives."""
        now: dict[str, Array] = {}
        for path, node in self.nodes.items():
            if isinstance(node, DelayLine) and np.all(node.ticks > 0):
                now[path] = self._late(path, node, None)
        todo = [path for path in self.nodes if path not in now]
        while todo:
            ready = [path for path in todo if all(a in now for a in self.network.sources(path))]
            assert ready, todo
            for path in ready:
                sources = [now[a] for a in self.network.sources(path)] or [given]
                now[path] = self._value(path, self.nodes[path], np.sum([x.reshape(-1) for x in sources], axis=0))
                todo.remove(path)
        for path, node in self.network.of(DelayLine):
            if np.all(node.ticks > 0):
                self.past[path].append(now[self.network.sources(path)[0]])
        return now

    def _late(self, path: str, node: DelayLine, x: Array | None) -> Array:
        past = self.past[path]
        if x is not None:
            past.append(x)
        size = len(past[0]) if past else self._size(path)
        out = np.zeros(size, np.int64)
        for i, ticks in enumerate(np.broadcast_to(node.ticks, size)):
            at = len(past) - int(ticks) - (x is not None)
            out[i] = past[at][i] if 0 <= at < len(past) else 0
        return out

    def _size(self, path: str) -> int:
        source = self.nodes[self.network.sources(path)[0]]
        assert isinstance(source, (Neurons, Input))
        return int(np.prod(source.shape))

    def _value(self, path: str, node: Node, x: Array) -> Array:
        if isinstance(node, Scale):
            return x * node.scale.astype(np.int64)
        if isinstance(node, Linear):
            return node.weight.astype(np.int64) @ x
        if isinstance(node, Conv):
            return convolved(node, x)
        if isinstance(node, DelayLine):
            return self._late(path, node, x)
        if isinstance(node, Neurons):
            return self._fired(path, node, x)
        assert isinstance(node, (Input, Output, Flatten))
        return x

    def _fired(self, path: str, node: Neurons, x: Array) -> Array:
        assert node.choices.shift12
        assert node.strict
        assert node.unit is not None
        assert np.all(x % int(node.unit) == 0)
        u, v = self.u.get(path, np.zeros_like(x)), self.v.get(path, np.zeros_like(x))
        if node.choices.has_u:
            self.u[path] = current = kept(u, node.decay_u) + x
        else:
            current = x
        v = np.maximum(kept(v, node.decay_v) + current + node.bias.astype(np.int64), node.v_min).astype(np.int64)
        fired = (v > node.threshold) & node.choices.fires
        self.v[path] = np.where(fired, 0, v)
        return fired.astype(np.int64)


def kept(x: Array, decay: Array) -> Array:
    """x decayed with 12 bits, towards zero."""
    return np.asarray(np.sign(x) * ((np.abs(x) * (decay * 4096).astype(np.int64)) >> 12))


def convolved(node: Conv, x: Array) -> Array:
    """torch's convolution."""
    assert node.input_shape is not None
    given = (node.weight.shape[1] * node.groups, *node.input_shape)
    out = node.gives(given)
    padded = np.pad(x.reshape(given), ((0, 0), *node.padding))
    made = np.zeros(out, np.int64)
    per = out[0] // node.groups
    for o, kernel in enumerate(node.weight.astype(np.int64)):
        first = o // per * kernel.shape[0]
        for c, ky, kx in np.ndindex(*kernel.shape):
            rows, columns = (
                slice(k * d, k * d + (n - 1) * s + 1, s)
                for k, d, n, s in zip((ky, kx), node.dilation, out[1:], node.stride, strict=True)
            )
            made[o] += kernel[c, ky, kx] * padded[first + c, rows, columns]
    return made.reshape(-1)


def recorded(network: Network, inputs: Array) -> dict[str, Array]:
    """By population and variable, shape (ticks, neurons)."""
    run, rows = Run(network), {}
    for given in inputs:
        now = run.tick(given.astype(np.int64))
        for path, node in network.of(Neurons):
            rows.setdefault(f"{path}.s", []).append(now[path])
            rows.setdefault(f"{path}.v", []).append(run.v[path])
            rows.setdefault(f"{path}.u", []).append(run.u[path] if node.choices.has_u else np.zeros_like(now[path]))
    return {name: np.stack(values) for name, values in rows.items()}


def counted(expected: Mapping[str, Array], actual: Mapping[str, Array]) -> dict[str, int]:
    """By array how many numbers differ."""
    return {name: int(np.count_nonzero(values != actual[name])) for name, values in expected.items()}


def test_plain_integers_give_every_current_and_spike_of_lava_dl_s_files() -> None:
    """tiny.net: 15 ticks behind an empty one; 13,824 currents and all spikes of three layers."""
    layers = read(data("lava/tiny.net"))
    made = simulate(layers, [image().tolist()] * 15, late=False)

    assert np.array_equal(tiny("input")[1:], made["input0"]["s"])
    assert np.array_equal(tiny("layer1")[1:], made["conv1"]["s"])
    assert np.array_equal(tiny("output")[1:], made["conv2"]["s"])
    assert np.array_equal(64 * tiny("current")[1:], made["conv1"]["u"])
    assert all(not np.any(tiny(name)[0]) for name in ("input", "current", "layer1", "output"))


def test_lava_dl_s_files_hold_the_first_layer_s_weights_as_we_read_them() -> None:
    """The kernel file is (out, x, y, in) and turned around: lava's conv is a convolution, torch's a correlation."""
    network = read_lava(data("lava/tiny.net"))
    node, neurons = network.nodes["conv1.weight"], network.nodes["conv1"]
    assert isinstance(node, Conv)
    assert isinstance(neurons, Neurons)
    kernel = np.load(data("lava/tinynet_layer1_kernel.npy")).transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]

    assert np.array_equal(kernel, node.weight / 64)
    assert np.array_equal(np.load(data("lava/tinynet_layer1_bias.npy")).repeat(36), neurons.bias / 64)


def test_the_network_as_read_gives_every_current_and_spike_of_lava_dl_s_files() -> None:
    """From the image and from the input's spikes."""
    made = recorded(read_lava(data("lava/tiny.net")), np.tile(image(), (15, 1)))
    spikes = recorded(read_lava(data("lava/tiny.net"), takes="spikes"), tiny("input")[1:])
    expected = {"conv1.s": tiny("layer1")[1:], "conv1.u": 64 * tiny("current")[1:], "conv2.s": tiny("output")[1:]}

    assert np.array_equal(tiny("input")[1:], made["input0.s"])
    assert counted(expected, made) == dict.fromkeys(expected, 0)
    assert counted(expected, spikes) == dict.fromkeys(expected, 0)


@pytest.mark.parametrize("arrival", ["now", "next"])
@pytest.mark.parametrize("case", CASES)
def test_the_network_as_read_gives_the_golden_bits(case: str, arrival: str) -> None:
    """u, v and spikes of every neuron in every tick."""
    arrays = golden(case)
    expected = {name.split(".", 1)[1]: values for name, values in arrays.items() if name.startswith(f"{arrival}.")}

    made = recorded(read_lava(GOLDEN / f"{case}.net", arrival=arrival), arrays["inputs"])

    assert counted(expected, made) == dict.fromkeys(expected, 0)
    assert {name.split(".")[0] for name in made} == {name.split(".")[0] for name in expected}


@pytest.mark.parametrize("case", CASES)
def test_golden_files_are_what_plain_integers_make_of_them(case: str) -> None:
    """Making them again gives no difference; every layer fires, and not always."""
    arrays = golden(case)
    made = simulate(read(GOLDEN / f"{case}.net"), arrays["inputs"].tolist(), late=False)

    for layer, rows in made.items():
        for variable, values in rows.items():
            assert np.array_equal(arrays[f"now.{layer}.{variable}"], values)
        assert 0.02 < np.mean(rows["s"]) < 0.9 or layer in ("dense10", "dense2")


def test_values_go_through_lava_dl_s_transform() -> None:
    """takes="value": current = weight x + bias."""
    x = np.random.default_rng(1).integers(0, 3, (12, 510))
    layers = read(GOLDEN / "deep.net", takes="value")
    made = simulate(layers, x.tolist(), late=False)

    actual = recorded(read_lava(GOLDEN / "deep.net", takes="value"), x)

    expected = {f"{layer}.{variable}": np.array(rows[variable]) for layer, rows in made.items() for variable in "uvs"}
    assert counted(expected, actual) == dict.fromkeys(expected, 0)


def probed(model: Model, inputs: Array) -> dict[str, Array]:
    """By population and variable, shape (ticks, neurons) in the file's order, from the C engine."""
    reports = {report["name"]: report for report in model.meta["populations"]}
    layers = [p for p in model.populations if p.kind is PopulationKind.LIF]
    wanted = [(p.name, variable) for p in layers for variable in (Variable.V, Variable.EVENTS)]
    wanted += [(p.name, Variable.U) for p in layers if p.choices.has_u]
    with Engine(model) as engine:
        result = engine.run(inputs, len(inputs), probe=wanted)
    made: dict[str, Array] = {}
    for (name, variable), values in result.probes.items():
        channels, height, width = reports[name].get("map", (values.shape[1], 1, 1))
        in_order = values.reshape(-1, height * width, channels).transpose(0, 2, 1).reshape(values.shape)
        made[f"{name}.{'s' if variable is Variable.EVENTS else variable.name.lower()}"] = in_order
    return made


@pytest.mark.parametrize("arrival", ["now", "next"])
@pytest.mark.parametrize("case", CASES)
def test_the_engine_gives_the_golden_bits(case: str, arrival: str) -> None:
    """u, v and spikes of every neuron in every tick, with state units of Loihi."""
    arrays = golden(case)
    model = convert(read_lava(GOLDEN / f"{case}.net", arrival=arrival), max_value=127)
    expected = {name.split(".", 1)[1]: values for name, values in arrays.items() if name.startswith(f"{arrival}.")}
    expected.pop("input0.u", None)

    made = probed(model, arrays["inputs"])

    assert counted(expected, made) == dict.fromkeys(expected, 0)


def test_the_engine_gives_every_current_and_spike_of_lava_dl_s_files() -> None:
    """tiny.net, from the image and from the input's spikes: u is 64 times the file's current."""
    expected = {"conv1.s": tiny("layer1")[1:], "conv1.u": 64 * tiny("current")[1:], "conv2.s": tiny("output")[1:]}
    network = read_lava(data("lava/tiny.net"))

    made = probed(convert(network, max_value=127), np.tile(image(), (15, 1)))
    spikes = probed(convert(read_lava(data("lava/tiny.net"), takes="spikes")), tiny("input")[1:])

    assert np.array_equal(tiny("input")[1:], made["input0.s"])
    assert counted(expected, made) == dict.fromkeys(expected, 0)
    assert counted(expected, spikes) == dict.fromkeys(expected, 0)


def test_a_file_is_known_by_its_structure() -> None:
    """convert() takes the path of an exchange file as it takes that of a NIR file."""
    arrays = golden("deep")
    expected = {name.split(".", 1)[1]: values for name, values in arrays.items() if name.startswith("now.")}
    expected.pop("input0.u")

    made = probed(pipeline.convert(GOLDEN / "deep.net", max_value=127), arrays["inputs"])

    assert counted(expected, made) == dict.fromkeys(expected, 0)


@pytest.mark.parametrize("case", ["netx", "slayer"])
@pytest.mark.parametrize("by", ["read", "engine"])
def test_a_network_gives_what_lava_itself_made_of_it(case: str, by: str) -> None:
    """netx: Lava's own run of a file, u and v of each layer and step. slayer: lava-dl's run of what it exports.

    lava-dl's u has the bias in it, which Lava adds to v, and its v is not reset where it fires.
    """
    network = read_lava(GOLDEN / f"{case}.net", takes="value" if case == "slayer" else "current", arrival="next")
    arrays = golden(case)
    inputs, theirs = arrays["inputs"], {name: values for name, values in arrays.items() if "." in name}
    made = recorded(network, inputs) if by == "read" else probed(convert(network, max_value=127), inputs)

    for name, values in theirs.items():
        path, variable = name.split(".")
        neurons = network.nodes[path]
        assert isinstance(neurons, Neurons)
        if variable == "u" and not neurons.choices.has_u:
            continue
        ours = made[name][: len(values)]
        if case == "slayer" and variable == "u":
            ours = ours + neurons.bias.astype(np.int64)
        if case == "slayer" and variable == "v":
            ours = np.where(made[f"{path}.s"], values, ours)
        assert np.array_equal(values, ours), name
    assert {name.split(".")[0] for name in theirs} == {name.split(".")[0] for name in made}


def test_golden_files_say_who_made_them() -> None:
    """lava-dl and Lava with their versions, or plain integers."""
    made_by = {path.stem: str(golden(path.stem)["made_by"]) for path in GOLDEN.glob("*.npz")}

    assert made_by == {
        **dict.fromkeys(CASES, "tests/golden/make_lava.py: plain Python integers"),
        "slayer": "lava-dl 0.6.0",
        "netx": "lava-nc 0.10.0, lava-dl 0.6.0",
    }


def test_odd_weights_of_nine_bits_are_the_sum_of_two() -> None:
    """They have no place in 8 bits: a second projection from the same source brings the rest."""
    model = convert(read_lava(GOLDEN / "wide.net"), max_value=127)
    names = [projection.name for projection in model.projections]

    assert [name for name in names if f"{name} (rest)" in names] != []
