"""A run of the C engine over many samples: csrc/host/samples.h from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet._native import ffi, lib
from spikelet.codes import sentence
from spikelet.errors import EngineError
from spikelet.events import EVENT, EventArray
from spikelet.model import Decoder, Model
from spikelet.samples import EventSamples, PortSamples, SampleResult

__all__ = ["SampleRun"]

#: Ticks of one call into C, about, so that Ctrl-C is heard.
_TICKS_A_CALL = 4096
#: Places for output events in one call.
_EVENTS_A_CALL = 65536


class SampleRun:
    """The memory of a run over samples, and the run.

    Args:
        net: a started network of the engine (struct spkl_net *).
        model: what it runs.
        ports: for each input port frames, uint8, shape (samples, size), or events, or None.
        ticks: of each sample, uint32, shape (samples,).
        reset: start each sample from the initial state.
        early: samples end when they are decided.
        events: keep the output events.
    """

    def __init__(
        self,
        net: Any,
        model: Model,
        ports: Sequence[npt.NDArray[np.uint8] | EventSamples | None],
        ticks: npt.NDArray[np.uint32],
        *,
        reset: bool,
        early: bool,
        events: bool,
    ) -> None:
        n = len(ticks)
        self._model, self._ticks = model, ticks
        self._kept: list[npt.NDArray[Any]] = []
        self._inputs = ffi.new("struct spkl_host_input[]", len(ports))
        self._outputs = ffi.new("struct spkl_host_output[]", len(model.outputs))
        self._stats = np.zeros((n, len(model.populations), 3), np.uint64)
        for index, (port, data) in enumerate(zip(model.inputs, ports, strict=True)):
            self._inputs[index].size, self._inputs[index].capacity = port.size, port.capacity
            if isinstance(data, EventSamples):
                self._inputs[index].events = self._pointer("struct spkl_event[]", data.events)
                self._inputs[index].offsets = self._pointer("uint64_t[]", data.offsets.astype(np.uint64))
            elif data is not None:
                self._inputs[index].frames = self._pointer("uint8_t[]", data)
        self._arrays = [self._output(index, n, events=events) for index in range(len(model.outputs))]
        self._taken: list[list[EventArray]] = [[np.zeros(0, EVENT)] for _ in model.outputs]
        self._run = ffi.new("struct spkl_host_run *")
        self._run.net, self._run.inputs, self._run.outputs = net, self._inputs, self._outputs
        self._run.n_inputs, self._run.n_outputs = len(ports), len(model.outputs)
        self._run.n_populations = len(model.populations)
        self._run.stats = self._pointer("struct spkl_stats[]", self._stats)
        self._run.ticks = self._pointer("uint32_t[]", ticks)
        self._used = np.zeros(n, np.uint32)
        self._run.used = self._pointer("uint32_t[]", self._used)
        self._run.reset, self._run.early = reset, early

    def _pointer(self, kind: str, array: npt.NDArray[Any]) -> Any:
        """A pointer to an array that lives as long as the run."""
        self._kept.append(array)
        return ffi.from_buffer(kind, array)

    def _output(self, index: int, n: int, *, events: bool) -> dict[str, npt.NDArray[Any]]:
        port = self._model.outputs[index]
        size = self._model.populations[port.population].size
        arrays: dict[str, npt.NDArray[Any]] = {
            "predictions": np.zeros(n, np.int32),
            "scores": np.zeros((n, size if port.decoder is not Decoder.NONE else 0), np.int32),
            "counts": np.zeros((n, size), np.int64),
            "offsets": np.zeros(n + 1, np.uint64),
        }
        described = self._outputs[index]
        described.size = size
        kinds = {"predictions": "int32_t[]", "scores": "int32_t[]", "counts": "int64_t[]", "offsets": "uint64_t[]"}
        for name, kind in kinds.items():
            setattr(described, name, self._pointer(kind, arrays[name]))
        if events:
            arrays["events"] = np.zeros(max(_EVENTS_A_CALL, port.capacity), EVENT)
            described.capacity = len(arrays["events"])
            described.events = self._pointer("struct spkl_event[]", arrays["events"])
        return arrays

    def run(self) -> SampleResult:
        """All samples, some at a time so that Ctrl-C is heard."""
        while self._run.sample < len(self._ticks):
            ahead = np.cumsum(self._ticks[self._run.sample : self._run.sample + _TICKS_A_CALL], dtype=np.uint64)
            self._run.stop = self._run.sample + max(1, int(np.searchsorted(ahead, _TICKS_A_CALL)))
            status = lib.spkl_host_run_samples(self._run)
            if status < 0:
                raise EngineError(f"sample {self._run.sample}: {sentence(status)}", code=status)
            self._empty()
        return SampleResult(
            outputs={port.name: self._result(index) for index, port in enumerate(self._model.outputs)},
            events=self._stats[:, :, 0],
            synops=self._stats[:, :, 1],
            quiet_ticks=self._stats[:, :, 2],
            ticks=self._used,
        )

    def _empty(self) -> None:
        for index, arrays in enumerate(self._arrays):
            n = self._outputs[index].n_events
            if n:
                self._taken[index].append(arrays["events"][:n].copy())
                self._outputs[index].n_events = 0

    def _result(self, index: int) -> PortSamples:
        arrays = self._arrays[index]
        return PortSamples(
            predictions=arrays["predictions"],
            scores=arrays["scores"],
            counts=arrays["counts"],
            events=EventSamples(np.concatenate(self._taken[index]), arrays["offsets"].astype(np.int64)),
        )
