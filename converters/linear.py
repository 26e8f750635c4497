"""Linear nodes as matrices: what each source adds to each target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, diags_array, eye_array

from spikelet.converters.graph import MAX_ELEMENTS
from spikelet.converters.nodes import (
    Affine,
    Conv,
    Convolution,
    Dense,
    Flat,
    Flatten,
    FloatArray,
    Identity,
    Linear,
    Node,
    Output,
    Pool,
    Scale,
    Shape,
    Sparse,
    size_of,
)
from spikelet.errors import ConvertError

__all__ = ["bias_of", "connections_of", "is_linear", "matrix_of"]

_Pair = tuple[int, int]
_Indices = npt.NDArray[np.int64]


def is_linear(node: Node) -> bool:
    """Whether a node is a matrix and a bias, with no state and no time."""
    return type(node) in _MATRICES


def matrix_of(node: Node, shape: Shape, path: str = "network") -> csr_array:
    """The matrix of a linear node, bias left out.

    Args:
        node: Affine, Linear, Scale, Conv, Pool, Flat, Flatten, Identity, Output, Dense, Convolution or Sparse
            (delays of the last three are left out too).
        shape: of its input.
        path: of the node, for messages.

    Returns:
        float64 of shape (sources, targets), both numbered in C order; `x @ matrix` maps rows of samples.
        No element that is stored is 0.

    Raises:
        ConvertError: more than MAX_ELEMENTS elements would be stored.
    """
    n = connections_of(node, shape)
    if n > MAX_ELEMENTS:
        raise ConvertError(
            path,
            "weights",
            found=f"{n} connections",
            allowed=f"at most {MAX_ELEMENTS}",
            hint="Make the layer smaller: fewer channels, a smaller kernel or a larger stride.",
        )
    matrix = csr_array(_MATRICES[type(node)](node, shape))
    matrix.eliminate_zeros()
    return matrix


def connections_of(node: Node, shape: Shape) -> int:
    """Upper bound of the elements of a node's matrix, without making it."""
    if isinstance(node, Flat):
        return connections_of(node.node, node.shape)
    if isinstance(node, (Affine, Linear)):
        return int(node.weight.size)
    if isinstance(node, Conv):
        return int(node.weight.size) * size_of(node.gives(shape)[1:])
    if isinstance(node, Convolution):
        return int(node.weight.size) * node.target_map.height * node.target_map.width * size_of(node.source_map.pool)
    if isinstance(node, Pool):
        return size_of(node.gives(shape)) * size_of(node.kernel)
    if isinstance(node, Dense):
        sources = node.weight.shape[0] if node.source_map is None else node.source_map.size
        return sources * int(node.weight.shape[1])
    return int(node.weight.nnz) if isinstance(node, Sparse) else size_of(shape)


def bias_of(node: Node, shape: Shape) -> FloatArray | None:
    """What a linear node adds to each target, shape (targets,); None for nothing."""
    if isinstance(node, Flat):
        return bias_of(node.node, node.shape)
    if isinstance(node, Affine):
        return node.bias
    if isinstance(node, Conv) and np.any(node.bias):
        return np.repeat(node.bias, size_of(node.gives(shape)[1:]))
    return None


def _window(
    weight: FloatArray, given: tuple[int, int, int], out: _Pair, *, groups: int, stride: _Pair, pad: _Pair, step: _Pair
) -> csr_array:
    """A convolution of (channels, height, width): y[o, i] = sum of weight[o, c, k] x[c, stride i - pad + step k]."""
    channels, height, width = given
    n_out, per_group, *kernel = weight.shape
    rows, columns = (
        _axis(size, n, k, stride=s, pad=p, step=d)
        for size, n, k, s, p, d in zip((height, width), out, kernel, stride, pad, step, strict=True)
    )
    # Every (k, source, target) of the y axis with every one of the x axis, for each pair of channels.
    source = (rows[1][:, None] * width + columns[1]).reshape(-1)
    target = (rows[2][:, None] * out[1] + columns[2]).reshape(-1)
    tap = (rows[0][:, None] * kernel[1] + columns[0]).reshape(-1)
    o, c = (axis.reshape(-1, 1) for axis in np.indices((n_out, per_group)))
    c_in = o // (n_out // groups) * per_group + c
    values = weight.reshape(n_out * per_group, -1)[:, tap]
    places = (c_in * (height * width) + source, o * size_of(out) + target)
    return csr_array(
        coo_array(
            (values.reshape(-1), (places[0].reshape(-1), places[1].reshape(-1))),
            shape=(channels * height * width, n_out * size_of(out)),
        )
    )


def _axis(size: int, n: int, k: int, *, stride: int, pad: int, step: int) -> tuple[_Indices, _Indices, _Indices]:
    """Taps, sources and targets that meet along one axis."""
    taps, targets = (axis.reshape(-1).astype(np.int64) for axis in np.indices((k, n)))
    sources = targets * stride - pad + taps * step
    inside = (sources >= 0) & (sources < size)
    return taps[inside], sources[inside], targets[inside]


def _pooled(given: tuple[int, int, int], kernel: _Pair, *, stride: _Pair, pad: _Pair, out: _Pair) -> csr_array:
    weight = np.ones((given[0], 1, *kernel))
    return _window(weight, given, out, groups=given[0], stride=stride, pad=pad, step=(1, 1))


def _image(shape: Shape, axes: int) -> tuple[int, int, int]:
    """(channels, height, width) of what a convolution over `axes` axes takes."""
    spatial = shape[-axes:]
    return (size_of(shape[:-axes]), *((1, spatial[0]) if axes == 1 else (spatial[0], spatial[1])))


def _conv(node: Conv, shape: Shape) -> csr_array:
    axes = node.weight.ndim - 2
    out = node.gives(shape)[1:]
    first = () if axes == 2 else (1,)  # one axis is an image of height 1

    def pair(values: Shape, missing: int) -> _Pair:
        y, x = (missing,) * (2 - axes) + tuple(values)
        return y, x

    weight = node.weight.reshape(*node.weight.shape[:2], *first, *node.weight.shape[2:])
    pad = tuple(before for before, _ in node.padding)
    return _window(
        weight,
        _image(shape, axes),
        pair(out, 1),
        groups=node.groups,
        stride=pair(node.stride, 1),
        pad=pair(pad, 0),
        step=pair(node.dilation, 1),
    )


def _pool(node: Pool, shape: Shape) -> csr_array:
    _, y, x = node.gives(shape)
    matrix = _pooled(_image(shape, 2), node.kernel, stride=node.stride, pad=node.padding, out=(y, x))
    return csr_array(matrix / size_of(node.kernel)) if node.average else matrix


def _projected(node: Dense | Convolution, _: Shape) -> csr_array:
    """A sum-pooled source in C order, then the weights."""
    given = node.source_map
    if given is None:
        return csr_array(node.weight)
    pooled = (given.height // given.pool[0], given.width // given.pool[1])
    pool = _pooled((given.channels, given.height, given.width), given.pool, stride=given.pool, pad=(0, 0), out=pooled)
    if isinstance(node, Dense):
        return csr_array(pool @ csr_array(node.weight))
    out = node.target_map
    matrix = _window(
        node.weight,
        (given.channels, *pooled),
        (out.height, out.width),
        groups=out.groups,
        stride=out.stride,
        pad=out.pad,
        step=out.dilation,
    )
    return matrix if given.pool == (1, 1) else csr_array(pool @ matrix)


def _same(_: Node, shape: Shape) -> csr_array:
    return csr_array(eye_array(size_of(shape)))


_MATRICES: Mapping[type[Node], Callable[[Any, Shape], csr_array]] = {
    Affine: lambda node, _: csr_array(node.weight.T),
    Linear: lambda node, _: csr_array(node.weight.T),
    Scale: lambda node, shape: csr_array(diags_array(np.broadcast_to(node.scale.reshape(-1), size_of(shape)))),
    Conv: _conv,
    Pool: _pool,
    Flat: lambda node, _: _MATRICES[type(node.node)](node.node, node.shape),
    Flatten: _same,
    Identity: _same,
    Output: _same,
    Dense: _projected,
    Convolution: _projected,
    Sparse: lambda node, _: csr_array(node.weight, copy=True),
}
