"""The C engine on this host: the same code that runs on boards, behind the calls of Runner."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet._native import ffi, lib
from spikelet.engine_samples import SampleRun
from spikelet.errors import DataError, SpikeletError
from spikelet.events import EVENT, EventArray
from spikelet.image import decode, encode
from spikelet.model import Int32Array, Model
from spikelet.native_calls import accept, aligned, open_image
from spikelet.runner import PopulationStats, Runner, Variable
from spikelet.samples import SampleResult, prepare

__all__ = ["Engine", "check_image"]

#: Ticks of one call into C, so that Ctrl-C is heard.
_TICKS_A_CALL = 4096
_UINT_MAX = 2**32 - 1


def check_image(data: bytes) -> None:
    """Open an image in C and drop it again.

    Raises:
        ImageError: with the engine's code.
    """
    open_image("spkl", aligned(data), len(data))


class Engine(Runner):
    """Runs a model, or an image, in C.

    Args:
        model: a model, or the bytes of an image.

    Raises:
        ModelError: the model breaks a rule.
        ImageError: the image is refused.
        EngineError: this engine lacks a kernel that the model needs.
    """

    def __init__(self, model: Model | bytes) -> None:
        image = encode(model) if isinstance(model, Model) else bytes(model)
        self.model = model if isinstance(model, Model) else decode(image)
        self._image = aligned(image)
        self._opened = open_image("spkl", self._image, len(image))
        self._size = int(lib.spkl_arena_size(self._opened))
        self._arena = np.zeros(-(-self._size // 8), np.uint64)
        self._started = ffi.new("struct spkl_net *")
        self._closed = False
        accept(lib.spkl_start(self._started, self._opened, ffi.from_buffer(self._arena), self._size), "the model")

    def close(self) -> None:
        """Give the network back; all calls but this one are refused from now on. Safe to repeat."""
        self._closed = True
        self._image = self._arena = np.zeros(0, np.uint64)

    def __enter__(self) -> Engine:
        return self

    @property
    def _net(self) -> Any:
        if self._closed:
            raise SpikeletError("this engine is closed: make a new one")
        return self._started

    @property
    def arena_size(self) -> int:
        """Bytes that the network works in on this machine."""
        return self._size

    @property
    def arena(self) -> bytes:
        """A copy of the arena: state and scratch, which has pointers (docs/reference/arena.md)."""
        assert self._net
        return self._arena.tobytes()[: self._size]

    @property
    def state(self) -> bytes:
        """A copy of the arena's state part: the same bytes on every machine."""
        return self.arena[: self._opened.state_size]

    @property
    def tick_number(self) -> int:
        """See Runner."""
        return int(lib.spkl_tick_number(self._net))

    def push(self, events: EventArray, port: int = 0) -> None:
        """See Runner.

        Raises:
            DataError: not an array of dtype EVENT, shape (n,).
            EngineError: ARGUMENT, ENCODER, FULL, TICK, NEURON, VALUE; nothing was pushed.
        """
        if events.dtype != EVENT or events.ndim != 1:
            raise DataError(f"push takes events of dtype EVENT, shape (n,), not {events.dtype}, {events.shape}")
        held = np.ascontiguousarray(events)
        data = ffi.from_buffer("struct spkl_event[]", held)
        accept(lib.spkl_push(self._net, _index(port), data, len(held)), self._input(port))

    def push_spikes(self, neurons: npt.NDArray[np.uint16], port: int = 0) -> None:
        """Give a port that takes events the spikes of the next tick, past its queue; see spkl_push_spikes.

        Raises:
            DataError: not an array of dtype uint16 with one dimension.
            EngineError: ARGUMENT, ENCODER, FULL (events or spikes wait), NEURON, VALUE; the port is as it was.
        """
        if neurons.dtype != np.uint16 or neurons.ndim != 1:
            raise DataError(
                f"push_spikes takes neurons of dtype uint16, shape (n,), not {neurons.dtype}, {neurons.shape}"
            )
        held = np.ascontiguousarray(neurons)
        data = ffi.from_buffer("uint16_t[]", held)
        accept(lib.spkl_push_spikes(self._net, _index(port), data, len(held)), self._input(port))

    def push_frame(self, frame: npt.NDArray[np.uint8], port: int = 0) -> None:
        """See Runner.

        Raises:
            DataError: not an array of dtype uint8 with one dimension.
            EngineError: ARGUMENT, ENCODER; the port's frame is as it was.
        """
        if frame.dtype != np.uint8 or frame.ndim != 1:
            raise DataError(f"push_frame takes a frame of dtype uint8, shape (n,), not {frame.dtype}, {frame.shape}")
        held = np.ascontiguousarray(frame)
        data = ffi.from_buffer("uint8_t[]", held)
        accept(lib.spkl_push_frame(self._net, _index(port), data, len(held)), self._input(port))

    def advance(self, ticks: int) -> int:
        """See Runner."""
        done = 0
        while done < ticks:
            asked = min(ticks - done, _TICKS_A_CALL)
            given = int(lib.spkl_advance(self._net, asked))
            done += given
            if given < asked:
                break
        return done

    def advance_early(self, ticks: int) -> int:
        """See Runner."""
        done = 0
        while done < ticks:
            asked, before = min(ticks - done, _TICKS_A_CALL), self.tick_number
            given = int(lib.spkl_advance_early(self._net, asked))
            done += given
            if given < asked or self.tick_number != (before + given) % 2**32:
                break
        return done

    def take(self, port: int = 0) -> EventArray:
        """See Runner.

        Raises:
            EngineError: ARGUMENT.
        """
        held = self._held(port)
        taken = np.zeros(held.n_events, EVENT)
        if held.n_events:
            ffi.memmove(ffi.from_buffer(taken), held.events, taken.nbytes)
            accept(lib.spkl_output_take(self._net, port, held.n_events), f"output {port}")
        return taken

    def scores(self, port: int = 0) -> Int32Array:
        """See Runner.

        Raises:
            EngineError: ARGUMENT.
        """
        held = self._held(port)
        scores = np.zeros(held.size if held.scores != ffi.NULL else 0, np.int32)
        if len(scores):
            ffi.memmove(ffi.from_buffer(scores), held.scores, scores.nbytes)
        return scores

    def reset(self) -> None:
        """See Runner."""
        lib.spkl_reset(self._net)

    def probe(self, population: int, variable: Variable) -> Int32Array:
        """See Runner.

        Raises:
            EngineError: ARGUMENT.
        """
        known = 0 <= population < len(self.model.populations)
        values = np.zeros(self.model.populations[population].size if known else 1, np.int32)
        out = ffi.from_buffer("int32_t[]", values)
        status = lib.spkl_probe(self._net, _index(population), int(variable), out, 0, len(values))
        accept(status, f"population {population}")
        return values

    def stats(self) -> list[PopulationStats]:
        """See Runner."""
        found = []
        stats = ffi.new("struct spkl_stats *")
        for index in range(len(self.model.populations)):
            accept(lib.spkl_population_stats(self._net, index, stats), f"population {index}")
            found.append(PopulationStats(events=stats.events, synops=stats.synops, quiet_ticks=stats.quiet_ticks))
        return found

    def run_samples(
        self,
        inputs: Any,
        ticks: int | npt.ArrayLike | None = None,
        *,
        reset: bool = True,
        early: bool = True,
        events: bool = False,
    ) -> SampleResult:
        """Run many samples without Python in between; the same as `run` for each of them.

        Args:
            inputs: for a port that takes events: EventSamples; for a port with an encoder: frames,
                uint8, shape (samples, size). For several ports a mapping by port name.
            ticks: how many [ticks], for all or for each sample; default: the model's window, or up
                to the sample's last event.
            reset: start each sample from the initial state; otherwise go on.
            early: let samples of a model with a gap end early; False: run all ticks.
            events: keep the output events as well.

        Raises:
            DataError: inputs do not match the ports.
            EngineError: an event is refused by its port; the samples before have run.
        """
        ports, lasting = prepare(self.model, inputs, ticks)
        early = early and any(port.gap for port in self.model.outputs)
        return SampleRun(self._net, self.model, ports, lasting, reset=reset, early=early, events=events).run()

    def _held(self, port: int) -> Any:
        held = ffi.new("struct spkl_output *")
        accept(lib.spkl_output(self._net, _index(port), held), f"output {port}")
        return held

    def _input(self, port: int) -> str:
        known = 0 <= port < len(self.model.inputs)
        return f"input {self.model.inputs[port].name!r}" if known else f"input {port}"


def _index(number: int) -> int:
    """A number as `unsigned`; one that C cannot take becomes one that C refuses."""
    return number if 0 <= number <= _UINT_MAX else _UINT_MAX
