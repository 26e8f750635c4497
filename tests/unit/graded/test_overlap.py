"""How far outputs may lie over inputs, against a search by brute force over the order of graded.md 5."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.converters.tflite.overlap import ANYWHERE, NOWHERE, gap
from spikelet.graded.model import PARAMETERS, Layer, LayerKind
from support.plan_simulation import units

#: Bytes of an element of each kind that is tried.
_S16 = {LayerKind.CONV_S16, LayerKind.DEPTHWISE_S16, LayerKind.ADD_S16, LayerKind.SOFTMAX_S16, LayerKind.DENSE_S16}


def least_gap(layer: Layer, sizes: tuple[int, ...], position: int, each: int) -> int | None:
    """The least distance in bytes at which no byte is read after it was written; None: any is right.

    What is written by a unit ends at `end`, as outputs are written in ascending order; what later units read begins
    at `begin`: found by going through all units.
    """
    steps = list(units(layer, sizes))
    least: int | None = None
    for done in range(1, len(steps)):
        written = np.concatenate([writes for _, writes in steps[:done]])
        later = np.concatenate([reads[position] for reads, _ in steps[done:]])
        if len(later):
            distance = (int(written.max()) + 1 - int(later.min())) * each
            least = distance if least is None else max(least, distance)
    return least


def assert_gap(layer: Layer, sizes: tuple[int, ...]) -> None:
    """The formula equals the search, for each input."""
    each = 2 if layer.kind in _S16 else 1
    for position in range(len(sizes) - 1):
        expected = least_gap(layer, sizes, position, each)
        found = gap(layer, position, each, each)
        assert found == (ANYWHERE if expected is None else expected), (layer, position)


def made(kind: LayerKind, **parameters: int) -> Layer:
    """A layer with these parameters, all others 0."""
    p = dict.fromkeys(PARAMETERS[kind], 0) | parameters
    return Layer(name="layer", kind=kind, inputs=(0,), output=1, parameters=p)


def windows(rng: np.random.Generator) -> dict[str, int]:
    """Kernels, strides, dilations, pads and sizes that fit each other."""
    p = {}
    for axis, extent in (("y", "height"), ("x", "width")):
        kernel, stride, dilation = (int(rng.integers(1, top)) for top in (5, 4, 4))
        reach = (kernel - 1) * dilation
        pad = int(rng.integers(0, reach + 1))
        size = int(rng.integers(1, 9))
        # The last pixel's first tap lies before the map's end.
        out = int(rng.integers(1, (size - 1 + pad) // stride + 2))
        p |= {f"kernel_{axis}": kernel, f"stride_{axis}": stride, f"dilation_{axis}": dilation, f"pad_{axis}": pad}
        p |= {f"in_{extent}": size, f"out_{extent}": out}
    return p


def has_taps(p: dict[str, int]) -> bool:
    """Whether every output pixel has a tap inside the map; where not, the formula may ask for more than is needed."""
    for axis, extent in (("y", "height"), ("x", "width")):
        taps = p[f"dilation_{axis}"] * np.arange(p[f"kernel_{axis}"])
        for index in range(p[f"out_{extent}"]):
            at = index * p[f"stride_{axis}"] - p[f"pad_{axis}"] + taps
            if not np.any((at >= 0) & (at < p[f"in_{extent}"])):
                return False
    return True


@pytest.mark.parametrize("kind", [LayerKind.CONV_S8, LayerKind.CONV_S16, LayerKind.DEPTHWISE_S8])
def test_gaps_of_convolutions_are_the_least_that_are_right(kind: LayerKind) -> None:
    """Random kernels, strides, dilations and pads, of maps that grow and shrink."""
    rng = np.random.default_rng(int(kind))
    tried = 0
    while tried < 300:
        p = windows(rng)
        if not has_taps(p):
            continue
        channels = int(rng.integers(1, 6))
        outputs = channels * int(rng.integers(1, 3)) if kind is LayerKind.DEPTHWISE_S8 else int(rng.integers(1, 9))
        layer = made(kind, **p, in_channels=channels, out_channels=outputs, groups=1)
        sizes = (
            p["in_height"] * p["in_width"] * channels,
            p["out_height"] * p["out_width"] * outputs,
        )
        assert_gap(layer, sizes)
        tried += 1


def test_gaps_of_pools_are_the_least_that_are_right() -> None:
    """As of convolutions, with one number of channels."""
    rng = np.random.default_rng(3)
    tried = 0
    while tried < 300:
        p = windows(rng) | {"dilation_y": 1, "dilation_x": 1}
        if not has_taps(p) or any(p[f"pad_{axis}"] >= p[f"kernel_{axis}"] for axis in "yx"):
            continue
        del p["dilation_y"], p["dilation_x"]
        channels = int(rng.integers(1, 6))
        layer = made(LayerKind.AVERAGE_POOL, **p, channels=channels)
        assert_gap(layer, (p["in_height"] * p["in_width"] * channels, p["out_height"] * p["out_width"] * channels))
        tried += 1


@pytest.mark.parametrize("kind", [LayerKind.DENSE_S8, LayerKind.DENSE_S16, LayerKind.DOT_S8])
@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize(("inputs", "outputs"), [(7, 3), (4, 4), (3, 11), (70, 64), (90, 65), (40, 200)])
def test_gaps_of_fully_connected_layers(kind: LayerKind, rows: int, inputs: int, outputs: int) -> None:
    """A row reads all before it writes; with more than 64 outputs of int8, before it writes so many."""
    layer = made(kind, rows=rows, inputs=inputs, outputs=outputs)
    each = 2 if kind in _S16 else 1

    expected = least_gap(layer, (rows * inputs, rows * outputs), 0, each)

    assert gap(layer, 0, each, each) == (ANYWHERE if expected is None else expected)


def test_gaps_of_sums_are_those_of_their_broadcast_operands() -> None:
    """Steps of 0 read again what lies before."""
    rng = np.random.default_rng(5)
    for _ in range(300):
        sizes = [int(n) for n in rng.integers(1, 4, 5)]
        steps = [1]
        for size in sizes[:0:-1]:
            steps.insert(0, steps[0] * size)
        parameters = {}
        for name in ("a_step", "b_step"):
            kept = rng.integers(0, 2, 5)
            each, step = [0] * 5, 1
            for k in reversed(range(5)):
                if kept[k]:
                    each[k], step = step, step * sizes[k]
            parameters |= {f"{name}_{k}": each[k] for k in range(5)}
        layer = made(LayerKind.ADD_S8, **parameters, **{f"size_{k}": n for k, n in enumerate(sizes)})
        assert_gap(layer, (1, 1, int(np.prod(sizes))))


def test_gaps_of_copies() -> None:
    """Slices with steps, and pieces at a distance of each other."""
    rng = np.random.default_rng(6)
    for _ in range(300):
        sizes = [1, 1, *(int(n) for n in rng.integers(1, 5, 3))]
        parameters = {"in_start": int(rng.integers(0, 9)), "out_start": int(rng.integers(0, 9))}
        for name in ("in_step", "out_step"):
            step = 1 + int(rng.integers(0, 2))
            for k in reversed(range(5)):
                parameters[f"{name}_{k}"] = step
                step = step * sizes[k] + int(rng.integers(0, 3)) * step
        layer = made(LayerKind.COPY, **parameters, **{f"size_{k}": n for k, n in enumerate(sizes)})
        assert_gap(layer, (1, 1))


def test_nothing_is_promised_where_elements_go_backwards_or_grow() -> None:
    """A negative step, and int8 that becomes int16."""
    sizes = {"size_0": 1, "size_1": 1, "size_2": 1, "size_3": 1, "size_4": 4}
    backwards = made(LayerKind.COPY, **sizes, in_start=3, in_step_4=-1, out_step_4=1)

    assert gap(backwards, 0, 1, 1) == NOWHERE
    assert gap(made(LayerKind.RESCALE), 0, 1, 2) == NOWHERE
    assert gap(made(LayerKind.RESCALE), 0, 2, 1) == 0
    assert gap(made(LayerKind.LUT_S8), 0, 1, 1) == 0
