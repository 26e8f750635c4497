"""Emulated boards that run graded networks."""

from __future__ import annotations

from collections.abc import Iterator

from spikelet.emulation import Instructions
from spikelet.emulator import EmulatedLink
from spikelet.graded.device import GradedDevice
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import IntArray

__all__ = ["EmulatedGradedBoard"]


class EmulatedGradedBoard(EmulatedLink[GradedModel], GradedDevice):
    """An emulated board that runs graded networks."""

    def instructions_by_layer(self, *inputs: IntArray) -> Iterator[tuple[int, Instructions]]:
        """Run the network once, and count each layer by itself.

        What the protocol does is in `total` only. All counts begin anew.

        Args:
            inputs: as of `infer`.

        Yields:
            The index of each layer, and the instructions of its run.

        Raises:
            BoardError: as `instructions`.
            DataError: as `infer`.
        """
        self._begin(inputs)
        for index in range(len(self.model.layers)):
            self.instructions(reset=True)
            self._run_next()
            yield index, self.instructions(reset=True)

    def __enter__(self) -> EmulatedGradedBoard:
        return self
