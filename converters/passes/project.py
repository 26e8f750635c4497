"""A chain of linear nodes becomes one set of weights: a convolution, a matrix, or a sparse matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, eye_array

from spikelet.converters.graph import MAX_ELEMENTS
from spikelet.converters.layouts import is_sparse
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import (
    Affine,
    Conv,
    Convolution,
    Dense,
    Flat,
    FloatArray,
    Linear,
    Node,
    Pool,
    Projected,
    Scale,
    Shape,
    Sparse,
    Weighted,
)
from spikelet.errors import ConvertError
from spikelet.model import SourceMap, TargetMap

__all__ = ["as_sparse", "from_matrix", "project", "scaled"]

_MAX_KERNEL = 255


def project(path: str, chain: Sequence[Node], size: int, wish: str) -> Weighted:
    """Weights of a chain of Affine, Linear, Scale and Flat nodes, without their biases.

    Pools whose windows do not overlap become part of the source's map, pools behind a convolution part of
    its kernel; what is no convolution becomes a matrix, sparse where few elements are not 0.

    Args:
        path: of the target, for messages.
        chain: in the order of the data.
        size: of the source.
        wish: as for from_matrix.

    Raises:
        ConvertError: there are too many weights.
    """
    made = _convolution(chain) or _pooled_matrix(path, chain)
    return made if made is not None else from_matrix(path, _matrix(path, chain, size), wish)


def from_matrix(path: str, matrix: csr_array | FloatArray, wish: str) -> Sparse | Dense:
    """A matrix (sources, targets) as sparse rows where these are "fast" or "small", as wished, else dense.

    Raises:
        ConvertError: it has too many elements.
    """
    if is_sparse(matrix, wish):
        compact = csr_array(matrix)
        compact.eliminate_zeros()
        compact.sort_indices()
        return Sparse(weight=compact)
    _refuse_large(path, *matrix.shape)
    return Dense(weight=np.ascontiguousarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray()))


def as_sparse(node: Projected) -> csr_array:
    """The matrix (sources, targets) of any weights."""
    return csr_array(matrix_of(node, ()))


def scaled(node: Projected, factor: FloatArray) -> Projected:
    """Weights times a factor for each target, shape (targets,)."""
    if np.all(factor == 1):
        return node
    if isinstance(node, Dense):
        return replace(node, weight=node.weight * factor)
    if isinstance(node, Convolution):
        channels = _per_channel(factor, node.target_map.channels)
        if channels is not None:
            return replace(node, weight=node.weight * channels[:, None, None, None])
    weight = as_sparse(node)
    return Sparse(weight=csr_array(weight.multiply(factor[None, :])), delays=node.delays)


def _refuse_large(path: str, rows: int, columns: int) -> None:
    if rows * columns > MAX_ELEMENTS:
        raise ConvertError(
            path,
            "weights",
            found=f"{rows} x {columns} between two populations",
            allowed=f"at most {MAX_ELEMENTS}",
            hint="Make one of the populations smaller.",
        )


def _matrix(path: str, chain: Sequence[Node], size: int) -> csr_array | FloatArray:
    """The product of all matrices of a chain, (sources, targets)."""
    if chain and all(isinstance(node, (Affine, Linear, Scale)) for node in chain):
        return _dense_product(path, chain, size)
    total = csr_array(eye_array(size))
    for node in chain:
        total = csr_array(total @ matrix_of(node, (total.shape[1],)))
        if total.nnz > MAX_ELEMENTS:
            _refuse_large(path, int(total.shape[0]), int(total.shape[1]))
    return total


def _dense_product(path: str, chain: Sequence[Node], size: int) -> csr_array | FloatArray:
    """Of matrices and scales; (sources, targets)."""
    total: FloatArray | None = None
    diagonal = np.ones(size)
    for node in chain:
        if isinstance(node, Scale):
            factor = np.broadcast_to(node.scale.reshape(-1), size if total is None else total.shape[1])
            diagonal, total = (diagonal * factor, None) if total is None else (diagonal, total * factor)
            continue
        assert isinstance(node, (Affine, Linear))
        weight = node.weight.T
        if total is None:
            total = diagonal[:, None] * weight
        else:
            _refuse_large(path, total.shape[0], weight.shape[1])
            total = total @ weight
    if total is not None:
        return total
    scaled_eye = eye_array(size).tocsr()
    scaled_eye.data = diagonal.astype(np.float64)
    return csr_array(scaled_eye)


def _per_channel(factor: FloatArray, channels: int) -> FloatArray | None:
    """One factor for each channel of a map in C order; None where a channel has several."""
    if factor.size == 1:
        return np.full(channels, factor.item())
    rows = factor.reshape(channels, -1)
    return rows[:, 0].copy() if np.all(rows == rows[:, :1]) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A map, pooled and scaled: what a convolution or a matrix reads."""

    shape: Shape  # channels, height, width of the source
    pool: tuple[int, int]
    factor: FloatArray  # of each channel

    def pooled(self) -> Shape:
        channels, height, width = self.shape
        return channels, height // self.pool[0], width // self.pool[1]

    def map(self) -> SourceMap:
        channels, height, width = self.shape
        return SourceMap(channels=channels, height=height, width=width, planar=True, pool=self.pool)

    def after(self, node: Node) -> _Source | None:
        """Behind a pool that only merges neurons, or a factor for each channel."""
        if isinstance(node, Scale):
            factor = _per_channel(node.scale, self.shape[0])
            return None if factor is None else replace(self, factor=self.factor * factor)
        pool = node.node if isinstance(node, Flat) else None
        if not isinstance(pool, Pool) or pool.kernel != pool.stride or pool.padding != (0, 0):
            return None
        both = (self.pool[0] * pool.kernel[0], self.pool[1] * pool.kernel[1])
        return replace(self, pool=both, factor=self.factor * _mean(pool))


def _mean(pool: Pool) -> float:
    return 1.0 / (pool.kernel[0] * pool.kernel[1]) if pool.average else 1.0


def _source(chain: Sequence[Node]) -> _Source | None:
    """The map that a chain begins with; known by its first Flat."""
    first = next((node for node in chain if isinstance(node, Flat)), None)
    if first is None:
        return None
    shape = _two_axes(first.shape)
    return _Source(shape=shape, pool=(1, 1), factor=np.ones(shape[0]))


def _two_axes(shape: Shape) -> Shape:
    """(channels, height, width), with height 1 for one axis."""
    return shape if len(shape) == 3 else (shape[0], 1, shape[1])


def _pooled_matrix(path: str, chain: Sequence[Node]) -> Dense | None:
    """Pools, then matrices: rows of the pooled map."""
    source = _source(chain)
    if source is None:
        return None
    last = max(i for i, node in enumerate(chain) if isinstance(node, Flat))
    for node in chain[: last + 1]:
        source = source.after(node) if source is not None else None
    rest = chain[last + 1 :]
    if source is None or not any(isinstance(node, (Affine, Linear)) for node in rest):
        return None
    rows = int(np.prod(source.pooled()))
    weight = _dense_product(path, [Scale(scale=np.repeat(source.factor, rows // source.shape[0])), *rest], rows)
    return Dense(weight=np.ascontiguousarray(weight), source_map=source.map())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kernel:
    """A convolution as it grows: what follows it is multiplied in."""

    weight: FloatArray  # (out, in / groups, ky, kx)
    groups: int
    stride: tuple[int, int]
    pad: tuple[int, int]
    dilation: tuple[int, int]
    out: Shape

    def after(self, node: Node) -> _Kernel | None:
        """Followed by a factor for each channel, or by a pool without padding."""
        if isinstance(node, Scale):
            factor = _per_channel(node.scale, self.out[0])
            return None if factor is None else replace(self, weight=self.weight * factor[:, None, None, None])
        pool = node.node if isinstance(node, Flat) else None
        return self._pooled(pool) if isinstance(pool, Pool) and pool.padding == (0, 0) else None

    def _pooled(self, pool: Pool) -> _Kernel | None:
        """Sums of neighbouring results are results of a larger kernel."""
        taps = self.weight.shape[2:]
        sizes = [
            (window - 1) * stride + (k - 1) * dilation + 1
            for window, stride, k, dilation in zip(pool.kernel, self.stride, taps, self.dilation, strict=True)
        ]
        if max(sizes) > _MAX_KERNEL:
            return None
        weight = np.zeros((*self.weight.shape[:2], *sizes))
        ends = [(k - 1) * dilation + 1 for k, dilation in zip(taps, self.dilation, strict=True)]
        for y in range(0, pool.kernel[0] * self.stride[0], self.stride[0]):
            for x in range(0, pool.kernel[1] * self.stride[1], self.stride[1]):
                weight[
                    :, :, y : y + ends[0] : self.dilation[0], x : x + ends[1] : self.dilation[1]
                ] += self.weight  # fmt: skip
        return _Kernel(
            weight=weight * _mean(pool),
            groups=self.groups,
            stride=(self.stride[0] * pool.stride[0], self.stride[1] * pool.stride[1]),
            pad=self.pad,
            dilation=(1, 1),
            out=pool.gives(self.out),
        )


def _convolution(chain: Sequence[Node]) -> Convolution | None:
    """Pools that merge neurons, a convolution (or a pool that is one), and what can be multiplied into it."""
    source = _source(chain)
    cores = [i for i, node in enumerate(chain) if isinstance(node, Flat) and isinstance(node.node, Conv)]
    pools = [i for i, node in enumerate(chain) if isinstance(node, Flat)]
    if source is None or len(cores) > 1 or any(isinstance(node, (Affine, Linear)) for node in chain):
        return None
    core = cores[0] if cores else pools[-1]
    for node in chain[:core]:
        source = source.after(node) if source is not None else None
    if source is None:
        return None
    kernel: _Kernel | None = _core(chain[core], source)
    for node in chain[core + 1 :]:
        kernel = kernel.after(node) if kernel is not None else None
    if kernel is None or max(*kernel.weight.shape[2:], *kernel.stride, *kernel.dilation) > _MAX_KERNEL:
        return None
    return Convolution(weight=kernel.weight, source_map=source.map(), target_map=_target(kernel))


def _core(flat: Node, source: _Source) -> _Kernel:
    assert isinstance(flat, Flat)
    node, channels = flat.node, source.shape[0]
    out = _two_axes(node.gives(flat.shape))
    if isinstance(node, Pool):
        weight = np.full((channels, 1, *node.kernel), _mean(node)) * source.factor[:, None, None, None]
        return _Kernel(
            weight=weight, groups=channels, stride=node.stride, pad=node.padding, dilation=(1, 1), out=out
        )  # fmt: skip
    wide = node.weight if node.weight.ndim == 4 else node.weight[:, :, None, :]
    stride = (1, *node.stride)[-2:]
    before = (0, *(pad[0] for pad in node.padding))[-2:]
    inputs = source.factor.reshape(node.groups, -1).repeat(node.weight.shape[0] // node.groups, axis=0)
    return _Kernel(
        weight=wide * inputs[:, :, None, None],
        groups=node.groups,
        stride=(stride[0], stride[1]),
        pad=(before[0], before[1]),
        dilation=(1, *node.dilation)[-2:],  # type: ignore[arg-type]
        out=out,
    )


def _target(kernel: _Kernel) -> TargetMap:
    channels, height, width = kernel.out
    return TargetMap(
        channels=channels,
        height=height,
        width=width,
        planar=True,
        groups=kernel.groups,
        kernel=(kernel.weight.shape[2], kernel.weight.shape[3]),
        stride=kernel.stride,
        pad=kernel.pad,
        dilation=kernel.dilation,
    )
