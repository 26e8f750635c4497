"""Convolutions, depthwise and fully connected layers of int8: every kernel set gives the integers of graded.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from benchmarks.cmsis_nn.interpreter import MissingError
from benchmarks.cmsis_nn.layers import Layer
from benchmarks.cmsis_nn.ours import EmulatedLayers, Layers
from benchmarks.cmsis_nn.table import Given, given
from benchmarks.instructions.machine import CORES

from paths import data
from spikelet import _data
from support.conv_kernels import HostLayers
from support.conv_layers import in_place_shift, outputs, random_input, random_layer
from support.tools import COMPILERS, need

#: Kernel sets that are built for this machine, with flags.
HOST = {
    "ref": (("ref",), ()),
    "packed": (("packed", "ref"), ()),
    "host": (("host", "packed", "ref"), ()),
    "host without vectors": (("host", "packed", "ref"), ("-U__SSE2__",)),
}
PLACES = [*((core, compiler) for core in CORES for compiler in COMPILERS), *((name, "") for name in HOST)]
STYLES = ["usual", "relu", "wide", "any"]
ZEROS = [0.0, 0.25, 0.5, 0.75]
#: What a kernel set has all of or none: the form of a list is theirs alone.
OF_LISTS = {
    *("list_above_s8", "list_signed_s8", "list_move"),
    *("sum_list_u8_s32", "sum_list_u4_s32", "sum_list_u2_s32"),
}


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def layers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Layers:
    """Layers as a core or a kernel set has them."""
    where, compiler = request.param
    if where in CORES:
        need(CORES[where], compiler)
        return EmulatedLayers(where, compiler)
    sets, flags = HOST[where]
    return HostLayers(tmp_path_factory.mktemp("layers"), sets, flags)


def _check(layers: Layers, make: Callable[[np.random.Generator], Layer], seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    for i in range(n):
        layer = make(rng)
        given = random_input(rng, layer, ZEROS[i % len(ZEROS)])

        made = layers.run(layer, given, behind=4 * int(rng.integers(4)))
        assert outputs(layer, given).tolist() == made.tolist(), layer.parameters


@pytest.mark.parametrize("style", STYLES)
def test_convolutions_of_any_geometry(layers: Layers, style: str) -> None:
    """Kernels, strides, dilations, paddings, groups, zero points, clamps, shifts, and codes of 8, 4 and 2 bits."""

    def make(rng: np.random.Generator) -> Layer:
        groups = int(rng.choice([1, 1, 1, 2, 3]))
        bits = int(rng.choice([8, 8, 4, 2]))
        return random_layer(rng, "conv", style, groups=groups, in_channels=groups * int(rng.integers(1, 9)), bits=bits)

    _check(layers, make, 1, 24)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_convolutions_of_many_channels(layers: Layers, bits: int) -> None:
    """Several blocks of output channels, the last one of any width."""

    def make(rng: np.random.Generator) -> Layer:
        style = str(rng.choice(STYLES))
        return random_layer(rng, "conv", style, out_channels=int(rng.integers(60, 200)), bits=bits, in_height=2)

    _check(layers, make, 2, 8)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_patches_that_overflow_a_list(layers: Layers, bits: int) -> None:
    """More inputs than a list holds, so that sums are made in pieces: of one block and of several."""

    def make(rng: np.random.Generator) -> Layer:
        inputs, channels = int(rng.integers(257, 700)), int(rng.integers(1, 140))
        return random_layer(rng, "dense", "usual", inputs=inputs, outputs=channels, rows=2, bits=bits)

    _check(layers, make, 3, 8)
    _check(
        layers,
        lambda rng: random_layer(
            rng, "conv", "usual", in_channels=int(rng.integers(40, 70)), kernel_y=3, kernel_x=3, in_width=3, bits=bits
        ),
        4,
        4,
    )


@pytest.mark.parametrize("kind", ["dense", "dot"])
def test_fully_connected_layers(layers: Layers, kind: str) -> None:
    """Any number of inputs, outputs and rows; shifts of a multiplier of two words over their range."""
    for style in ("usual", "relu", "any"):
        _check(layers, lambda rng, style=style: random_layer(rng, kind, style), 5, 16)  # type: ignore[misc]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("code", [-128, 127])
def test_the_largest_sums_are_exact(layers: Layers, code: int, sign: int) -> None:
    """As many of the largest values and weights as a list holds, and more: no lane reaches its neighbour."""
    rng = np.random.default_rng(6)
    for inputs in (1, 2, 8, 85, 250, 256, 300):
        zero = -128 if sign > 0 else 127
        layer = random_layer(
            rng, "conv", "usual", in_channels=inputs, out_channels=9, kernel_y=1, kernel_x=1, in_zero=zero, out_zero=0
        )
        channels = layer.channels.copy()
        channels[:] = np.array([inputs, 2**30, -20])
        weights = np.full(layer.weights.shape, code)
        for lane in (slice(None), slice(0, None, 4), slice(1, None, 4), slice(2, None, 4), slice(3, None, 4)):
            mixed = np.where(np.isin(np.arange(9), np.arange(9)[lane])[:, None, None, None], weights, -1 - weights)
            one = Layer(kind="conv", parameters=layer.parameters, weights=mixed, channels=channels)
            given = np.full(layer.in_shape, 127 if sign > 0 else -128, np.int8)

            assert outputs(one, given).tolist() == layers.run(one, given).tolist(), inputs


@pytest.mark.parametrize("style", STYLES)
def test_depthwise_layers_of_any_geometry(layers: Layers, style: str) -> None:
    """Kernels of any size, strides, dilations, several outputs of a channel, blocks of channels."""
    _check(layers, lambda rng: random_layer(rng, "depthwise", style), 7, 24)
    _check(
        layers,
        lambda rng: random_layer(rng, "depthwise", style, in_channels=int(rng.integers(60, 140)), kernel_x=1),
        8,
        4,
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_rows_of_3_x_3(layers: Layers, stride: int) -> None:
    """All borders of maps of 1 to 12 pixels, with and without padding; few and many channels."""

    def make(rng: np.random.Generator) -> Layer:
        fixed = {"kernel_y": 3, "kernel_x": 3, "dilation_y": 1, "dilation_x": 1, "stride_y": stride, "stride_x": stride}
        sizes = {name: int(rng.integers(1, 13)) for name in ("in_height", "in_width")}
        pads = {name: int(rng.integers(2)) for name in ("pad_y", "pad_x")}
        channels = int(rng.choice([1, 2, 3, 4, 7, 8, 70]))
        return random_layer(
            rng, "depthwise", str(rng.choice(["relu", "relu", "any"])), **fixed, **sizes, **pads,
            in_channels=channels, out_channels=channels,
        )  # fmt: skip

    _check(layers, make, 9, 40)


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
def test_outputs_may_lie_over_inputs_that_are_no_longer_needed(layers: Layers, kind: str) -> None:
    """Graded.md 5: as close as a planner may place them."""
    rng = np.random.default_rng(10)
    for _ in range(24):
        fixed = {"kernel_y": 1, "kernel_x": 1} if kind == "conv" and rng.random() < 0.3 else {}
        if kind == "depthwise" and rng.random() < 0.5:
            fixed = {"kernel_y": 3, "kernel_x": 3, "dilation_y": 1, "dilation_x": 1, "in_height": 6, "in_width": 5}
        layer = random_layer(rng, kind, str(rng.choice(["relu", "any"])), **fixed)
        given = random_input(rng, layer, 0.3)

        made = layers.run(layer, given, over=in_place_shift(layer))
        assert outputs(layer, given).tolist() == made.tolist(), layer.parameters


MODELS = [
    "kws_ref_model",
    pytest.param("pretrainedResnet_quant", marks=pytest.mark.slow),
    pytest.param("vww_96_int8", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("model", MODELS)
def test_layers_of_real_networks_are_the_interpreters(layers: Layers, model: str) -> None:
    """Every byte of every layer, on a real input: biases near 2^30, shifts of 31 and multipliers of 0 among them."""
    found = _given(model)
    for layer in found.layers:
        given = found.tensors[layer.input].reshape(layer.layer.in_shape)
        expected = found.tensors[layer.output].reshape(layer.layer.out_shape)

        assert np.array_equal(expected, layers.run(layer.layer, given)), layer.index


@cache
def _given(model: str) -> Given:
    file = data(f"tflite/{model}.tflite")
    try:
        return given(file, data("tflite/inputs.npz"))
    except MissingError as error:
        pytest.skip(str(error))


def test_a_kernel_set_has_all_kernels_of_lists_or_none() -> None:
    """An entry of one set means nothing to another."""
    for folder in (_data.path("csrc") / "kernels").iterdir():
        if folder.is_dir():
            there = {file.stem for file in folder.iterdir()} & OF_LISTS
            assert there in (set(), OF_LISTS), folder.name
