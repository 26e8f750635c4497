"""Graded models as bytes and back: docs/reference/graded.md 4. Refused images are in tests/bad_images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikelet
from spikelet.codes import code
from spikelet.converters.tflite import convert_tflite
from spikelet.errors import ImageError, ModelError, SpikeletError
from spikelet.graded.image import decode, encode, is_graded
from spikelet.graded.image_layout import GradedSectionId
from spikelet.graded.model import GradedModel, GradedTensor, LayerKind
from spikelet.graded.packing import is_padded, pack_conv, pack_rows, unpack_conv, unpack_rows, weights_length
from spikelet.image_sections import find_sections

GOLDEN = sorted((Path(__file__).resolve().parents[2] / "golden" / "tflite").glob("*.tflite"))


def streaming() -> GradedModel:
    """With variables, a table, weights of both kinds."""
    return convert_tflite(next(path for path in GOLDEN if path.stem == "streaming"))


def assert_alike(first: GradedModel, second: GradedModel) -> None:
    """Every field."""
    assert (first.inputs, first.outputs, first.memory) == (second.inputs, second.outputs, second.memory)
    assert first.variables == second.variables
    assert np.array_equal(first.initial, second.initial)
    assert dict(first.meta) == dict(second.meta)
    for a, b in zip(first.tensors, second.tensors, strict=True):
        assert replace(a, constant=None) == replace(b, constant=None)
        assert (a.constant is None) == (b.constant is None)
        assert a.constant is None or np.array_equal(a.constant, b.constant)
    for x, y in zip(first.layers, second.layers, strict=True):
        assert replace(x, table=None, weights=None) == replace(y, table=None, weights=None)
        for mine, its in ((x.table, y.table), (x.weights, y.weights)):
            assert (mine is None) == (its is None)
            assert mine is None or (mine.dtype == its.dtype and np.array_equal(mine, its))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_model_comes_back_from_its_image(path: Path) -> None:
    """Every field, and the same bytes again."""
    model = convert_tflite(path, meta={"note": "ä"})
    image = encode(model)

    assert is_graded(image)
    assert_alike(model, decode(image))
    assert encode(decode(image)) == image


def test_a_model_is_saved_and_loaded(tmp_path: Path) -> None:
    """spikelet.load tells by the content what an image is of."""
    path, model = tmp_path / "model.spkl", streaming()
    model.save(path)

    loaded = spikelet.load(path)
    assert isinstance(loaded, GradedModel)
    assert_alike(model, loaded)
    with pytest.raises(SpikeletError, match="exists"):
        model.save(path)
    model.save(path, force=True)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ImageError, match=r"model\.spkl: .*CRC") as caught:
        spikelet.load(path)
    assert caught.value.code == code("IMAGE_CRC")


def test_readers_of_spiking_networks_refuse_graded_images(tmp_path: Path) -> None:
    """By the section that they do not know."""
    from spikelet.image import decode as decode_spiking
    from spikelet.image import read

    path = tmp_path / "model.spkl"
    streaming().save(path)
    for reading in (lambda: decode_spiking(path.read_bytes()), lambda: read(path)):
        with pytest.raises(ImageError) as caught:
            reading()
        assert caught.value.code == code("IMAGE_CRITICAL")
    assert not is_graded(b"SPKL")
    assert not is_graded(b"")


def test_without_meta_records_are_named_by_index() -> None:
    """Graded 4: META is for people."""
    from spikelet.graded.image_layout import SECTIONS
    from spikelet.image_sections import assemble

    image = encode(streaming())
    sections = find_sections(image, SECTIONS)
    kept = {section: image[where] for section, where in sections.items() if section is not GradedSectionId.META}
    model = decode(assemble(kept, SECTIONS))

    assert [tensor.name for tensor in model.tensors] == [f"tensor{i}" for i in range(len(model.tensors))]
    assert {port.labels for port in model.outputs} == {()}


def _described(change: Any) -> bytes:
    """An image whose META was changed."""
    from spikelet.graded.image_layout import SECTIONS
    from spikelet.image_sections import assemble

    image = encode(streaming())
    contents = {section: image[where] for section, where in find_sections(image, SECTIONS).items()}
    meta = json.loads(contents[GradedSectionId.META])
    change(meta)
    contents[GradedSectionId.META] = json.dumps(meta).encode()
    return assemble(contents, SECTIONS)


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("tensors"),
        lambda meta: meta["tensors"].pop(),
        lambda meta: meta["tensors"][0].update(shape=[7]),
        lambda meta: meta["tensors"][0].update(shape=[-1, -16]),
        lambda meta: meta["tensors"][0].update(scale="1"),
        lambda meta: meta["layers"][0].update(source=0.5),
        lambda meta: meta["inputs"][0].update(is_float=1),
        lambda meta: meta["outputs"][0].update(labels=[1]),
        lambda meta: meta["outputs"][0].pop("offset"),
        lambda meta: meta.update(meta=[]),
    ],
)
def test_meta_that_is_not_as_the_writer_makes_it_is_refused(change: Any) -> None:
    """Python reads it, so Python checks it."""
    with pytest.raises(ImageError, match="META") as caught:
        decode(_described(change))

    assert caught.value.code == code("IMAGE_SECTION")


def _tensor(model: GradedModel, index: int, **fields: Any) -> GradedModel:
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **fields)
    return replace(model, tensors=tuple(tensors))


def _layer(model: GradedModel, kind: LayerKind, **fields: Any) -> GradedModel:
    layers = list(model.layers)
    index = next(i for i, layer in enumerate(layers) if layer.kind is kind)
    layers[index] = replace(layers[index], **fields)
    return replace(model, layers=tuple(layers))


def _parameter(model: GradedModel, kind: LayerKind, **values: int) -> GradedModel:
    layer = next(layer for layer in model.layers if layer.kind is kind)
    return _layer(model, kind, parameters={**layer.parameters, **values})


def _unwritten(model: GradedModel) -> GradedModel:
    """An output that lies where nothing is."""
    tensor = replace(model.tensors[0], at=model.memory, shape=(8,))
    port = replace(model.outputs[0], tensor=len(model.tensors))
    return replace(model, memory=model.memory + 8, tensors=(*model.tensors, tensor), outputs=(port,))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda m: replace(m, memory=m.memory + 4), "memory"),
        (lambda m: replace(m, variables=m.variables + 8), "initial"),
        (lambda m: replace(m, inputs=()), "no input port"),
        (lambda m: replace(m, layers=()), "0 layers"),
        (_unwritten, "nothing writes"),
        (lambda m: _tensor(m, 0, at=2), "multiple of 4"),
        (lambda m: _tensor(m, 0, at=2**20), "do not lie"),
        (lambda m: _tensor(m, 0, shape=(0,)), "shape"),
        (lambda m: _layer(m, LayerKind.CONV_S8, output=999), "tensor 999"),
        (lambda m: _layer(m, LayerKind.CONV_S8, inputs=()), "0 inputs"),
        (lambda m: _layer(m, LayerKind.CONV_S8, table=None), "table"),
        (lambda m: _layer(m, LayerKind.CONV_S8, weights=None), "weights"),
        (lambda m: _layer(m, LayerKind.CONV_S8, parameters={}), "parameters"),
        (lambda m: _parameter(m, LayerKind.CONV_S8, stride_y=0), "stride_y"),
        (lambda m: _parameter(m, LayerKind.CONV_S8, pad_y=100), "pad_y"),
        (lambda m: _parameter(m, LayerKind.CONV_S8, bits=3), "bits"),
        (lambda m: _parameter(m, LayerKind.CONV_S8, in_zero=128), "in_zero"),
        (lambda m: _parameter(m, LayerKind.CONV_S8, act_min=100, act_max=0), "act_min"),
        (lambda m: _parameter(m, LayerKind.COPY, in_start=10**6), "goes to the elements"),
        (lambda m: replace(m, meta={"x": float("nan")}), "JSON"),
    ],
)
def test_a_model_that_breaks_a_rule_is_not_written(broken: Any, words: str) -> None:
    """encode refuses it; the image of nothing is made."""
    with pytest.raises(ModelError, match=words):
        encode(broken(streaming()))


def test_a_constant_is_a_tensor_in_the_image() -> None:
    """Read by layers, written by none, no port."""
    model = convert_tflite(next(path for path in GOLDEN if path.stem == "elements_s8"))
    index = next(i for i, tensor in enumerate(model.tensors) if tensor.constant is not None)

    assert decode(encode(model)).tensors[index].constant is not None
    for changed in (
        replace(model, outputs=(replace(model.outputs[0], tensor=index),)),
        _tensor(model, index, at=8),
        _tensor(model, index, constant=model.tensors[index].constant.astype(np.int16)),
    ):
        with pytest.raises(ModelError, match="constant"):
            encode(changed)
    assert isinstance(model.tensors[index], GradedTensor)


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize(
    ("groups", "outputs"), [(1, 1), (1, 8), (1, 17), (1, 64), (1, 65), (1, 150), (3, 27), (2, 140)]
)
def test_weights_are_packed_and_unpacked(bits: int, groups: int, outputs: int) -> None:
    """Graded 4.7: code by code, by its own words."""
    rng = np.random.default_rng(outputs)
    weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (outputs, 2, 3, 5)).astype(np.int8)
    packed = pack_conv(weights, groups=groups, bits=bits)
    p = {
        "kernel_y": 2,
        "kernel_x": 3,
        "in_channels": 5 * groups,
        "out_channels": outputs,
        "groups": groups,
        "bits": bits,
    }

    assert weights_length(LayerKind.CONV_S8, p) == len(packed)
    assert is_padded(LayerKind.CONV_S8, p, packed)
    assert np.array_equal(weights, unpack_conv(packed, weights.shape, groups=groups, bits=bits))
    assert expected_codes(weights, groups, bits) == packed.tobytes()
    spare = packed.copy()
    spare[-1] ^= 0x80
    each = outputs // groups
    assert is_padded(LayerKind.CONV_S8, p, spare) == (each % (16 if bits == 2 else 8) == 0)


def expected_codes(weights: np.ndarray[Any, Any], groups: int, bits: int) -> bytes:
    """The layout of 4.7 in loops: groups, blocks of 64, rows by input, codes from the lowest bits on."""
    outputs, found = len(weights) // groups, bytearray()
    flat = weights.reshape(len(weights), -1)
    for group in range(groups):
        for start in range(0, outputs, 64):
            n = min(64, outputs - start)
            multiple = 16 if bits == 2 else 8
            for row in range(flat.shape[1]):
                number = 0
                for k in range(-(-n // multiple) * multiple):
                    weight = int(flat[group * outputs + start + k, row]) if k < n else 0
                    number |= (weight + 2 ** (bits - 1)) << (k * bits)
                found += number.to_bytes(-(-n // multiple) * multiple * bits // 8, "little")
    return bytes(found)


def test_rows_of_dot_products_end_at_multiples_of_4() -> None:
    """Signed bytes, zeros behind."""
    weights = np.arange(-7, 8, dtype=np.int8).reshape(3, 5)
    packed = pack_rows(weights)

    assert packed.tobytes() == b"".join(row.tobytes() + bytes(3) for row in weights)
    assert np.array_equal(weights, unpack_rows(packed, 3, 5))
    packed[5] = 1
    assert not is_padded(LayerKind.DOT_S8, {"inputs": 5, "outputs": 3}, packed)
