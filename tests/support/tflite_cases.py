"""Random operators as a .tflite file and as a graded network of one layer, to compare the interpreter with others.

The networks are derived from the schema's parameters and docs/reference/graded.md, without the converter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from support.tflite_case import Case, random_input
from support.tflite_cases_elements import binary, leaky_relu_s16, logistic_s16, quantise, relu_s16
from support.tflite_cases_maps import convolution, pool
from support.tflite_cases_rows import dense, mean, softmax

__all__ = ["CASES", "Case", "random_input"]

#: By name: from a generator to a random case.
CASES: Mapping[str, Callable[[np.random.Generator], Case]] = {
    "conv_s8": lambda rng: convolution(rng, "int8", False),
    "depthwise_s8": lambda rng: convolution(rng, "int8", True),
    "conv_s16": lambda rng: convolution(rng, "int16", False),
    "conv_s16_narrow": lambda rng: convolution(rng, "int16", False, wide=False),
    "depthwise_s16": lambda rng: convolution(rng, "int16", True),
    "dense_s8": lambda rng: dense(rng, "int8"),
    "dot_s8": lambda rng: dense(rng, "int8", dot=True),
    "dense_s16": lambda rng: dense(rng, "int16"),
    "dense_s16_narrow": lambda rng: dense(rng, "int16", wide=False),
    "average_pool_s8": lambda rng: pool(rng, "int8", True),
    "average_pool_s16": lambda rng: pool(rng, "int16", True),
    "max_pool_s8": lambda rng: pool(rng, "int8", False),
    "max_pool_s16": lambda rng: pool(rng, "int16", False),
    "add_s8": lambda rng: binary(rng, "int8", False),
    "add_s16": lambda rng: binary(rng, "int16", False),
    "add_s16_powers": lambda rng: binary(rng, "int16", False, powers=True),
    "mul_s8": lambda rng: binary(rng, "int8", True),
    "mul_s16": lambda rng: binary(rng, "int16", True),
    "softmax_s8": lambda rng: softmax(rng, "int8"),
    "softmax_s16": lambda rng: softmax(rng, "int16"),
    "mean_s8": lambda rng: mean(rng, "int8"),
    "mean_s16": lambda rng: mean(rng, "int16"),
    "quantise_s8_s8": lambda rng: quantise(rng, "int8", "int8"),
    "quantise_s8_s16": lambda rng: quantise(rng, "int8", "int16"),
    "quantise_s16_s8": lambda rng: quantise(rng, "int16", "int8"),
    "quantise_s16_s16": lambda rng: quantise(rng, "int16", "int16"),
    "quantise_s16_s32": lambda rng: quantise(rng, "int16", "int32"),
    "quantise_s32_s8": lambda rng: quantise(rng, "int32", "int8"),
    "quantise_s32_s16": lambda rng: quantise(rng, "int32", "int16"),
    "relu_s16": relu_s16,
    "leaky_relu_s16": leaky_relu_s16,
    "logistic_s16": logistic_s16,
}
