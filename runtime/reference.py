"""The numpy reference: docs/reference/semantics.md in the most direct form, to compare the engine with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.events import EventArray
from spikelet.maps import Index
from spikelet.model import Int32Array, Model, PopulationKind, Projection
from spikelet.reference_delay import DelayLine
from spikelet.reference_lif import Lif
from spikelet.reference_ports import Input, Output, refuse
from spikelet.reference_projections import Late, bringer
from spikelet.rules import check
from spikelet.runner import PopulationStats, Runner, Variable

__all__ = ["Reference"]


class Reference(Runner):
    """Runs a model in numpy.

    Raises:
        ModelError: the model breaks a rule.
    """

    def __init__(self, model: Model) -> None:
        check(model)
        self.model = model
        self._bringers = [bringer(projection, model) for projection in model.projections]
        self.reset()

    def reset(self) -> None:
        """See Runner."""
        model = self.model
        self._tick = self._sample_tick = 0
        self._inputs = [Input(port) for port in model.inputs]
        self._populations = [
            Lif(population) if population.kind is PopulationKind.LIF else DelayLine(population)
            for population in model.populations
        ]
        self._late = {
            index: Late(projection.delays.astype(np.int64))
            for index, projection in enumerate(model.projections)
            if projection.delays is not None
        }
        self._outputs = [Output(port, model.populations[port.population].size) for port in model.outputs]
        self._stats = [[0, 0, 0] for _ in model.populations]

    @property
    def tick_number(self) -> int:
        """See Runner."""
        return self._tick

    def push(self, events: EventArray, port: int = 0) -> None:
        """See Runner."""
        self._input(port).push(events, self._tick)

    def push_frame(self, frame: npt.NDArray[np.uint8], port: int = 0) -> None:
        """See Runner."""
        self._input(port).check_frame(frame)
        self._begin_sample_if_done()
        self._input(port).set_frame(frame)

    def advance(self, ticks: int) -> int:
        """See Runner."""
        for done in range(ticks):
            if any(output.is_full for output in self._outputs):
                return done
            self._one_tick()
        return ticks

    def advance_early(self, ticks: int) -> int:
        """See Runner."""
        for done in range(ticks):
            if self.advance(1) == 0:
                return done
            if self._is_decided():
                self._end_sample()
                return done + 1
        return ticks

    def take(self, port: int = 0) -> EventArray:
        """See Runner."""
        return self._output_port(port).take()

    def scores(self, port: int = 0) -> Int32Array:
        """See Runner."""
        return self._output_port(port).scores()

    def probe(self, population: int, variable: Variable) -> Int32Array:
        """See Runner."""
        if not 0 <= population < len(self._populations):
            raise refuse("ARGUMENT", f"population {population}")
        lif = self._populations[population]
        quiet = np.full(lif.population.size, lif.quiescent)
        words = {Variable.V: lif.v, Variable.U: lif.u, Variable.A: lif.a, Variable.R: lif.r, Variable.EVENTS: lif.z}
        values: Int32Array = words.get(variable, quiet).astype(np.int32)
        return values

    def stats(self) -> list[PopulationStats]:
        """See Runner."""
        return [PopulationStats(events=e, synops=s, quiet_ticks=q) for e, s, q in self._stats]

    def _input(self, port: int) -> Input:
        if not 0 <= port < len(self._inputs):
            raise refuse("ARGUMENT", f"input {port}")
        return self._inputs[port]

    def _output_port(self, port: int) -> Output:
        if not 0 <= port < len(self._outputs):
            raise refuse("ARGUMENT", f"output {port}")
        return self._outputs[port]

    def _begin_sample_if_done(self) -> None:
        """Semantics 2.1, step 1."""
        if not self.model.ticks_per_sample or self._sample_tick < self.model.ticks_per_sample:
            return
        self._sample_tick = 0
        for output in self._outputs:
            output.clear()
        for port in self._inputs:
            port.forget_frame()
        if self.model.reset_between:
            for part in [*self._populations, *self._late.values()]:
                part.start()

    def _is_decided(self) -> bool:
        """Semantics 5.1."""
        gaps = [(port.gap, output.gap()) for port, output in zip(self.model.outputs, self._outputs, strict=True)]
        return any(least for least, _ in gaps) and all(found >= least for least, found in gaps if least)

    def _end_sample(self) -> None:
        """Semantics 5.1: the ticks that are left pass."""
        window = self.model.ticks_per_sample
        if self._sample_tick >= window:
            return
        self._tick = (self._tick + window - self._sample_tick) % 2**32
        self._sample_tick += window
        for port in self._inputs:
            port.drop(self._tick)

    def _one_tick(self) -> None:
        """Semantics 2.1."""
        self._begin_sample_if_done()
        for port in self._inputs:
            port.update(self._tick, self._sample_tick, self.model.ticks_per_sample)
        for index, lif in enumerate(self._populations):
            self._update(index, lif)
        for described, output in zip(self.model.outputs, self._outputs, strict=True):
            lif = self._populations[described.population]
            output.update(lif.z, lif.v, self._tick, self._sample_tick)
        self._tick = (self._tick + 1) % 2**32
        self._sample_tick = (self._sample_tick + 1) % 2**32

    def _update(self, index: int, population: Lif | DelayLine) -> None:
        """Pull what the projections bring, and update or skip a population."""
        given = np.zeros(population.population.size, np.int64)
        stats = self._stats[index]
        any_event = False
        for number, projection in enumerate(self.model.projections):
            if projection.target != index:
                continue
            neurons, values = self._events(projection)
            brought, added = self._bringers[number].bring(neurons, values)
            incoming = len(neurons) > 0
            if number in self._late:
                brought, incoming = self._late[number].pass_on(brought, incoming)
            given += brought
            any_event = any_event or incoming
            stats[1] += added
        if population.quiescent and not any_event:
            stats[2] += 1
            return
        population.update(given, any_event)
        stats[0] += int(np.count_nonzero(population.z))

    def _events(self, projection: Projection) -> tuple[Index, Index]:
        """Neurons and values of the events of a projection's source.

        Populations are updated in order: those that come later, and the target itself, still show their
        events of the tick before (semantics 2.1).
        """
        if projection.from_input:
            port = self._inputs[projection.source]
            return port.neurons, port.values
        z = self._populations[projection.source].z
        neurons = np.flatnonzero(z)
        return neurons, z[neurons]
