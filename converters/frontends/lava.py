"""Reads the exchange file of lava-dl ("netx", HDF5 .net): layers of Loihi's neurons, in Loihi's own integers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikelet.converters.frontends.hdf5 import Hdf5, opened
from spikelet.converters.frontends.lava_cuba import ACCUMULATE, SHIFT, Cuba, Whole, extremes, population
from spikelet.converters.frontends.lava_layer import MAX_NEURONS, Layer
from spikelet.converters.graph import Network
from spikelet.converters.nodes import (
    Conv,
    DelayLine,
    Flatten,
    FloatArray,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Scale,
    Shape,
    size_of,
)
from spikelet.errors import ConvertError

__all__ = ["LAYERS", "is_lava", "read_lava"]

_LOG = logging.getLogger(__name__)
_MAX_LAYERS = 256
_TAKES = ("current", "value", "spikes")
_ARRIVAL = ("now", "next")


def is_lava(path: str | Path) -> bool:
    """Whether a file is an exchange file of lava-dl: HDF5 with a group /layer/0 that has a type."""
    if not Path(path).is_file() or not h5py.is_hdf5(str(path)):
        return False
    try:
        with h5py.File(path, "r") as file:
            link = file.get("layer", getlink=True)
            return isinstance(link, h5py.HardLink) and "0" in file["layer"] and "type" in file["layer/0"]
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False


def read_lava(
    path: str | Path,
    *,
    takes: str = "current",
    arrival: str = "now",
    layers: int | None = None,
    input_shape: Shape | None = None,
) -> Network:
    """Read an exchange file of lava-dl.

    The neurons are in discrete time already. Numbers of the network are Loihi's: a potential, threshold or bias
    is in units of v; a weight w becomes w 2^(6 + wgtExp), what one spike adds to u. `Neurons.unit` is the largest
    power of 2 that all weights into a population are multiples of, so that a state unit, unit / 2^frac with
    frac = log2(unit), is Loihi's 1.

    Layer i becomes the population "<type><i>", such as "conv1"; maps are (channels, height, width) in C order,
    which is also how lava-dl flattens them.

    Args:
        path: of the file.
        takes: what the input port takes for an input layer with neurons. "current": the neurons' current of the
            tick, lava's `bias_mant`; the caller does lava-dl's `weight * x + bias` (`meta["lava"]["transform"]`).
            "value": x, a whole number; the network does `weight * x + bias`. "spikes": the layer is left out.
        arrival: when a layer's spikes reach the next one. "now": in the same tick. Lava takes a step for each
            layer; where each layer is reset that much later (lava's `reset_interval`), this differs by that
            shift only. "next": one tick later, as in Lava without resets and in lava-dl's training: biases
            already act in the ticks before the first spikes come.
        layers: read the first so many layers only.
        input_shape: (channels, height, width) for a file without an input layer.

    Returns:
        The network; `meta` holds "sha256" and "lava", which tells the layers, and under "unproven" what could
        exceed 24 bits, where u wraps around on Loihi and saturates here.

    Raises:
        ConvertError: the file is damaged, hostile, or holds something that is not supported.

    Source: lava-dl 0.6 (lib/dl/netx/hdf5.py, slayer's export_hdf5), lava 0.10 (proc/lif, proc/dense, proc/conv);
    docs/how-to/loihi.md.
    """
    path = Path(path)
    for name, value, allowed in (("takes", takes, _TAKES), ("arrival", arrival, _ARRIVAL)):
        if value not in allowed:
            raise ConvertError("read_lava", name, found=repr(value), allowed=", ".join(allowed), hint="")
    with opened(path) as file:
        reader = _Reader(takes=takes, late=arrival == "next", shape=input_shape)
        hdf5 = Hdf5()
        for number, group in enumerate(_groups(hdf5, file, path.name)[:layers]):
            layer = Layer(hdf5, group, f"layer {number}")
            if layer.kind not in LAYERS:
                raise _unknown(layer)
            LAYERS[layer.kind](reader, layer, number)
        meta = {"takes": takes, "arrival": arrival}
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return reader.network({"sha256": digest, "lava": meta}, path.name)


def _groups(hdf5: Hdf5, file: h5py.File, name: str) -> list[Any]:
    """The groups of the layers, in order."""
    group = hdf5.member(file, "layer", name)
    names = hdf5.names(group, "layer") if isinstance(group, h5py.Group) else []
    if not names or len(names) > _MAX_LAYERS or set(names) != {str(i) for i in range(len(names))}:
        raise ConvertError(
            name,
            "layer",
            found=", ".join(names[:8])[:80] or "nothing",
            allowed=f"groups 0, 1, ..., at most {_MAX_LAYERS}",
            hint="Is this a file of lava-dl's export_hdf5?",
        )
    return [group[str(i)] for i in range(len(names))]


def _unknown(layer: Layer) -> ConvertError:
    hint = "Replace the layer in lava-dl, or leave out what follows with layers=."
    if layer.kind == "average":
        hint = "An average of spike counts changes no prediction: leave it out with layers=, and sum on the host."
    return ConvertError(
        layer.path, "type", found=f"a layer of type {layer.kind[:40]}", allowed=", ".join(LAYERS), hint=hint
    )


class _Reader:
    """Builds the network layer by layer."""

    def __init__(self, *, takes: str, late: bool, shape: Shape | None) -> None:
        self._takes, self._late = takes, late
        self._nodes: dict[str, Node] = {}
        self._edges: list[tuple[str, str]] = []
        self._shape: Shape = ()
        self._end = ""  # what gives the spikes of the last layer
        self._neurons = 0
        self._told: list[dict[str, Any]] = []
        self._unproven: list[str] = []
        self._transform: dict[str, int] = {}
        self._axonal: Whole | None = None  # delays of the last layer's spikes
        if shape is not None:
            self._port(tuple(shape))

    def network(self, meta: Mapping[str, Any], name: str) -> Network:
        """What was read, with its output."""
        if not self._told:
            raise ConvertError(name, "layer", found="no neurons", allowed="at least one layer with neurons", hint="")
        self._add("output", Output(shape=self._shape))
        if self._unproven:
            _LOG.warning(
                "%s: 24 bits might not be enough, and Loihi would wrap around: %s", name, "; ".join(self._unproven)
            )
        told = {
            **meta["lava"],
            "layers": self._told,
            "transform": self._transform,
            "unproven": self._unproven,
        }
        return Network(nodes=self._nodes, edges=tuple(self._edges), meta={**meta, "lava": told})

    def input(self, layer: Layer, number: int) -> None:
        """The port, and neurons that make spikes of what it takes."""
        if number > 0 or self._end:
            raise layer.refused("type", "an input", "one input, which is layer 0")
        shape = layer.shape()
        self._port(shape)
        cuba = layer.neuron(shape[0])
        if cuba is None or self._takes == "spikes":
            return
        weight, bias = layer.number("weight", 64), layer.number("bias", 0)
        self._transform = {"weight": weight, "bias": bias}
        if self._takes == "current":
            weight, bias = 1, 0
        if np.any(cuba.i_decay != 4096):
            _LOG.warning("%s: iDecay is left out, as in Lava: the input goes to v", layer.path)
        name = f"input{number}"
        self._add(f"{name}.weight", Scale(scale=np.array([float(weight << SHIFT)])))
        one = {"weight": np.array([weight]), "bias": np.array([bias]), "most": np.zeros((2, 1))}
        self._populate(layer, name, shape, cuba, **one, direct=True)

    def conv(self, layer: Layer, number: int) -> None:
        """A convolution, as torch has it (a correlation), with axes (out, in / groups, height, width)."""
        given, weight, groups = self._map(layer), layer.weights("weight", 4), layer.number("groups", 1)
        if groups < 1 or len(weight) % groups or weight.shape[1] * groups != given[0]:
            found = f"shape {weight.shape} in {groups} groups"
            raise layer.refused("weight", found, f"weights for {given[0]} channels")
        self._convolved(layer, f"conv{number}", weight, groups=groups, padding=layer.pair("padding", least=0))

    def pool(self, layer: Layer, number: int) -> None:
        """A sum over windows that lie side by side, with one weight for each place in the window."""
        given, weight = self._map(layer), layer.weights("weight", 4)
        kernel = (weight.shape[2], weight.shape[3])
        plain = layer.pair("padding", least=0) == (0, 0) and layer.pair("dilation", least=1) == (1, 1)
        fills = layer.pair("stride", least=1) == kernel and given[1] % kernel[0] == 0 and given[2] % kernel[1] == 0
        if weight.shape[:2] != (1, 1) or not plain or not fills:
            raise layer.refused(
                "stride",
                f"windows of {kernel} on a map of {given[1:]} that overlap, leave gaps or go beyond it",
                "windows side by side that fill the map, without padding or dilation",
                "lava-dl itself lets others reach into the next channel: use a conv with groups.",
            )
        self._convolved(layer, f"pool{number}", np.repeat(weight, given[0], axis=0), groups=given[0])

    def flatten(self, layer: Layer, number: int) -> None:
        """Channels, height, width in C order."""
        self._given(layer)
        self._add(f"flatten{number}", Flatten(shape=None, start=0, end=-1))
        self._shape = (size_of(self._shape),)

    def dense(self, layer: Layer, number: int) -> None:
        """Weights of shape (out, in); with `weight_rec` (out, out) on the layer's own spikes of the tick before."""
        name, given = f"dense{number}", self._given(layer)
        size = size_of(layer.shape())
        weight = layer.weights("weight", 2, rows=size)
        if weight.shape != (size, size_of(given)):
            raise layer.refused("weight", f"shape {weight.shape}", f"shape {(size, size_of(given))}")
        if len(given) > 1 and given[1:] != (1,) * (len(given) - 1):
            raise layer.refused("type", f"a dense layer on a map of shape {given}", "a flatten layer before it")
        if len(given) > 1:
            self._add(f"{name}.flatten", Flatten(shape=None, start=0, end=-1))
        cuba = layer.neuron(size) or ACCUMULATE
        late = layer.delay((size, weight.shape[1]))
        if late is not None and late.size not in (1, size):
            self._add(f"{name}.delay", DelayLine(ticks=late))
        factor = 2.0 ** (SHIFT + cuba.exponent)
        self._add(f"{name}.weight", Linear(weight=weight.astype(np.float64) * factor))
        if late is not None and late.size in (1, size):
            self._add(f"{name}.delay", DelayLine(ticks=late))
        codes, most = weight.reshape(-1), extremes(weight)
        back = None
        if layer.kind == "dense_rec":
            back = layer.weights("weight_rec", 2, rows=size)
            if back.shape != (size, size) or late is not None:
                raise layer.refused("weight_rec", f"shape {back.shape}", f"shape {(size, size)}, without delays")
            codes, most = np.concatenate([codes, back.reshape(-1)]), most + extremes(back)
        self._populate(layer, name, (size,), cuba, weight=codes, bias=layer.bias((1, size)), most=most)
        if back is not None:
            self._nodes[f"{name}.weight_rec"] = Linear(weight=back.astype(np.float64) * factor)
            self._edges += [(self._step(name), f"{name}.weight_rec"), (f"{name}.weight_rec", name)]

    def _port(self, shape: Shape) -> None:
        self._add("input", Input(shape=shape))
        self._shape = shape

    def _given(self, layer: Layer) -> Shape:
        """Shape of what comes to a layer; a dense layer may come first."""
        if not self._end:
            n = layer.number("inFeatures", 0)
            if not 1 <= n <= MAX_NEURONS:
                hint = "Give input_shape=(channels, height, width)."
                raise layer.refused("shape", "no input layer before it", "an input layer first", hint)
            self._port((n,))
        return self._shape

    def _map(self, layer: Layer) -> Shape:
        given = self._given(layer)
        if len(given) != 3:
            raise layer.refused("shape", f"an input of shape {given}", "(channels, height, width)")
        return given

    def _convolved(
        self, layer: Layer, name: str, weight: Whole, *, groups: int, padding: tuple[int, int] = (0, 0)
    ) -> None:
        """A layer whose neurons are a map; its delays are of spikes that leave, by channel."""
        given, shape = self._map(layer), layer.shape()
        cuba = layer.neuron(len(weight))
        if cuba is None:
            raise layer.refused("neuron", "nothing", "a CUBA neuron")
        node = Conv(
            weight=weight.astype(np.float64) * 2.0 ** (SHIFT + cuba.exponent),
            bias=np.zeros(len(weight)),
            stride=layer.pair("stride", least=1),
            padding=((padding[0], padding[0]), (padding[1], padding[1])),
            dilation=layer.pair("dilation", least=1),
            groups=groups,
            input_shape=given[1:],
        )
        try:
            made = node.gives(given)
        except ValueError as error:
            raise layer.refused("weight", str(error), "sizes that fit together") from error
        if made != shape:
            raise layer.refused("shape", str(shape), f"{made}, which follows from the input, stride and padding")
        self._add(f"{name}.weight", node)
        bias = layer.bias((shape[0],))
        self._populate(layer, name, shape, cuba, weight=weight, bias=bias, most=extremes(weight))
        late = layer.delay((shape[0],))
        if late is not None:
            self._axonal = late.repeat(size_of(shape) // shape[0] if late.size > 1 else 1)

    def _add(self, name: str, node: Node) -> None:
        """A node behind the last one, with delays of spikes on the way."""
        if isinstance(self._nodes.get(self._end), Neurons):
            step = self._late and not isinstance(node, Output)
            if self._axonal is not None:
                line, ticks, self._axonal = f"{self._end}.delay", self._axonal + step, None
                self._add_plain(line, DelayLine(ticks=ticks))
            elif step:
                self._end = self._step(self._end)
        self._add_plain(name, node)

    def _add_plain(self, name: str, node: Node) -> None:
        self._nodes[name] = node
        if self._end:
            self._edges.append((self._end, name))
        self._end = name

    def _step(self, name: str) -> str:
        """The spikes of a layer one tick later."""
        line = f"{name}.step"
        if line not in self._nodes:
            self._nodes[line] = DelayLine(ticks=np.ones(1, np.int64))
            self._edges.append((name, line))
        return line

    def _populate(
        self,
        layer: Layer,
        name: str,
        shape: Shape,
        cuba: Cuba,
        *,
        weight: Whole,
        bias: Whole,
        most: FloatArray,
        direct: bool = False,
    ) -> None:
        """The neurons of a layer: see population()."""
        self._neurons += size_of(shape)
        if self._neurons > MAX_NEURONS:
            raise layer.refused("shape", f"{self._neurons} neurons", f"at most {MAX_NEURONS} in a file")
        neurons, unproven = population(shape, cuba, weight=weight, bias=bias, most=most, direct=direct)
        self._unproven += [f"{name}: {what}" for what in unproven]
        self._add(name, neurons)
        self._shape = shape
        told = {"layer": layer.path, "population": name, "shape": list(shape), "unit": neurons.unit}
        self._told.append({**told, "wgtExp": cuba.exponent})


#: What is read, by lava-dl's name of the layer. A new kind is a new line.
LAYERS: Mapping[str, Callable[[_Reader, Layer, int], None]] = {
    "input": _Reader.input,
    "conv": _Reader.conv,
    "pool": _Reader.pool,
    "flatten": _Reader.flatten,
    "dense": _Reader.dense,
    "dense_rec": _Reader.dense,
}
