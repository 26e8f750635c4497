"""What is wrong with a comparison, and which option of the conversion changes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spikelet.agreement import LayerAgreement
from spikelet.agreement_activity import InputActivity, PopulationActivity
from spikelet.model import Encoder, Model, Population

__all__ = ["Advice", "advise"]

#: Below these a layer is told of: equal ticks, correlation of the sums; above these: error of a readout's potentials,
#: saturated cells, events at the largest count, difference of cells on the lower clamp.
_SPIKES_EQUAL, _CORRELATION = 0.97, 0.98
_ERROR, _SATURATED, _FULL, _CLAMPED = 0.1, 0.0, 0.001, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to look at: where, a word for machines, what was found, and what to do. `serious` is no remark."""

    population: str
    kind: str
    text: str
    advice: str
    serious: bool = True


def advise(
    model: Model,
    inputs: Sequence[InputActivity],
    activities: Sequence[PopulationActivity],
    layers: Sequence[LayerAgreement],
) -> tuple[Advice, ...]:
    """Look through a comparison, inputs first, then populations in order of update.

    Args:
        model: as it was converted; its meta tells with which options.
        inputs, activities: of all ports and populations.
        layers: of the populations that the float network has too.
    """
    by_name = {layer.population: layer for layer in layers}
    found = [advice for port in inputs for advice in _input(port)]
    for index, (population, activity) in enumerate(zip(model.populations, activities, strict=True)):
        layer = by_name.get(population.name)
        found += _firing(population, activity, layer)
        found += _range(population, activity, layer)
        if layer is not None:
            before = [name for name in _sources(model, index) if name in by_name and _is_bad(by_name[name])]
            found += _agreement(model, layer, before)
    return tuple(found)


def _sources(model: Model, index: int) -> list[str]:
    """Names of the earlier populations that feed one."""
    found = {p.source for p in model.projections if p.target == index and not p.from_input and p.source < index}
    return [model.populations[source].name for source in sorted(found)]


def _is_bad(layer: LayerAgreement) -> bool:
    return layer.fires and (
        layer.spikes_equal < _SPIKES_EQUAL
        or (layer.rate_correlation is not None and layer.rate_correlation < _CORRELATION)
    )


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %"


def _input(port: InputActivity) -> Iterator[Advice]:
    if port.at_limit <= _FULL:
        return
    if port.encoder == Encoder.EVENTS.name.lower():
        yield Advice(
            population=port.port,
            kind="input_at_limit",
            text=f"{_percent(port.at_limit)} of the events of input {port.port!r} have the largest value that it takes",
            advice="if the source cut them off there, convert with a larger --max-value, or use a shorter tick (--dt)",
        )
    else:
        yield Advice(
            population=port.port,
            kind="input_at_limit",
            text=f"the gain lifts {_percent(port.at_limit)} of the pixels of input {port.port!r} above a full rate",
            advice="a smaller --gain (257: a pixel of 255 fires in every tick)",
        )


def _named(neurons: Sequence[int], count: int) -> str:
    more = ", ..." if count > len(neurons) else ""
    return f"({', '.join(map(str, neurons))}{more})"


def _firing(p: Population, activity: PopulationActivity, layer: LayerAgreement | None) -> Iterator[Advice]:
    """Neurons that never fire, or in every tick."""
    if not activity.fires:
        return
    if activity.never == activity.size:
        if layer is None or layer.spikes_float == 0:
            where = "in these samples" if layer is None else "neither in the float network nor in integers"
            yield Advice(
                population=p.name,
                kind="dead_layer",
                text=f"no neuron of {p.name!r} fires, {where}",
                advice="its input is too weak: look at --input-scale, --gain and --dt, and at the conventions that"
                " scale input (--framework, --v-gain, --u-gain); nothing behind it can work",
            )
        else:
            yield Advice(
                population=p.name,
                kind="dead_layer",
                text=f"no neuron of {p.name!r} fires in integers, in the float network {layer.spikes_float} spikes do",
                advice="thresholds lie beyond the integers' range: more --weight-bits, --scale neuron, or no --frac"
                " so that it is chosen",
            )
        return
    if activity.never:
        yield Advice(
            population=p.name,
            kind="dead_neurons",
            text=f"{activity.never} of {activity.size} neurons of {p.name!r} never fire in these samples"
            f" {_named(activity.never_first, activity.never)}",
            advice="try more --samples; neurons that stay silent cost bytes and can be pruned before the export",
            serious=activity.never > 0.9 * activity.size,
        )
    only = (layer.never_integer_only, layer.never_float_only) if layer is not None else (0, 0)
    if any(only):
        yield Advice(
            population=p.name,
            kind="dead_on_one_side",
            text=f"of the neurons of {p.name!r} {only[0]} never fire in integers only,"
            f" {only[1]} in the float network only",
            advice="they are near their thresholds: more --weight-bits, --scale neuron or --calibration brings both"
            " sides together",
            serious=sum(only) > activity.size // 20,
        )
    if activity.always:
        yield Advice(
            population=p.name,
            kind="always_firing",
            text=f"{activity.always} of {activity.size} neurons of {p.name!r} fire in every tick"
            f" {_named(activity.always_first, activity.always)}",
            advice="they carry no information: a shorter --dt, a smaller --gain or --input-scale, several spikes a tick"
            " (--several), or another reset than the one that was trained (--reset)",
        )


def _range(p: Population, activity: PopulationActivity, layer: LayerAgreement | None) -> Iterator[Advice]:
    """Values at a limit."""
    if activity.saturated > _SATURATED:
        yield Advice(
            population=p.name,
            kind="saturated",
            text=f"{_percent(activity.saturated)} of all potentials of {p.name!r} are at the largest integer",
            advice=f"fewer fraction bits than {p.frac} (--frac), a smaller --max-value or --max-sum of the input,"
            " or fewer --weight-bits",
        )
    if activity.at_max_count > _FULL:
        yield Advice(
            population=p.name,
            kind="max_count",
            text=f"{_percent(activity.at_max_count)} of the events of {p.name!r} have the largest count of a tick,"
            f" {p.max_count}",
            advice="spikes beyond it are lost: use a shorter tick (--dt) or a smaller --max-value of the input",
        )
    if layer is not None and activity.at_v_min - layer.at_v_min_float > _CLAMPED:
        yield Advice(
            population=p.name,
            kind="v_min",
            text=f"{_percent(activity.at_v_min)} of the potentials of {p.name!r} rest on the lower clamp,"
            f" in the float network {_percent(layer.at_v_min_float)}",
            advice="look at --v-min, and at --frac if the clamp is only a few units wide",
        )


def _agreement(model: Model, layer: LayerAgreement, before: Sequence[str]) -> Iterator[Advice]:
    """Spikes and potentials that are apart; `before` are earlier layers that are and feed this one."""
    bad = _is_bad(layer)
    if not bad and (layer.fires or layer.v_rms is None or layer.v_rms <= _ERROR):
        return
    parts = [f"{_percent(1 - layer.spikes_equal)} of the ticks of {layer.population!r} differ"] if bad else []
    if bad and layer.rate_correlation is not None:
        parts.append(f"rates correlate with {layer.rate_correlation:.3f}")
    if layer.v_rms is not None:
        unit = "thresholds" if layer.v_unit == "threshold" else "of the largest one"
        whose = "" if bad else f" of {layer.population!r}"
        parts.append(f"potentials{whose} are {layer.v_rms:.2g} {unit} apart (rms)")
    yield Advice(
        population=layer.population,
        kind="spikes_apart" if bad else "potentials_apart",
        text=", ".join(parts),
        advice=f"may follow from {before[0]!r}, which feeds it: look there first" if before else _finer(model),
    )


def _finer(model: Model) -> str:
    """What brings integers nearer to the float network, of what was not done yet."""
    options = []
    bits = model.meta.get("weight_bits")
    if isinstance(bits, int) and bits < 8:
        options.append(f"more than {bits} --weight-bits")
    if "calibration" not in model.meta:
        options.append("--calibration with training data")
    reports = model.meta.get("populations")
    scales = (
        [report.get("scale") for report in reports if isinstance(report, dict)] if isinstance(reports, list) else []
    )
    if scales and not any(isinstance(scale, list) for scale in scales):
        options.append("--scale neuron")
    options.append("a larger --frac if tau is many ticks")
    return "weights or potentials are too coarse: " + ", ".join(options)
