"""The engine equals the numpy reference on everything that can be seen, for any network and any calls."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from agreement import assert_agreement, perform, view
from spikelet.engine import Engine
from spikelet.layout import FLAG_BITS
from spikelet.model import (
    PARAMETERS,
    V_MAX,
    Decoder,
    Encoder,
    Model,
    OutputKind,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
)
from spikelet.reference import Reference
from spikelet.runner import Runner, Variable
from strategies import Call, cases, corpus

N = 300
#: Parameters that any number within V_MAX may be.
_SIGNED = ("fire_above", "reset", "bias", "v_init", "adapt_by")
Case = tuple[Model, list[Call]]


@cache
def networks() -> list[Case]:
    """The corpus."""
    return corpus(N)


@given(cases())
def test_engine_and_reference_agree_after_every_tick(case: Case) -> None:
    """Semantics 1 to 6: state, events, scores, statistics and refusals."""
    model, calls = case
    with Engine(model) as engine:
        assert_agreement(Reference(model), engine, calls)


@pytest.mark.parametrize("part", range(10))
def test_engine_and_reference_agree_on_the_corpus(part: int) -> None:
    """The same networks each time, of which test_the_corpus_shows_everything knows what they show."""
    for model, calls in networks()[part::10]:
        with Engine(model) as engine:
            assert_agreement(Reference(model), engine, calls)


@pytest.mark.slow
@settings(max_examples=5000, suppress_health_check=list(HealthCheck))
@given(cases(length=60))
def test_engine_and_reference_agree_in_a_long_search(case: Case) -> None:
    """As above, with more networks and longer scripts."""
    model, calls = case
    with Engine(model) as engine:
        assert_agreement(Reference(model), engine, calls)


@pytest.mark.parametrize("runner", [Reference, Engine])
@given(case=cases())
def test_advancing_n_ticks_equals_n_times_one_tick(runner: type[Runner], case: Case) -> None:
    """Semantics 2.2: skipping quiescent populations changes no result."""
    model, calls = case
    with runner(model) as at_once, runner(model) as singly:
        for call in calls:
            if call.name == "advance":
                done = at_once.advance(call.ticks)
                assert done == sum(singly.advance(1) for _ in range(call.ticks))
            else:
                assert perform(at_once, call) == perform(singly, call)
            assert view(at_once) == view(singly)


def test_the_corpus_shows_everything() -> None:
    """Every choice, parameter, encoder, decoder, border and refusal occurs, often enough to mean something."""
    seen: Counter[str] = Counter()
    for model, calls in networks():
        for population in model.populations:
            seen[f"block {population.block}"] += 1
            if population.kind is PopulationKind.DELAY:
                _see_line(population, seen)
                continue
            for name in FLAG_BITS:
                seen[f"{name}={int(getattr(population.choices, name))}"] += 1
            for name, array in population.parameters.items():
                seen[f"{name} for {'all' if len(array) == 1 else 'each'}"] += 1
                seen[f"{name} at V_MAX"] += bool(np.any(array == V_MAX))
                seen[f"{name} at -V_MAX"] += bool(np.any(array == -V_MAX))
                seen[f"{name} below -1"] += bool(np.any(array < -1))
            seen[f"frac {population.frac}"] += 1
        seen.update(f"encoder {port.encoder.name}" for port in model.inputs)
        seen.update(f"decoder {port.decoder.name}" for port in model.outputs)
        seen.update(f"output {port.kind.name}" for port in model.outputs)
        seen["window"] += model.ticks_per_sample > 0
        seen["reset between"] += model.reset_between and model.ticks_per_sample > 0
        seen["several inputs"] += len(model.inputs) > 1
        seen["several outputs"] += len(model.outputs) > 1
        targets = Counter(p.target for p in model.projections)
        sources = Counter((p.source, p.from_input) for p in model.projections)
        seen["merges"] += max(targets.values(), default=0) > 1
        seen["branches"] += max(sources.values(), default=0) > 1
        for projection in model.projections:
            _see_projection(projection, model, seen)
        _watch(model, calls, seen)

    expected = {
        f"{name}={value}": 20 for name, (_, bits) in FLAG_BITS.items() for value in range(3 if bits == 2 else 2)
    }
    expected |= {"u_order=3": 20} | {f"frac {frac}": 3 for frac in range(21)}
    expected |= {f"{name} for {how}": 15 for name in PARAMETERS for how in ("all", "each")}
    expected |= {f"{name} {where}": 15 for name in _SIGNED for where in ("below -1", "at V_MAX", "at -V_MAX")}
    expected |= {f"encoder {e.name}": 20 for e in Encoder} | {f"decoder {d.name}": 20 for d in Decoder}
    expected |= {f"output {k.name}": 20 for k in OutputKind}
    expected |= {f"block {block}": 20 for block in (0, 3, 4, 12)} | dict.fromkeys(_LINES + _GEOMETRY, 20)
    expected |= {f"{k.name} {bits}": 10 for k in (ProjectionKind.DENSE, ProjectionKind.CONV) for bits in (8, 4, 2, 1)}
    expected |= {
        f"{how} {k.name}": 10 for k in ProjectionKind for how in ("forward", "back", "within", "late", "mapped")
    }
    for impossible in ("late FEED", "mapped FEED", "within FEED"):
        del expected[impossible]
    for name in ("window", "reset between", "several inputs", "several outputs", "merges", "branches"):
        expected[name] = 20
    expected |= {f"refused {code}": 5 for code in (-1, -40, -41, -42, -43, -44)}
    for name in (
        "v at its threshold",
        "v at its upper end",
        "v at its lower end",
        "several spikes",
        "quiet",
        "full",
        "values of a delay line",
        "negative values",
        "events of a delay line",
    ):
        expected[name] = 20
    missing = {name: f"{seen[name]} of {least}" for name, least in expected.items() if seen[name] < least}
    assert not missing


#: What delay lines and convolutions show.
_LINES = ("a line with values", "a line without values", "one delay", "delays", "no delay", "two feeds")
_GEOMETRY = ("stride", "padding", "cut off", "dilation", "groups", "planar source", "planar target", "pool")


def _see_line(population: Population, seen: Counter[str]) -> None:
    delay = population.parameters["delay"]
    seen[f"a line {'with' if population.choices.several else 'without'} values"] += 1
    seen["one delay" if len(delay) == 1 else "delays"] += 1
    seen["no delay"] += bool(np.any(delay == 0))


def _see_projection(p: Projection, model: Model, seen: Counter[str]) -> None:
    way = "forward" if p.from_input or p.source < p.target else "within" if p.source == p.target else "back"
    seen[f"{way} {p.kind.name}"] += 1
    seen[f"{p.kind.name} {p.bits}"] += 1
    seen[f"late {p.kind.name}"] += p.delays is not None
    if p.kind is ProjectionKind.FEED:
        seen["two feeds"] += sum(other.target == p.target for other in model.projections) > 1
    if p.source_map is None:
        return
    seen[f"mapped {p.kind.name}"] += 1
    seen["pool"] += p.source_map.pool != (1, 1)
    seen["planar source"] += p.source_map.planar
    if p.target_map is not None:
        seen["planar target"] += p.target_map.planar
        seen["stride"] += p.target_map.stride != (1, 1)
        seen["padding"] += max(p.target_map.pad) > 0
        seen["cut off"] += min(p.target_map.pad) < 0
        seen["dilation"] += p.target_map.dilation != (1, 1)
        seen["groups"] += p.target_map.groups > 1


def _watch(model: Model, calls: list[Call], seen: Counter[str]) -> None:
    """Count what happens in a run: borders that are met, and calls that are refused."""
    reference = Reference(model)
    for call in calls:
        result = perform(reference, call)
        if isinstance(result, tuple):
            seen[f"refused {result[1]}"] += 1
        seen["full"] += isinstance(result, int) and result < call.ticks
        for index, population in enumerate(model.populations):
            if population.kind is PopulationKind.DELAY:
                values = reference.probe(index, Variable.EVENTS)
                seen["events of a delay line"] += bool(np.any(values))
                seen["values of a delay line"] += bool(np.any(values > 1))
                seen["negative values"] += bool(np.any(values < 0))
                continue
            v = reference.probe(index, Variable.V)
            threshold = population.parameters.get("fire_above", np.array([V_MAX]))
            seen["v at its threshold"] += population.choices.fires and bool(np.any(v == threshold))
            seen["v at its upper end"] += bool(np.any(v == V_MAX))
            seen["v at its lower end"] += bool(np.any(v == -V_MAX))
            seen["several spikes"] += bool(np.any(reference.probe(index, Variable.EVENTS) > 1))
    seen["quiet"] += any(stats.quiet_ticks for stats in reference.stats())
