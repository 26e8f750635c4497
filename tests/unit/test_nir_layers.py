"""Convolutions, pools, delays, reshapes and graphs in graphs of NIR: written by the nir package, read, run."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from scipy.signal import correlate

from spikelet.converters.floating import Floating
from spikelet.converters.frontends.nir import read_nir
from spikelet.converters.nodes import Conv, Pool
from spikelet.converters.pipeline import convert, lower
from spikelet.errors import ConvertError
from support.nir_networks import affine, chain, edit, graph_of, lif, written

RANDOM = np.random.default_rng(21)
TICKS = 12
SAID: dict[str, Any] = {"framework": "nir", "dt": 1e-3}


def outputs(file: Path, x: Any, **said: Any) -> Any:
    """What comes to the Output, before folding; the same after it."""
    flat = x.reshape(1, len(x), -1)
    before = Floating(lower(file, until="discretise", **SAID, **said)).run(flat).outputs["output"][0]
    after = Floating(lower(file, **SAID, **said)).run(flat).outputs["output"][0]
    np.testing.assert_allclose(after, before, atol=1e-9)
    return before


def layer(folder: Path, node: nir.NIRNode, shape: tuple[int, ...], out: tuple[int, ...]) -> Path:
    """One layer between Input and Output."""
    graph = graph_of("input layer, layer output", input=shape, layer=node, output=out)
    return written(folder, graph, compression=None)


def convolved(x: Any, weight: Any, bias: Any, *, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    """A convolution by scipy: padded image, stretched kernel, every stride-th place."""
    spread = np.zeros((*weight.shape[:2], *((k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True))))
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    padded = np.pad(x, [(0, 0), *pad])
    per_group, targets = weight.shape[1], weight.shape[0] // groups
    maps = [
        sum(
            correlate(padded[o // targets * per_group + c], spread[o, c], mode="valid", method="direct")
            for c in range(per_group)
        )[:: stride[0], :: stride[1]]
        + bias[o]
        for o in range(len(weight))
    ]
    return np.array(maps)


ONE = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
NO_PAD = ((0, 0), (0, 0))
CONV2D: dict[str, tuple[dict[str, Any], tuple[int, ...], dict[str, Any]]] = {
    # what is written, shape of the weights, what it means where that differs
    "plain": ({}, (3, 4, 3, 3), {}),
    "stride, padding and dilation of each axis": (
        {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)},
        (3, 4, 3, 2),
        {"padding": ((1, 1), (2, 2))},
    ),
    "one number for both axes": (
        {"stride": 2, "padding": 1, "dilation": 2},
        (3, 4, 2, 2),
        {"stride": (2, 2), "padding": ((1, 1), (1, 1)), "dilation": (2, 2)},
    ),
    "arrays without axes": (
        {"stride": np.array(2), "padding": np.array(1), "dilation": np.array(1), "groups": np.array(2)},
        (4, 2, 3, 3),
        {"stride": (2, 2), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 2},
    ),
    "same, an even kernel": ({"padding": "same"}, (3, 4, 4, 3), {"padding": ((1, 2), (1, 1))}),
    "same, dilated": ({"padding": "same", "dilation": (3, 2)}, (3, 4, 2, 3), {"padding": ((1, 2), (2, 2))}),
    "valid": ({"padding": "valid", "stride": (2, 2)}, (3, 4, 3, 3), {"padding": NO_PAD}),
    "groups": ({"groups": 2}, (6, 2, 3, 3), {}),
    "depthwise": ({"groups": 4, "padding": (1, 1)}, (8, 1, 3, 3), {"padding": ((1, 1), (1, 1))}),
    "1 x 1": ({}, (5, 4, 1, 1), {}),
}


@pytest.mark.parametrize("input_shape", [(7, 6), None], ids=["shape", "no shape"])
@pytest.mark.parametrize("name", CONV2D)
def test_a_conv2d_is_what_scipy_correlates(name: str, input_shape: Any, tmp_path: Path) -> None:
    """Kernels are not flipped; padding "same" puts the odd one behind, as PyTorch does."""
    written_as, shape, meaning = CONV2D[name]
    weight, bias = RANDOM.normal(size=shape).astype(np.float32), RANDOM.normal(size=shape[0]).astype(np.float32)
    expected_as = {"padding": NO_PAD, **{k: v for k, v in {**ONE, **written_as}.items() if k != "padding"}, **meaning}
    x = RANDOM.normal(size=(TICKS, 4, 7, 6))
    expected = np.array(
        [
            convolved(image, weight, bias, pad=expected_as["padding"], stride=expected_as["stride"],
                      dilation=expected_as["dilation"], groups=int(expected_as["groups"]))
            for image in x
        ]
    )  # fmt: skip
    values = {**ONE, **written_as}
    # nir 1.0.8 works out an output shape for 0-dim arrays with input_shape=None only.
    node = nir.Conv2d(input_shape=None, weight=weight, bias=bias, **values)
    node.input_shape = (7, 6)
    file = layer(tmp_path, node, (4, 7, 6), expected.shape[1:])
    if input_shape is None:
        edit(file, {"node/nodes/layer/input_shape": None})

    found = outputs(file, x)

    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("written_as", "shape", "meaning"),
    [
        ({"stride": 1, "padding": 0, "dilation": 1, "groups": 1}, (3, 4, 3), (1, (0, 0), 1, 1)),
        ({"stride": 3, "padding": 2, "dilation": 2, "groups": 2}, (4, 2, 3), (3, (2, 2), 2, 2)),
        ({"stride": 1, "padding": "same", "dilation": 1, "groups": 4}, (4, 1, 4), (1, (1, 2), 1, 4)),
        ({"stride": np.array([2]), "padding": np.array([1]), "dilation": np.array([1]), "groups": 1}, (3, 4, 3),
         (2, (1, 1), 1, 1)),
        ({"stride": 2, "padding": "valid", "dilation": 1, "groups": 1}, (3, 4, 5), (2, (0, 0), 1, 1)),
    ],
    ids=str,
)  # fmt: skip
def test_a_conv1d_is_a_conv2d_over_a_line(written_as: Any, shape: Any, meaning: Any, tmp_path: Path) -> None:
    """Weights (out, in / groups, k), input (channels, length)."""
    stride, pad, dilation, groups = meaning
    weight, bias = RANDOM.normal(size=shape).astype(np.float32), RANDOM.normal(size=shape[0]).astype(np.float32)
    x = RANDOM.normal(size=(TICKS, 4, 17))
    expected = np.array(
        [
            convolved(row[:, None], weight[:, :, None], bias, stride=(1, stride), pad=((0, 0), pad),
                      dilation=(1, dilation), groups=groups)[:, 0]
            for row in x
        ]
    )  # fmt: skip
    node = nir.Conv1d(input_shape=None, weight=weight, bias=bias, **written_as)
    node.input_shape = 17

    found = outputs(layer(tmp_path, node, (4, 17), expected.shape[1:]), x)

    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize("average", [False, True], ids=["SumPool2d", "AvgPool2d"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((2, 2), (2, 2), (0, 0)), (2, 2, 0), (3, 1, 1), ((2, 3), (1, 2), (1, 0))],
    ids=["pairs", "arrays without axes", "windows that overlap", "each axis its own"],
)
def test_a_pool_sums_or_averages_its_windows(
    average: bool, kernel: Any, stride: Any, padding: Any, tmp_path: Path
) -> None:
    """Padding counts as zeros, in means too; snnTorch writes arrays without axes."""
    kind = nir.AvgPool2d if average else nir.SumPool2d
    node = kind(kernel_size=np.array(kernel), stride=np.array(stride), padding=np.array(padding))
    (ky, kx), (sy, sx), (py, px) = (np.broadcast_to(value, 2) for value in (kernel, stride, padding))
    x = RANDOM.normal(size=(TICKS, 2, 6, 7))
    padded = np.pad(x, [(0, 0), (0, 0), (py, py), (px, px)])
    out = (2, (6 + 2 * py - ky) // sy + 1, (7 + 2 * px - kx) // sx + 1)
    expected = np.zeros((TICKS, *out))
    for c, oy, ox in product(*map(range, out)):
        window = padded[:, c, oy * sy : oy * sy + ky, ox * sx : ox * sx + kx]
        expected[:, c, oy, ox] = window.sum(axis=(1, 2)) / (ky * kx if average else 1)

    found = outputs(layer(tmp_path, node, (2, 6, 7), out), x)

    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("start", "end", "shape"), [(0, -1, (24,)), (1, 2, (2, 12)), (0, 1, (6, 4)), (1, -1, (2, 12)), (-2, -1, (2, 12))]
)
def test_a_flatten_joins_axes_and_moves_nothing(start: int, end: int, shape: Any, tmp_path: Path) -> None:
    """Axes are counted without a batch, both ends included."""
    node = nir.Flatten({"input": np.array([2, 3, 4])}, start_dim=0, end_dim=-1)
    file = layer(tmp_path, node, (2, 3, 4), shape)
    edit(file, {"node/nodes/layer/start_dim": start, "node/nodes/layer/end_dim": end})
    x = RANDOM.normal(size=(TICKS, 24))

    assert x.tolist() == outputs(file, x).tolist()


def test_an_identity_gives_what_it_takes(tmp_path: Path) -> None:
    """nir 1.0.8 can write this node and not read it."""
    node = nir.ir.graph.Identity(np.array([3]))  # its field is the shape itself
    node.output_type = {"output": np.array([3])}
    x = RANDOM.normal(size=(TICKS, 3))

    assert x.tolist() == outputs(layer(tmp_path, node, (3,), (3,)), x).tolist()


def late(x: Any, ticks: Any) -> Any:
    """Each column some ticks later, zeros before."""
    result = np.zeros_like(x)
    for column, n in enumerate(np.broadcast_to(ticks, x.shape[1])):
        result[n:, column] = x[: len(x) - n, column]
    return result


@pytest.mark.parametrize("delay", [[0.003], [0, 0.001, 0.011], [0.002, 0.5, 0.001], [0, 0, 0]], ids=str)
def test_a_delay_of_each_element_is_a_whole_number_of_ticks(delay: list[float], tmp_path: Path) -> None:
    """float32 seconds; 0 is no delay, and what is later than the input never comes."""
    node = nir.Delay(np.array(delay, np.float32))
    x = RANDOM.normal(size=(TICKS, 3))
    ticks = np.minimum(np.rint(np.array(delay) * 1000).astype(int), TICKS)

    assert late(x, ticks).tolist() == outputs(layer(tmp_path, node, (3,), (3,)), x).tolist()


def test_a_delay_behind_a_bias_holds_the_bias_back_too(tmp_path: Path) -> None:
    """The first ticks of a delay give nothing."""
    fc, node = affine(3, 4, seed=5), nir.Delay(np.array([0, 0.001, 0.004], np.float32))
    graph = graph_of("input fc, fc wait, wait output", input=4, fc=fc, wait=node, output=3)
    x = RANDOM.normal(size=(TICKS, 4))

    found = outputs(written(tmp_path, graph), x)

    np.testing.assert_allclose(found, late(x @ fc.weight.T + fc.bias, [0, 1, 4]), atol=1e-6)


def test_a_delay_of_an_image_and_one_between_populations(tmp_path: Path) -> None:
    """Delays have the shape of what they delay; spikes come so much later."""
    ticks = np.arange(4).reshape(1, 2, 2)
    nodes = {"a": lif(4, tau=0.002, v_threshold=0.2), "wait": nir.Delay((ticks.reshape(4) / 1000).astype(np.float32))}
    flat = nir.Flatten({"input": np.array([1, 2, 2])}, 0, -1)
    image = nir.Delay((ticks / 1000).astype(np.float32))
    graph = graph_of(
        "input image, image flat, flat a, a wait, wait b, b output",
        input=(1, 2, 2), image=image, flat=flat, **nodes, b=nir.I(r=np.full(4, 1000.0)), output=4,
    )  # fmt: skip
    x = (RANDOM.random((40, 4)) < 0.6).astype(float)
    v, spikes, seen = np.zeros(4), np.zeros((40, 4)), late(x, ticks.reshape(-1))
    for t in range(40):
        v = v + 0.5 * (seen[t] - v)
        spikes[t] = v > 0.2
        v = np.where(spikes[t], 0.0, v)

    found = outputs(written(tmp_path, graph), x)

    np.testing.assert_allclose(found, np.cumsum(late(spikes, ticks.reshape(-1)), axis=0), atol=1e-6)
    assert spikes.any()


def test_delays_that_are_no_whole_ticks_are_rounded_only_when_asked(tmp_path: Path) -> None:
    """The message says the delay in ticks; what was chosen stands in the model."""
    file = layer(tmp_path, nir.Delay(np.array([0.001, 0.0026], np.float32)), (2,), (2,))
    x = RANDOM.normal(size=(TICKS, 2))

    with pytest.raises(ConvertError, match=r"layer: delay: found 0.0026 s, 2.6 ticks of 0.001 s.*delay_rounding"):
        lower(file, **SAID)
    found = outputs(file, x, delay_rounding="nearest")

    assert late(x, [1, 3]).tolist() == found.tolist()
    assert lower(file, **SAID, delay_rounding="nearest").meta["choices"] == {"Delay": {"delay_rounding": "nearest"}}


def test_a_convolutional_network_of_neurons_is_run_as_its_equations_say(tmp_path: Path) -> None:
    """Conv, LIF with parameters of each pixel, sum pool, Conv, IF, flatten, Affine, LIF: all spikes."""
    w1, w2 = RANDOM.normal(0.2, 0.4, (3, 2, 3, 3)), RANDOM.normal(0.1, 0.4, (4, 3, 2, 2))
    b1, b2 = RANDOM.normal(0, 0.1, 3), RANDOM.normal(0, 0.1, 4)
    tau, threshold = RANDOM.uniform(0.003, 0.009, (3, 6, 6)), RANDOM.uniform(0.2, 0.5, (3, 6, 6))
    zero = np.zeros((3, 6, 6))
    head = affine(2, 16, seed=9)
    graph = graph_of(
        "input c1, c1 n1, n1 pool, pool c2, c2 n2, n2 flat, flat fc, fc n3, n3 output",
        input=(2, 6, 6),
        c1=nir.Conv2d((6, 6), w1, 1, 1, 1, 1, b1),
        n1=nir.LIF(tau=tau, r=zero + 1, v_leak=zero, v_threshold=threshold, v_reset=zero),
        pool=nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        c2=nir.Conv2d((3, 3), w2, 1, 0, 1, 1, b2),
        n2=nir.IF(r=np.full((4, 2, 2), 1e3), v_threshold=np.ones((4, 2, 2)), v_reset=np.zeros((4, 2, 2))),
        flat=nir.Flatten({"input": np.array([4, 2, 2])}, 0, -1),
        fc=head,
        n3=lif(2, v_threshold=0.1),
        output=2,
    )
    file = written(tmp_path, graph)
    x = (RANDOM.random((50, 2, 6, 6)) < 0.3).astype(float)
    plain: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
    v1, v2, v3 = zero, np.zeros((4, 2, 2)), np.zeros(2)
    expected: dict[str, list[Any]] = {"n1": [], "n2": [], "n3": []}
    for image in x:
        v1 = v1 + 1e-3 / tau * (convolved(image, w1, b1, pad=((1, 1), (1, 1)), **plain) - v1)
        z1 = v1 > threshold
        v2 = v2 + convolved(z1.reshape(3, 3, 2, 3, 2).sum(axis=(2, 4)), w2, b2, pad=NO_PAD, **plain)
        z2 = v2 > 1
        v3 = v3 + 0.1 * (head.weight @ z2.reshape(-1) + head.bias - v3)
        z3 = v3 > 0.1
        v1, v2, v3 = (np.where(z, 0.0, v) for z, v in ((z1, v1), (z2, v2), (z3, v3)))
        for name, z in (("n1", z1), ("n2", z2), ("n3", z3)):
            expected[name].append(z.reshape(-1).astype(int).tolist())

    for until in ("discretise", ""):
        trace = Floating(lower(file, until=until, **SAID)).run(x.reshape(1, 50, -1))
        for name, spikes in expected.items():
            assert spikes == trace.spikes[name][0].astype(int).tolist()
    assert all(np.any(spikes) for spikes in expected.values())


def test_graphs_nest_in_several_levels(tmp_path: Path) -> None:
    """Paths are joined with dots, whatever the depth; nothing else changes."""
    inner = chain(affine(4, 3, seed=1), lif(4, v_threshold=0.2), n_in=3, n_out=4)
    for level in range(5):
        inner = graph_of("input level, level output", input=3, level=inner, output=4)
        del level
    flat = chain(affine(4, 3, seed=1), lif(4, v_threshold=0.2), n_in=3, n_out=4)
    x = RANDOM.normal(size=(TICKS, 3))
    (tmp_path / "flat").mkdir()

    nested = written(tmp_path, inner)

    assert outputs(written(tmp_path / "flat", flat), x).tolist() == outputs(nested, x).tolist()
    assert [p.name for p in convert(nested, **SAID).populations] == ["level.level.level.level.level.1"]


def test_several_inputs_and_outputs_branch_and_merge(tmp_path: Path) -> None:
    """Two ports in, one population that takes both, two ports out; by name in a run and in the model."""
    a, b = affine(4, 3, seed=1), affine(4, 2, seed=2)
    graph = graph_of(
        "left a, right b, a n, b n, n head, n spikes, head scores",
        left=3, right=2, a=a, b=b, n=lif(4, tau=0.002, v_threshold=0.3), head=affine(2, 4, seed=3), spikes=4, scores=2,
    )  # fmt: skip
    file = written(tmp_path, graph)
    x = {"left": RANDOM.normal(size=(1, TICKS, 3)), "right": RANDOM.normal(size=(1, TICKS, 2))}
    v, spikes = np.zeros(4), np.zeros((TICKS, 4))
    for t in range(TICKS):
        current = a.weight @ x["left"][0, t] + a.bias + b.weight @ x["right"][0, t] + b.bias
        v = v + 0.5 * (current - v)
        spikes[t] = v > 0.3
        v = np.where(spikes[t], 0.0, v)
    head = graph.nodes["head"]

    trace = Floating(lower(file, **SAID)).run(x)
    model = convert(file, **SAID)

    assert spikes.tolist() == trace.outputs["spikes"][0].tolist()
    np.testing.assert_allclose(trace.outputs["scores"][0], spikes @ head.weight.T + head.bias, atol=1e-6)
    assert [port.name for port in model.inputs] == ["left", "right"]
    assert sorted(port.name for port in model.outputs) == ["scores", "spikes"]


def test_metadata_and_types_that_exporters_add_are_left_alone(tmp_path: Path) -> None:
    """What nir writes beside a node's fields does not hinder reading it."""
    node = nir.Conv2d((4, 4), np.ones((1, 1, 2, 2)), 1, 0, 1, 1, np.zeros(1), metadata={"framework": "x", "n": 3})
    pool = nir.SumPool2d(np.array([3, 3]), np.array([3, 3]), np.array([0, 0]))
    graph = graph_of("input c, c p, p output", input=(1, 4, 4), c=node, p=pool, output=(1, 1, 1))
    graph.metadata = {"by": "hand"}
    file = edit(
        written(tmp_path, graph), {"node/nodes/p/name": "pool", "node/nodes/p/output_type": np.array([1, 1, 1])}
    )

    network = read_nir(file)

    assert isinstance(network.nodes["c"], Conv)
    assert isinstance(network.nodes["p"], Pool)


def test_a_network_of_a_delay_alone_becomes_a_model(tmp_path: Path) -> None:
    """Choices without neurons name no framework."""
    file = layer(tmp_path, nir.Delay(np.array([0.001, 0.0026, 0])), (3,), (3,))

    model = convert(file, **SAID, delay_rounding="nearest")

    assert model.meta["choices"] == {"Delay": {"delay_rounding": "nearest"}}
