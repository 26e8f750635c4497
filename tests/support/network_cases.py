"""Random networks, converted, with input for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters import convert, lower
from spikelet.converters.floating import Array
from spikelet.converters.graph import Network
from spikelet.converters.integers import parts_of, rounded_network
from spikelet.converters.nodes import Input
from spikelet.converters.ports import Options
from spikelet.converters.quantize import Quantised
from spikelet.events import EventArray, from_dense
from spikelet.model import Model
from spikelet.runner import Result, Runner
from spikelet.verify import variables
from support.random_networks import random_network

__all__ = ["Case", "make_case"]

TICKS = 16


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its model, and input of TICKS ticks: `dense` by Input as arrays (ticks, size)."""

    seed: int
    network: Network
    lowered: Network
    rounded: Network
    quantised: Mapping[str, Quantised]
    model: Model
    dense: Mapping[str, Array]

    def events(self) -> dict[str, EventArray]:
        """The input as events."""
        return {path: from_dense(array) for path, array in self.dense.items()}

    def run(self, runner: Runner) -> Result:
        """Run with all variables probed."""
        keys = [(p.name, variable) for p in self.model.populations for variable in variables(p)]
        return runner.run(self.events(), TICKS, probe=keys)

    def assert_same(self, expected: Result, found: Result) -> None:
        """Every state word, event, score and statistic."""
        for key, values in expected.probes.items():
            assert np.array_equal(values, found.probes[key]), (self.seed, key)
        assert list(expected.stats) == list(found.stats), self.seed
        for name, output in expected.outputs.items():
            assert output.events.tolist() == found.outputs[name].events.tolist(), (self.seed, name)
            assert output.scores.tolist() == found.outputs[name].scores.tolist(), (self.seed, name)


def make_case(seed: int) -> Case:
    """The network of a seed.

    Raises:
        ConvertError: it is one of the few that have no integer form.
    """
    made = random_network(seed)
    rng = np.random.default_rng([seed, 1])
    bits = int(rng.choice([8, 8, 8, 4, 2]))
    most = 4 if rng.random() < 0.3 else 1
    how = {"max_value": most, "weight_bits": bits}
    lowered = lower(made.network, **made.said)
    model = convert(made.network, **made.said, **how)
    model = replace(model, outputs=tuple(replace(port, capacity=port.capacity * TICKS) for port in model.outputs))
    quantised = parts_of(lowered, Options(**how))
    dense = {}
    for path, node in lowered.of(Input):
        values = rng.integers(1, most + 1, (TICKS, node.shape[0])) * (rng.random((TICKS, node.shape[0])) < 0.25)
        values[rng.random(TICKS) < 0.25] = 0
        dense[path] = values.astype(np.float64)
    return Case(
        seed=seed,
        network=made.network,
        lowered=lowered,
        rounded=rounded_network(lowered, quantised),
        quantised=quantised,
        model=model,
        dense=dense,
    )
