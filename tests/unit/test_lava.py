"""read_lava(): what is read and how, and what is refused, by layer number and type."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from golden.make_lava import conv, dense, neuron, written
from spikelet.converters.frontends.lava import LAYERS, is_lava, read_lava
from spikelet.converters.nodes import Conv, DelayLine, Input, Linear, Neurons, Output, Scale
from spikelet.errors import ConvertError
from spikelet.model import LifChoices, ResetKind, Rounding

GOLDEN = Path(__file__).parents[1] / "golden"
Layers = list[dict[str, Any]]


def ones(*shape: int) -> Any:
    """Weights of 2."""
    return np.full(shape, 2, np.float32)


def usual() -> Layers:
    """Input of (2, 5, 4), a convolution to (3, 3, 2), a flatten and a dense layer of 4."""
    return [
        {"type": "input", "shape": np.array([2, 5, 4]), "weight": 36.0, "bias": 34.0, "neuron": neuron(25)},
        conv([3, 3, 2], ones(3, 2, 3, 3), neuron(25), [1, 2, 3]),
        {"type": "flatten", "shape": np.array([1, 1, 18])},
        dense(ones(4, 18), neuron(30, 1000, 500), bias=np.float32([1, 2, 3, 4])),
    ]


def node(path: Path, name: str, kind: Any, **options: Any) -> Any:
    """A node of a file's network."""
    found = read_lava(path, **options).nodes[name]
    assert isinstance(found, kind)
    return found


def changed(tmp_path: Path, change: Callable[[Layers], Any]) -> Path:
    """The usual file with a change."""
    layers = usual()
    change(layers)
    return written(tmp_path / "x.net", layers)


def test_layers_become_nodes_with_the_numbers_of_the_file(tmp_path: Path) -> None:
    """Names tell layer and type; weights are what a spike adds to u; neurons have the state units of Loihi."""
    path = changed(tmp_path, lambda _: None)
    network = read_lava(path)

    assert list(network.nodes) == [
        "input", "input0.weight", "input0", "conv1.weight", "conv1", "flatten2", "dense3.weight", "dense3", "output",
    ]  # fmt: skip
    assert list(network.edges) == list(zip(list(network.nodes)[:-1], list(network.nodes)[1:], strict=True))
    assert node(path, "input", Input).shape == (2, 5, 4)
    assert node(path, "output", Output).shape == (4,)
    assert np.array_equal(node(path, "input0.weight", Scale).scale, [64])
    assert np.array_equal(node(path, "dense3.weight", Linear).weight, np.full((4, 18), 128))
    last = node(path, "dense3", Neurons)
    assert last.choices == LifChoices(
        has_u=True, bias_to_v=True, reset_kind=ResetKind.SET, rounding=Rounding.ZERO, shift12=True
    )
    assert (last.threshold[0], last.decay_u[0] * 4096, last.decay_v[0] * 4096, last.unit) == (1920, 3096, 3596, 128)
    assert np.array_equal(last.bias, [64, 128, 192, 256])
    assert np.array_equal(node(path, "conv1", Neurons).bias, np.repeat([64, 128, 192], 6))
    assert network.meta["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.meta["lava"]["transform"] == {"weight": 36, "bias": 34}
    assert [told["population"] for told in network.meta["lava"]["layers"]] == ["input0", "conv1", "dense3"]


def test_the_input_takes_currents_values_or_spikes(tmp_path: Path) -> None:
    """The neurons of an input layer have no u: Lava gives them their input as bias."""
    path = changed(tmp_path, lambda _: None)

    assert not node(path, "input0", Neurons).choices.has_u
    assert not np.any(node(path, "input0", Neurons).bias)
    assert np.array_equal(node(path, "input0.weight", Scale, takes="value").scale, [36 * 64])
    assert np.all(node(path, "input0", Neurons, takes="value").bias == 34 * 64)
    assert "input0" not in read_lava(path, takes="spikes").nodes
    assert ("input", "conv1.weight") in read_lava(path, takes="spikes").edges


def test_spikes_that_arrive_in_the_next_tick_go_through_lines(tmp_path: Path) -> None:
    """One behind each layer but the last."""
    network = read_lava(changed(tmp_path, lambda _: None), arrival="next")

    lines = dict(network.of(DelayLine))
    assert list(lines) == ["input0.step", "conv1.step"]
    assert all(np.array_equal(line.ticks, [1]) for line in lines.values())
    assert ("conv1.step", "flatten2") in network.edges


def test_delays_of_a_convolution_are_of_its_spikes_by_channel(tmp_path: Path) -> None:
    """Rounded down, at most 62, and with the tick to the next layer in one line."""
    path = changed(tmp_path, lambda layers: layers[1].update(delay=np.float32([0.9, 3, 99])))

    assert np.array_equal(node(path, "conv1.delay", DelayLine).ticks, np.repeat([0, 3, 62], 6))
    assert np.array_equal(node(path, "conv1.delay", DelayLine, arrival="next").ticks, np.repeat([1, 4, 63], 6))


@pytest.mark.parametrize(("n", "edge"), [(4, ("dense3.weight", "dense3.delay")), (18, ("flatten2", "dense3.delay"))])
def test_delays_of_a_dense_layer_are_of_what_comes_to_a_neuron_or_from_an_input(
    tmp_path: Path, n: int, edge: tuple[str, str]
) -> None:
    """As many as outputs: netx delays all synapses of an output; as many as inputs: all of an input."""
    path = changed(tmp_path, lambda layers: layers[3].update(delay=np.arange(float(n))))

    assert edge in read_lava(path).edges
    assert np.array_equal(node(path, "dense3.delay", DelayLine).ticks, np.arange(n))


@pytest.mark.parametrize(
    ("weights", "exponent", "unit"),
    [
        ([-256, 254], 0, 128),
        ([-127, 126], 0, 64),
        ([48, -16], 0, 1024),
        ([0, 0], 0, 64),
        ([3, 5], -6, 1),
        ([2, 4], 7, 2**14),
    ],
)
def test_the_unit_is_the_largest_power_of_two_of_all_weights(
    tmp_path: Path, weights: list[int], exponent: int, unit: int
) -> None:
    """So an even grid up to 254 has codes of 8 bits, and one of 16 codes of 4."""
    weight = np.tile(np.float32(weights), (4, 9))
    path = changed(tmp_path, lambda layers: layers[3].update(weight=weight, neuron=neuron(9, exponent=exponent)))

    assert node(path, "dense3", Neurons).unit == unit
    assert np.array_equal(node(path, "dense3.weight", Linear).weight, weight * 2.0 ** (6 + exponent))


def test_the_clip_of_v_from_below_stands_only_where_v_can_come_there(tmp_path: Path) -> None:
    """2^23 - 1; an integrator with an inhibitory weight can, a leaky layer with small sums cannot."""
    path = changed(tmp_path, lambda layers: layers[3].update(weight=-ones(4, 18), neuron=neuron(9, 4096, 0)))

    assert np.all(node(path, "dense3", Neurons).v_min == -(2**23) + 1)
    assert np.all(node(path, "conv1", Neurons).v_min == -np.inf)


def test_what_24_bits_may_be_too_few_for_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A current without decay that grows: Loihi's u would wrap around."""
    path = changed(tmp_path, lambda layers: layers[3].update(neuron=neuron(9, 1, 4096)))

    network = read_lava(path)

    assert network.meta["lava"]["unproven"] == ["dense3: u up to 9437184"]
    assert "wrap around" in caplog.text
    assert not read_lava(changed(tmp_path, lambda _: None)).meta["lava"]["unproven"]


def test_a_threshold_that_24_bits_never_exceed_is_none(tmp_path: Path) -> None:
    """lava-dl writes vThMant 2^18 - 1 for its affine layers: potentials are the result."""
    path = changed(tmp_path, lambda layers: layers[3].update(neuron=neuron(2**18 - 1)))

    assert not node(path, "dense3", Neurons).choices.fires


def test_a_dense_layer_without_neurons_adds_up(tmp_path: Path) -> None:
    """netx: iDecay 0, vDecay 4096, no threshold that can be reached."""
    path = changed(tmp_path, lambda layers: layers[3].pop("neuron"))

    found = node(path, "dense3", Neurons)
    assert (found.decay_u[0], found.decay_v[0], found.choices.fires) == (1, 0, False)


def test_the_first_layers_can_be_read_alone(tmp_path: Path) -> None:
    """What follows need not be known."""
    path = changed(tmp_path, lambda layers: layers.append({"type": "average", "shape": np.array([2, 1, 1])}))

    assert node(path, "output", Output, layers=2).shape == (3, 3, 2)
    with pytest.raises(ConvertError, match=r"layer 4 \(average\): type: .*allowed: input, conv, .*leave it out"):
        read_lava(path)


def test_a_file_without_an_input_layer_takes_its_shape_from_the_caller(tmp_path: Path) -> None:
    """A dense layer has its own."""
    path = written(tmp_path / "x.net", usual()[1:])

    assert node(path, "input", Input, input_shape=(2, 5, 4)).shape == (2, 5, 4)
    with pytest.raises(ConvertError, match=r"layer 0 \(conv\): .*input_shape="):
        read_lava(path)
    assert node(GOLDEN / "lava" / "recurrent.net", "input", Input).shape == (6,)


def test_pooling_is_a_convolution_of_each_channel() -> None:
    """With the pool's weights."""
    found = node(GOLDEN / "lava" / "pooled.net", "pool1.weight", Conv)

    assert (found.groups, found.weight.shape, found.stride) == (3, (3, 1, 2, 2), (2, 2))


def with_neuron(**fields: Any) -> Callable[[Layers], Any]:
    """A change of the dense layer's neuron."""
    return lambda layers: layers[3]["neuron"].update(fields)


def without(number: int, *names: str) -> Callable[[Layers], Any]:
    """A layer without some fields."""
    return lambda layers: [layers[number].pop(name) for name in names]


def with_field(number: int, **fields: Any) -> Callable[[Layers], Any]:
    """A change of a layer's fields."""
    return lambda layers: layers[number].update(fields)


POOL = {"type": "pool", "shape": np.array([2, 2, 2]), "weight": ones(1, 1, 2, 2), "dilation": 1, "padding": 0}
REFUSED: dict[str, tuple[Callable[[Layers], Any], str]] = {
    "sigma-delta": (with_neuron(type="SDNN"), r"layer 3 \(dense\): neuron.*: found SDNN; allowed: CUBA, LOIHI"),
    "resonator": (with_neuron(type="RF_PHASE"), "RF_PHASE"),
    "refractory": (with_neuron(refDelay=2), "refDelay: found 2; allowed: 1"),
    "graded": (with_neuron(gradedSpike=True), "gradedSpike: found 1"),
    "message bits": (with_neuron(messageBits=16), "messageBits: found 16"),
    "scaled norm": (with_neuron(weight_exp=np.array([1])), "weight_exp: found 1"),
    "decay": (with_neuron(iDecay=4097), "iDecay: .*allowed: 0 .. 4096"),
    "decays of a few": (with_neuron(vDecay=np.array([1, 2, 3])), "vDecay: .*one or 4"),
    "part of a decay": (with_neuron(vDecay=0.5), "vDecay: found numbers that are not whole"),
    "threshold": (with_neuron(vThMant=2**18), "vThMant"),
    "exponent": (with_neuron(wgtExp=8), "wgtExp: found 8; allowed: -6 .. 7"),
    "floats": (with_field(3, weight=ones(4, 18) / 3), r"layer 3 \(dense\): weight: .*not whole.*quantisation"),
    "nan": (with_field(3, weight=ones(4, 18) * np.nan), "finite"),
    "ten bits": (with_field(3, weight=ones(4, 18) * 129), "weights from 258 to 258; allowed: -256 .. 254"),
    "shape of weights": (with_field(3, weight=ones(4, 17)), r"shape \(4, 17\); allowed: shape \(4, 18\)"),
    "no weights": (without(3, "weight"), r"layer 3 \(dense\): weight: found nothing"),
    "complex": (
        lambda layers: layers[3].update({"weight/real": layers[3].pop("weight"), "weight/imag": 1}),
        r"layer 3 \(dense\): weight: found a group of imag, real",
    ),
    "bias": (with_field(3, bias=np.float32([1, 2])), "bias: found shape"),
    "delay": (with_field(3, delay=np.float32([1, 2])), "delay: .*allowed: 4 or 18 numbers from 0 to 62"),
    "negative delay": (with_field(3, delay=-np.ones(4)), "delay"),
    "flatten": (lambda layers: layers.pop(2), "allowed: a flatten layer before it"),
    "a layer more": (lambda layers: layers.append({"type": "concat", "shape": 1}), r"layer 4 \(concat\): type"),
    "two inputs": (lambda layers: layers.insert(1, layers[0]), r"layer 1 \(input\): .*one input"),
    "no neurons of a conv": (without(1, "neuron"), r"layer 1 \(conv\): neuron: found nothing"),
    "groups": (with_field(1, groups=2), r"layer 1 \(conv\): weight: .*in 2 groups"),
    "stride": (with_field(1, stride=np.array([0, 1])), r"layer 1 \(conv\): stride"),
    "padding": (with_field(1, padding=np.array([1, 1])), r"shape: found \(3, 3, 2\); allowed: \(3, 5, 4\)"),
    "kernel": (with_field(1, weight=ones(3, 2, 9, 3)), "smaller than the kernel"),
    "axes": (with_field(1, weight=ones(3, 2, 3)), "allowed: 4 axes"),
    "endless": (with_field(0, shape=np.array([2**20, 5, 4])), r"layer 0 \(input\): shape"),
    "shape of four": (with_field(0, shape=np.array([2, 5, 4, 1])), r"layer 0 \(input\): shape"),
    "pool over the edge": (lambda layers: layers.insert(1, {**POOL, "stride": 2}), r"layer 1 \(pool\): stride"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_supported_is_refused_by_layer_and_field(tmp_path: Path, case: str) -> None:
    """Nothing is guessed or left out silently."""
    change, message = REFUSED[case]

    with pytest.raises(ConvertError, match=message):
        read_lava(changed(tmp_path, change))


@pytest.mark.parametrize("options", [{"takes": "pixels"}, {"arrival": "later"}])
def test_other_options_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """The message lists what there is."""
    with pytest.raises(ConvertError, match=r"allowed: (current, value, spikes|now, next)"):
        read_lava(changed(tmp_path, lambda _: None), **options)


def test_a_file_is_known_by_layer_0(tmp_path: Path) -> None:
    """Not NIR files, other HDF5 files, other files, folders, or what is not there."""
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["layer"] = 1
    (tmp_path / "text").write_text("layer")

    assert is_lava(changed(tmp_path, lambda _: None))
    assert not is_lava(next((GOLDEN / "nir").glob("*.nir")))
    assert not any(is_lava(path) for path in (other, tmp_path / "text", tmp_path, tmp_path / "none"))


def test_hostile_files_are_refused(tmp_path: Path) -> None:
    """Links, gaps in the numbering, strings that are none, and files cut short."""
    path = changed(tmp_path, lambda _: None)
    whole = path.read_bytes()
    with h5py.File(path, "a") as file:
        file["layer/3/weight2"] = h5py.ExternalLink("/etc/passwd", "x")
    with pytest.raises(ConvertError, match="an external link"):
        read_lava(path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        file.move("layer/3", "layer/4")
    with pytest.raises(ConvertError, match=r"layer: found 0, 1, 2, 4"):
        read_lava(path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        del file["layer/3/type"]
        file["layer/3/type"] = np.zeros(2)
    with pytest.raises(ConvertError, match="layer 3: type: found no string"):
        read_lava(path)
    for cut in range(0, len(whole), 997):
        path.write_bytes(whole[:cut])
        with pytest.raises(ConvertError):
            read_lava(path)


def test_every_kind_of_layer_is_tested() -> None:
    """The table and the golden files."""
    seen = set()
    for path in (GOLDEN / "lava").glob("*.net"):
        with h5py.File(path) as file:
            seen |= {file[f"layer/{name}/type"][0].decode() for name in file["layer"]}

    assert seen == set(LAYERS)
