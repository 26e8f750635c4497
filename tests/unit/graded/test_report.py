"""What is told of graded networks: who reads what whom wrote, names, sizes; of random networks of every kind."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spikelet.errors import ImageError
from spikelet.graded.image import decode, encode
from spikelet.graded.image_meta import read_meta, write_meta
from spikelet.graded.model import GradedModel, LayerKind
from spikelet.graded.names import short_name
from spikelet.graded.reference import GradedReference
from spikelet.graded.report import describe, kind_of, one_line, shape_of, windowed
from spikelet.graded.report_flow import TensorMemory, extent, flows
from spikelet.graded.report_svg import draw_graded
from support.graded_networks import corpus, random_inputs

NETWORKS = list(corpus(12))


@pytest.mark.parametrize("index", range(len(NETWORKS)))
def test_the_memory_that_is_made_again_is_the_runners(index: int) -> None:
    """What each layer reads, and the outputs, over two inferences: tensors share bytes and go over each other."""
    model = NETWORKS[index]
    memory = TensorMemory(model)
    with GradedReference(model) as runner:
        for seed in range(2):
            inputs = random_inputs(model, seed)
            memory.begin(inputs)
            for layer, values in runner.layers(*inputs):
                for tensor in model.layers[layer].inputs:
                    assert memory.read(tensor).shape == model.tensors[tensor].shape
                memory.write(model.layers[layer].output, values)
            for port in model.outputs:
                np.testing.assert_array_equal(memory.read(port.tensor), runner._read(port.tensor))


@pytest.mark.parametrize("index", range(len(NETWORKS)))
def test_every_reader_has_a_writer(index: int) -> None:
    """Byte by byte: the last one that wrote before, or of a variable one that wrote in the inference before."""
    model = NETWORKS[index]
    found = {(reader, tensor): set[int]() for _, reader, tensor in flows(model)}
    for writer, reader, tensor in flows(model):
        found[reader, tensor].add(writer)
    first = len(model.inputs)
    owner = [-1] * model.memory
    expected: dict[tuple[int, int], set[int]] = {}
    for _ in range(2):
        for port_index, port in enumerate(model.inputs):
            start, stop = extent(model.tensors[port.tensor])
            owner[start:stop] = [port_index] * (stop - start)
        for number, layer in enumerate(model.layers):
            for tensor in layer.inputs:
                if model.tensors[tensor].constant is None:
                    start, stop = extent(model.tensors[tensor])
                    expected[first + number, tensor] = set(owner[start:stop]) - {-1, first + number}
            start, stop = extent(model.tensors[layer.output])
            owner[start:stop] = [first + number] * (stop - start)
    assert {key: writers for key, writers in expected.items() if writers} == {
        key: writers for key, writers in found.items() if key[0] < first + len(model.layers)
    }


@pytest.mark.parametrize("index", range(len(NETWORKS)))
def test_a_report_is_json_and_the_drawing_has_every_layer(index: int) -> None:
    """Of every kind of layer; the same for an image that was read again."""
    model = NETWORKS[index]
    report = describe(model)

    json.dumps(report, allow_nan=False)
    assert describe(decode(encode(model))) == report
    assert len(report["layers"]) == len(model.layers)
    names = [
        text
        for text in ET.fromstring(draw_graded(model, title="net")).iter("{http://www.w3.org/2000/svg}text")
        if text.get("class") == "name"
    ]
    assert len(names) == len(model.inputs) + len(model.layers) + len(model.outputs)


@pytest.mark.parametrize("scale", ["0.0", "-1.5", "1e999", "1", "true"])
def test_a_scale_that_is_no_positive_number_is_refused(scale: str) -> None:
    """What an image says to people is checked as well: nothing that is printed divides by 0."""
    model = NETWORKS[0]
    written = write_meta(model)
    sizes = [tensor.size for tensor in model.tensors]
    counts = {name: len(getattr(model, name)) for name in ("tensors", "layers", "inputs", "outputs")}
    changed = written.replace(b'"scale":1.0', f'"scale":{scale}'.encode(), 1)

    assert changed != written
    read_meta(written, sizes, counts)
    with pytest.raises(ImageError, match="META"):
        read_meta(changed, sizes, counts)


def test_every_kind_has_a_name() -> None:
    """For people: without the type of its numbers, which is told where it is not int8."""
    kinds: dict[LayerKind, GradedModel] = {layer.kind: model for model in NETWORKS for layer in model.layers}
    for kind, model in kinds.items():
        layer = next(layer for layer in model.layers if layer.kind is kind)

        assert "_" not in kind_of(layer)
        assert "_" not in windowed(layer)
        assert ("int16" in windowed(layer)) == kind.name.endswith("S16")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("model/relu_1/Relu;model/conv_1/BiasAdd;model/conv_1/Conv2D", "conv_1"),
        ("model/activation_2/Relu;model/add/add", "add"),
        ("functional_1/average_pooling2d/AvgPool", "average_pooling2d"),
        ("StatefulPartitionedCall_1:0", "StatefulPartitionedCall_1"),
        ("Identity", "Identity"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_names_of_tensorflow_are_shortened(name: str, short: str) -> None:
    """To what has the bias, else to what comes last."""
    assert short_name(name) == short


def test_shapes_are_told_without_a_batch_of_one() -> None:
    """But a lone number stays."""
    assert [shape_of(shape) for shape in ((1, 32, 32, 3), (1, 10), (1,), (5, 4))] == ["32x32x3", "10", "1", "5x4"]
    assert one_line(NETWORKS[0]).endswith(f"{len(NETWORKS[0].layers)} layers")
