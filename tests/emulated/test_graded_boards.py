"""Graded networks on every emulated core: every byte of every layer as the interpreter and the host have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from paths import ROOT
from spikelet.converters import convert
from spikelet.converters.tflite import convert_tflite
from spikelet.emulation import Emulation
from spikelet.emulator import emulate
from spikelet.errors import NoRoomError
from spikelet.firmware import build
from spikelet.graded.board import EmulatedGradedBoard
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import GradedRunner
from spikelet.protocol import Kind, Place
from support.graded_networks import corpus, random_inputs
from support.random_models import random_model
from support.tflite_compare import Comparison, as_integers, some_inputs
from support.tflite_real import GOLDEN, REAL, golden_judge, path_of, real_inputs
from support.tools import COMPILERS, LARGE, QEMU, need

#: Networks of the interpreter's vectors.
NAMES = sorted(path.stem for path in GOLDEN.glob("*.tflite"))
#: Random inputs of each real network, beside all real ones.
RANDOM = 3
#: Random networks of every kind of layer.
NETWORKS = 12
DIGITS = "examples/digits_int8/digits_int8.tflite"


def board_for(name: str, compiler: str) -> EmulatedGradedBoard:
    """A board without a model."""
    need(name, compiler)
    return EmulatedGradedBoard(Emulation(build(name, compiler=compiler), count=False))


@pytest.fixture(scope="module", params=LARGE)
def board(request: pytest.FixtureRequest) -> Iterator[EmulatedGradedBoard]:
    """A board of each core."""
    with board_for(request.param, "gcc") as running:
        yield running


@pytest.fixture(scope="module", params=[*((name, "zig") for name in LARGE), *((name, "gcc") for name in QEMU)])
def other(request: pytest.FixtureRequest) -> Iterator[EmulatedGradedBoard]:
    """Each core by the other compiler, and QEMU's machines."""
    with board_for(*request.param) as running:
        yield running


def same_layers(board: GradedRunner, engine: GradedRunner, inputs: Sequence[Any]) -> None:
    """All that an inference writes is the same, layer by layer."""
    for (index, ours), (_, theirs) in zip(board.layers(*inputs), engine.layers(*inputs), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=f"layer {index}")


def same_golden(board: EmulatedGradedBoard, name: str) -> None:
    """Inferences after each other have the interpreter's bytes, at every tensor that the file has, too."""
    golden = np.load(GOLDEN / f"{name}.npz")
    model = convert_tflite(GOLDEN / f"{name}.tflite")
    board.use(model)
    runner = Comparison(board, board._read)
    for number in range(len(golden["in0"])):
        given = [golden[f"in{port}"][number] for port in range(len(model.inputs))]
        runner.run(as_integers(model, given), golden_judge(golden, number))
    assert runner.shown


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_boards_have_the_golden_bytes(board: EmulatedGradedBoard, name: str) -> None:
    """Vectors of TensorFlow Lite's reference kernels; no interpreter and no engine of the host is needed."""
    same_golden(board, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["maps_s8", "elements_s16", "streaming"])
def test_other_compilers_and_machines_have_the_golden_bytes(other: EmulatedGradedBoard, name: str) -> None:
    """clang's code, and another emulator."""
    same_golden(other, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_boards_have_the_bytes_of_the_host_on_real_networks(board: EmulatedGradedBoard, name: str) -> None:
    """Issue 5: keyword spotting, images, visual wake words, on three random inputs and all real ones."""
    model = convert_tflite(path_of(name))
    rng = np.random.default_rng(RANDOM)
    board.use(model)
    with GradedEngine(model) as engine:
        for inputs in [*(some_inputs(rng, model) for _ in range(RANDOM)), *real_inputs(name)]:
            same_layers(board, engine, inputs)


@pytest.mark.slow
def test_boards_have_the_bytes_of_the_host_on_all_real_windows(board: EmulatedGradedBoard) -> None:
    """An auto-encoder on a machine's sound: all layers of every tenth window, outputs of all."""
    model = convert_tflite(path_of("autoencoder"))
    board.use(model)
    with GradedEngine(model) as engine:
        for number, inputs in enumerate(real_inputs("autoencoder")):
            if number % 10 == 0:
                same_layers(board, engine, inputs)
            else:
                np.testing.assert_array_equal(board.infer(*inputs)[0], engine.infer(*inputs)[0])


@pytest.mark.slow
def test_boards_have_the_bytes_of_the_host_on_random_networks(board: EmulatedGradedBoard) -> None:
    """Every kind of layer, variables, constants, memory that is used again."""
    for number, model in enumerate(corpus(NETWORKS)):
        board.use(model)
        with GradedEngine(model) as engine:
            for seed in (number, number + 1):
                same_layers(board, engine, random_inputs(model, seed))


def digits() -> GradedModel:
    """A small network of an example."""
    model = convert(ROOT / DIGITS)
    assert isinstance(model, GradedModel)
    return model


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m4", "rv32imc"])
def test_an_embedded_network_runs_without_the_other_engine(name: str, compiler: str) -> None:
    """Neither the other engine nor kinds of layers that the network does not have are linked."""
    need(name, compiler)
    model = digits()
    with emulate(model, name, compiler=compiler, embed=True) as board, GradedEngine(model) as engine:
        names = {symbol.name for symbol in board.build.symbols}
        has = {layer.kind.name.lower() for layer in model.layers}

        assert board.hello.place == Place.EMBEDDED
        assert board.hello.kind is Kind.GRADED
        assert not {n for n in names if n.startswith("spkl_lif_")} | {"spkl_open", "spkl_push"} & names
        assert {n.removeprefix("spkl_run_") for n in names if n.startswith("spkl_run_")} - {"spkl_run_pool"} >= has
        assert not {"spkl_run_conv_s16", "spkl_run_leaky_relu_s16"} & names
        same_layers(board, engine, random_inputs(model, 1))


def test_a_spiking_firmware_has_no_graded_engine() -> None:
    """And the other way round."""
    need("cortex-m4", "gcc")
    names = {s.name for s in build("cortex-m4", model=random_model(1, plain=True), compiler="gcc").symbols}

    assert "spkl_open" in names
    assert not {n for n in names if n.startswith("spkl_graded_")}


def test_layers_are_counted_one_by_one() -> None:
    """They add up to the engine's instructions of an inference."""
    need("cortex-m4", "gcc")
    model = digits()
    inputs = random_inputs(model, 1)
    with emulate(model, "cortex-m4", compiler="gcc") as board:
        board.infer(*inputs)
        board.instructions(reset=True)
        board.infer(*inputs)
        whole = board.instructions().engine
        layers = [counted.engine for _, counted in board.instructions_by_layer(*inputs)]
        bound = board.build.stack.bytes

        assert len(layers) == len(model.layers)
        assert abs(sum(layers) - whole) <= 20 * len(layers)
        assert bound is not None
        assert 0 < board.stack_used() <= bound


@pytest.mark.parametrize("name", LARGE)
def test_the_stack_bound_holds(name: str) -> None:
    """On random networks of all kinds of layers."""
    need(name, "gcc")
    with EmulatedGradedBoard(Emulation(build(name, compiler="gcc"), count=False)) as board:
        for number, model in enumerate(corpus(6)):
            board.use(model)
            board.infer(*random_inputs(model, number))
        bound = board.build.stack.bytes

        assert bound is not None, board.build.stack.reason
        assert 0 < board.stack_used() <= bound


def test_a_network_that_is_too_large_is_refused_with_the_missing_bytes() -> None:
    """Loaded: the old one goes on; embedded: before anything is flashed."""
    need("cortex-m0", "gcc")
    model = convert_tflite(path_of("vww01"))
    with emulate(digits(), "cortex-m0", compiler="gcc") as board:
        with pytest.raises(NoRoomError, match="bytes of RAM are missing"):
            board.load(model)
        board.infer(*random_inputs(digits(), 1))
    with pytest.raises(NoRoomError, match="does not fit cortex-m0"):
        build("cortex-m0", model=model, compiler="gcc")
