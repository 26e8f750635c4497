"""Input and output ports of a model, and what they let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spikelet.converters.bounds import Source
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Neurons, size_of
from spikelet.errors import ConvertError
from spikelet.model import Decoder, Encoder, InputPort, OutputKind, OutputPort, Rounding

__all__ = ["Options", "decoder_of", "input_port", "output_port", "source_of"]

#: What shares one size of a weight unit.
SCALES = ("auto", "neuron", "population")
_MAX_SUM = 2**23
_MAX_QUEUE = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything about numbers and ports that a network does not say; convert() explains each."""

    scale: str = "auto"
    weight_bits: int = 8
    weights: str | Mapping[str, int] = ""
    max_loss: float = 1.0
    sparse: str = "fast"
    prune: float | str | None = None
    prune_by: str = "magnitude"
    encoder: Encoder = Encoder.EVENTS
    gain: int = 257
    seed: int = 0
    input_scale: float = 1.0
    max_value: int = 1
    max_sum: int | None = None
    queue: int | None = None
    ticks_per_sample: int = 0
    reset_between: bool = True
    decoder: Decoder | None = None
    labels: tuple[str, ...] = ()
    output_queue: int | None = None
    frac: int | None = None
    rounding: Rounding | None = None

    def __post_init__(self) -> None:
        """Check every number against its range.

        Raises:
            ConvertError: one is outside.
        """
        frames = self.encoder is not Encoder.EVENTS
        largest = {Encoder.EVENTS: 32767, Encoder.DIRECT: 255}.get(self.encoder, 1)
        ranges: Mapping[str, tuple[float, float]] = {
            "weight_bits": (1, 8),
            "max_loss": (0, 100),
            "gain": (0, 65536),
            "seed": (0, 2**32 - 1),
            "max_value": (1, largest),
            "ticks_per_sample": (2 if self.encoder is Encoder.LATENCY else 0, 65535),
            "max_sum": (1, _MAX_SUM),
            "queue": (1, _MAX_QUEUE),
            "output_queue": (1, _MAX_QUEUE),
            "frac": (0, 20),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ConvertError("convert", name, found=str(value), allowed=f"{low} .. {high}", hint="")
        if self.scale not in SCALES:
            raise ConvertError("convert", "scale", found=repr(self.scale), allowed=", ".join(SCALES), hint="")
        if not 0 < self.input_scale < 1e30:
            raise ConvertError("convert", "input_scale", found=str(self.input_scale), allowed="above 0", hint="")
        for name in ("max_sum", "queue"):
            if frames and getattr(self, name) is not None:
                raise ConvertError(
                    "convert", name, found="a value", allowed="nothing with an encoder", hint="A frame fixes it."
                )


def input_port(path: str, shape: tuple[int, ...], options: Options) -> InputPort:
    """The port of an Input.

    Raises:
        ConvertError: its events could add up to too much.
    """
    size = size_of(shape)
    total = size * options.max_value
    frames = options.encoder is not Encoder.EVENTS
    if frames and total > _MAX_SUM:
        raise ConvertError(
            path, "max_value", found=f"{total} in a tick", allowed=f"{_MAX_SUM}", hint="Lower max_value=."
        )
    return InputPort(
        name=path,
        size=size,
        shape=shape,
        encoder=options.encoder,
        max_value=options.max_value,
        max_sum=min(total, _MAX_SUM) if options.max_sum is None else options.max_sum,
        capacity=size if frames or options.queue is None else options.queue,
        gain=options.gain if frames else 0,
        seed=options.seed if options.encoder is Encoder.POISSON else 0,
    )


def source_of(port: InputPort) -> Source:
    """What a port may send in a tick; only pushed events can be negative, and several of one neuron add up."""
    pushed = port.encoder is Encoder.EVENTS
    return Source(
        size=port.size,
        max_value=port.max_sum if pushed else port.max_value,
        max_sum=port.max_sum,
        negative=pushed,
    )


def decoder_of(network: Network, path: str, options: Options) -> Decoder:
    """The decoder of an Output: the caller's, else count for spikes and largest for potentials.

    Raises:
        ConvertError: spikes are to be counted where there are none.
    """
    source = network.sources(path)[0]
    neurons = network.nodes[source]
    fires = not isinstance(neurons, Neurons) or neurons.choices.fires
    if options.decoder is None:
        return Decoder.COUNT if fires else Decoder.LARGEST
    if not fires and options.decoder in (Decoder.COUNT, Decoder.FIRST):
        raise ConvertError(
            path,
            "decoder",
            found=f"{options.decoder.name.lower()} of {source}, which never fires",
            allowed="largest, last, none",
            hint="Its potentials are the result.",
        )
    return options.decoder


def output_port(
    path: str, population: int, size: int, *, fires: bool, decoder: Decoder, options: Options
) -> OutputPort:
    """The port of an Output: events where the population fires and they are what counts.

    Raises:
        ConvertError: labels or queue do not fit the size.
    """
    if options.labels and len(options.labels) != size:
        raise ConvertError(path, "labels", found=f"{len(options.labels)}", allowed=f"{size}, one a neuron", hint="")
    kind = OutputKind.EVENTS if fires and decoder not in (Decoder.LAST, Decoder.LARGEST) else OutputKind.POTENTIALS
    capacity = min(2 * size, _MAX_QUEUE) if options.output_queue is None else options.output_queue
    if kind is OutputKind.EVENTS and capacity < size:
        raise ConvertError(path, "output_queue", found=str(capacity), allowed=f"at least {size}", hint="")
    return OutputPort(
        name=path,
        population=population,
        kind=kind,
        decoder=decoder,
        capacity=capacity if kind is OutputKind.EVENTS else 0,
        labels=options.labels,
    )
