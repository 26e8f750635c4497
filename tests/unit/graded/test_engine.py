"""The C engine of graded networks on this host: calls, refusals, state."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import spikelet
from bad_images.graded_builders import good_graded_image, good_graded_model
from spikelet._native import ffi, lib
from spikelet.codes import code
from spikelet.errors import DataError, EngineError, ImageError, ModelError, SpikeletError
from spikelet.graded.engine import GradedEngine
from spikelet.graded.image import encode
from spikelet.graded.model import GradedModel, GradedPort, LayerKind, TensorType
from spikelet.graded.reference import GradedReference
from spikelet.graded.runner import GradedRunner
from support.graded_layers import one_layer
from support.graded_networks import random_inputs

RUNNERS = [GradedEngine, GradedReference]
A, B = np.arange(6, dtype=np.int8), np.array([100, -100, 50, 0, 1, 2], np.int8)
#: What the good model's variable begins with.
KEPT = np.arange(6)


def added(b: np.ndarray, kept: np.ndarray) -> list[int]:
    """The sum of the good model by hand: its multipliers give (q - 1) / 4 + (kept + 2) / 2, halves away from zero."""
    quarters = (b.astype(np.int64) - 1) + 2 * (kept.astype(np.int64) + 2)
    rounded = np.sign(quarters) * ((np.abs(quarters) + 2) // 4)
    return np.clip(rounded + 3, -128, 127).tolist()


def relu(*, is_float: bool = False) -> GradedModel:
    """Four values through a table that brings what is below -3 to -3; scale 0.5."""
    table = np.maximum(np.arange(-128, 128), -3).astype(np.int8)
    shape = ((2, 2), TensorType.INT8)
    model = one_layer(LayerKind.LUT_S8, {}, inputs=[shape], output=shape, table=table)
    tensors = tuple(dataclasses.replace(tensor, scale=0.5, zero_point=-3) for tensor in model.tensors)
    return dataclasses.replace(
        model,
        tensors=tensors,
        inputs=(GradedPort(name="image", tensor=0, is_float=is_float),),
        outputs=(GradedPort(name="scores", tensor=1, is_float=is_float),),
    )


@pytest.mark.parametrize("make", RUNNERS)
def test_a_network_with_a_variable_and_a_constant(make: type[GradedRunner]) -> None:
    """Graded 2 and 3: by hand, three inferences of which each keeps the sum."""
    kept = KEPT
    with make(good_graded_model()) as net:
        for _ in range(3):
            both, total = net.infer(A, B)
            assert both.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]
            assert total.tolist() == added(B, kept)
            assert both.dtype == total.dtype == np.int8
            kept = total.astype(np.int64)


@pytest.mark.parametrize("make", RUNNERS)
def test_reset_gives_variables_their_first_bytes(make: type[GradedRunner]) -> None:
    """Graded 2.3."""
    net = make(good_graded_model())
    first = [values.tolist() for values in net.infer(A, B)]

    assert [values.tolist() for values in net.infer(A, B)] != first
    net.reset()
    assert [values.tolist() for values in net.infer(A, B)] == first


@pytest.mark.parametrize("make", RUNNERS)
def test_layers_tells_what_each_layer_wrote(make: type[GradedRunner]) -> None:
    """The first copy has not yet got the second piece: there is what was there before."""
    seen = list(make(good_graded_model()).layers(A, B))

    assert [index for index, _ in seen] == [0, 1, 2, 3]
    assert seen[0][1][:6].tolist() == A.tolist()
    assert seen[1][1].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]
    assert seen[2][1].tolist() == seen[3][1].tolist() == added(B, KEPT)


@pytest.mark.parametrize("make", RUNNERS)
def test_an_inference_that_is_left_early_runs_to_its_end(make: type[GradedRunner]) -> None:
    """Otherwise the variables would depend on where somebody stopped to look."""
    net, whole = make(good_graded_model()), make(good_graded_model())
    for index, _ in net.layers(A, B):
        if index == 1:
            break
    whole.infer(A, B)

    assert [v.tolist() for v in net.infer(A, B)] == [v.tolist() for v in whole.infer(A, B)]


@pytest.mark.parametrize("make", RUNNERS)
def test_two_inferences_at_the_same_time_are_refused(make: type[GradedRunner]) -> None:
    """There is one memory."""
    net = make(good_graded_model())
    one = net.layers(A, B)
    next(one)
    net.infer(A, B)

    with pytest.raises(SpikeletError, match="another inference began before layer 1"):
        next(one)
    two = net.layers(A, B)
    next(two)
    next(two)
    net.reset()
    with pytest.raises(SpikeletError, match="before layer 2"):
        next(two)


@pytest.mark.parametrize("make", RUNNERS)
def test_inputs_of_another_number_type_or_shape_are_refused(make: type[GradedRunner]) -> None:
    """A silent conversion would be a wrong answer; the network is as before."""
    net = make(good_graded_model())
    net.infer(A, B)
    with pytest.raises(DataError, match=r"found 1 arrays; allowed: 2, one for each input port \('a', 'b'\)"):
        net.infer(A)
    with pytest.raises(DataError, match=r"input 'b': found uint8 of shape \(6,\); allowed: int8 of shape \(6,\)"):
        net.infer(A, B.view(np.uint8))
    with pytest.raises(DataError, match=r"input 'a': found int8 of shape \(2, 3\)"):
        net.infer(A.reshape(2, 3), B)
    with pytest.raises(DataError, match="infer_float"):
        net.infer(A.astype(np.float32), B)
    assert net.infer(A, B)[1].tolist() == added(B, np.array(added(B, KEPT)))


@pytest.mark.parametrize("make", RUNNERS)
def test_arrays_may_have_any_layout_in_memory(make: type[GradedRunner]) -> None:
    """Strides, order, read-only, big-endian where the dtype says so is another dtype."""
    wide = np.zeros((6, 2), np.int8)
    wide[:, 0] = A
    frozen = B.copy()
    frozen.flags.writeable = False
    net = make(good_graded_model())

    assert net.infer(wide[:, 0], frozen[::-1][::-1])[0][:6].tolist() == A.tolist()
    square = np.arange(4, dtype=np.int8).reshape(2, 2)
    assert make(relu()).infer(np.asfortranarray(square.T))[0].tolist() == square.T.tolist()


@pytest.mark.parametrize("make", RUNNERS)
def test_infer_float_rounds_as_tensorflow_lite_does(make: type[GradedRunner]) -> None:
    """QUANTIZE: round(x / scale), halves away from zero, + zero point, clamped; DEQUANTIZE: scale (q - zero point)."""
    net = make(relu(is_float=True))
    given = np.array([[0.25, 0.75], [1e30, -1e30]])
    (found,) = net.infer_float(given)

    # 0.5 steps: 0.5 -> 1, 1.5 -> 2; the limits are (127 + 3) / 2 and, of the table, 0.
    assert found.tolist() == [[0.5, 1.0], [65.0, 0.0]]
    assert found.dtype == np.float32
    assert net.infer_float(np.full((2, 2), np.inf))[0].tolist() == [[65.0, 65.0], [65.0, 65.0]]
    with pytest.raises(DataError, match=r"input 'image': found shape \(4,\); allowed: \(2, 2\)"):
        net.infer_float(np.zeros(4))
    with pytest.raises(DataError, match="input 'image': found NaN"):
        net.infer_float(np.full((2, 2), np.nan))
    with pytest.raises(DataError, match="found 2 arrays; allowed: 1"):
        net.infer_float(given, given)


def test_quantisation_divides_in_float32() -> None:
    """float32(0.3) / float32(0.1) is 3.0000002, which float64 would not say; 0.35 / 0.1 is 3.5 and goes up."""
    from spikelet.graded.runner import dequantised, quantised

    tensor = dataclasses.replace(relu().tensors[0], shape=(4,), scale=0.1, zero_point=7)
    given = np.array([0.35, -0.35, 0.25, 0.049999997], np.float32)
    expected = []
    for value in given:
        x = float(np.float32(value) / np.float32(0.1))
        expected.append(int(abs(x) + 0.5) * (1 if x >= 0 else -1) + 7)

    assert quantised(given, tensor, "x").tolist() == expected
    back = dequantised(np.array([-128, 7, 8, 127], np.int8), tensor)
    assert back.tolist() == [float(np.float32(np.float32(0.1) * np.float32(n))) for n in (-135, 0, 1, 120)]


def test_an_image_is_taken_as_a_model_is() -> None:
    """Bytes on disk."""
    with GradedEngine(good_graded_image()) as net:
        assert net.infer(A, B)[1].tolist() == added(B, KEPT)
        assert [port.name for port in net.model.inputs] == ["a", "b"]
        assert net.arena_size == 48 + net.scratch_size == 48


def test_a_model_or_image_that_is_wrong_is_refused() -> None:
    """Graded 4.8: with the sentence of the rule."""
    with pytest.raises(ModelError, match="memory is 44; allowed: multiples of 8"):
        GradedEngine(dataclasses.replace(good_graded_model(), memory=44))
    with pytest.raises(ImageError):
        GradedEngine(good_graded_image()[:-4])


def test_a_closed_engine_refuses_calls() -> None:
    """Its memory is gone."""
    with GradedEngine(good_graded_model()) as net:
        pass
    net.close()
    for call in (lambda: net.infer(A, B), net.reset):
        with pytest.raises(SpikeletError, match="closed"):
            call()


def test_names_are_there_without_an_import_of_their_module() -> None:
    """`spikelet.GradedEngine`, ..., loaded when they are used."""
    assert spikelet.GradedEngine is GradedEngine
    assert spikelet.GradedReference is GradedReference
    assert spikelet.GradedModel is GradedModel


class Opened:
    """An image in C's own calls."""

    def __init__(self, image: bytes) -> None:
        self.image = np.frombuffer(image, np.uint8).copy()
        self.model = ffi.new("struct spkl_graded_model *")
        assert lib.spkl_graded_open(self.model, ffi.from_buffer(self.image), len(image)) == 0
        self.size = lib.spkl_graded_arena_size(self.model)
        self.arena = np.zeros(self.size // 8 + 2, np.uint64)
        self.net = ffi.new("struct spkl_graded *")

    def start(self, offset: int = 0, size: int | None = None) -> int:
        """Start with an arena that begins so many bytes later."""
        at = ffi.cast("char *", ffi.from_buffer(self.arena)) + offset
        return int(lib.spkl_graded_start(self.net, self.model, at, self.size if size is None else size))


def test_an_arena_that_is_too_small_or_not_aligned_is_refused() -> None:
    """It must be aligned to 8; NULL is none."""
    opened = Opened(good_graded_image())
    arena = code("ARENA")

    assert [opened.start(offset) for offset in (1, 2, 4)] == [arena] * 3
    assert opened.start(size=opened.size - 1) == arena
    assert lib.spkl_graded_start(opened.net, opened.model, ffi.NULL, opened.size) == arena
    assert opened.start(8) == 0


def test_an_image_that_is_not_aligned_is_refused() -> None:
    """Records are read in place."""
    image = np.zeros(len(good_graded_image()) + 8, np.uint8)
    model = ffi.new("struct spkl_graded_model *")
    for offset in (1, 2, 3):
        image[offset : offset + len(good_graded_image())] = np.frombuffer(good_graded_image(), np.uint8)
        at = ffi.cast("char *", ffi.from_buffer(image)) + offset
        assert lib.spkl_graded_open(model, at, len(good_graded_image())) == code("IMAGE_SIZE")
    assert lib.spkl_graded_open(model, ffi.NULL, 100) == code("IMAGE_SIZE")
    assert model.image == ffi.NULL


def test_ports_and_tensors_that_are_not_there_are_refused() -> None:
    """A constant is no place to write to either."""
    opened = Opened(good_graded_image())
    assert opened.start() == 0
    tensor = ffi.new("struct spkl_tensor *")
    argument = code("ARGUMENT")

    for call, n in ((lib.spkl_graded_input, 2), (lib.spkl_graded_output, 2), (lib.spkl_graded_tensor, 6)):
        for index in (n, n + 1, 2**32 - 1):
            assert call(opened.net, index, tensor) == argument
    assert lib.spkl_graded_tensor(opened.net, 3, tensor) == argument
    assert lib.spkl_graded_output(opened.net, 0, tensor) == 0
    assert (tensor.size, tensor.type) == (12, 1)
    assert tensor.at - ffi.cast("void *", opened.net.memory) == 32


def test_an_inference_may_be_cut_anywhere() -> None:
    """Graded 2.4: MORE until it is done, then the next one begins; infer drops one that is going on."""
    opened = Opened(good_graded_image())
    assert opened.start() == 0
    more, done = 1, 0

    assert [lib.spkl_graded_run(opened.net, n) for n in (1, 0, 2, 1)] == [more, more, more, done]
    assert [lib.spkl_graded_run(opened.net, n) for n in (3, 2**32 - 1)] == [more, done]
    assert lib.spkl_graded_run(opened.net, 0) == more
    lib.spkl_graded_infer(opened.net)
    assert opened.net.next == 4
    assert lib.spkl_graded_run(opened.net, 4) == done
    lib.spkl_graded_run(opened.net, 1)
    lib.spkl_graded_reset(opened.net)
    assert opened.net.next == 4


def test_an_engine_error_names_its_place() -> None:
    """What a call returns becomes an error with the engine's code."""
    from spikelet.native_calls import accept

    with pytest.raises(EngineError, match="the model: the arena is too small") as caught:
        accept(code("ARENA"), "the model")
    assert caught.value.code == code("ARENA")


def test_inputs_that_layers_write_over_are_written_again() -> None:
    """Graded 2.2: the same model twice, its output over its input."""
    model = relu()
    over = dataclasses.replace(model, tensors=tuple(dataclasses.replace(t, at=0) for t in model.tensors), memory=8)
    (given,) = random_inputs(model, 3)

    assert encode(over) != encode(model)
    with GradedEngine(over) as net:
        for _ in range(2):
            assert net.infer(given)[0].tolist() == np.maximum(given, -3).tolist()
