"""One layer of a lava-dl exchange file: its fields, checked, in Loihi's integers."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from spikelet.converters.frontends.hdf5 import Hdf5
from spikelet.converters.frontends.lava_cuba import Cuba, Whole
from spikelet.converters.nodes import Shape, size_of
from spikelet.errors import ConvertError

__all__ = ["MAX_NEURONS", "Layer"]

#: Most neurons of a file: hundreds of times what a microcontroller holds.
MAX_NEURONS = 2**20
_DELAY = 62
_NAME = 64


class Layer:
    """The fields of one layer (or of its neuron), read on demand.

    Args:
        hdf5: through which all of a file is read.
        group: of the layer.
        path: for messages, such as "layer 1".
        kind: what the layer is, "" where that is still to be read.
    """

    def __init__(self, hdf5: Hdf5, group: Any, path: str, kind: str = "") -> None:
        if not isinstance(group, h5py.Group):
            raise ConvertError(path, "", found="data", allowed="a group", hint="Is this a file of lava-dl?")
        self._hdf5, self._group = hdf5, group
        self._names = hdf5.names(group, path)
        self.kind = kind or self.word("type", path)
        self.path = path if kind else f"{path} ({self.kind})"

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self._names

    def word(self, name: str, path: str) -> str:
        """A field that holds one string; lava-dl writes it as an array of one."""
        item: Any = self._group[name] if name in self._names else None
        ok = isinstance(item, h5py.Dataset) and not (item.external or item.is_virtual)
        if not ok or item.shape not in ((), (1,)) or item.dtype.kind not in "OSU" or item.dtype.itemsize > _NAME:
            raise ConvertError(
                path, name, found="no string", allowed="a word such as 'dense'", hint="Is this a file of lava-dl?"
            )
        value = np.asarray(item[()]).reshape(-1)[0]
        return value.decode("ascii", errors="replace") if isinstance(value, bytes) else str(value)

    def refused(self, name: str, found: str, allowed: str, hint: str = "") -> ConvertError:
        """An error about a field."""
        return ConvertError(self.path, name, found=found[:200], allowed=allowed, hint=hint)

    def whole(self, name: str) -> Whole:
        """A field of whole numbers.

        Raises:
            ConvertError: it is absent, or a number is not whole: it was not quantised.
        """
        if name not in self._names:
            raise self.refused(name, "nothing", f"a {self.kind} with {name}", f"There is: {', '.join(self._names)}.")
        item = self._group[name]
        if isinstance(item, h5py.Group):
            raise self.refused(name, f"a group of {', '.join(list(item)[:4])}", "real numbers", "")
        values = self._hdf5.numbers(item, self.path, name)
        if np.any(values != np.rint(values)) or np.any(np.abs(values) > 2**31):
            hint = "Export the network with lava-dl's own quantisation (pre_hook_fx) and norm."
            raise self.refused(name, "numbers that are not whole", "Loihi's integers", hint)
        return values.astype(np.int64)

    def number(self, name: str, default: int | None = None) -> int:
        """One whole number."""
        if default is not None and name not in self._names:
            return default
        values = self.whole(name)
        if values.size != 1:
            raise self.refused(name, f"shape {values.shape}", "one number")
        return int(values.reshape(-1)[0])

    def pair(self, name: str, *, least: int) -> tuple[int, int]:
        """One number for height and width, or two."""
        values = self.whole(name).reshape(-1)
        if values.size not in (1, 2) or np.any(values < least) or np.any(values > 2**16):
            raise self.refused(name, str(values[:8].tolist()), f"one or two numbers from {least} to 65536")
        return int(values[0]), int(values[-1])

    def shape(self) -> Shape:
        """Channels, height, width; or fewer axes."""
        values = self.whole("shape").reshape(-1)
        shape = tuple(int(axis) for axis in values[:8])
        if not 1 <= len(values) <= 3 or min(shape) < 1 or size_of(shape) > MAX_NEURONS:
            allowed = f"one to three numbers above 0, at most {MAX_NEURONS} neurons"
            raise self.refused("shape", str(shape), allowed)
        return shape

    def weights(self, name: str, axes: int, *, rows: int = 0) -> Whole:
        """Weights with so many axes.

        lava-dl keeps an axis of length 1 for time in some files, and leaves out the first axis of a
        matrix with one row, or the second one of a matrix with one column, in others.
        """
        values = self.whole(name)
        if rows and values.ndim == 1 and values.size and values.size % rows == 0:
            values = values.reshape(rows, -1)
        if values.ndim == axes + 1 and values.shape[-1] == 1:
            values = values[..., 0]
        if values.ndim != axes or values.size == 0:
            raise self.refused(name, f"shape {values.shape}", f"{axes} axes")
        low, high = int(values.min()), int(values.max())
        if low < -256 or high > (254 if low < 0 else 255):
            raise self.refused(
                name, f"weights from {low} to {high}", "-256 .. 254, 0 .. 255", "These are what Loihi's synapses hold."
            )
        return values

    def bias(self, sizes: tuple[int, ...]) -> Whole:
        """Mantissas of the bias (its exponent is 6), of one of some sizes; (1,) zero where there is none."""
        values = self.whole("bias").reshape(-1) if "bias" in self._names else np.zeros(1, np.int64)
        if "bias" in self._names and values.size not in sizes:
            raise self.refused("bias", f"shape {values.shape}", f"{' or '.join(map(str, sizes))} numbers")
        if np.any(np.abs(values) > 2**24):
            raise self.refused("bias", str(int(np.max(np.abs(values)))), f"at most {2**24}")
        return values

    def delay(self, sizes: tuple[int, ...]) -> Whole | None:
        """Delays in ticks, rounded down and at most 62, as lava-dl does; None without."""
        if "delay" not in self._names:
            return None
        values = np.floor(self._hdf5.numbers(self._group["delay"], self.path, "delay")).reshape(-1)
        if values.size not in (1, *sizes) or np.any(values < 0):
            allowed = f"{' or '.join(map(str, sizes))} numbers from 0 to {_DELAY}"
            raise self.refused("delay", f"shape {values.shape} from {values.min(initial=0):g}", allowed)
        return np.minimum(values, _DELAY).astype(np.int64)

    def neuron(self, channels: int) -> Cuba | None:
        """The neuron; None where the layer has none.

        Raises:
            ConvertError: it is of another type than CUBA, or something is set that lava's LIF does not do.
        """
        if "neuron" not in self._names:
            return None
        inner = Layer(self._hdf5, self._group["neuron"], f"{self.path}: neuron", "neuron")
        kind = inner.word("type", inner.path)
        if kind not in ("CUBA", "LOIHI"):
            raise inner.refused(
                "type",
                kind,
                "CUBA, LOIHI",
                "Sigma-delta (SDNN), resonate-and-fire (RF), adaptive (ALIF) neurons are not supported.",
            )
        for name, allowed, meaning in _NOT_SET:
            if inner.number(name, allowed) != allowed:
                raise inner.refused(name, str(inner.number(name)), str(allowed), meaning)
        decays = {name: inner._ranged(name, channels, 0, 4096) for name in ("iDecay", "vDecay")}
        exponent = inner.number("wgtExp", 0)
        if not -6 <= exponent <= 7:
            raise inner.refused("wgtExp", str(exponent), "-6 .. 7")
        return Cuba(
            i_decay=decays["iDecay"],
            v_decay=decays["vDecay"],
            threshold=inner._ranged("vThMant", channels, 0, 2**18 - 1),
            exponent=exponent,
        )

    def _ranged(self, name: str, channels: int, low: int, high: int) -> Whole:
        """One number for all, or one for each channel."""
        values = self.whole(name).reshape(-1)
        if values.size not in (1, channels) or np.any(values < low) or np.any(values > high):
            allowed = f"{low} .. {high}, one or {channels}"
            raise self.refused(name, str(values[:8].tolist()), allowed)
        return values


#: Fields that lava's LIF leaves out, or that lava-dl's two halves read differently: their value without effect.
_NOT_SET: tuple[tuple[str, int, str], ...] = (
    ("refDelay", 1, "Lava's LIF has no refractory time."),
    ("gradedSpike", 0, "Spikes that carry values are not supported."),
    ("messageBits", 0, "Spikes that carry values are not supported."),
    ("weight_exp", 0, "lava-dl trains with it and Lava leaves it out: use MeanOnlyBatchNorm."),
)
