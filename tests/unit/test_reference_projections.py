"""What projections bring, against plain Python: semantics 2.5 and 6.

The oracle of a convolution is the textbook's: loops over a dense frame of spikes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikelet.engine import Engine
from spikelet.model import ProjectionKind, SourceMap, SparseWeights, TargetMap
from spikelet.reference import Reference
from spikelet.runner import PopulationStats, Runner, Variable
from support.small_networks import join, network, push, sums, traced

RUNNERS = pytest.mark.parametrize("runner", [Reference, Engine])
KINDS = ProjectionKind

GEOMETRIES = {
    "plain": (SourceMap(channels=2, height=4, width=5), {"kernel": (3, 3)}),
    "padded": (SourceMap(channels=2, height=4, width=5), {"kernel": (3, 3), "pad": (1, 1)}),
    "cut off": (SourceMap(channels=2, height=6, width=7), {"kernel": (3, 2), "pad": (-1, -2)}),
    "strided": (SourceMap(channels=3, height=7, width=8), {"kernel": (3, 5), "stride": (2, 3), "pad": (1, 2)}),
    "dilated": (SourceMap(channels=1, height=9, width=8), {"kernel": (2, 3), "dilation": (3, 2), "stride": (1, 2)}),
    "in groups": (SourceMap(channels=4, height=3, width=4), {"kernel": (2, 2), "groups": 2, "pad": (1, 0)}),
    "of each channel": (SourceMap(channels=4, height=3, width=4), {"kernel": (3, 1), "groups": 4}),
    "planar": (SourceMap(channels=2, height=4, width=5, planar=True), {"kernel": (2, 3), "pad": (0, 1)}),
    "to planar": (SourceMap(channels=2, height=4, width=5), {"kernel": (2, 3), "planar": True}),
    "pooled": (SourceMap(channels=2, height=7, width=9, pool=(2, 2)), {"kernel": (2, 2), "pad": (1, 1)}),
    "pooled and all else": (
        SourceMap(channels=4, height=11, width=13, planar=True, pool=(1, 3)),
        {"kernel": (4, 3), "stride": (3, 2), "pad": (2, 1), "dilation": (2, 1), "groups": 2, "planar": True},
    ),
    "wide stride": (SourceMap(channels=1, height=5, width=6), {"kernel": (1, 2), "stride": (2, 4)}),
}


def convolved(frame: list[list[list[int]]], weights: np.ndarray, target: TargetMap) -> list[list[list[int]]]:
    """The textbook's seven loops over out[oc][oy][ox], of a frame[c][y][x] padded with zeros."""
    height, width = len(frame[0]), len(frame[0][0])
    channels, outs = len(frame) // target.groups, target.channels // target.groups
    result = []
    for oc in range(target.channels):
        plane = []
        for oy in range(target.height):
            row = []
            for ox in range(target.width):
                total = 0
                for c in range(channels):
                    for ky in range(target.kernel[0]):
                        for kx in range(target.kernel[1]):
                            y = oy * target.stride[0] - target.pad[0] + ky * target.dilation[0]
                            x = ox * target.stride[1] - target.pad[1] + kx * target.dilation[1]
                            if 0 <= y < height and 0 <= x < width:
                                pixel = frame[oc // outs * channels + c][y][x]
                                total += pixel * int(weights[oc, c, ky, kx])
                row.append(total)
            plane.append(row)
        result.append(plane)
    return result


def pooled(frame: list[list[list[int]]], pool: tuple[int, int]) -> list[list[list[int]]]:
    """Sums of whole windows; the rest at the border is left out."""
    (py, px), height, width = pool, len(frame[0]) // pool[0], len(frame[0][0]) // pool[1]
    return [
        [
            [sum(plane[y * py + i][x * px + j] for i in range(py) for j in range(px)) for x in range(width)]
            for y in range(height)
        ]
        for plane in frame
    ]


def flat(frame: list[list[list[int]]], *, planar: bool) -> list[int]:
    """Neurons of a frame[c][y][x] in their order."""
    array = np.array(frame)
    return (array if planar else array.transpose(1, 2, 0)).reshape(-1).tolist()


def reach(size: int, name: str, geometry: dict[str, Any], axis: int) -> int:
    """Places of a convolution's target along an axis."""
    pad, dilation, stride = (geometry.get(key, plain)[axis] for key, plain in PLAIN.items())
    places = (size + 2 * pad - dilation * (geometry["kernel"][axis] - 1) - 1) // stride + 1
    assert places > 0, name
    return int(places)


PLAIN: dict[str, tuple[int, int]] = {"pad": (0, 0), "dilation": (1, 1), "stride": (1, 1)}


def conv_case(name: str, bits: int, channels: int = 4) -> tuple[SourceMap, TargetMap, np.ndarray]:
    """Source, target and random weights of a case."""
    source, geometry = GEOMETRIES[name]
    height, width = (
        reach(size // pool, name, geometry, axis)
        for axis, (size, pool) in enumerate(zip((source.height, source.width), source.pool, strict=True))
    )
    target = TargetMap(channels=channels, height=height, width=width, **geometry)
    rng = np.random.default_rng(bits)
    low, high = (0, 1) if bits == 1 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    shape = (channels, source.channels // target.groups, *target.kernel)
    weights = rng.integers(low, high, shape, endpoint=True).astype(np.int8)
    return source, target, weights * 2 - 1 if bits == 1 else weights


@RUNNERS
@pytest.mark.parametrize("bits", [8, 4, 2, 1])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_convolution_is_that_of_the_textbook(runner: type[Runner], name: str, bits: int) -> None:
    """Semantics 2.5: events of a tick bring what the convolution of their frame gives."""
    source, target, weights = conv_case(name, bits)
    rng = np.random.default_rng(3)
    frame = rng.integers(-3, 4, (source.channels, source.height, source.width)).tolist()
    spikes = flat(frame, planar=source.planar)
    conv = join("in", 0, weights.astype(np.int8), kind=KINDS.CONV, source_map=source, target_map=target, bits=bits)
    with runner(network([sums("p", target.size)], [conv], source.size, 5000)) as running:
        push(running, *((0, j, value) for j, value in enumerate(spikes) if value))
        running.advance(1)

        expected = convolved(pooled(frame, source.pool), weights, target)
        assert flat(expected, planar=target.planar) == running.probe(0, Variable.V).tolist()


@RUNNERS
@pytest.mark.parametrize("name", GEOMETRIES)
def test_each_event_counts_the_weights_that_it_meets(runner: type[Runner], name: str) -> None:
    """Semantics 6: of a convolution only those whose target is there, whatever the weight is."""
    source, target, weights = conv_case(name, 8)
    conv = join("in", 0, weights * 0, kind=KINDS.CONV, source_map=source, target_map=target)
    expected = 0
    with runner(network([sums("p", target.size)], [conv], source.size, 50)) as running:
        for j in range(source.size):
            push(running, (j, j, 1))
            running.advance(1)
            image = [[[0] * source.width for _ in range(source.height)] for _ in range(source.channels)]
            order = np.arange(source.size).reshape(source.channels, source.height, source.width)
            if not source.planar:
                order = np.arange(source.size).reshape(source.height, source.width, -1).transpose(2, 0, 1)
            c, y, x = (int(index[0]) for index in np.nonzero(order == j))
            image[c][y][x] = 1
            ones = np.ones_like(weights)
            expected += int(np.sum(convolved(pooled(image, source.pool), ones, target)))

            assert expected == running.stats()[0].synops, f"neuron {j}"


@RUNNERS
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("kind", [KINDS.DENSE, KINDS.SPARSE])
def test_pooling_is_folded_into_rows(runner: type[Runner], kind: ProjectionKind, planar: bool) -> None:
    """Semantics 2.5: row(j) = (y (width / pool_x) + x) channels + c; what is left at the border brings nothing."""
    source = SourceMap(channels=2, height=5, width=7, planar=planar, pool=(2, 3))
    rng = np.random.default_rng(5)
    weights = rng.integers(-9, 9, (source.rows, 6)).astype(np.int8)
    frame = rng.integers(-2, 3, (2, 5, 7)).tolist()
    rows = flat(pooled(frame, source.pool), planar=False)
    expected = [sum(rows[k] * int(weights[k, i]) for k in range(source.rows)) for i in range(6)]
    inside = sum(1 for plane in frame for row in plane[:4] for value in row[:6] if value)

    stored = sparse(weights) if kind is KINDS.SPARSE else weights
    with runner(network([sums("p", 6)], [join("in", 0, stored, kind=kind, source_map=source)], 70, 5000)) as running:
        push(running, *((0, j, value) for j, value in enumerate(flat(frame, planar=planar)) if value))
        running.advance(1)

        assert expected == running.probe(0, Variable.V).tolist()
        if kind is KINDS.DENSE:
            assert 6 * inside == running.stats()[0].synops


def sparse(weights: np.ndarray) -> SparseWeights:
    """The weights that are not 0."""
    row, targets = np.nonzero(weights)
    start = [0, *np.cumsum([np.count_nonzero(one) for one in weights]).tolist()]
    return SparseWeights(start=np.array(start), targets=targets, values=weights[row, targets])


@RUNNERS
def test_sparse_rows_bring_what_they_store(runner: type[Runner]) -> None:
    """Semantics 2.5 and 6, with gaps beyond a byte, an empty row, and a target that a row has twice."""
    start = np.array([0, 3, 3, 7])
    targets = np.array([0, 256, 900, 255, 511, 511, 999])
    values = np.array([1, -128, 127, 5, 6, -2, 7], np.int8)
    weights = SparseWeights(start=start, targets=targets, values=values)
    with runner(network([sums("p", 1000)], [join("in", 0, weights, kind=KINDS.SPARSE)], 3)) as running:
        push(running, (0, 0, 2), (1, 1, 50), (2, 2, -3))
        found = [{i: v for i, v in enumerate(row) if v} for row in traced(running, 3)]

        assert found == [{0: 2, 256: -256, 900: 254}, {}, {255: -15, 511: -12, 999: -21}]
        assert running.stats() == [PopulationStats(events=0, synops=7, quiet_ticks=0)]
