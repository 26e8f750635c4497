"""Graded networks on a board: what the commands do and refuse (wire 4), and every byte as the host has it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pytest

from spikelet import protocol
from spikelet.device import Device
from spikelet.errors import DeviceError, EngineError, ImageError
from spikelet.graded.device import GradedDevice
from spikelet.graded.engine import GradedEngine
from spikelet.graded.image import encode
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.protocol import Command, Kind, Place
from support.graded_networks import corpus, random_inputs
from support.native_board import NativeBoard

NETWORKS = corpus(24)
WITH_CONSTANTS = [i for i, n in enumerate(NETWORKS) if any(t.constant is not None for t in n.tensors)]


def connect(board: NativeBoard, network: GradedModel | None = None) -> GradedDevice:
    """A device on the board; no waiting, as answers come at once."""
    device = GradedDevice(board, name="board", timeout=0.002, tries=20)
    if network is not None:
        device.use(network)
    return device


def same_layers(device: GradedDevice, network: GradedModel, seed: int) -> None:
    """An inference on the board writes what the host's engine writes, layer by layer."""
    inputs = random_inputs(network, seed)
    engine = GradedEngine(network)
    found = list(device.layers(*inputs))
    expected = list(engine.layers(*inputs))

    assert [index for index, _ in found] == list(range(len(network.layers)))
    for (_, ours), (index, theirs) in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), index


@pytest.fixture
def network() -> GradedModel:
    """A network of at least three layers."""
    return next(n for n in NETWORKS if len(n.layers) >= 3)


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_every_layer_is_as_on_the_host(board: NativeBoard, number: int) -> None:
    """Random networks of every kind of layer, variables among them: two inferences, and another after a reset."""
    network = NETWORKS[number]
    device = connect(board, network)
    engine = GradedEngine(network)
    first = random_inputs(network, 1)
    for inputs in (first, random_inputs(network, 2)):
        for ours, theirs in zip(device.infer(*inputs), engine.infer(*inputs), strict=True):
            assert np.array_equal(ours, theirs)
    device.reset()
    same_layers(device, network, 3)


@pytest.mark.parametrize("place", [Place.RAM, Place.SLOT])
def test_a_graded_network_runs_from_ram_and_from_the_slot(
    board: NativeBoard, network: GradedModel, place: Place
) -> None:
    """Wire 5: and HELLO says what kind of network runs, with its hash."""
    device = connect(board)

    assert device.hello.kind is Kind.NONE
    assert device.load(network, place) == place
    assert device.hello.kind is Kind.GRADED
    assert device.hello.outputs == len(network.outputs)
    assert device.hello.arena == GradedEngine(network).arena_size
    assert device.has(network)
    same_layers(device, network, 1)
    if place is Place.SLOT:
        board.power_on()
        again = connect(board)
        assert again.hello.place == Place.SLOT
        assert again.hello.kind is Kind.GRADED
        again.use(network)
        same_layers(again, network, 2)


def test_kinds_of_networks_follow_each_other(board: NativeBoard, network: GradedModel, model: Model) -> None:
    """A firmware without an embedded model takes any; commands of the other kind are refused."""
    spiking = Device(board, name="board", timeout=0.002, tries=20)
    spiking.use(model)
    assert spiking.hello.kind is Kind.SPIKING
    for command, body in ((Command.RUN, bytes(4)), (Command.READ, bytes(12)), (Command.WRITE, bytes(9))):
        with pytest.raises(DeviceError, match="of another kind"):
            spiking.call(command, body)
    graded = connect(board, network)
    for command, body in (
        *((Command.PUSH, bytes(4)), (Command.FRAME, bytes(13)), (Command.ADVANCE, bytes(4)), (Command.TAKE, bytes(4))),
        *((Command.SCORES, bytes(4)), (Command.PROBE, bytes(8)), (Command.STATS, bytes(4))),
    ):
        with pytest.raises(DeviceError, match="of another kind"):
            graded.call(command, body)
    same_layers(graded, network, 1)
    again = Device(board, name="board", timeout=0.002, tries=20)
    again.use(model)
    assert again.hello.kind is Kind.SPIKING


def wrong(network: GradedModel) -> Iterator[tuple[Command, bytes]]:
    """Requests with numbers out of range."""
    port = network.tensors[network.inputs[0].tensor]
    size = port.size * port.type
    beyond = len(network.inputs)
    yield Command.WRITE, struct.pack("<2I", beyond, 0) + b"x"
    yield Command.WRITE, struct.pack("<2I", 0x100, 0) + b"x"
    for offset in (size, 0xFFFFFFFF, 0x80000000):
        yield Command.WRITE, struct.pack("<2I", 0, offset) + b"x"
    yield Command.RUN, struct.pack("<I", 0)
    tensors = [i for i, t in enumerate(network.tensors) if t.constant is None]
    largest = max(tensors, key=lambda i: network.tensors[i].size)
    bytes_of = network.tensors[largest].size * network.tensors[largest].type
    for tensor, offset, n in (
        *((largest, 0, 0), (largest, 0, protocol.READ_MAX + 1), (largest, bytes_of, 1), (largest, 0xFFFFFFFF, 1)),
        *((largest, bytes_of - 1, 2), (largest, 0, 0xFFFFFFFF), (len(network.tensors), 0, 1), (0x10000, 0, 1)),
        *((index, 0, 1) for index, t in enumerate(network.tensors) if t.constant is not None),
    ):
        yield Command.READ, struct.pack("<3I", tensor, offset, n)


@pytest.mark.parametrize("number", WITH_CONSTANTS[:6])
def test_pieces_outside_of_tensors_are_refused(board: NativeBoard, number: int) -> None:
    """Wire 4: ports, tensors, offsets and lengths; the network goes on as it was."""
    network = NETWORKS[number]
    device = connect(board, network)
    for command, body in wrong(network):
        with pytest.raises(EngineError) as error:
            device.call(command, body)
        assert error.value.code == -1, (command, body)
    same_layers(device, network, 1)


def test_inputs_are_not_changed_in_an_inference(board: NativeBoard, network: GradedModel) -> None:
    """Wire 4, WRITE: BUSY between the first and the last layer; a reset ends the inference."""
    device = connect(board, network)
    steps = device.layers(*random_inputs(network, 1))
    next(steps)
    with pytest.raises(DeviceError, match="an inference is going on"):
        device.call(Command.WRITE, bytes(8) + b"x")
    device.reset()
    device.call(Command.WRITE, bytes(8) + b"x")
    same_layers(device, network, 2)


def test_an_inference_that_was_left_is_ended(board: NativeBoard, network: GradedModel) -> None:
    """GradedRunner: the next one is right."""
    device = connect(board, network)
    next(device.layers(*random_inputs(network, 1)))
    device.infer(*random_inputs(network, 1))
    engine = GradedEngine(network)
    for seed in (1, 1, 2):
        expected = engine.infer(*random_inputs(network, seed))
    found = device.infer(*random_inputs(network, 2))

    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_layers_stop_in_time(board: NativeBoard) -> None:
    """Wire 2: a request ends after the layer in which 0.1 s are over, and the host asks on until all are done."""
    network = max(NETWORKS, key=lambda n: len(n.layers))
    device = connect(board, network)
    board.set_time_and_flash(60, fails=False)
    for index, array in zip(network.inputs, random_inputs(network, 1), strict=True):
        device._write(index.tensor, array)
    body = device.call(Command.RUN, struct.pack("<I", 65535))

    assert struct.unpack("<2I", body) == (2, len(network.layers) - 2)
    device.reset()
    same_layers(device, network, 1)
    expected = GradedEngine(network).infer(*random_inputs(network, 1))
    device.reset()
    found = device.infer(*random_inputs(network, 1))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_a_board_that_is_at_another_layer_is_noticed(board: NativeBoard, network: GradedModel) -> None:
    """A host that lost count does not take the wrong layer's output."""
    device = connect(board, network)
    steps = device.layers(*random_inputs(network, 1))
    next(steps)
    device.call(Command.RUN, struct.pack("<I", 1))

    with pytest.raises(DeviceError, match="layers to do"):
        next(steps)


def test_a_damaged_graded_image_leaves_no_model(board: NativeBoard, network: GradedModel) -> None:
    """Wire 5: the engine's code comes back, whichever kind the damaged bytes say."""
    device = connect(board, network)
    image = bytearray(encode(network))
    for place in (32, len(image) - 1):
        image[place] ^= 0x80
        begin = struct.pack("<4I", len(image), int.from_bytes(image[12:16], "little"), 0, 0)
        device.call(Command.LOAD_BEGIN, begin)
        for offset in range(0, len(image), 240):
            device.call(Command.LOAD_PIECE, struct.pack("<I", offset) + bytes(image[offset : offset + 240]))
        with pytest.raises(ImageError) as error:
            device.call(Command.LOAD_END)
        assert error.value.code == -13
        assert device.say_hello().kind is Kind.NONE
    with pytest.raises(DeviceError, match="no model runs"):
        device.call(Command.RUN, struct.pack("<I", 1))
