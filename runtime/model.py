"""The integer model: what an image holds, as typed data.

Meaning of every field: docs/reference/semantics.md; bytes: docs/reference/image.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from spikelet.fit import Fit

__all__ = [
    "PARAMETERS",
    "V_MAX",
    "Decoder",
    "Encoder",
    "InputPort",
    "Int32Array",
    "LifChoices",
    "Model",
    "OutputKind",
    "OutputPort",
    "Population",
    "PopulationKind",
    "Projection",
    "ProjectionKind",
    "RefractoryMode",
    "ResetKind",
    "Rounding",
    "SourceMap",
    "SparseWeights",
    "TargetMap",
    "UOrder",
    "Weights",
    "parameter_names",
]

V_MAX = 2**30 - 1
Int32Array = npt.NDArray[np.int32]


class Rounding(IntEnum):
    """How a decayed value is rounded (semantics 1.4)."""

    FLOOR = 0
    ZERO = 1
    NEAREST = 2


class UOrder(IntEnum):
    """When the synaptic current decays, takes its input and is used (semantics 3.3)."""

    DECAY_ADD_USE = 0
    ADD_DECAY_USE = 1
    ADD_USE_DECAY = 2
    USE_DECAY_ADD = 3


class ResetKind(IntEnum):
    """What a spike does to the membrane."""

    NONE = 0
    SUBTRACT = 1
    SET = 2


class PopulationKind(IntEnum):
    """What a population's neurons are (semantics 3)."""

    LIF = 1
    DELAY = 2


class ProjectionKind(IntEnum):
    """What an event brings to a projection's target (semantics 2.5)."""

    DENSE = 1
    CONV = 2
    SPARSE = 3
    FEED = 4
    SPARSE4 = 5


class RefractoryMode(IntEnum):
    """What happens to input in a refractory tick."""

    IGNORE = 0
    ACCUMULATE = 1
    HOLD = 2


class Encoder(IntEnum):
    """How an input port makes events (semantics 4)."""

    EVENTS = 0
    RATE = 1
    POISSON = 2
    LATENCY = 3
    DIRECT = 4


class Decoder(IntEnum):
    """How an output port makes scores (semantics 5)."""

    NONE = 0
    COUNT = 1
    LAST = 2
    LARGEST = 3
    FIRST = 4


class OutputKind(IntEnum):
    """What an output port keeps."""

    EVENTS = 0
    POTENTIALS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LifChoices:
    """The choices of semantics 3.2, in the order of their bits."""

    has_u: bool = False
    u_order: UOrder = UOrder.DECAY_ADD_USE
    bias_to_v: bool = False
    add_then_decay: bool = False
    fires: bool = True
    test_previous: bool = False
    reset_kind: ResetKind = ResetKind.NONE
    reset_next: bool = False
    reset_before_leak: bool = False
    several: bool = False
    refractory_mode: RefractoryMode = RefractoryMode.IGNORE
    has_refractory: bool = False
    has_a: bool = False
    adapt_decay_first: bool = False
    reset_adapted: bool = False
    rounding: Rounding = Rounding.FLOOR
    shift12: bool = False


#: Parameters of the LIF family by id (semantics 3.1).
PARAMETERS = (
    "decay_v",
    "decay_u",
    "decay_a",
    "fire_above",
    "reset",
    "bias",
    "v_min",
    "v_init",
    "count_by",
    "adapt_by",
    "refractory",
)


def parameter_names(kind: PopulationKind) -> tuple[str, ...]:
    """Parameters of a kind of population, by id (semantics 3.1 and 3.4)."""
    return PARAMETERS if kind is PopulationKind.LIF else ("delay",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Neurons of one kind: of the LIF family, or a delay line (semantics 3.4).

    `parameters` maps names of PARAMETERS to int32 arrays of shape (1,) or (size,); absent ones
    have the value of semantics 3.1. A delay line has the one parameter "delay". `name` is for people
    and stands in META. `block` is the power of 2 of the neurons that rest together; 0: all.
    """

    name: str
    size: int
    frac: int
    choices: LifChoices
    parameters: Mapping[str, Int32Array] = field(default_factory=dict)
    max_count: int = 1
    kind: PopulationKind = PopulationKind.LIF
    block: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """The source of a projection as an image, sum-pooled by `pool` (y, x) (semantics 2.5)."""

    channels: int
    height: int
    width: int
    planar: bool = False
    pool: tuple[int, int] = (1, 1)

    @property
    def size(self) -> int:
        """Neurons of the source."""
        return self.channels * self.height * self.width

    @property
    def rows(self) -> int:
        """Rows of weights behind the pool: one for each pooled position and channel."""
        return self.channels * (self.height // self.pool[0]) * (self.width // self.pool[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMap:
    """The target of a convolution as an image, and how an event finds it; pairs are (y, x)."""

    channels: int
    height: int
    width: int
    planar: bool = False
    groups: int = 1
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def size(self) -> int:
        """Neurons of the target."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseWeights:
    """Weights of a sparse projection by rows: row j has targets[start[j] : start[j + 1]], ascending.

    `start` is int64 (rows + 1,), `targets` int64 and `values` int8 (stored weights,); no value is 0.
    Which of them are stored together, single ones or blocks of four, is the kind of the projection.
    """

    start: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    values: npt.NDArray[np.int8]

    @property
    def size(self) -> int:
        """Stored weights."""
        return len(self.values)


Weights = npt.NDArray[np.int8] | SparseWeights | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Weights from a source to a population (semantics 2.5).

    `source` is the index of a population, or of an input port when `from_input`; a population that
    is not earlier than the target gives its events of the tick before. `weights` is int8 of shape
    (rows, size of target) for dense, (out channels, channels / groups, ky, kx) for conv; SparseWeights for
    sparse and sparse4; None for a feed. `bits` is how many each weight is stored with: 8, 4, 2 or 1 (of sparse
    rows 8).
    `source_map` is there for conv, and where pooling is folded in; `target_map` for conv only.
    `delays` is int32 of shape (size of target,) for a late projection (2.6).
    """

    name: str
    source: int
    from_input: bool
    target: int
    weights: Weights
    kind: ProjectionKind = ProjectionKind.DENSE
    bits: int = 8
    source_map: SourceMap | None = None
    target_map: TargetMap | None = None
    delays: Int32Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPort:
    """An input: its size, limits and encoder. `shape` is for people and encoders of data sets."""

    name: str
    size: int
    shape: tuple[int, ...]
    encoder: Encoder = Encoder.EVENTS
    max_value: int = 1
    max_sum: int
    capacity: int
    gain: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPort:
    """An output: which population, what is kept, how scores are made.

    A sample ends when the best two scores differ by `gap` (semantics 5.1); 0: none does.
    """

    name: str
    population: int
    kind: OutputKind = OutputKind.EVENTS
    decoder: Decoder = Decoder.COUNT
    capacity: int
    gap: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A whole integer model: what `spikelet.convert` gives and an image holds.

    `meta` is JSON-like data for people and reports (choices made, scales, source hash); nothing in
    it changes a result. `meta["populations"][i]["scale"]` gives the size of a weight unit, in the
    source framework's units, as one number or a list for each neuron.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    ticks_per_sample: int = 0
    reset_between: bool = True
    tick_ns: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the model as an image; `spikelet.load` reads it. See `spikelet.image.write`.

        Raises:
            ModelError: the model breaks a rule of the semantics.
            SpikeletError: the file exists and `force` is not set, or cannot be written.
        """
        from spikelet.image import write

        write(self, path, force)

    def report(self, board: str) -> Fit:
        """Build the model into a board's firmware and count; print the result to see memory and instructions.

        Raises:
            NoRoomError: it does not fit: by how many bytes, in which memory.
            BoardError: unknown board, no compiler.
        """
        from spikelet.fit import fit

        return fit(self, board)
