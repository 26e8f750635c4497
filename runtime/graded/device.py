"""A board, real or emulated, that runs a graded network, as a GradedRunner."""

from __future__ import annotations

import struct

import numpy as np

from spikelet import protocol
from spikelet.device_link import DeviceLink
from spikelet.errors import DeviceError
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import GradedRunner, IntArray
from spikelet.protocol import Command

__all__ = ["GradedDevice"]

#: A layer may take longer than a board that listens would be silent: so many times as long.
_PATIENCE = 12


class GradedDevice(DeviceLink[GradedModel], GradedRunner):
    """A board at the other end of a byte stream; arguments and exceptions are those of DeviceLink."""

    @property
    def model(self) -> GradedModel:  # type: ignore[override]
        """The running model; see DeviceLink.known_model."""
        return self.known_model

    def close(self) -> None:
        """See GradedRunner."""
        DeviceLink.close(self)

    def _restarted(self) -> None:
        self._drop()

    def _write(self, tensor: int, values: IntArray) -> None:
        port = next(index for index, port in enumerate(self.model.inputs) if port.tensor == tensor)
        data = values.tobytes()
        for offset in range(0, len(data), protocol.WRITE_MAX):
            piece = data[offset : offset + protocol.WRITE_MAX]
            self.call(Command.WRITE, struct.pack("<2I", port, offset) + piece)

    def _read(self, tensor: int) -> IntArray:
        about = self.model.tensors[tensor]
        values: IntArray = np.zeros(about.shape, about.type.dtype)
        if about.constant is not None:
            values[...] = about.constant
            return values
        size = about.size * about.type.dtype.itemsize
        parts = []
        for offset in range(0, size, protocol.READ_MAX):
            n = min(protocol.READ_MAX, size - offset)
            parts.append(self.call(Command.READ, struct.pack("<3I", tensor, offset, n)))
        values[...] = np.frombuffer(b"".join(parts), about.type.dtype).reshape(about.shape)
        return values

    def _run_layer(self, index: int) -> None:
        self._run(1, len(self.model.layers) - index - 1)

    def _finish(self) -> None:
        """Run all layers that are left, as many a request as the board does."""
        left = len(self.model.layers) - self._done
        while left:
            left = self._run(left)
        self._done = len(self.model.layers)

    def _run(self, layers: int, expected: int | None = None) -> int:
        """Run at most `layers` layers; returns how many are left in this inference.

        Raises:
            DeviceError: the board is at another layer than the host.
        """
        body = self.call(Command.RUN, struct.pack("<I", layers), patience=_PATIENCE)
        done, left = struct.unpack("<2I", body)
        if done == 0 or (expected is not None and left != expected):
            raise DeviceError(f"{self.name} has {left} layers to do, not {expected}: reset it, and begin anew")
        return int(left)
