"""The reference of graded networks as a runner: memory, variables, layers one at a time, layouts of weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from spikelet.errors import DataError, ModelError
from spikelet.graded.model import (
    CHANNEL,
    DENSE_OUTPUT,
    GradedModel,
    GradedPort,
    GradedTensor,
    Layer,
    LayerKind,
    TensorType,
)
from spikelet.graded.multipliers import dense_multiplier
from spikelet.graded.reference import GradedReference
from support.graded_layers import coded, one_layer

S8 = TensorType.INT8


def _copy(count: int, **changed: int) -> dict[str, int]:
    parameters = {f"size_{i}": 1 for i in range(5)} | {"size_4": count, "in_start": 0, "out_start": 0}
    parameters |= {f"{name}_step_{i}": 0 for name in ("in", "out") for i in range(5)}
    return parameters | {"in_step_4": 1, "out_step_4": 1} | changed


def _layer(kind: LayerKind, inputs: tuple[int, ...], output: int, parameters: dict[str, int], **more) -> Layer:
    return Layer(name=kind.name, kind=kind, inputs=inputs, output=output, parameters=parameters, **more)


def _line(places: list[int], memory: int = 64, **more) -> GradedModel:
    """in -> plus 1 -> plus 1 -> out, four int8 each, at the places given."""
    tensors = tuple(GradedTensor(name=f"t{i}", shape=(4,), type=S8, at=at) for i, at in enumerate(places))
    table = np.minimum(np.arange(-128, 128) + 1, 127).astype(np.int8)
    layers = tuple(_layer(LayerKind.LUT_S8, (i,), i + 1, {}, table=table) for i in range(len(places) - 1))
    return GradedModel(
        tensors=tensors,
        layers=layers,
        inputs=(GradedPort(name="in", tensor=0),),
        outputs=(GradedPort(name="out", tensor=len(places) - 1),),
        memory=memory,
        **more,
    )


def test_layers_are_seen_one_after_the_other():
    """`layers` yields what each layer wrote, right after it."""
    reference = GradedReference(_line([0, 8, 16]))
    seen = list(reference.layers(np.array([1, 2, 3, 127], np.int8)))
    assert [index for index, _ in seen] == [0, 1]
    np.testing.assert_array_equal(seen[0][1], [2, 3, 4, 127])
    np.testing.assert_array_equal(seen[1][1], [3, 4, 5, 127])


def test_a_layer_may_write_over_its_input():
    """Graded 2.1: tensors may share bytes."""
    (actual,) = GradedReference(_line([0, 0, 0])).infer(np.array([1, 2, 3, 4], np.int8))
    np.testing.assert_array_equal(actual, [3, 4, 5, 6])


def test_a_planner_that_lays_living_tensors_over_each_other_is_seen():
    """The first tensor is read again after another one was written at its place."""
    model = _line([0, 0])
    again = _layer(LayerKind.COPY, (0,), 2, _copy(4))
    tensors = (*model.tensors, GradedTensor(name="t2", shape=(4,), type=S8, at=8))
    model = dataclasses.replace(model, tensors=tensors, layers=(*model.layers, again))
    outputs = (GradedPort(name="out", tensor=2),)
    (actual,) = GradedReference(dataclasses.replace(model, outputs=outputs)).infer(np.array([1, 2, 3, 4], np.int8))
    np.testing.assert_array_equal(actual, [2, 3, 4, 5])


def test_bytes_that_nobody_wrote_are_not_zero():
    """Graded 2.5: an output that no layer wrote shows what lies there."""
    model = _line([0, 8])
    outputs = (GradedPort(name="out", tensor=2),)
    tensors = (*model.tensors, GradedTensor(name="unwritten", shape=(4,), type=S8, at=32))
    reference = GradedReference(dataclasses.replace(model, tensors=tensors, outputs=outputs))
    (actual,) = reference.infer(np.zeros(4, np.int8))
    assert np.all(actual != 0)


def _ring() -> GradedModel:
    """A variable of four values that each inference moves on by one, and begins with 5, 6, 7, 8."""
    tensors = (
        GradedTensor(name="ring", shape=(4,), type=S8, at=0),
        GradedTensor(name="in", shape=(1,), type=S8, at=8),
        GradedTensor(name="next", shape=(4,), type=S8, at=16),
    )
    layers = (
        _layer(LayerKind.COPY, (0,), 2, _copy(3, in_start=1)),
        _layer(LayerKind.COPY, (1,), 2, _copy(1, out_start=3)),
        _layer(LayerKind.COPY, (2,), 0, _copy(4)),
    )
    return GradedModel(
        tensors=tensors,
        layers=layers,
        inputs=(GradedPort(name="in", tensor=1),),
        outputs=(GradedPort(name="out", tensor=2),),
        memory=24,
        variables=8,
        initial=np.array([5, 6, 7, 8, 0, 0, 0, 0], np.uint8),
    )


def test_variables_are_kept_until_reset():
    """Graded 2.3: start and reset give them their initial bytes."""
    reference = GradedReference(_ring())
    for _ in range(2):
        for given, expected in ((1, [6, 7, 8, 1]), (2, [7, 8, 1, 2]), (3, [8, 1, 2, 3])):
            np.testing.assert_array_equal(reference.infer(np.array([given], np.int8))[0], expected)
        reference.reset()


def test_constants_are_read_as_any_tensor():
    """Graded 4.2: they lie in the image, not in the memory."""
    model = _line([0, 8])
    constant = GradedTensor(name="c", shape=(4,), type=S8, at=0, constant=np.array([9, 8, 7, 6], np.int8))
    model = dataclasses.replace(
        model,
        tensors=(*model.tensors, constant),
        layers=(_layer(LayerKind.COPY, (2,), 1, _copy(4, in_start=3, in_step_4=-1)),),
    )
    (actual,) = GradedReference(model).infer(np.zeros(4, np.int8))
    np.testing.assert_array_equal(actual, [6, 7, 8, 9])


def test_fill_writes_every_element_and_copy_only_its_own():
    """Graded 3: a padded map is a fill and a copy."""
    tensors = (
        GradedTensor(name="in", shape=(2, 2), type=TensorType.INT16, at=0),
        GradedTensor(name="out", shape=(4, 4), type=TensorType.INT16, at=8),
    )
    moved = _copy(1, size_3=2, size_4=2, in_step_3=2, out_step_3=4, out_start=5)
    layers = (
        _layer(LayerKind.FILL, (), 1, {"value": -300}),
        _layer(LayerKind.COPY, (0,), 1, moved),
    )
    model = GradedModel(
        tensors=tensors,
        layers=layers,
        inputs=(GradedPort(name="in", tensor=0),),
        outputs=(GradedPort(name="out", tensor=1),),
        memory=40,
    )
    (actual,) = GradedReference(model).infer(np.array([[1000, 2], [3, -4]], np.int16))
    expected = np.pad([[1000, 2], [3, -4]], 1, constant_values=-300)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize(("groups", "outputs"), [(1, 1), (1, 8), (1, 70), (1, 130), (3, 9), (2, 66)])
def test_codes_of_weights_are_read_as_the_document_lays_them(bits, groups, outputs):
    """Graded 4.7: groups, blocks of 64, padding to 8 or 16, least bits first; sums by plain loops."""
    rng = np.random.default_rng(bits * 1000 + outputs)
    inputs, per_group = 2, outputs // groups
    weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (outputs, 3, 3, inputs)).astype(np.int8)
    table = np.zeros(outputs, CHANNEL)
    table["bias"], table["multiplier"], table["shift"] = rng.integers(-100, 100, outputs), 2**30, -3
    parameters = {
        "in_height": 4, "in_width": 5, "in_channels": inputs * groups, "out_height": 4, "out_width": 3,
        "out_channels": outputs, "kernel_y": 3, "kernel_x": 3, "stride_y": 1, "stride_x": 2, "dilation_y": 1,
        "dilation_x": 1, "pad_y": 1, "pad_x": 1, "groups": groups, "in_zero": 5, "out_zero": -3,
        "act_min": -100, "act_max": 90, "bits": bits,
    }  # fmt: skip
    model = one_layer(
        LayerKind.CONV_S8,
        parameters,
        inputs=[((4, 5, inputs * groups), S8)],
        output=((4, 3, outputs), S8),
        table=table,
        weights=coded(weights.reshape(outputs, -1), groups, bits),
    )
    q = rng.integers(-128, 128, (4, 5, inputs * groups)).astype(np.int8)
    (actual,) = GradedReference(model).infer(q)
    for o in range(outputs):
        first = o // per_group * inputs
        for y in range(4):
            for x in range(3):
                total = int(table["bias"][o])
                for ky in range(3):
                    for kx in range(3):
                        row, column = y + ky - 1, 2 * x + kx - 1
                        if 0 <= row < 4 and 0 <= column < 5:
                            seen = q[row, column, first : first + inputs].astype(int) - 5
                            total += int(seen @ weights[o, ky, kx].astype(int))
                # 2^30 and -3 are a sixteenth: a half rounded up, then an eighth of it, halves away from zero.
                half = (total + 1) // 2
                eighth = (abs(half) + 4) // 8 * (1 if half >= 0 else -1)
                assert int(actual[y, x, o]) == min(max(eighth - 3, -100), 90)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_a_fully_connected_layer_of_few_bits(bits):
    """Graded 4.7: its weights lie as those of a convolution of 1 x 1 maps."""
    rng = np.random.default_rng(bits)
    weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (70, 33)).astype(np.int8)
    table = np.zeros(70, DENSE_OUTPUT)
    table["multiplier"], table["shift"] = dense_multiplier(0.001, low=-(2**21), top=2**21, out_min=-128, out_max=127)
    parameters = {"rows": 2, "inputs": 33, "outputs": 70, "in_zero": -7, "out_zero": 0, "act_min": -128, "act_max": 127}
    model = one_layer(
        LayerKind.DENSE_S8,
        parameters | {"bits": bits},
        inputs=[((2, 33), S8)],
        output=((2, 70), S8),
        table=table,
        weights=coded(weights, bits=bits),
    )
    q = rng.integers(-128, 128, (2, 33)).astype(np.int8)
    (actual,) = GradedReference(model).infer(q)
    sums = (q.astype(int) + 7) @ weights.T.astype(int)
    np.testing.assert_array_equal(actual, np.clip(np.rint(sums * 0.001), -128, 127))


@pytest.mark.parametrize(
    "values",
    [np.zeros(5, np.int8), np.zeros(4, np.int16), np.zeros((2, 2), np.int8)],
    ids=lambda v: f"{v.shape}{v.dtype}",
)
def test_another_shape_or_type_is_refused(values):
    """An input has its tensor's dtype and shape."""
    with pytest.raises(DataError, match="input 'in': found"):
        GradedReference(_line([0, 8])).infer(values)


@pytest.mark.parametrize("places", [[0, 62], [0, 6], [0, -4]])
def test_a_tensor_outside_the_memory_is_refused(places):
    """Graded 4.2: at a multiple of 4, inside the memory."""
    with pytest.raises(ModelError, match="tensor 't1': found bytes"):
        GradedReference(_line(places))


def test_a_layer_that_lacks_a_parameter_is_refused():
    """Graded 4.5: the names of PARAMETERS, no others."""
    parameters = _copy(4)
    del parameters["in_start"]
    with pytest.raises(ModelError, match="layer 0 'COPY': found parameters"):
        GradedReference(one_layer(LayerKind.COPY, parameters, inputs=[((4,), S8)], output=((4,), S8)))
