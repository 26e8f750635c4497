"""Opening an image: what is wrong with a convolution, depthwise or fully connected layer of int8 is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.cmsis_nn.layers import KINDS
from benchmarks.cmsis_nn.ours import Packed

from support.conv_kernels import HostLayers
from support.conv_layers import random_layer

#: Values that no parameter may have, then those that one of a name may not have.
NEVER = (-(2**31), -1000, 65536, 2**31 - 1)
WRONG = {
    **dict.fromkeys(("in_height", "in_width", "in_channels", "out_height", "out_width", "out_channels"), (-1, 0)),
    **dict.fromkeys(("kernel_y", "kernel_x", "stride_y", "stride_x", "dilation_y", "dilation_x"), (-1, 0, 256)),
    **dict.fromkeys(("pad_y", "pad_x"), (-1, 255)),
    **dict.fromkeys(("rows", "inputs", "outputs"), (-1, 0)),
    "groups": (-1, 0, 5),
    **dict.fromkeys(("in_zero", "out_zero", "act_min", "act_max"), (-129, 128)),
    "bits": (-1, 0, 1, 3, 7, 9, 16),
}


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> HostLayers:
    """The reference kernels, with the undefined-behaviour sanitizer."""
    return HostLayers(tmp_path_factory.mktemp("checks"), ["ref"])


def _packed(kind: str, **fixed: int) -> Packed:
    return Packed.of(random_layer(np.random.default_rng(1), kind, "usual", **fixed))


def _with(packed: Packed, name: str, value: int) -> Packed:
    numbers = np.frombuffer(packed.parameters, "<i4").copy()
    numbers[KINDS[packed.kind].index(name)] = value
    return replace(packed, parameters=numbers.tobytes())


CASES = [(kind, name, value) for kind in KINDS for name in KINDS[kind] for value in (*WRONG[name], *NEVER)]


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_parameter_out_of_range_is_refused(layers: HostLayers, kind: str, name: str, value: int) -> None:
    """One parameter at a time, its type's extremes included."""
    packed = _packed(kind)

    assert layers.check(packed) is not None
    assert layers.check(_with(packed, name, value)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_that_contradict_each_other_are_refused(layers: HostLayers, kind: str) -> None:
    """Every size by one more or less, tensors, types, tables and weights."""
    packed = _packed(kind)
    n_in, n_out = packed.sizes
    numbers = np.frombuffer(packed.parameters, "<i4")
    sizes = [name for name in KINDS[kind] if name.startswith(("in_", "out_", "rows", "inputs", "outputs"))]

    for name in (name for name in sizes if not name.endswith("zero")):
        value = int(numbers[KINDS[kind].index(name)])
        assert layers.check(_with(packed, name, value + 1)) is None, name
    assert layers.check(_with(_with(packed, "act_min", 5), "act_max", 4)) is None
    assert layers.check(replace(packed, sizes=(n_in + 1, n_out))) is None
    assert layers.check(replace(packed, sizes=(n_in, n_out - 1))) is None
    assert layers.check(replace(packed, types=(2, 1))) is None
    assert layers.check(replace(packed, types=(1, 4))) is None
    assert layers.check(replace(packed, channels=packed.channels[:-1])) is None
    assert layers.check(replace(packed, channels=b"")) is None
    assert layers.check(replace(packed, weights=packed.weights[:-4])) is None
    assert layers.check(replace(packed, weights=packed.weights + bytes(4))) is None
    assert layers.check(replace(packed, weights=b"")) is None


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
@pytest.mark.parametrize(("multiplier", "shift"), [(-1, -5), (-(2**31), 0), (2**30, -32), (2**30, 31), (0, 2**31 - 1)])
def test_a_channel_that_is_no_requantisation_is_refused(
    layers: HostLayers, kind: str, multiplier: int, shift: int
) -> None:
    """Graded.md 1.3; the last channel, behind right ones."""
    packed = _packed(kind)
    channels = np.frombuffer(packed.channels, "<i4").copy()
    channels[-2:] = multiplier, shift

    assert layers.check(replace(packed, channels=channels.tobytes())) is None


@pytest.mark.parametrize("kind", ["dense", "dot"])
@pytest.mark.parametrize(("high", "shift"), [(-1, 60), (2**30, 60), (2**29, 32), (2**29, 96), (0, -(2**31))])
def test_an_output_that_is_no_scale_is_refused(layers: HostLayers, kind: str, high: int, shift: int) -> None:
    """Graded.md 1.6."""
    packed = _packed(kind)
    channels = np.frombuffer(packed.channels, "<i4").copy()
    channels[-2:] = high, shift

    assert layers.check(replace(packed, channels=channels.tobytes())) is None


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_padding_that_is_no_weight_of_0_is_refused(layers: HostLayers, bits: int) -> None:
    """Every code of the padding of every row, of the last block and of each group."""
    for groups in (1, 2):
        channels = 67 if groups == 1 else 3
        packed = _packed("conv", out_channels=channels, groups=groups, in_channels=2 * groups, bits=bits)
        whole = np.frombuffer(packed.weights, np.uint8)
        codes = np.unpackbits(whole, bitorder="little").reshape(-1, bits)
        zero = (2 ** (bits - 1) >> np.arange(bits) & 1).astype(np.uint8)
        assert layers.check(packed) is not None
        row = -(-(channels % 64) // (16 if bits == 2 else 8)) * (16 if bits == 2 else 8)
        for at in range(channels % 64, row):
            changed = codes.copy()
            assert changed[at - row].tolist() == zero.tolist()
            changed[at - row, 0] ^= 1
            wrong = np.packbits(changed.ravel(), bitorder="little").tobytes()
            assert layers.check(replace(packed, weights=wrong)) is None


def test_padding_of_rows_and_kernels_that_is_not_0_is_refused(layers: HostLayers) -> None:
    """What follows signed bytes up to a multiple of 4."""
    dot = _packed("dot", inputs=5, outputs=3)
    depthwise = _packed("depthwise", in_channels=3, out_channels=3, kernel_y=1, kernel_x=1)

    for packed in (dot, depthwise):
        assert layers.check(packed) is not None
        assert layers.check(replace(packed, weights=packed.weights[:-1] + b"\x01")) is None


def test_the_largest_layers_overflow_nothing(layers: HostLayers) -> None:
    """Sizes whose products pass 2^32 and 2^64: refused, and the sanitizer finds nothing."""
    packed = _packed("conv")
    numbers = dict(zip(KINDS["conv"], np.frombuffer(packed.parameters, "<i4").tolist(), strict=True))
    numbers |= dict.fromkeys(("in_height", "in_width", "in_channels", "out_height", "out_width", "out_channels"), 65535)
    numbers |= dict.fromkeys(("kernel_y", "kernel_x", "stride_y", "stride_x", "dilation_y", "dilation_x"), 255)
    for kind in ("conv", "depthwise"):
        for groups in (1, 65535):
            values = [{**numbers, "groups": groups}[name] for name in KINDS[kind]]
            huge = replace(packed, kind=kind, parameters=np.array(values, "<i4").tobytes())
            sized = replace(huge, sizes=(65535**3 % 2**32, 65535**3 % 2**32))

            assert layers.check(huge) is None
            assert layers.check(sized) is None
