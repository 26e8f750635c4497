"""The lowering of int8 and int16 files: every operator against the interpreter, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spikelet.converters import convert
from spikelet.converters.tflite import convert_tflite, parse_tflite, read_tflite
from spikelet.errors import ConvertError
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel, LayerKind
from support.tflite_builder import FileBuilder, Scales
from support.tflite_cases import CASES, random_input
from support.tflite_interpreter import TfliteInterpreter
from support.tflite_network import Network

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "tflite"
GOLDEN = sorted(FOLDER.glob("*.tflite"))


def run(model: GradedModel, *inputs: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """The engine's outputs as the file has them: float32 and uint8 where its ports are."""
    with GradedEngine(model) as engine:
        return tuple(as_the_file(model, port, engine.infer(*inputs)[port]) for port in range(len(model.outputs)))


def as_the_file(model: GradedModel, index: int, values: npt.NDArray[Any], *, output: bool = True) -> npt.NDArray[Any]:
    """A port's numbers as the file has them."""
    port = (model.outputs if output else model.inputs)[index]
    tensor = model.tensors[port.tensor]
    if port.is_float:
        real = np.float64(np.float32(tensor.scale)) * (values.astype(np.float64) - tensor.zero_point)
        return real.astype(np.float32)
    return (values.astype(np.int16) + port.offset).astype(np.uint8) if port.offset else values


def converted(file: FileBuilder | Network) -> GradedModel:
    """The model of a file that is built."""
    return convert_tflite(parse_tflite((file.file if isinstance(file, Network) else file).build()))


def assert_like_the_interpreter(data: bytes, runs: int = 4) -> GradedModel:
    """Outputs, run after run."""
    model = convert_tflite(parse_tflite(data))
    rng, interpreter = np.random.default_rng(0), TfliteInterpreter(data)
    with GradedEngine(model) as engine:
        for _ in range(runs):
            inputs = [random_input(rng, model, port) for port in range(len(model.inputs))]
            given = [as_the_file(model, i, values, output=False) for i, values in enumerate(inputs)]
            found = engine.infer(*inputs)
            for index, expected in enumerate(interpreter.infer(*given)):
                assert np.array_equal(expected, as_the_file(model, index, found[index]))
    return model


@pytest.mark.parametrize("name", CASES)
def test_every_operator_gives_the_interpreters_bytes(name: str) -> None:
    """Random parameters; scales of dead channels, biases near the ends of a word, tiny multipliers among them."""
    for seed in range(12):
        assert_like_the_interpreter(CASES[name](np.random.default_rng([seed, len(name)])).file, runs=2)


@pytest.mark.parametrize(
    "name", [n for n in CASES if n.startswith(("conv", "depthwise", "add", "mul", "mean", "relu"))]
)
def test_the_converter_gives_the_layer_that_was_derived_by_hand(name: str) -> None:
    """Weights, tables and multipliers equal those that tests/support makes from the document alone."""
    for seed in range(4):
        case = CASES[name](np.random.default_rng([seed, len(name)]))
        (mine,), (theirs,) = convert_tflite(parse_tflite(case.file)).layers, case.model.layers
        # Axes of a walk may be joined.
        walked = ("size_", "a_step", "b_step", "kept", "reduced")
        same = [key for key in theirs.parameters if not key.startswith(walked)]
        assert theirs.kind is mine.kind
        assert [theirs.parameters[key] for key in same] == [mine.parameters[key] for key in same]
        assert (theirs.table is None) == (mine.table is None)
        assert theirs.table is None or np.array_equal(theirs.table, mine.table)
        assert theirs.weights is None or np.array_equal(theirs.weights, mine.weights)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_layer_of_a_file_gives_the_interpreters_tensor(path: Path) -> None:
    """The tensor that meta names, byte by byte; variables go on from one inference to the next."""
    model = convert_tflite(path)
    file, rng, interpreter = read_tflite(path), np.random.default_rng(7), TfliteInterpreter(path)
    seen = 0
    with GradedEngine(model) as engine:
        for _ in range(5):
            inputs = [random_input(rng, model, port) for port in range(len(model.inputs))]
            outputs = interpreter.infer(*(as_the_file(model, i, v, output=False) for i, v in enumerate(inputs)))
            tensors = interpreter.tensors()
            for index, values in engine.layers(*inputs):
                layer, tensor = model.layers[index], model.meta["tensors"][model.layers[index].output]
                if tensor in tensors and layer.kind not in {LayerKind.COPY, LayerKind.FILL}:
                    assert np.array_equal(tensors[tensor].ravel(), values.ravel()), layer
                    seen += 1
            for index, expected in enumerate(outputs):
                found = as_the_file(model, index, engine._read(model.outputs[index].tensor))
                assert np.array_equal(expected, found)
    assert seen or path.stem == "moves"
    assert {layer.source for layer in model.layers} <= {op.index for op in file.subgraphs[0].operators}


_FUNCTIONS: dict[str, dict[str, Any]] = {
    "RELU": {},
    "RELU6": {},
    "LEAKY_RELU": {"alpha": 0.3},
    "QUANTIZE": {},
    "LOGISTIC": {},
    "TANH": {},
}


@pytest.mark.parametrize("kind", _FUNCTIONS)
def test_functions_of_one_number_are_the_interpreters_for_all_256(kind: str) -> None:
    """The whole table, for many scales and zero points."""
    rng = np.random.default_rng(sum(kind.encode()))
    numbers = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    for trial in range(60):
        network = Network(trial)
        x = network.input((1, 256), scale=float(np.exp(rng.uniform(-7, 1))), zero=int(rng.integers(-128, 128)))
        out = (
            (1 / 256, -128) if kind == "LOGISTIC" else (float(np.exp(rng.uniform(-7, 1))), int(rng.integers(-128, 128)))
        )
        options = dict(_FUNCTIONS[kind])
        if "alpha" in options:
            options["alpha"] = float(rng.choice([0.3, 0.01, 1.5, 0.0, -0.5]))
        network.output(network.rescaled(kind, x, *out, **options))
        expected = TfliteInterpreter(network.file.build()).infer(numbers)

        assert np.array_equal(expected[0], run(converted(network), numbers)[0]), (trial, x, out)


def test_a_function_that_changes_nothing_is_no_layer() -> None:
    """QUANTIZE to the scale that is there."""
    network = Network(1)
    x = network.input((1, 8), scale=0.5, zero=3)
    network.output(network.rescaled("RELU", network.rescaled("QUANTIZE", x, 0.5, 3), 0.25, -128))

    assert [layer.kind for layer in converted(network).layers] == [LayerKind.LUT_S8]


@pytest.mark.parametrize("real", [2.0**-31, 2.0**-32, 2.0**-33, 1e-12, 1e-30, 1e-38, 0.9999999999, 1.0, 37.0, 4096.0])
def test_multipliers_at_the_ends_of_their_range(real: float) -> None:
    """Below 2^-31 they are 0; rounding up to 2^31 takes the next shift; above 1 the shift is to the left."""
    file = FileBuilder()
    graph = file.main
    x = graph.input((1, 2, 2, 4), scale=1.0, zero_point=1)
    w = graph.constant(np.full((1, 1, 1, 4), 127, np.int8), scales=Scales(scale=(real,)))
    b = graph.constant(np.array([2**31 - 2**24], np.int32), scale=real)
    y = graph.tensor((1, 2, 2, 1), scale=1.0)
    graph.operator("CONV_2D", [x, w, b], [y], stride_w=1, stride_h=1)
    graph.outputs = [y]

    assert_like_the_interpreter(file.build())


def test_padding_becomes_part_of_the_convolution_behind_it() -> None:
    """One reader alone, and rows and columns only: no layer for PAD."""
    for padding, kernel in (("VALID", (3, 3)), ("SAME", (3, 5)), ("VALID", (2, 4))):
        network = Network(2)
        x = network.input((1, 6, 5, 4), scale=0.02, zero=11)
        padded = network.pad(x, [(0, 0), (1, 1), (1, 0), (0, 0)])
        network.output(network.convolution(padded, 8, kernel, stride=(2, 1), padding=padding))
        model = assert_like_the_interpreter(network.file.build())
        assert [layer.kind for layer in model.layers] == [LayerKind.CONV_S8]


@pytest.mark.parametrize(
    "amounts",
    [[(0, 0), (4, 0), (0, 0), (0, 0)], [(0, 0), (0, 9), (0, 0), (0, 0)], [(0, 0), (0, 0), (0, 0), (1, 0)]],
)
def test_padding_that_a_convolution_cannot_do_is_filled(amounts: list[tuple[int, int]]) -> None:
    """More than a kernel reaches, and channels."""
    network = Network(2)
    x = network.input((1, 6, 5, 4), scale=0.02, zero=11)
    network.output(network.convolution(network.pad(x, amounts), 8, (3, 3), padding="VALID"))
    model = assert_like_the_interpreter(network.file.build())

    assert [layer.kind for layer in model.layers] == [LayerKind.FILL, LayerKind.COPY, LayerKind.CONV_S8]


def test_padding_that_others_read_stays() -> None:
    """An output of the network, for one."""
    network = Network(2)
    padded = network.pad(network.input((1, 6, 5, 4), scale=0.02, zero=11), [(0, 0), (1, 1), (1, 1), (0, 0)])
    network.output(network.convolution(padded, 8, (3, 3), padding="VALID"))
    network.output(padded)
    model = assert_like_the_interpreter(network.file.build())

    assert LayerKind.FILL in {layer.kind for layer in model.layers}


def test_pieces_along_the_outermost_axis_are_written_where_they_belong() -> None:
    """No copy: the convolutions write into the whole, which is read from inside of it."""
    network = Network(3)
    x = network.input((1, 4, 4, 4), scale=0.02)
    y = network.convolution(x, 8, (1, 1))
    z = network.rescaled("RELU", y, y.scale, y.zero)
    whole = network.concatenate([y, z], 1)
    network.output(network.convolution(whole, 4, (3, 3)))
    network.output(network.mean(network.slice(whole, [0, slice(2, 6)]), (0,), keep_dims=False, scale=0.5))
    model = assert_like_the_interpreter(network.file.build())

    assert LayerKind.COPY not in {layer.kind for layer in model.layers}


def test_a_variable_grows_into_what_it_is_a_part_of() -> None:
    """A ring of frames is shifted in place: one copy in all, from the whole to its first part."""
    model = convert_tflite(FOLDER / "streaming_floats.tflite")
    copies = [layer for layer in model.layers if layer.kind is LayerKind.COPY]

    # Two rings, of which the frames lie in what the convolutions read.
    assert len(copies) == 3
    assert model.variables > 0


def test_fully_connected_layers_of_few_outputs_are_dot_products() -> None:
    """Fewer than 16."""
    kinds = []
    for outputs in (15, 16):
        network = Network(4)
        network.output(network.dense(network.input((1, 30), scale=0.02), outputs))
        kinds.append(converted(network).layers[0].kind)

    assert kinds == [LayerKind.DOT_S8, LayerKind.DENSE_S8]


def test_ports_of_uint8_are_the_engines_int8_and_128() -> None:
    """QUANTIZE at both ends, as inference_input_type=tf.uint8 writes it."""
    file = FileBuilder()
    graph = file.main
    x = graph.input((1, 6), "UINT8", scale=0.02, zero_point=100)
    a, b = graph.tensor((1, 6), scale=0.02, zero_point=-28), graph.tensor((1, 6), scale=0.04, zero_point=-128)
    y = graph.tensor((1, 6), "UINT8", scale=0.04, zero_point=0)
    graph.operator("QUANTIZE", [x], [a])
    graph.operator("RELU", [a], [b])
    graph.operator("QUANTIZE", [b], [y])
    graph.outputs = [y]
    model = assert_like_the_interpreter(file.build())

    assert [port.offset for port in (*model.inputs, *model.outputs)] == [128, 128]
    assert [layer.kind for layer in model.layers] == [LayerKind.LUT_S8]


def test_float_numbers_between_two_scales_are_a_table() -> None:
    """DEQUANTIZE and QUANTIZE round in float32, which QUANTIZE between int8 does not."""
    numbers = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    for trial in range(40):
        rng = np.random.default_rng(trial)
        network = Network(trial)
        x = network.input((1, 256), scale=float(np.exp(rng.uniform(-7, 1))), zero=int(rng.integers(-128, 128)))
        middle = network.rescaled("DEQUANTIZE", x, 1.0, to="float32")
        turned = network.reshape(middle, (256, 1))
        scale = x.scale * float(rng.choice([2.0, 0.5, rng.uniform(0.3, 3.0)]))
        network.output(network.rescaled("QUANTIZE", turned, scale, int(rng.integers(-128, 128)), to="int8"))
        expected = TfliteInterpreter(network.file.build()).infer(numbers)

        assert np.array_equal(expected[0], run(converted(network), numbers)[0])


def test_another_shape_is_no_layer() -> None:
    """RESHAPE, EXPAND_DIMS and SQUEEZE, as one-dimensional convolutions of Keras have them."""
    network = Network(5)
    x = network.input((1, 12, 4), scale=0.02)
    high = network.moved("EXPAND_DIMS", x, (1, 1, 12, 4), network.integers([1]))
    y = network.convolution(high, 8, (1, 3), activation="RELU")
    flat = network.moved("SQUEEZE", y, (1, 12, 8), squeeze_dims=[1])
    network.output(network.mean(network.reshape(flat, (12, 8)), (0,), keep_dims=False, scale=0.5))
    model = assert_like_the_interpreter(network.file.build())

    assert [layer.kind for layer in model.layers] == [LayerKind.CONV_S8, LayerKind.MEAN]


def test_convert_takes_a_file_by_its_content(tmp_path: Path) -> None:
    """spikelet.convert gives a GradedModel, with labels where they fit."""
    path = tmp_path / "network.bin"
    path.write_bytes((FOLDER / "streaming.tflite").read_bytes())
    model = convert(path, labels=["one", "two", "three"])

    assert isinstance(model, GradedModel)
    assert model.outputs[0].labels == ("one", "two", "three")
    assert model.meta["source"]["format"] == "tflite"
    with pytest.raises(ConvertError, match="framework"):
        convert(path, framework="snntorch")
    with pytest.raises(ConvertError, match="labels"):
        convert(path, labels=["one"])


def test_the_same_file_gives_the_same_bytes() -> None:
    """No chance, no time."""
    for path in GOLDEN[:4]:
        first, second = convert_tflite(path), convert_tflite(path)
        assert [t.at for t in first.tensors] == [t.at for t in second.tensors]
        assert first.meta == second.meta


def _refused(change: Callable[[Network], None], *words: str) -> tuple[Callable[[Network], None], tuple[str, ...]]:
    return change, words


def _two_batches(n: Network) -> None:
    n.output(n.convolution(n.input((2, 4, 4, 3)), 4, (1, 1)))


def _float(n: Network) -> None:
    n.output(n.rescaled("RELU", n.input((1, 4), kind="float32"), 1.0, to="float32"))


def _no_scale(n: Network) -> None:
    x = n.graph.input((1, 4))
    n.graph.operator("RELU", [x], [n.value((1, 4), 0.5).index])
    n.graph.outputs = [1]


def _dynamic_weights(n: Network) -> None:
    x, w = n.input((1, 4)), n.input((3, 4))
    n.output(n.operator("FULLY_CONNECTED", [x, w, -1], n.value((1, 3), 0.5)))


def _weights_with_zero(n: Network) -> None:
    x = n.input((1, 4))
    w = n.graph.constant(np.ones((3, 4), np.int8), scale=0.1, zero_point=5)
    n.output(n.operator("FULLY_CONNECTED", [x, w, -1], n.value((1, 3), 0.5)))


def _another_shape(n: Network) -> None:
    n.output(n.operator("RELU", [n.input((1, 4))], n.value((1, 5), 0.5)))


def _other_scales(n: Network) -> None:
    a, b = n.input((1, 4), scale=0.1), n.input((1, 4), scale=0.2)
    n.output(n.concatenate([a, b], 1))


def _tanh(n: Network) -> None:
    n.output(n.add(n.input((1, 4)), n.input((1, 4)), activation="TANH"))


def _pool_of_another_scale(n: Network) -> None:
    y = n.value((1, 2, 2, 3), 0.5)
    n.output(
        n.operator("MAX_POOL_2D", [n.input((1, 2, 2, 3))], y, filter_width=1, filter_height=1, stride_w=1, stride_h=1)
    )


def _stride_of_0(n: Network) -> None:
    n.output(n.operator("MAX_POOL_2D", [n.input((1, 2, 2, 3))], n.value((1, 2, 2, 3), 0.02), filter_width=1))


def _softmax_of_another_scale(n: Network) -> None:
    n.output(n.operator("SOFTMAX", [n.input((1, 4))], n.value((1, 4), 0.5), beta=1.0))


def _uninitialised(n: Network) -> None:
    handle = n.graph.tensor((), "RESOURCE")
    n.graph.operator("VAR_HANDLE", [], [handle], shared_name="state", container="")
    n.output(n.rescaled("RELU", n.operator("READ_VARIABLE", [handle], n.value((1, 4), 0.5)), 0.4))
    n.input((1, 4))


def _nothing(n: Network) -> None:
    n.output(n.reshape(n.input((1, 4)), (4,)))


def _broadcast(n: Network) -> None:
    n.output(n.operator("ADD", [n.input((1, 4)), n.input((1, 3))], n.value((1, 4), 0.5)))


def _int16_with_zero(n: Network) -> None:
    x = n.input((1, 4), kind="int16", scale=0.001, zero=3)
    n.output(n.operator("ADD", [x, x], n.value((1, 4), 0.001, kind="int16"), pot_scale_int16=False))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        _refused(_two_batches, "operator 0 CONV_2D", "tensor 0 (in0)", "batch of 2"),
        _refused(_float, "operator 0 RELU", "tensor 0 (in0)", "FLOAT32", "calibration"),
        _refused(_no_scale, "operator 0 RELU", "tensor 0", "without quantisation parameters"),
        _refused(_dynamic_weights, "operator 0 FULLY_CONNECTED", "tensor 1 (in1)", "computed"),
        _refused(_weights_with_zero, "operator 0 FULLY_CONNECTED", "zero points"),
        _refused(_another_shape, "operator 0 RELU", "[1, 5]", "[1, 4]"),
        _refused(_other_scales, "operator 0 CONCATENATION", "tensor 1 (in1)", "0.2"),
        _refused(_tanh, "operator 0 ADD", "TANH"),
        _refused(_pool_of_another_scale, "operator 0 MAX_POOL_2D", "scale 0.5"),
        _refused(_stride_of_0, "operator 0 MAX_POOL_2D", "stride"),
        _refused(_softmax_of_another_scale, "operator 0 SOFTMAX", "scale 0.5"),
        _refused(_uninitialised, "operator 1 READ_VARIABLE", "initial value"),
        _refused(_nothing, "computes nothing"),
        _refused(_broadcast, "operator 0 ADD", "[1, 3]"),
        _refused(_int16_with_zero, "operator 0 ADD", "zero point 3"),
    ],
)
def test_what_has_no_place_is_refused_by_name_and_place(
    change: Callable[[Network], None], words: tuple[str, ...]
) -> None:
    """The operator by name and index, the tensor, what is allowed."""
    network = Network(9)
    change(network)
    with pytest.raises(ConvertError) as caught:
        converted(network)

    for word in ("found", "allowed", *words):
        assert word in str(caught.value)
