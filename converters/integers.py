"""Builds the integer model of a lowered network: populations one by one, ports, and the report in `meta`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters import calibrate
from spikelet.converters.bits import AUTO, chosen_layers, said_bits
from spikelet.converters.encoding import encode
from spikelet.converters.floating import Array
from spikelet.converters.frameworks import FRAMEWORKS
from spikelet.converters.graph import Network
from spikelet.converters.lowered import Lowered
from spikelet.converters.nodes import Input, Neurons, Output
from spikelet.converters.passes.project import scaled
from spikelet.converters.ports import Options, decoder_of, input_port
from spikelet.converters.pruning import pruned
from spikelet.converters.quantize import Quantised, Settings
from spikelet.errors import ConvertError, DataError
from spikelet.events import as_events, to_dense
from spikelet.model import Decoder, Encoder, InputPort, Model, Rounding
from spikelet.rules import check

__all__ = ["build", "calibration_inputs", "parts_of", "rounded_network"]

#: Samples that the estimate from the weights is worth; more data count for more.
_WORTH = 100


def build(
    network: Network, options: Options, *, calibration: Any, dt: float | None, labels: npt.ArrayLike | None = None
) -> Model:
    """Quantise a lowered network.

    Args:
        network: Input, Neurons, DelayLine, weights and Output.
        options: numbers and ports.
        calibration, labels: as for convert().
        dt: length of a tick [s], for the record.

    Raises:
        ConvertError: a number has no place.
        DataError: calibration data do not fit the inputs.
    """
    ports = [input_port(path, node.port_shape, options) for path, node in network.of(Input)]
    outputs = {path: decoder_of(network, path, options) for path, _ in network.of(Output)}
    inputs = calibration_inputs(ports, calibration, options.ticks_per_sample) if calibration is not None else None
    given_labels = _labels(labels, inputs)
    network, pruning = _pruned(network, options, inputs, given_labels)
    moments = calibrate.moments(network, inputs) if inputs is not None else {}
    settings = replace(_settings(network, options, outputs), moments=moments)
    if inputs is not None:
        settings = replace(settings, weight_share=_WORTH / len(next(iter(inputs.values()))))
    lowered = Lowered(network, ports)
    meta = _meta(network, options)
    settings, record = _with_bits(network, settings, options, inputs, given_labels)
    meta |= {"weights": record} if record else {}
    meta |= {"pruning": pruning} if pruning else {}
    quantised = lowered.quantise(settings)
    if inputs is not None:
        plain = lowered.quantise(replace(settings, moments={}))
        quantised, meta["calibration"] = _better(network, inputs, {"data": quantised, "weights": plain})
    model = lowered.model(quantised, outputs, options, meta=meta, dt=dt)
    check(model)
    return model


def _pruned(
    network: Network, options: Options, inputs: Mapping[str, Array] | None, labels: npt.NDArray[np.int64] | None
) -> tuple[Network, dict[str, Any]]:
    """The network without the weights that are to be left out, and a record of them."""
    if options.prune is None:
        return network, {}
    if inputs is None:
        raise ConvertError(
            "convert",
            "prune",
            found=repr(options.prune),
            allowed="with calibration=",
            hint="What pruning loses is told on data.",
        )
    return pruned(
        network,
        inputs,
        share=options.prune,
        by=options.prune_by,
        wish=options.sparse,
        max_loss=options.max_loss,
        labels=labels,
    )


def _with_bits(
    network: Network,
    settings: Settings,
    options: Options,
    inputs: Mapping[str, Array] | None,
    labels: npt.NDArray[np.int64] | None,
) -> tuple[Settings, dict[str, Any]]:
    """Bits of each population, those of few bits rounded to the calibration data; and a record of them."""
    auto = options.weights == AUTO
    if auto and inputs is None:
        raise ConvertError(
            "convert", "weights", found="'auto'", allowed="with calibration=", hint="Bits are chosen by what data lose."
        )
    said = {} if auto or not isinstance(options.weights, Mapping) else options.weights
    bits = {} if auto else said_bits(network, said, options.weight_bits)
    if inputs is None or not (auto or set(bits.values()) & {4, 2, 1}):
        return replace(settings, bits=bits), {}
    layers, record = chosen_layers(
        network, inputs, bits, compared=settings.compared, max_loss=options.max_loss, labels=labels
    )
    low = {path: layer.bits for path, layer in layers.items()}
    return replace(settings, bits=low | bits, layers=layers), record or {"bits": bits}


def _labels(labels: npt.ArrayLike | None, inputs: Mapping[str, Array] | None) -> npt.NDArray[np.int64] | None:
    """One label for each calibration sample."""
    if labels is None:
        return None
    found = np.asarray(labels)
    samples = len(next(iter(inputs.values()))) if inputs is not None else 0
    if found.shape != (samples,) or found.dtype.kind not in "iu":
        raise DataError(
            f"calibration_labels are {found.dtype} of shape {found.shape}: give one whole number for each of the"
            f" {samples} calibration samples"
        )
    return found.astype(np.int64)


def _settings(network: Network, options: Options, outputs: Mapping[str, Decoder]) -> Settings:
    potentials = (Decoder.LAST, Decoder.LARGEST)
    loihi = any(node.choices.shift12 for _, node in network.of(Neurons))
    silent = {path for path, node in network.of(Neurons) if not node.choices.fires}
    return Settings(
        weight_bits=options.weight_bits,
        scale=options.scale,
        frac=6 if loihi and options.frac is None else options.frac,
        rounding=Rounding.ZERO if loihi and options.rounding is None else options.rounding,
        compared=frozenset(silent | {network.sources(path)[0] for path, how in outputs.items() if how in potentials}),
    )


def _better(
    network: Network, inputs: Mapping[str, Array], candidates: Mapping[str, dict[str, Quantised]]
) -> tuple[dict[str, Quantised], dict[str, Any]]:
    """The rounding whose outputs agree best with the float network on calibration data, and by how much."""
    results: dict[str, dict[str, Any]] = {}
    for name, quantised in candidates.items():
        results[name] = calibrate.agreement(network, rounded_network(network, quantised), inputs)
    best = max(
        results, key=lambda name: (results[name]["predictions_equal"], sum(results[name]["spikes_equal"].values()))
    )
    return candidates[best], {"rounded_by": best, **results[best]}


def rounded_network(network: Network, quantised: Mapping[str, Quantised]) -> Network:
    """The lowered network with the weights that its integers stand for."""
    weights = {
        projection: scaled(whole, part.scale)
        for path, part in quantised.items()
        for projection, whole in part.weights.items()
        if getattr(network.nodes[path], "unit", None) is None  # others are whole already
    }
    return Network(nodes={**network.nodes, **weights}, edges=network.edges, meta=network.meta)


def parts_of(network: Network, options: Options) -> dict[str, Quantised]:
    """The integers of a lowered network, in the file's order, without calibration.

    Raises:
        ConvertError: a number has no place.
    """
    ports = [input_port(path, node.port_shape, options) for path, node in network.of(Input)]
    outputs = {path: decoder_of(network, path, options) for path, _ in network.of(Output)}
    return Lowered(network, ports).quantise(_settings(network, options, outputs))


def _meta(network: Network, options: Options) -> dict[str, Any]:
    choices = network.meta.get("choices", {})
    framework = next((values["framework"] for values in choices.values() if "framework" in values), "")
    try:
        converter = version("spikelet")
    except PackageNotFoundError:
        converter = ""
    return {
        "converter": f"spikelet {converter}".strip(),
        "source": {name: network.meta[name] for name in ("nir_version", "sha256") if name in network.meta},
        "choices": choices,
        **({"lava": network.meta["lava"]} if "lava" in network.meta else {}),
        "assumed": FRAMEWORKS[framework].lost if framework else "",
        "input_scale": options.input_scale,
        "weight_bits": options.weight_bits,
    }


def calibration_inputs(ports: Sequence[InputPort], data: Any, ticks: int) -> dict[str, Array]:
    """Bring data to arrays of shape (samples, ticks, size), by input.

    Args:
        ports: the model's inputs.
        data: uint8 frames of shape (samples, ...) for a port with an encoder; an array of shape
            (samples, ticks, size) or a list of event arrays for events; a mapping for several ports.
        ticks: window of a sample; 0: up to the last event, and 32 for frames.

    Raises:
        DataError: data do not fit a port.
    """
    by_name = data if isinstance(data, Mapping) else {ports[0].name: data}
    if set(by_name) != {port.name for port in ports}:
        raise DataError(f"calibration data are needed for the inputs {', '.join(port.name for port in ports)}")
    result: dict[str, Array] = {}
    for port in ports:
        values = by_name[port.name]
        if port.encoder is not Encoder.EVENTS:
            result[port.name] = encode(port, values, ticks or 32).astype(np.float64)
            continue
        dense = _dense(port, values, ticks)
        if dense.ndim != 3 or dense.shape[2] != port.size or len(dense) == 0:
            raise DataError(
                f"calibration for {port.name!r} has shape {dense.shape}: give (samples, ticks, {port.size})"
            )
        result[port.name] = dense
    return result


def _dense(port: InputPort, values: Any, ticks: int) -> Array:
    if isinstance(values, np.ndarray) and values.dtype.names is None:
        return (
            values.reshape(*values.shape[:2], -1).astype(np.float64) if values.ndim >= 3 else values.astype(np.float64)
        )
    samples = [as_events(sample) for sample in values]
    longest = ticks or max((int(events["tick"][-1]) + 1 for events in samples if len(events)), default=1)
    wide = max((int(events["neuron"].max()) + 1 for events in samples if len(events)), default=0)
    if wide > port.size:
        raise DataError(f"calibration for {port.name!r}: neuron {wide - 1}, the input has {port.size}")
    kept = [events[events["tick"] < longest] for events in samples]
    return np.stack([to_dense(events, longest, port.size) for events in kept]).astype(np.float64)
