"""What a model is, as data for JSON and tables: shapes, numbers, choices, memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.arena import state_size
from spikelet.image import crc_of, encode
from spikelet.model import (
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    PopulationKind,
    parameter_names,
)
from spikelet.report_projections import describe_projection, synops_of_all

__all__ = ["describe", "kind_of", "one_line"]

_PLAIN = LifChoices()


def describe(model: Model) -> dict[str, Any]:
    """Everything that an image says, JSON-like; sizes in bytes.

    Raises:
        ModelError: the model breaks a rule.
    """
    image = encode(model)
    meta = dict(model.meta)
    reports = _reports(meta.pop("populations", None), len(model.populations))
    names = [population.name for population in model.populations]
    return {
        "image": {"bytes": len(image), "crc32": f"{crc_of(image):08x}", "format": int.from_bytes(image[4:6], "little")},
        "memory": _memory(model, len(image)),
        "ticks_per_sample": model.ticks_per_sample,
        "reset_between": model.reset_between,
        "tick_ns": model.tick_ns,
        "inputs": [_input(port) for port in model.inputs],
        "populations": [_population(p, r) for p, r in zip(model.populations, reports, strict=True)],
        "projections": [describe_projection(p, model) for p in model.projections],
        "outputs": [_output(port, names) for port in model.outputs],
        "synops_dense": sum(synops_of_all(p, model) for p in model.projections),
        "meta": {key: meta[key] for key in sorted(meta) if _known(key, meta[key])},
    }


#: What else the converter says, and its types.
_META: dict[str, type] = {
    "assumed": str,
    "calibration": dict,
    "choices": dict,
    "converter": str,
    "input_scale": float,
    "source": dict,
    "weight_bits": int,
}


def _known(key: str, value: Any) -> bool:
    if not isinstance(value, _META.get(key, object)):
        return False
    return key != "choices" or (isinstance(value, dict) and all(isinstance(own, dict) for own in value.values()))


#: What the converter says of a population, and its types; anything else in an image is left out.
_REPORTED: dict[str, tuple[type, ...]] = {
    "scale": (int, float, list),
    "tau_ticks": (int, float),
    "offset": (int, float, list),
    "input_bound": (int, float),
    "v_bound": (int, float),
    "never_saturates": (bool,),
    "weight_error": (int, float),
}


def _reports(found: Any, count: int) -> list[dict[str, Any]]:
    """The converter's reports; nobody vouches for an image's META."""
    if not isinstance(found, list) or len(found) != count or not all(isinstance(entry, dict) for entry in found):
        return [{}] * count
    return [{name: entry[name] for name, kinds in _REPORTED.items() if _is(entry.get(name), kinds)} for entry in found]


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, list):
        return list in kinds and len(value) > 0 and all(type(item) in {int, float} for item in value)
    return type(value) in kinds


def one_line(model: Model) -> str:
    """Sizes of inputs and populations, such as "64-96-10"; delay lines are left out."""
    neurons = [part.size for part in model.populations if part.kind is PopulationKind.LIF]
    return "-".join(str(size) for size in [*(port.size for port in model.inputs), *neurons])


def kind_of(population: Population) -> str:
    """The usual name of a population's kind."""
    if population.kind is PopulationKind.DELAY:
        return "delay line"
    choices = population.choices
    whole = 2 ** (12 if choices.shift12 else 16)
    decay = population.parameters.get("decay_v", np.array([whole]))
    leaks = bool(np.any(decay != whole))
    if choices.fires and not np.any(decay) and not choices.has_u:
        return "threshold"
    name = ("L" if leaks else "") + "I" + ("F" if choices.fires else "")
    return ("adaptive " if choices.has_a else "") + ("CUBA-" if choices.has_u else "") + name


def _memory(model: Model, image: int) -> dict[str, int]:
    from spikelet.memory import work_size

    return {"image": image, "state": state_size(model), "work": work_size(model)}


def _input(port: InputPort) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": port.name,
        "size": port.size,
        "shape": list(port.shape),
        "encoder": port.encoder.name.lower(),
        "max_value": port.max_value,
        "max_sum": port.max_sum,
        "queue": port.capacity,
    }
    return found if port.encoder.name == "EVENTS" else {**found, "gain": port.gain, "seed": port.seed}


def _population(population: Population, report: dict[str, Any]) -> dict[str, Any]:
    choices = {
        name: value.name.lower() if hasattr(value, "name") else value
        for name in LifChoices.__dataclass_fields__
        if (value := getattr(population.choices, name)) != getattr(_PLAIN, name) or name in ("rounding", "reset_kind")
    }
    parameters = {
        name: {"least": int(values.min()), "largest": int(values.max()), "count": len(values)}
        for name in parameter_names(population.kind)
        if (values := population.parameters.get(name)) is not None
    }
    return {
        "name": population.name,
        "size": population.size,
        "kind": kind_of(population),
        "frac": population.frac,
        "max_count": population.max_count,
        "block": 2**population.block if population.block else 0,
        "choices": choices,
        "parameters": parameters,
        "report": report,
    }


def _output(port: OutputPort, names: list[str]) -> dict[str, Any]:
    return {
        "name": port.name,
        "population": names[port.population],
        "kind": port.kind.name.lower(),
        "decoder": port.decoder.name.lower(),
        "queue": port.capacity,
        "labels": list(port.labels),
        **({"early_exit": port.gap - 1} if port.gap else {}),
    }
