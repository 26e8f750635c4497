"""Which operators of TensorFlow Lite are read, and which options each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["OPTIONS", "SHAPE_ONLY", "Field", "OptionTable", "supported"]


class Field(Enum):
    """What an option is; an enumeration has its name in the schema as value."""

    NUMBER = "number"
    NUMBERS = "numbers"
    TEXT = "text"
    PADDING = "Padding"
    ACTIVATION = "ActivationFunctionType"
    WEIGHTS_FORMAT = "FullyConnectedOptionsWeightsFormat"
    TYPE = "TensorType"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTable:
    """The schema's table of an operator's options ("": it has none that matter) and its fields."""

    table: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)


_STRIDES = {"padding": Field.PADDING, "stride_w": Field.NUMBER, "stride_h": Field.NUMBER}
_FUSED = {"fused_activation_function": Field.ACTIVATION}
_DILATION = {"dilation_w_factor": Field.NUMBER, "dilation_h_factor": Field.NUMBER}
_POOL = OptionTable(
    table="Pool2DOptions",
    fields={**_STRIDES, "filter_width": Field.NUMBER, "filter_height": Field.NUMBER, **_FUSED},
)
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")

#: Every operator that can be converted.
OPTIONS: Mapping[str, OptionTable] = {
    "CONV_2D": OptionTable(
        table="Conv2DOptions",
        fields={**_STRIDES, **_DILATION, **_FUSED, "quantized_bias_type": Field.TYPE},
    ),
    "DEPTHWISE_CONV_2D": OptionTable(
        table="DepthwiseConv2DOptions",
        fields={**_STRIDES, **_DILATION, **_FUSED, "depth_multiplier": Field.NUMBER},
    ),
    "FULLY_CONNECTED": OptionTable(
        table="FullyConnectedOptions",
        fields={
            **_FUSED,
            "weights_format": Field.WEIGHTS_FORMAT,
            "keep_num_dims": Field.NUMBER,
            "quantized_bias_type": Field.TYPE,
        },
    ),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "ADD": OptionTable(table="AddOptions", fields={**_FUSED, "pot_scale_int16": Field.NUMBER}),
    "MUL": OptionTable(table="MulOptions", fields=_FUSED),
    "PAD": OptionTable(),
    "CONCATENATION": OptionTable(table="ConcatenationOptions", fields={"axis": Field.NUMBER, **_FUSED}),
    "RESHAPE": OptionTable(table="ReshapeOptions", fields={"new_shape": Field.NUMBERS}),
    "EXPAND_DIMS": OptionTable(),
    "SQUEEZE": OptionTable(table="SqueezeOptions", fields={"squeeze_dims": Field.NUMBERS}),
    "STRIDED_SLICE": OptionTable(
        table="StridedSliceOptions", fields={**dict.fromkeys(_MASKS, Field.NUMBER), "offset": Field.NUMBER}
    ),
    "MEAN": OptionTable(table="ReducerOptions", fields={"keep_dims": Field.NUMBER}),
    "SOFTMAX": OptionTable(table="SoftmaxOptions", fields={"beta": Field.NUMBER}),
    "LOGISTIC": OptionTable(),
    "TANH": OptionTable(),
    "RELU": OptionTable(),
    "RELU6": OptionTable(),
    "LEAKY_RELU": OptionTable(table="LeakyReluOptions", fields={"alpha": Field.NUMBER}),
    "QUANTIZE": OptionTable(),
    "DEQUANTIZE": OptionTable(),
    "VAR_HANDLE": OptionTable(table="VarHandleOptions", fields={"container": Field.TEXT, "shared_name": Field.TEXT}),
    "READ_VARIABLE": OptionTable(),
    "ASSIGN_VARIABLE": OptionTable(),
    "CALL_ONCE": OptionTable(table="CallOnceOptions", fields={"init_subgraph_index": Field.NUMBER}),
    "SHAPE": OptionTable(),
    "PACK": OptionTable(table="PackOptions", fields={"axis": Field.NUMBER}),
}
#: Operators that are read, but only in arithmetic with shapes, which is done at conversion.
SHAPE_ONLY = frozenset({"SHAPE", "PACK"})


def supported() -> str:
    """The list of operators, for messages."""
    return ", ".join(kind for kind in OPTIONS if kind not in SHAPE_ONLY)
