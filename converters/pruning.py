"""Weights that matter little are left out, so that rows become sparse: by magnitude or activity, where it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from spikelet.converters.bits import predictions
from spikelet.converters.calibrate import moments
from spikelet.converters.floating import Array, Floating
from spikelet.converters.graph import Network
from spikelet.converters.layouts import ROWS, blocks_of_rows
from spikelet.converters.nodes import Dense, FloatArray, Sparse
from spikelet.converters.precision import Loss, halves, loss_between
from spikelet.errors import ConvertError
from spikelet.model import ProjectionKind

__all__ = ["AUTO", "BY", "pruned"]

#: The largest shares that lose no more than is allowed.
AUTO = "auto"
#: What says how much a weight matters.
BY = ("magnitude", "activity")
#: Shares that are tried, the mildest first.
_SHARES = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
_BATCH = 64
#: What a way must save to be taken, as a part of what all projections take.
_LEAST = 0.05
#: Added to second moments, whose diagonal is 1 in the mean: weights stay where they were unless data say more.
_RIDGE = 0.1
_WORDS = {ProjectionKind.SPARSE4: "blocks of 4", ProjectionKind.SPARSE: "weights"}
#: Bytes of a stored weight or block, and of a row beside them.
_BYTES = {ProjectionKind.SPARSE4: (5, 4), ProjectionKind.SPARSE: (2, 4)}

_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """What a projection takes: bytes, and instructions of a tick on Cortex-M4."""

    bytes: int
    instructions: float

    def of(self, wish: str) -> float:
        """What is to be little."""
        return self.bytes if wish == "small" else self.instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A dense projection pruned in one way; `kind` DENSE: as it was."""

    share: float
    kind: ProjectionKind
    weight: FloatArray
    cost: _Cost


def pruned(
    network: Network,
    inputs: Mapping[str, Array],
    *,
    share: float | str,
    by: str,
    wish: str,
    max_loss: float,
    labels: npt.NDArray[np.int64] | None = None,
) -> tuple[Network, dict[str, Any]]:
    """Prune dense projections where sparse rows then need fewer instructions, or bytes, than dense ones.

    A share of a projection's weights is left out: whole blocks of four targets, or single weights where these cost
    less; nothing where that saves less than a twentieth of what all projections take. The weights that stay are
    fitted, so that targets get what they got, by least squares over what sources send together. With "auto" the
    projection that costs most goes first, each as far as the loss on two thirds of the samples allows; the other
    third confirms, or takes steps back.

    Args:
        network: lowered.
        inputs: calibration data by path of the Input, shape (samples, ticks, size).
        share: of the weights to leave out, above 0 and below 1; or "auto".
        by: "magnitude" of the weight, or "activity": that, times what its source sends in a tick.
        wish: "fast": fewer instructions, as counted on Cortex-M4; "small": fewer bytes.
        max_loss: with "auto", points of accuracy [percent]; without labels of predictions unlike the network's.
        labels: of the samples, shape (samples,).

    Returns:
        The network, and a record: what was left out where, and the accuracy before and after.

    Raises:
        ConvertError: `share` or `by` is none of these.
    """
    if by not in BY:
        raise ConvertError("convert", "prune_by", found=repr(by), allowed=", ".join(BY), hint="")
    samples = len(next(iter(inputs.values())))
    search, check = halves(samples) if share == AUTO else (np.arange(samples), np.arange(0))
    known = {path: array[search] for path, array in inputs.items()}
    sent, together = _sent(network, known), moments(network, known)
    shares = _SHARES if share == AUTO else _up_to(share)
    prunings = {
        path: _Pruning(node.weight, sent[source], together.get(source), by)
        for path, node in network.of(Dense)
        if node.source_map is None
        for source in network.sources(path)
    }
    least = _LEAST * sum(one.before.cost.of(wish) for one in prunings.values())
    ways = {
        path: [one.before, *(way for way in one.ways(shares) if way.cost.of(wish) <= one.before.cost.of(wish) - least)]
        for path, one in prunings.items()
    }
    meant = predictions(network, inputs)

    def loss(which: _Indices, chosen: Mapping[str, _Way]) -> Loss:
        part = {path: array[which] for path, array in inputs.items()}
        found = predictions(_with(network, chosen), part)
        return loss_between(found, meant[which], None if labels is None else labels[which])

    everything = np.arange(len(meant))
    start = {path: own[0] for path, own in ways.items()}
    if share == AUTO:
        steps = _searched(ways, lambda chosen: loss(search, chosen), max_loss, wish)
        chosen = _confirmed(steps, lambda chosen: loss(check, chosen), max_loss)
    else:
        last = {path: [way for way in own if way.share in (0.0, share)] for path, own in ways.items()}
        chosen = {path: min(own, key=lambda way: way.cost.of(wish)) for path, own in last.items()}
    made = _with(network, chosen)
    record: dict[str, Any] = {
        "share": share,
        "by": by,
        "layers": {path: _layer(start[path], way) for path, way in chosen.items()},
        "samples": len(meant),
        "points_lost": round(loss(everything, chosen).points, 3),
    }
    if labels is not None:
        record["accuracy"] = [_accuracy(meant, labels), _accuracy(predictions(made, inputs), labels)]
    return made, record


def _up_to(share: float | str) -> list[float]:
    """Shares on the way to one."""
    if isinstance(share, str) or not 0 < share < 1:
        raise ConvertError(
            "convert", "prune", found=repr(share), allowed="auto, or a number between 0 and 1",
            hint="It is the share of the weights that are left out.",
        )  # fmt: skip
    return [*(milder for milder in _SHARES if milder < share), float(share)]


def _sent(network: Network, inputs: Mapping[str, Array]) -> dict[str, FloatArray]:
    """Sum of |value| that each neuron of each source sends in a tick, in the mean."""
    runner, found, ticks = Floating(network), dict[str, FloatArray](), 0
    sources = {network.sources(path)[0] for path, _ in network.of(Dense)}
    samples = len(next(iter(inputs.values())))
    for start in range(0, samples, _BATCH):
        for values in runner.ticks({path: array[start : start + _BATCH] for path, array in inputs.items()}):
            for path in sources:
                found[path] = found.get(path, 0.0) + np.abs(values[path]).sum(axis=0)
            ticks += len(next(iter(values.values())))
    return {path: values / max(ticks, 1) for path, values in found.items()}


class _Pruning:
    """One projection that is pruned more and more.

    Args:
        weight: shape (sources, targets).
        sent: what each source sends in a tick, shape (sources,).
        together: second moments of what sources send, shape (sources, sources); None: weights are not fitted.
        by: "magnitude" or "activity".
    """

    def __init__(self, weight: FloatArray, sent: FloatArray, together: FloatArray | None, by: str) -> None:
        self._weight, self._sent, self._together = weight, sent, together
        self._factor = sent[:, None] if by == "activity" else np.ones((len(sent), 1))
        rows, n = weight.shape
        dense = ROWS[ProjectionKind.DENSE].of_ticks(n, sent, np.full(rows, n))
        cost = _Cost(bytes=rows * (-(-n // 4) * 4), instructions=dense)
        self.before = _Way(share=0.0, kind=ProjectionKind.DENSE, weight=weight, cost=cost)

    def ways(self, shares: Sequence[float]) -> Iterator[_Way]:
        """From the mildest share on; what was left out stays out."""
        for kind in _WORDS:
            weight = self._weight
            for share in shares:
                weight = self._fitted(self._kept(weight, share, kind), kind)
                yield _Way(share=share, kind=kind, weight=weight, cost=_cost(weight, kind, self._sent))

    def _kept(self, weight: FloatArray, share: float, kind: ProjectionKind) -> npt.NDArray[np.bool_]:
        """Which weights stay: those that matter most; whole blocks of four targets, or single ones."""
        score = np.abs(weight) * self._factor
        rows, n = score.shape
        if kind is ProjectionKind.SPARSE:
            return _largest(score, share)
        wide = -(-n // 4)
        blocks = np.zeros((rows, 4 * wide))
        blocks[:, :n] = score
        stays = _largest(blocks.reshape(rows, wide, 4).sum(axis=2), share)
        kept: npt.NDArray[np.bool_] = np.repeat(stays, 4, axis=1)[:, :n]
        return kept

    def _fitted(self, kept: npt.NDArray[np.bool_], kind: ProjectionKind) -> FloatArray:
        """The kept weights, with what makes up for those that are left out."""
        weight = np.where(kept, self._weight, 0.0)
        if self._together is None:
            return weight
        wide = 4 if kind is ProjectionKind.SPARSE4 else 1
        for first in range(0, weight.shape[1], wide):
            stays, own = kept[:, first], slice(first, first + wide)
            within = self._together[np.ix_(stays, stays)] + _RIDGE * np.eye(int(stays.sum()))
            lost = self._together[np.ix_(stays, ~stays)] @ self._weight[~stays, own]
            weight[stays, own] += np.linalg.solve(within, lost)
        return weight


def _largest(score: FloatArray, share: float) -> npt.NDArray[np.bool_]:
    order = np.argsort(score, axis=None, kind="stable")
    stays = np.ones(score.size, np.bool_)
    stays[order[: round(share * score.size)]] = False
    return stays.reshape(score.shape)


def _cost(weight: FloatArray, kind: ProjectionKind, sent: FloatArray) -> _Cost:
    stored = blocks_of_rows(weight) if kind is ProjectionKind.SPARSE4 else np.count_nonzero(weight, axis=1)
    each, table = _BYTES[kind]
    return _Cost(
        bytes=int(each * stored.sum()) + table * (len(weight) + 1),
        instructions=ROWS[kind].of_ticks(weight.shape[1], sent, stored),
    )


def _searched(
    ways: Mapping[str, Sequence[_Way]], loss: Callable[[Mapping[str, _Way]], Loss], max_loss: float, wish: str
) -> list[dict[str, _Way]]:
    """All that was accepted on the way, from nothing pruned on: layer by layer, the one that costs most first."""
    path = [{name: own[0] for name, own in ways.items()}]
    for name in sorted(ways, key=lambda name: -ways[name][0].cost.of(wish)):
        ladders = []
        for kind in _WORDS:
            ladder = []
            for way in (way for way in ways[name] if way.kind is kind):
                step = {**path[-1], name: way}
                if loss(step).points > max_loss:
                    break
                ladder.append(step)
            ladders.append(ladder)
        path += sorted((step for ladder in ladders for step in ladder), key=lambda step: -step[name].cost.of(wish))
    return path


def _confirmed(
    path: Sequence[dict[str, _Way]], loss: Callable[[Mapping[str, _Way]], Loss], max_loss: float
) -> dict[str, _Way]:
    """The last step that held-out samples confirm by a standard error; the first is never refused."""
    for step in reversed(path[1:]):
        held_out = loss(step)
        if held_out.points + held_out.error <= max_loss:
            return step
    return path[0]


def _with(network: Network, chosen: Mapping[str, _Way]) -> Network:
    """The network with the chosen weights; rows that are sparse stay so: rounding does not fill them."""
    nodes = dict(network.nodes)
    for path, node in network.of(Dense):
        way = chosen.get(path)
        if way is not None and way.kind is not ProjectionKind.DENSE:
            nodes[path] = Sparse(weight=csr_array(way.weight), delays=node.delays)
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)


def _layer(before: _Way, after: _Way) -> dict[str, Any]:
    return {
        "share": after.share,
        "in": _WORDS.get(after.kind, ""),
        "weights": [
            int(before.weight.size),
            int(np.count_nonzero(after.weight)) if after.share else before.weight.size,
        ],
        "bytes": [before.cost.bytes, after.cost.bytes],
        "instructions": [round(before.cost.instructions, 1), round(after.cost.instructions, 1)],
    }


def _accuracy(found: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """Percent of the samples."""
    return round(100 * float(np.mean(found == labels)), 3)
