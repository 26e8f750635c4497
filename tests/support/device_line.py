"""Requests to a board that is the firmware's application on this machine, and runs compared with the engine's."""

from __future__ import annotations

import numpy as np

from spikelet import protocol
from spikelet.device import Device
from spikelet.engine import Engine
from spikelet.model import Encoder, Model
from spikelet.protocol import FrameReader
from spikelet.runner import Variable
from support.native_board import NativeBoard
from support.random_models import random_events

__all__ = ["connect", "same_run", "talk"]


def connect(board: NativeBoard, model: Model | None = None, *, tries: int = 20) -> Device:
    """A Device on the board; no waiting, as answers come at once."""
    device = Device(board, name="board", timeout=0.002, tries=tries)
    if model is not None:
        device.use(model)
    return device


def talk(board: NativeBoard, sequence: int, command: int, body: bytes = b"") -> tuple[int, bytes]:
    """One request by hand; status and body of its answer."""
    board.write(protocol.encode(bytes([sequence, command, 0, 0]) + body))
    answers = FrameReader().answers(board.read(0))
    assert len(answers) == 1
    assert answers[0].sequence == sequence
    assert answers[0].credit == 1
    return answers[0].status, answers[0].body


def same_run(device: Device, model: Model, seed: int = 1, ticks: int = 40) -> None:
    """A run on the board gives what the host engine gives, state included."""
    if model.inputs[0].encoder is Encoder.EVENTS:
        inputs = random_events(seed, model, ticks)
    else:
        inputs = np.random.default_rng(seed).integers(0, 256, model.inputs[0].size).astype(np.uint8)
    probe = [(p.name, v) for p in model.populations for v in (Variable.V, Variable.U, Variable.EVENTS)]
    expected = Engine(model).run(inputs, ticks=ticks, probe=probe)
    found = device.run(inputs, ticks=ticks, probe=probe)

    for name, output in expected.outputs.items():
        assert output.events.tolist() == found.outputs[name].events.tolist()
        assert output.scores.tolist() == found.outputs[name].scores.tolist()
        assert output.prediction == found.outputs[name].prediction
    assert list(expected.stats) == list(found.stats)
    for key, values in expected.probes.items():
        assert values.tolist() == found.probes[key].tolist(), key
