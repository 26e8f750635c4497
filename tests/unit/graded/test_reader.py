"""The reader of TensorFlow Lite files: what it gives, and what it refuses in one clear sentence."""

from __future__ import annotations

import re
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as litert

from spikelet.converters.tflite import is_tflite, parse_tflite, read_tflite, schema
from spikelet.converters.tflite.fields import OPTIONS, SHAPE_ONLY
from spikelet.errors import ConvertError
from support.tflite_builder import FileBuilder, Scales

GOLDEN = sorted((Path(__file__).resolve().parents[2] / "golden" / "tflite").glob("*.tflite"))
#: Values that words of a file are replaced by.
EVIL = (0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x00FFFFFF)


def small() -> FileBuilder:
    """A convolution with everything that a tensor can have."""
    file = FileBuilder()
    graph = file.main
    x = graph.input((1, 4, 4, 2), scale=0.5, zero_point=-3, name="x")
    w = graph.constant(np.ones((3, 2, 2, 2), np.int8), scales=Scales(scale=(0.1, 0.2, 0.3)), name="w")
    b = graph.constant(np.arange(3, dtype=np.int32), scale=0.05, name="b")
    y = graph.tensor((1, 4, 4, 3), scale=0.25, zero_point=7, name="y")
    graph.operator("CONV_2D", [x, w, b], [y], padding="SAME", stride_w=1, stride_h=1)
    graph.outputs = [y]
    return file


def refusal(data: bytes) -> str:
    """What the reader says of a file that it refuses."""
    with pytest.raises(ConvertError) as caught:
        parse_tflite(data, "bad.tflite")
    return str(caught.value)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_files_are_read_as_the_schemas_own_objects_have_them(path: Path) -> None:
    """Tensors, constants, scales and operators equal those of the schema's object API, which checks nothing."""
    file = read_tflite(path)
    model = litert.ModelT.InitFromObj(litert.Model.GetRootAs(path.read_bytes()))

    assert len(model.subgraphs) == len(file.subgraphs)
    for theirs, graph in zip(model.subgraphs, file.subgraphs, strict=True):
        assert [t.name.decode() for t in theirs.tensors] == [t.name for t in graph.tensors]
        assert list(theirs.inputs if theirs.inputs is not None else []) == list(graph.inputs)
        assert list(theirs.outputs if theirs.outputs is not None else []) == list(graph.outputs)
        for their, tensor in zip(theirs.tensors, graph.tensors, strict=True):
            assert list(their.shape if their.shape is not None else []) == list(tensor.shape)
            data = model.buffers[their.buffer].data
            assert (b"" if data is None else bytes(data)) == (b"" if tensor.data is None else tensor.data.tobytes())
            scale = getattr(their.quantization, "scale", None)
            if scale is None:
                assert tensor.quantisation is None
            else:
                assert tensor.quantisation is not None
                assert np.array_equal(scale, tensor.quantisation.scale)
                assert np.array_equal(their.quantization.zeroPoint, tensor.quantisation.zero_point)
        for their, operator in zip(theirs.operators, graph.operators, strict=True):
            code = model.operatorCodes[their.opcodeIndex]
            assert getattr(litert.BuiltinOperator, operator.kind) == max(code.builtinCode, code.deprecatedBuiltinCode)
            assert list(their.inputs if their.inputs is not None else []) == list(operator.inputs)
            assert list(their.outputs if their.outputs is not None else []) == list(operator.outputs)


def test_options_have_the_schemas_names_and_enumerations_theirs() -> None:
    """What is not in the file has the schema's default."""
    operator = parse_tflite(small().build()).subgraphs[0].operators[0]

    assert operator.options["padding"] == "SAME"
    assert operator.options["fused_activation_function"] == "NONE"
    assert operator.options["dilation_w_factor"] == 1


def test_an_operator_without_options_has_the_schemas_defaults() -> None:
    """RESHAPE, for one, is often written so."""
    file = FileBuilder()
    x = file.main.input((1, 4), scale=1.0)
    y = file.main.tensor((1, 4), scale=1.0)
    file.main.operator("SOFTMAX", [x], [y])
    file.main.operators[0].builtinOptionsType = 0
    file.main.operators[0].builtinOptions = None
    file.main.outputs = [y]

    assert parse_tflite(file.build()).subgraphs[0].operators[0].options == {"beta": 0.0}


@pytest.mark.parametrize("package", ["tflite", "ai_edge_litert.schema_py_generated"])
def test_both_packages_with_the_schema_read_alike(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One small adapter for both."""
    expected = [repr(read_tflite(path)) for path in GOLDEN]
    monkeypatch.setattr(schema, "_PACKAGES", (package,))
    for cached in (schema._schema, schema.enumeration):
        cached.cache_clear()
    try:
        assert expected == [repr(read_tflite(path)) for path in GOLDEN]
    finally:
        for cached in (schema._schema, schema.enumeration):
            cached.cache_clear()


def test_without_a_schema_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither package is there."""
    monkeypatch.setattr(schema, "_PACKAGES", ("no_such_package_here",))
    schema._schema.cache_clear()
    try:
        assert "pip install tflite" in refusal(small().build())
    finally:
        schema._schema.cache_clear()


def test_a_batch_that_may_vary_is_one_of_1() -> None:
    """Keras writes -1 in the signature; the interpreter takes the shape."""
    file = small()
    file.main.tensors[0].shapeSignature = [-1, 4, 4, 2]

    assert parse_tflite(file.build()).subgraphs[0].tensors[0].shape == (1, 4, 4, 2)


def test_files_are_told_by_their_content(tmp_path: Path) -> None:
    """Not by their names."""
    path = tmp_path / "model.bin"
    path.write_bytes(small().build())

    assert is_tflite(path)
    assert not is_tflite(tmp_path)
    assert not is_tflite(tmp_path / "none.tflite")
    path.write_bytes(b"TFL3")
    assert not is_tflite(path)


@pytest.mark.parametrize("name", ["", "none.tflite"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    """A folder, and nothing."""
    with pytest.raises(ConvertError, match=r"a folder|no such file"):
        read_tflite(tmp_path / name)


def _set(what: Callable[[Any], Any], **fields: Any) -> Callable[[FileBuilder], None]:
    """A change of fields of one of the builder's objects."""

    def change(file: FileBuilder) -> None:
        for name, value in fields.items():
            setattr(what(file), name, value)

    return change


def _tensor(index: int) -> Callable[[FileBuilder], Any]:
    return lambda file: file.main.tensors[index]


def _quantisation(index: int) -> Callable[[FileBuilder], Any]:
    return lambda file: file.main.tensors[index].quantization


def _operator(file: FileBuilder) -> Any:
    return file.main.operators[0]


def _code(file: FileBuilder) -> Any:
    return file._codes[0]


def _custom(file: FileBuilder) -> None:
    _set(_code, builtinCode=32, deprecatedBuiltinCode=32, customCode="MyOp")(file)


#: What is wrong, how it is made, and what the error says.
BAD: list[tuple[str, Callable[[FileBuilder], None], list[str]]] = [
    ("a negative size", _set(_tensor(0), shape=[1, -4, 4, 2]), ["tensor 0 (x)", "shape", "-4"]),
    ("a huge shape", _set(_tensor(0), shape=[2**30, 2**30, 2**30, 2]), ["tensor 0 (x)", "elements"]),
    ("nine axes", _set(_tensor(0), shape=[1] * 9), ["shape", "9 entries"]),
    ("a dynamic size", _set(_tensor(0), shapeSignature=[-1, -1, 4, 2]), ["shape_signature", "fixed input shape"]),
    ("a dynamic batch", _set(_tensor(0), shape=[2, 4, 4, 2], shapeSignature=[-1, 4, 4, 2]), ["shape_signature"]),
    ("another signature", _set(_tensor(0), shapeSignature=[1, 4, 4]), ["shape_signature"]),
    ("an unknown type", _set(_tensor(0), type=99), ["tensor 0 (x)", "type", "99"]),
    ("a buffer that is not there", _set(_tensor(1), buffer=77), ["tensor 1 (w)", "buffer", "77"]),
    ("a buffer that is too short", _set(_tensor(1), shape=[3, 2, 2, 3]), ["tensor 1 (w)", "24 bytes", "36"]),
    ("a buffer that is too long", _set(_tensor(1), shape=[3, 2, 2, 1]), ["tensor 1 (w)", "24 bytes", "12"]),
    ("int4 weights", _set(_tensor(1), type=litert.TensorType.INT4), ["tensor 1 (w)", "INT4"]),
    ("a sparse tensor", _set(_tensor(1), sparsity=litert.SparsityParametersT()), ["tensor 1 (w)", "sparse"]),
    ("a variable of old", _set(_tensor(3), isVariable=True), ["tensor 3 (y)", "is_variable"]),
    ("too few scales", _set(_quantisation(1), scale=[0.1, 0.2]), ["tensor 1 (w)", "2 scales"]),
    ("an axis that is not there", _set(_quantisation(1), quantizedDimension=5), ["tensor 1 (w)", "axis 5"]),
    ("too few zero points", _set(_quantisation(1), zeroPoint=[0, 0]), ["tensor 1 (w)", "2 zero points"]),
    ("a scale that is no number", _set(_quantisation(0), scale=[float("nan")]), ["tensor 0 (x)", "nan"]),
    ("a scale without end", _set(_quantisation(0), scale=[float("inf")]), ["tensor 0 (x)", "inf"]),
    ("a negative scale", _set(_quantisation(0), scale=[-0.5]), ["tensor 0 (x)", "-0.5"]),
    ("a huge zero point", _set(_quantisation(0), zeroPoint=[2**40]), ["tensor 0 (x)", "zero point"]),
    ("custom quantisation", _set(_quantisation(0), detailsType=1, details=litert.CustomQuantizationT()), ["custom"]),
    ("an input that is not there", _set(_operator, inputs=[99, 1, 2]), ["operator 0 CONV_2D", "tensor 99"]),
    ("an input of -2", _set(_operator, inputs=[-2, 1, 2]), ["operator 0 CONV_2D", "tensor -2"]),
    ("an output of -1", _set(_operator, outputs=[-1]), ["operator 0", "tensor -1"]),
    ("a code that is not there", _set(_operator, opcodeIndex=9), ["operator 0", "opcode_index", "9"]),
    ("options of another operator", _set(_operator, builtinOptionsType=9), ["builtin_options", "SoftmaxOptions"]),
    ("an unknown operator", _set(_code, builtinCode=9999), ["operator 0", "9999", "tensor 3 (y)", "CONV_2D"]),
    ("a custom operator", _custom, ["operator 0 CUSTOM MyOp", "tensor 3 (y)", "CONV_2D"]),
    ("another operator", _set(_code, builtinCode=67, deprecatedBuiltinCode=67), ["TRANSPOSE_CONV", "CONV_2D, DEPTH"]),
    ("an input that is a constant", lambda f: f.main.inputs.append(1), ["inputs", "tensor 1 (w)"]),
    ("an input twice", lambda f: f.main.inputs.append(0), ["inputs", "tensor 0 (x)"]),
    ("a port that is not there", lambda f: f.main.outputs.append(44), ["outputs", "tensor 44"]),
    ("an output twice", lambda f: f.main.outputs.append(3), ["outputs", "tensor 3 (y)"]),
    ("an operator that writes an input", _set(_operator, outputs=[0]), ["operator 0 CONV_2D", "tensor 0 (x)"]),
    ("an operator that reads its output", _set(_operator, inputs=[3, 1, 2]), ["tensor 3 (y)", "nothing wrote"]),
    ("no subgraph", lambda f: f.graphs.clear(), ["subgraphs", "none"]),
]


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_each_fault_is_refused_by_name_and_place(change: Callable[[FileBuilder], None], words: list[str]) -> None:
    """One clear error each: where, what was found, what is allowed."""
    file = small()
    change(file)

    said = refusal(built(file))

    for word in ("bad.tflite", "found", "allowed", *words):
        assert word in said


def built(file: FileBuilder) -> bytes:
    """The bytes of a file that the builder cannot name any more."""
    model = litert.ModelT()
    model.version = 3
    model.operatorCodes, model.buffers = file._codes, file._buffers
    model.subgraphs = [graph.build() for graph in file.graphs]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_an_operator_outside_the_list_is_refused_with_the_list() -> None:
    """All that is supported is named; what only shapes are made with is not."""
    file = small()
    _set(_code, builtinCode=67, deprecatedBuiltinCode=67)(file)

    named = set(re.findall(r"\w+", refusal(built(file))))

    assert {kind for kind in OPTIONS if kind in named} == OPTIONS.keys() - SHAPE_ONLY


def test_a_name_that_is_no_text_is_refused() -> None:
    """Strings are UTF-8."""
    data = small().build()

    assert "UTF-8" in refusal(data.replace(b"\x01\x00\x00\x00x\x00", b"\x01\x00\x00\x00\xff\x00"))


def test_another_version_and_another_file_are_refused() -> None:
    """The identifier and the version."""
    file = small()
    model = litert.ModelT()
    model.version = 2
    model.subgraphs = [file.main.build()]
    builder = flatbuffers.Builder(64)
    builder.Finish(model.Pack(builder), b"TFL3")

    assert "version" in refusal(bytes(builder.Output()))
    assert "TFL3" in refusal(b"")
    assert "TFL3" in refusal(b"SPKL" + bytes(60))


def test_external_buffers_are_refused() -> None:
    """Data behind the tables, of files above 2 GiB."""
    file = small()
    file._buffers[1].offset, file._buffers[1].size = 4096, 24

    assert "buffer 1" in refusal(built(file))


def assert_taken_or_refused(data: bytes) -> None:
    """A ConvertError, or a file; nothing else, and nothing large."""
    with suppress(ConvertError):
        parse_tflite(data)


def test_a_file_cut_at_any_byte_is_refused_or_read() -> None:
    """Every length."""
    data = small().build()
    for length in range(len(data)):
        assert_taken_or_refused(data[:length])


def test_any_word_may_be_anything() -> None:
    """Offsets that leave the file, go back, go round; lengths without end: each in its place."""
    data = small().build()
    tracemalloc.start()
    for at in range(0, len(data) - 3, 2):
        for value in (*EVIL, len(data) - at, -at % 2**32):
            assert_taken_or_refused(data[:at] + struct.pack("<I", value) + data[at + 4 :])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * 2**20


def test_many_tables_that_are_one_do_not_take_long() -> None:
    """Ten thousand tensors that are the same bytes, with a name of a hundred thousand."""
    builder = flatbuffers.Builder(1 << 20)
    name = builder.CreateString("n" * 100_000)
    litert.TensorStart(builder)
    litert.TensorAddName(builder, name)
    tensor = litert.TensorEnd(builder)
    litert.SubGraphStartTensorsVector(builder, 10_000)
    for _ in range(10_000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    litert.SubGraphStart(builder)
    litert.SubGraphAddTensors(builder, tensors)
    graph = litert.SubGraphEnd(builder)
    litert.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    litert.ModelStart(builder)
    litert.ModelAddVersion(builder, 3)
    litert.ModelAddSubgraphs(builder, graphs)
    builder.Finish(litert.ModelEnd(builder), b"TFL3")
    began = time.monotonic()

    said = refusal(bytes(builder.Output()))

    assert "times its" in said
    assert time.monotonic() - began < 5
