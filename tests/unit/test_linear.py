"""Linear nodes as matrices, against sums written down as loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from spikelet.converters.linear import bias_of, connections_of, matrix_of
from spikelet.converters.nodes import (
    Affine,
    Conv,
    Convolution,
    Dense,
    Flatten,
    Linear,
    Pool,
    Scale,
    Sparse,
)
from spikelet.errors import ConvertError
from spikelet.model import SourceMap, TargetMap

RANDOM = np.random.default_rng(8)


def loops(x: Any, weight: Any, out: Any, *, groups: int, stride: Any, pad: Any, dilation: Any) -> Any:
    """A convolution of an image, element by element; what is outside of it is 0."""
    y = np.zeros((weight.shape[0], *out))
    per_group, targets = weight.shape[1], weight.shape[0] // groups
    for o, oy, ox, c, ky, kx in product(*map(range, (*y.shape, *weight.shape[1:]))):
        iy = oy * stride[0] - pad[0] + ky * dilation[0]
        ix = ox * stride[1] - pad[1] + kx * dilation[1]
        if 0 <= iy < x.shape[1] and 0 <= ix < x.shape[2]:
            y[o, oy, ox] += weight[o, c, ky, kx] * x[o // targets * per_group + c, iy, ix]
    return y


CONVS: list[dict[str, Any]] = [
    {},
    {"stride": (2, 1)},
    {"padding": ((1, 1), (2, 2))},
    {"padding": ((0, 1), (1, 0)), "dilation": (2, 3), "stride": (1, 2)},
    {"groups": 2},
    {"groups": 4, "stride": (3, 2), "padding": ((2, 2), (0, 0))},
]


@pytest.mark.parametrize("changes", CONVS, ids=str)
def test_a_convolution_is_the_matrix_of_its_loops(changes: dict[str, Any]) -> None:
    """Stride, padding of each side, dilation and groups, sources and targets in C order."""
    values = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1, **changes}
    weight = RANDOM.normal(size=(8, 4 // values["groups"], 3, 2))
    node = Conv(weight=weight, bias=np.arange(8.0), input_shape=None, **values)
    x = RANDOM.normal(size=(4, 9, 8))
    out = node.gives(x.shape)
    expected = loops(
        x, weight, out[1:], groups=node.groups, stride=node.stride, dilation=node.dilation,
        pad=[before for before, _ in node.padding],
    )  # fmt: skip

    found = x.reshape(-1) @ matrix_of(node, x.shape)

    np.testing.assert_allclose(found.reshape(out), expected, atol=1e-12)
    assert np.repeat(np.arange(8.0), out[1] * out[2]).tolist() == bias_of(node, x.shape).tolist()  # type: ignore[union-attr]
    assert matrix_of(node, x.shape).nnz <= connections_of(node, x.shape)


def test_a_convolution_over_one_axis_is_one_over_an_image_of_height_1() -> None:
    """Conv1d."""
    weight = RANDOM.normal(size=(4, 1, 3))
    node = Conv(weight=weight, bias=np.zeros(4), stride=(2,), padding=((1, 2),), dilation=(2,), groups=2,
                input_shape=(11,))  # fmt: skip
    x = RANDOM.normal(size=(2, 11))
    expected = loops(x[:, None], weight[:, :, None], (1, 5), groups=2, stride=(1, 2), pad=(0, 1), dilation=(1, 2))

    assert node.gives(x.shape) == (4, 5)
    np.testing.assert_allclose((x.reshape(-1) @ matrix_of(node, x.shape)).reshape(4, 1, 5), expected, atol=1e-12)
    assert bias_of(node, x.shape) is None


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (0, 0)), ((3, 3), (2, 3), (1, 1))]
)
def test_a_pool_sums_its_windows_and_padding_counts_as_zeros(
    kernel: Any, stride: Any, padding: Any, average: bool
) -> None:
    """Windows may overlap, and what does not fill one is left out."""
    node = Pool(kernel=kernel, stride=stride, padding=padding, average=average)
    x = RANDOM.normal(size=(3, 7, 8))
    padded = np.pad(x, [(0, 0), *((p, p) for p in padding)])
    out = node.gives(x.shape)
    expected = np.zeros(out)
    for c, oy, ox in product(*map(range, out)):
        top, left = oy * stride[0], ox * stride[1]
        window = padded[c, top : top + kernel[0], left : left + kernel[1]]
        expected[c, oy, ox] = window.mean() if average else window.sum()

    np.testing.assert_allclose((x.reshape(-1) @ matrix_of(node, x.shape)).reshape(out), expected, atol=1e-12)


def test_projections_with_maps_pool_their_source_first() -> None:
    """Dense rows and convolutions behind a sum-pool, with what a window does not fill left out."""
    source = SourceMap(channels=2, height=5, width=7, planar=True, pool=(2, 3))
    x = RANDOM.normal(size=(2, 5, 7))
    pooled = x[:, :4, :6].reshape(2, 2, 2, 2, 3).sum(axis=(2, 4))
    dense = Dense(weight=RANDOM.normal(size=(8, 3)), source_map=source)
    weight = RANDOM.normal(size=(4, 1, 2, 2))
    target = TargetMap(channels=4, height=2, width=3, planar=True, groups=2, kernel=(2, 2), pad=(-1, 1))
    conv = Convolution(weight=weight, source_map=source, target_map=target)

    np.testing.assert_allclose(x.reshape(-1) @ matrix_of(dense, x.shape), pooled.reshape(-1) @ dense.weight)
    expected = loops(pooled, weight, (2, 3), groups=2, stride=(1, 1), pad=(-1, 1), dilation=(1, 1))
    np.testing.assert_allclose(x.reshape(-1) @ matrix_of(conv, x.shape), expected.reshape(-1), atol=1e-12)
    assert matrix_of(conv, x.shape).nnz <= connections_of(conv, x.shape)


def test_plain_nodes_are_their_own_matrices() -> None:
    """Affine, Linear, Scale, Flatten and Sparse."""
    weight = np.array([[1.0, 2, 0], [0, 4, 5]])
    sparse = csr_array(weight.T)

    assert matrix_of(Affine(weight=weight, bias=np.ones(2)), (3,)).toarray().tolist() == weight.T.tolist()
    assert matrix_of(Linear(weight=weight), (3,)).nnz == 4
    assert matrix_of(Scale(scale=np.array(2.0)), (2, 1)).toarray().tolist() == [[2, 0], [0, 2]]
    assert matrix_of(Flatten(shape=None, start=0, end=-1), (2, 1)).toarray().tolist() == np.eye(2).tolist()
    assert matrix_of(Sparse(weight=sparse), (3,)).toarray().tolist() == weight.T.tolist()
    assert bias_of(Affine(weight=weight, bias=np.ones(2)), (3,)).tolist() == [1, 1]  # type: ignore[union-attr]


def test_a_matrix_of_too_many_elements_is_not_made() -> None:
    """A small file can ask for a large one: refused with the layer's path."""
    node = Conv(weight=np.ones((64, 64, 31, 31)), bias=np.zeros(64), stride=(1, 1), padding=((15, 15),) * 2,
                dilation=(1, 1), groups=1, input_shape=None)  # fmt: skip

    with pytest.raises(ConvertError, match=r"layer: weights: found 4030726144 connections"):
        matrix_of(node, (64, 32, 32), "layer")


def test_a_matrix_of_sparse_rows_leaves_their_zeros_alone() -> None:
    """Weights that rounding made 0 share their places with those that were not rounded."""
    first = csr_array(np.array([[1.0, 2.0], [0.0, 3.0]]))
    rounded = csr_array((np.array([0.0, 2.0, 3.0]), first.indices, first.indptr), shape=first.shape)

    assert matrix_of(Sparse(weight=rounded), (2,)).toarray().tolist() == [[0.0, 2.0], [0.0, 3.0]]
    assert first.toarray().tolist() == [[1.0, 2.0], [0.0, 3.0]]
