"""The reference equals TensorFlow Lite's reference kernels, operator by operator."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.graded.model import LayerKind, TensorType
from spikelet.graded.reference import GradedReference
from spikelet.graded.tables import logistic_s16_multiplier, logistic_s16_table, softmax_s8_table
from support.graded_layers import one_layer
from support.tflite_builder import FileBuilder
from support.tflite_cases import CASES, random_input
from support.tflite_interpreter import FOLLOWED, TfliteInterpreter, interpreter_version

SEEDS = 12


def _skip_unless_followed(name: str) -> None:
    if interpreter_version() != FOLLOWED and name.startswith(("dense", "dot")):
        pytest.skip(f"{interpreter_version()} multiplies sums of fully connected layers otherwise (graded.md 6)")


@pytest.mark.parametrize("name", CASES)
def test_a_layer_equals_the_interpreter_for_random_parameters(name):
    """Graded 3: kernels, strides, dilations, groups, zero points, clamps, broadcasts and axes of all sorts."""
    _skip_unless_followed(name)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        case = CASES[name](rng)
        interpreter, reference = TfliteInterpreter(case.file), GradedReference(case.model)
        for _ in range(4):
            inputs = [random_input(rng, case.model, port) for port in range(len(case.model.inputs))]
            (expected,) = interpreter.infer(*inputs)
            (actual,) = reference.infer(*inputs)
            np.testing.assert_array_equal(actual, expected, err_msg=f"seed {seed}: {case.model.layers[0].parameters}")


@pytest.mark.parametrize("scale", [2.0**-7, 0.03, 0.11, 0.5, 3.0])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_softmax_s8_equals_the_interpreter_for_all_pairs(scale, beta):
    """Graded 3.2: every difference of two, and of two beside eight that are the least."""
    scale, beta = float(np.float32(scale)), float(np.float32(beta))
    for others in (0, 8):
        depth = 2 + others
        rows = np.full((256 * 256, depth), -128, np.int8)
        pairs = np.arange(256 * 256)
        rows[:, 0], rows[:, 1] = pairs // 256 - 128, pairs % 256 - 128
        file = FileBuilder()
        g = file.main
        x = g.input(rows.shape, scale=scale)
        y = g.tensor(rows.shape, scale=1 / 256, zero_point=-128)
        g.outputs = [y]
        g.operator("SOFTMAX", [x], [y], beta=beta)
        shaped = (rows.shape, TensorType.INT8)
        table = softmax_s8_table(beta, scale)
        parameters = {"rows": len(rows), "depth": depth, "entries": len(table)}
        model = one_layer(LayerKind.SOFTMAX_S8, parameters, inputs=[shaped], output=shaped, table=table)
        (expected,) = TfliteInterpreter(file.build()).infer(rows)
        (actual,) = GradedReference(model).infer(rows)
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("power", range(-20, 1))
def test_logistic_s16_equals_the_interpreter_for_all_inputs(power):
    """Graded 3.5: all 65536 inputs, with scales that are powers of two and with others."""
    for factor in (1.0, 1.0005, 1.001, 1.3):
        scale = float(np.float32(factor * 2.0**power))
        values = np.arange(-32768, 32768).astype(np.int16)
        file = FileBuilder()
        g = file.main
        x = g.input(values.shape, "int16", scale=scale)
        y = g.tensor(values.shape, "int16", scale=2.0**-15)
        g.outputs = [y]
        g.operator("LOGISTIC", [x], [y])
        multiplier, shift = logistic_s16_multiplier(scale)
        shaped = (values.shape, TensorType.INT16)
        model = one_layer(
            LayerKind.LOGISTIC_S16,
            {"multiplier": multiplier, "shift": shift},
            inputs=[shaped],
            output=shaped,
            table=logistic_s16_table(),
        )
        (expected,) = TfliteInterpreter(file.build()).infer(values)
        (actual,) = GradedReference(model).infer(values)
        np.testing.assert_array_equal(actual, expected, err_msg=f"scale {scale}")
