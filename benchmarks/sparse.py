"""What a weight costs by kind of projection, and where sparse rows beat dense ones: python -m benchmarks.sparse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from benchmarks.instructions.budget import Bare
from benchmarks.instructions.machine import BOARDS

from spikelet.events import EVENT
from spikelet.model import (
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
    ProjectionKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)

#: Functions that a tick needs whatever the projection is.
_OTHERS = (
    "spkl_lif_",
    "each",
    "rest_of",
    "spkl_push",
    "spkl_copy_spikes",
    "spkl_update_",
    "spkl_tick",
    "spkl_advance",
    "spkl_out",
    "bare_",
)
_TICKS = 20
_EVENTS = 30
_SIZE = 256
_DENSITIES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Instructions of delivery, and the weights that were added."""

    instructions: int
    synops: int

    @property
    def each(self) -> float:
        """Instructions a synaptic operation."""
        return self.instructions / self.synops


def dense(bits: int = 8) -> Projection:
    """256 by 256 weights of so many bits."""
    rng = np.random.default_rng(1)
    high = 2 ** (bits - 1)
    weights = 2 * rng.integers(0, 2, (_SIZE, _SIZE)) - 1 if bits == 1 else rng.integers(-high, high, (_SIZE, _SIZE))
    return Projection(name="p", source=0, from_input=True, target=0, weights=weights.astype(np.int8), bits=bits)


def sparse(density: float) -> Projection:
    """256 by 256, of which so many are stored."""
    rng = np.random.default_rng(2)
    there = rng.random((_SIZE, _SIZE)) < density
    rows, targets = np.nonzero(there)
    start = np.searchsorted(rows, np.arange(_SIZE + 1)).astype(np.int64)
    values = rng.integers(1, 127, len(rows)).astype(np.int8)
    weights = SparseWeights(start=start, targets=targets.astype(np.int64), values=values)
    return Projection(name="p", source=0, from_input=True, target=0, weights=weights, kind=ProjectionKind.SPARSE)


def fours(density: float) -> Projection:
    """256 by 256, of whose blocks of four targets so many are stored, full."""
    rng = np.random.default_rng(2)
    rows, blocks = np.nonzero(rng.random((_SIZE, _SIZE // 4)) < density)
    start = 4 * np.searchsorted(rows, np.arange(_SIZE + 1)).astype(np.int64)
    targets = (4 * blocks[:, None] + np.arange(4)).ravel().astype(np.int64)
    weights = SparseWeights(start=start, targets=targets, values=rng.integers(1, 127, len(targets)).astype(np.int8))
    return Projection(name="p", source=0, from_input=True, target=0, weights=weights, kind=ProjectionKind.SPARSE4)


def conv() -> Projection:
    """3 x 3, 16 channels to 16, of 16 x 16."""
    return Projection(
        name="p",
        source=0,
        from_input=True,
        target=0,
        weights=np.random.default_rng(3).integers(-128, 128, (16, 16, 3, 3)).astype(np.int8),
        kind=ProjectionKind.CONV,
        source_map=SourceMap(channels=16, height=16, width=16),
        target_map=TargetMap(channels=16, height=16, width=16, kernel=(3, 3), pad=(1, 1)),
    )


def network(projection: Projection, sizes: tuple[int, int]) -> Model:
    """The projection from an input to neurons without leak that never fire."""
    source, target = sizes
    return Model(
        populations=(Population(name="p", size=target, frac=0, choices=LifChoices(fires=False)),),
        projections=(projection,),
        inputs=(InputPort(name="in", size=source, shape=(source,), max_sum=60, capacity=60),),
        outputs=(OutputPort(name="out", population=0, kind=OutputKind.POTENTIALS, decoder=Decoder.NONE, capacity=0),),
    )


def many(model: Model, most: int) -> Model:
    """The same with an input port that takes so many events a tick."""
    return replace(model, inputs=(replace(model.inputs[0], max_value=most, max_sum=most, capacity=4 * most),))


def inside() -> npt.NDArray[np.int64]:
    """All neurons of the convolution's source but those at a border."""
    y, x, c = np.meshgrid(np.arange(1, 15), np.arange(1, 15), np.arange(16), indexing="ij")
    return ((y * 16 + x) * 16 + c).ravel()


def window() -> npt.NDArray[np.int64]:
    """The neurons of 4 x 4 pixels in the middle of the convolution's source."""
    y, x, c = np.meshgrid(np.arange(6, 10), np.arange(6, 10), np.arange(16), indexing="ij")
    return ((y * 16 + x) * 16 + c).ravel()


def events(source: npt.NDArray[np.int64], n: int = _EVENTS) -> npt.NDArray[np.void]:
    """n events in each tick, ascending, of some of these neurons."""
    rng = np.random.default_rng(4)
    made = np.zeros(_TICKS * n, EVENT)
    made["tick"] = np.repeat(np.arange(_TICKS), n)
    made["neuron"] = np.concatenate([np.sort(rng.choice(source, n, replace=False)) for _ in range(_TICKS)])
    made["value"] = 1
    return made


def count(
    core: str,
    projection: Projection,
    sizes: tuple[int, int] = (_SIZE, _SIZE),
    source: npt.NDArray[np.int64] | None = None,
    n: int = _EVENTS,
) -> Cost:
    """Instructions of delivery on a core, built by gcc -O2, of n events a tick of all neurons, or of these."""
    bare = Bare(core, "gcc", many(network(projection, sizes), 2 * n))
    bare.push(events(np.arange(sizes[0]) if source is None else source, n), _TICKS)
    found: Counter[str] = Counter(bare.machine.counts())
    kept = {name: n for name, n in found.items() if not name.startswith(_OTHERS)}
    return Cost(instructions=sum(kept.values()), synops=bare.machine.call("bare_synops", 0))


def break_even(core: str, bytes_each: float, rows: Callable[[float], Projection] = sparse) -> tuple[float, list[float]]:
    """The density where sparse rows cost what dense ones do, and what a stored weight costs at _DENSITIES."""
    costs = [count(core, rows(density)) for density in _DENSITIES]
    all_weights = _TICKS * _EVENTS * _SIZE
    share = [cost.instructions / all_weights for cost in costs]
    return float(np.interp(bytes_each, share, _DENSITIES)), [cost.each for cost in costs]


def main() -> None:
    """Print the table."""
    names = ["conv", "near", "all", "8 bits", "4", "2", "1"]
    print(f"{'core':8}" + "".join(f"{name:>8}" for name in names), " break-even   sparse, in fours at", end="")
    print("".join(f"{f'{density:.0%}':>7}" for density in _DENSITIES))
    for core in BOARDS:
        sizes = (16 * 16 * 16, 16 * 16 * 16)
        maps = [count(core, conv(), sizes).each, count(core, conv(), sizes, window()).each]
        maps.append(count(core, conv(), sizes, inside(), inside().size).each)
        by_bits = [count(core, dense(bits)).each for bits in (8, 4, 2, 1)]
        print(f"{core:8}" + "".join(f"{cost:8.2f}" for cost in [*maps, *by_bits]), end="")
        for rows in (sparse, fours):
            density, each = break_even(core, by_bits[0], rows)
            print(f"{density:12.1%}{'':12}" + "".join(f"{cost:7.2f}" for cost in each))
            print(f"{'':56}" if rows is sparse else "", end="")


if __name__ == "__main__":
    main()
