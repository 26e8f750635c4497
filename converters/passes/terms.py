"""Linear expressions of what sources send: sums of chains of nodes, each with a delay, and a bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters.linear import bias_of, matrix_of
from spikelet.converters.nodes import Affine, DelayLine, Flat, FloatArray, Linear, Node, Scale, Ticks
from spikelet.errors import ConvertError

__all__ = ["ONE", "Sum", "Term"]

#: The source of a delayed bias: it sends 1 in every tick.
ONE = "bias"
#: A delay for each neuron between two matrices becomes one projection for each of so many delays.
_MAX_DELAYS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one source sends, through a delay of each of its neurons, a chain, and a delay of each target."""

    source: str
    ticks: Ticks  # (1,), or one for each neuron of the source
    chain: tuple[Node, ...] = ()
    late: Ticks | None = None  # one for each element behind the chain

    @property
    def key(self) -> tuple[str, bytes, bytes]:
        """Equal for terms whose weights can be added up."""
        return self.source, self.ticks.tobytes(), b"" if self.late is None else self.late.tobytes()

    def delayed(self, ticks: Ticks) -> Term:
        """Behind a delay: it moves in front of linear nodes where that is the same."""
        if self.late is not None:
            return replace(self, late=self.late + ticks)
        if ticks.size == 1 or np.all(ticks == ticks[0]):
            return replace(self, ticks=self.ticks + ticks[:1])
        if all(isinstance(node, Scale) for node in self.chain):
            return replace(self, ticks=_compact(self.ticks + ticks))
        return replace(self, late=ticks)

    def through(self, path: str, node: Node) -> list[Term]:
        """Behind a linear node."""
        if self.late is None or isinstance(node, Scale):
            return [replace(self, chain=(*self.chain, node))]
        different = np.unique(self.late)
        if len(different) > _MAX_DELAYS:
            raise ConvertError(
                path,
                "delay",
                found=f"{len(different)} different delays between two linear layers",
                allowed=f"at most {_MAX_DELAYS}",
                hint="Put the Delay behind a spiking layer, or in front of one.",
            )
        return [
            Term(
                source=self.source,
                ticks=self.ticks + ticks,
                chain=(*self.chain, Scale(scale=(self.late == ticks).astype(np.float64)), node),
            )
            for ticks in different
        ]


def _compact(ticks: Ticks) -> Ticks:
    return ticks[:1].copy() if np.all(ticks == ticks[0]) else ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Terms, and a bias of one number for each element."""

    terms: tuple[Term, ...] = ()
    bias: FloatArray

    @staticmethod
    def of(source: str, size: int) -> Sum:
        """What a source sends, as it is."""
        return Sum(terms=(Term(source=source, ticks=np.zeros(1, np.int64)),), bias=np.zeros(size))

    @staticmethod
    def total(sums: Sequence[Sum]) -> Sum:
        """All of them together."""
        return Sum(terms=tuple(term for one in sums for term in one.terms), bias=np.sum([s.bias for s in sums], axis=0))

    def through(self, path: str, node: Node) -> Sum:
        """Behind a linear node or a delay."""
        if isinstance(node, DelayLine):
            return self._delayed(node.ticks)
        terms = tuple(made for term in self.terms for made in term.through(path, node))
        return Sum(terms=terms, bias=_bias(node, self.bias))

    def _delayed(self, ticks: Ticks) -> Sum:
        if not np.any(ticks):
            return self
        terms = [term.delayed(ticks) for term in self.terms]
        if np.any(self.bias):
            spread = (Linear(weight=self.bias[:, None]),)
            terms.append(Term(source=ONE, ticks=np.zeros(1, np.int64), chain=spread).delayed(ticks))
        return Sum(terms=tuple(terms), bias=np.zeros_like(self.bias))


def _bias(node: Node, bias: FloatArray) -> FloatArray:
    """What a node makes of a constant."""
    if isinstance(node, (Affine, Linear)):
        made: FloatArray = node.weight @ bias
    elif isinstance(node, Scale):
        made = node.scale * bias
    elif isinstance(node, Flat):
        made = bias @ matrix_of(node, node.shape) if np.any(bias) else np.zeros(node.gives(())[0])
    else:
        raise TypeError(f"no rule to fold {type(node).__name__}")
    own = bias_of(node, ())
    return made if own is None else made + own
