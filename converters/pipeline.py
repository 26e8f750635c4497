"""The way from a trained network to an integer model: one list of passes, then numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from spikelet.converters.conventions import resolve
from spikelet.converters.frameworks import FRAMEWORKS
from spikelet.converters.frontends import read
from spikelet.converters.graph import Network, check
from spikelet.converters.integers import build
from spikelet.converters.layouts import SPARSE_BELOW
from spikelet.converters.passes.cycles import break_cycles, straight_input
from spikelet.converters.passes.discretise import discretise
from spikelet.converters.passes.fold import fold_gains, fold_linear
from spikelet.converters.passes.fuse import fuse_thresholds
from spikelet.converters.passes.inline import inline
from spikelet.converters.passes.reshape import drop_reshapes, prune
from spikelet.converters.passes.split import split
from spikelet.converters.ports import Options
from spikelet.converters.tflite.calibrated import convert_graded
from spikelet.converters.tflite.reader import is_tflite
from spikelet.errors import ConvertError
from spikelet.graded.model import GradedModel
from spikelet.model import Decoder, Encoder, Model, Rounding

__all__ = ["PASSES", "Context", "convert", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the passes need to know besides the network."""

    framework: str | None
    dt: float | None
    said: Mapping[str, Any]
    input_scale: float
    sparse: str


def _discretise(network: Network, context: Context) -> Network:
    """Neurons, delays and cycles by one set of choices."""
    profile = FRAMEWORKS.get(context.framework or "")
    if profile is not None and profile.input_through_weights:
        network = straight_input(network)
    settled = resolve(network, framework=context.framework, dt=context.dt, said=context.said)
    return break_cycles(discretise(network, settled), settled.cycle_delay)


#: The lowering, in order; the network is checked after each.
PASSES: tuple[tuple[str, Callable[[Network, Context], Network]], ...] = (
    ("inline", lambda network, _: inline(network)),
    ("prune", lambda network, _: prune(network)),
    ("discretise", _discretise),
    ("drop_reshapes", lambda network, _: drop_reshapes(network)),
    ("fuse_thresholds", lambda network, _: fuse_thresholds(network)),
    ("fold_linear", lambda network, context: fold_linear(network, context.sparse)),
    ("fold_gains", lambda network, context: fold_gains(network, context.input_scale)),
    ("split", lambda network, _: split(network)),
)


def lower(
    network: str | Path | Network,
    *,
    framework: str | None = None,
    dt: float | None = None,
    input_scale: float = 1.0,
    until: str = "",
    takes: str | None = None,
    arrival: str | None = None,
    sparse: str = "fast",
    **choices: Any,
) -> Network:
    """Read a network and lower it to Input, Neurons, Dense and Output, still in floating point.

    The populations have the names that they have in the model: `Floating(lower(...))` is what a
    model is compared with.

    Args:
        network: a file, or a Network as a frontend gives it.
        framework, dt, input_scale, takes, arrival, sparse, choices: as for convert().
        until: name of the last pass to do; "": all.

    Raises:
        ConvertError: the file is refused, or a choice is open.
    """
    if sparse not in SPARSE_BELOW:
        raise ConvertError("convert", "sparse", found=repr(sparse), allowed=", ".join(SPARSE_BELOW), hint="")
    context = Context(framework=framework, dt=dt, said=choices, input_scale=input_scale, sparse=sparse)
    lowered = network if isinstance(network, Network) else read(network, takes=takes, arrival=arrival)
    for name, run in PASSES:
        lowered = check(run(lowered, context), name)
        if name == until:
            break
    return lowered


def convert(
    network: str | Path | Network,
    *,
    framework: str | None = None,
    dt: float | None = None,
    reset: str | None = None,
    comparison: str | None = None,
    reset_time: str | None = None,
    reset_place: str | None = None,
    fire_time: str | None = None,
    several: bool | None = None,
    u_order: str | None = None,
    input_place: str | None = None,
    decay: str | None = None,
    norm_input: bool | None = None,
    v_gain: str | None = None,
    u_gain: str | None = None,
    v_init: str | None = None,
    v_min: float | str | None = None,
    v_reset: float | None = None,
    file_dt: float | None = None,
    decay_bits: int | None = None,
    cycle_delay: str | Sequence[str] | None = None,
    delay_rounding: str | None = None,
    defaults: bool | None = None,
    takes: str | None = None,
    arrival: str | None = None,
    sparse: str = "fast",
    scale: str = "auto",
    weight_bits: int = 8,
    weights: int | str | Mapping[str, int] | None = None,
    max_loss: float = 1.0,
    prune: float | str | None = None,
    prune_by: str = "magnitude",
    calibration: Any = None,
    calibration_labels: Any = None,
    encoder: str | Encoder = "events",
    gain: int = 257,
    seed: int = 0,
    input_scale: float | None = None,
    max_value: int = 1,
    max_sum: int | None = None,
    queue: int | None = None,
    ticks_per_sample: int = 0,
    early_exit: int | str | None = None,
    exit_loss: float = 0.1,
    reset_between: bool = True,
    decoder: str | Decoder | None = None,
    labels: Sequence[str] = (),
    output_queue: int | None = None,
    frac: int | None = None,
    rounding: str | Rounding | None = None,
) -> Model | GradedModel:
    """Convert a trained network to an integer model.

    Args:
        network: a NIR file, an exchange file of lava-dl, or a Network; or a .tflite file, which gives a
            GradedModel. Such a file takes labels, and where it is float calibration, calibration_labels, weights
            (or weight_bits) and max_loss.
        framework: whose conventions hold: nir, snntorch, norse, sinabs, spikingjelly, lava,
            rockpool, spyx. None: every choice must be said.
        dt: length of a tick [s].
        reset, ..., defaults: choices, explained in docs/explanation/conventions.md; what is not given
            is the framework's. `cycle_delay` is "feedback", or edges "a->b" of cycles that take a tick;
            `defaults=True` takes the framework's own defaults for the open ones.
        takes, arrival: of lava-dl's files: what the input is (current, value, spikes), and whether spikes
            reach the next layer in the same tick (now) or the next one (docs/how-to/loihi.md).
        sparse: where a matrix is stored as sparse rows: "fast", where that needs fewer instructions than dense
            rows on every core (up to 8 % of the weights are not 0, or a fifth of the blocks of four targets),
            or "small", where it needs fewer bytes.
        scale: "neuron" or "population": what shares one size of a weight unit; "auto": neurons of a map of
            8 bits do, since parameters of each would take more flash than the weights. With "neuron", channels
            of a map have one each. Populations whose potentials are compared always share one.
        weight_bits: 1 to 8, stored in 8, 4, 2 or 1.
        weights: bits of single populations, {path: bits}; a number is as weight_bits; "auto" chooses 8, 4, 2 or 1
            for each: the fewest bytes that lose at most `max_loss` points of accuracy on calibration data
            (without labels: of predictions unlike the float network's). With these, few bits are fitted to the
            data, layer by layer.
        prune: share of the weights to leave out of dense projections where sparse rows then are faster; or "auto":
            the shares that need fewest instructions and lose at most `max_loss` points, on calibration data.
        prune_by: which weights go first: those of the smallest "magnitude", or "activity": that times how much
            their source sends on calibration data.
        calibration: input of the kind that the model will get, to round weights by and to report
            agreement: uint8 frames of shape (samples, ...) for an encoder; for events an array of
            shape (samples, ticks, size), or a list of event arrays; a mapping by input for several.
        calibration_labels: classes of the calibration samples, whole numbers, shape (samples,).
        encoder, gain, seed: of all inputs (docs/reference/semantics.md 4).
        input_scale: what a value of 1 stands for in the network. Default 1.
        max_value, max_sum: largest |value| of an event, largest sum of |value| of a tick.
        queue: events that an input holds. Default: one for each neuron.
        ticks_per_sample: window of a sample [ticks]; 0: endless.
        early_exit: samples end when the best two scores of the first output differ by more than this; "auto":
            chosen on calibration data (docs/how-to/early-exit.md). None: none does.
        exit_loss: with "auto", points of accuracy that early exits may lose on calibration data.
        reset_between: whether samples begin from the initial state.
        decoder: count, last, largest, first or none. Default: count for populations that fire, largest for
            potentials.
        labels: names of the classes.
        output_queue: events that an output holds. Default: two for each neuron.
        frac: fraction bits of all potentials. Default: chosen by time constants and bounds.
        rounding: of decays: floor, zero or nearest. Default: floor; zero for lava.

    Raises:
        ConvertError: the file is refused, a choice is open, or a number has no place.
        DataError: calibration data do not fit.
    """
    if not isinstance(network, Network) and is_tflite(network):
        _refuse_spiking(locals())
        return convert_graded(
            network,
            labels=labels,
            weights=weight_bits if weights is None else weights,
            calibration=calibration,
            calibration_labels=calibration_labels,
            max_loss=max_loss,
        )
    said: dict[str, Any] = {
        "reset": reset, "comparison": comparison, "reset_time": reset_time, "reset_place": reset_place,
        "fire_time": fire_time, "several": several, "u_order": u_order, "input_place": input_place,
        "decay": decay, "norm_input": norm_input, "v_gain": v_gain, "u_gain": u_gain, "v_init": v_init,
        "v_min": v_min, "v_reset": v_reset, "file_dt": file_dt, "decay_bits": decay_bits, "defaults": defaults,
        "cycle_delay": cycle_delay, "delay_rounding": delay_rounding,
    }  # fmt: skip
    options = Options(
        scale=scale,
        weight_bits=weights if isinstance(weights, int) else weight_bits,
        weights="" if weights is None or isinstance(weights, int) else weights,
        max_loss=max_loss,
        sparse=sparse,
        prune=prune,
        prune_by=prune_by,
        encoder=_named(Encoder, encoder, "encoder"),
        gain=gain,
        seed=seed,
        input_scale=1.0 if input_scale is None else input_scale,
        max_value=max_value,
        max_sum=max_sum,
        queue=queue,
        ticks_per_sample=ticks_per_sample,
        reset_between=reset_between,
        decoder=None if decoder is None else _named(Decoder, decoder, "decoder"),
        labels=tuple(labels),
        output_queue=output_queue,
        frac=frac,
        rounding=None if rounding is None else _named(Rounding, rounding, "rounding"),
    )
    lowered = lower(
        network,
        framework=framework,
        dt=dt,
        input_scale=options.input_scale,
        takes=takes,
        arrival=arrival,
        sparse=sparse,
        **said,
    )
    model = build(lowered, options, calibration=calibration, dt=dt, labels=calibration_labels)
    if early_exit is None:
        return model
    from spikelet.early_exit import with_early_exit

    return with_early_exit(model, early_exit, calibration, calibration_labels, loss=exit_loss)


#: What convert() takes with a .tflite file.
_GRADED = {"network", "labels", "weights", "weight_bits", "calibration", "calibration_labels", "max_loss"}


def _refuse_spiking(given: Mapping[str, Any]) -> None:
    """Refuse arguments of convert() that are for spiking networks."""
    for name, parameter in signature(convert).parameters.items():
        if name not in _GRADED and given[name] != parameter.default:
            found = f"{given[name]!r} with a .tflite file"
            raise ConvertError("convert", name, found=found, allowed=", ".join(sorted(_GRADED)), hint="Leave it out.")


_Name = TypeVar("_Name", Encoder, Decoder, Rounding)


def _named(kind: type[_Name], value: str | _Name, field: str) -> _Name:
    """A member of an enumeration, by its name in lower case."""
    if isinstance(value, kind):
        return value
    names = {member.name.lower(): member for member in kind}
    if value not in names:
        raise ConvertError("convert", field, found=repr(value), allowed=", ".join(names), hint="")
    return names[str(value)]
