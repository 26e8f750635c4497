"""Arithmetic with shapes is done at conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikelet.converters.tflite.file import Operator, Subgraph, Tensor
from spikelet.converters.tflite.shapes import fold_shapes


def constant(index: int, value: Any) -> Tensor:
    """A constant of int32."""
    data = np.array(value, np.int32)
    return Tensor(index=index, name=f"c{index}", kind="INT32", shape=data.shape, data=data)


def variable(index: int, shape: tuple[int, ...], kind: str = "INT32") -> Tensor:
    """A tensor that an operator writes."""
    return Tensor(index=index, name=f"t{index}", kind=kind, shape=shape)


def flatten(mask: int = 1, *, features: int = 60, begin: int = 0) -> Subgraph:
    """What Keras writes for Flatten with a free batch: the batch out of SHAPE, packed with the size."""
    tensors = (
        variable(0, (1, 3, 4, 5), "INT8"),
        variable(1, (4,)),
        constant(2, [begin]),
        constant(3, [1]),
        constant(4, [1]),
        variable(5, ()),
        constant(6, features),
        variable(7, (2,)),
        variable(8, (1, features), "INT8"),
    )
    masks = {"begin_mask": 0, "end_mask": 0, "shrink_axis_mask": mask}
    operators = (
        Operator(index=0, kind="SHAPE", inputs=(0,), outputs=(1,)),
        Operator(index=1, kind="STRIDED_SLICE", inputs=(1, 2, 3, 4), outputs=(5,), options=masks),
        Operator(index=2, kind="PACK", inputs=(5, 6), outputs=(7,), options={"axis": 0}),
        Operator(index=3, kind="RESHAPE", inputs=(0, 7), outputs=(8,)),
    )
    return Subgraph(name="", tensors=tensors, operators=operators, inputs=(0,), outputs=(8,))


def test_the_shape_of_a_flatten_becomes_a_constant() -> None:
    """One operator is left, which has its number; the new shape is (1, 60)."""
    folded = fold_shapes(flatten())

    assert [(o.index, o.kind) for o in folded.operators] == [(3, "RESHAPE")]
    assert folded.tensors[7].data is not None
    assert folded.tensors[7].data.tolist() == [1, 60]
    assert folded.tensors[7].data.dtype == np.int32


@pytest.mark.parametrize("graph", [flatten(mask=0), flatten(begin=9)], ids=["a vector for a scalar", "out of range"])
def test_what_does_not_fit_its_tensor_stays(graph: Subgraph) -> None:
    """Only SHAPE is folded: the slice is not what the file says of its result, so nothing behind it is known."""
    assert [o.kind for o in fold_shapes(graph).operators] == ["STRIDED_SLICE", "PACK", "RESHAPE"]


def test_slices_and_joins_of_shapes_are_folded() -> None:
    """Masks, negative steps, and CONCATENATION."""
    tensors = (
        variable(0, (1, 3, 4, 5), "INT8"),
        variable(1, (4,)),
        constant(2, [0]),
        constant(3, [3]),
        constant(4, [1]),
        variable(5, (3,)),
        constant(6, [-1]),
        variable(7, (4,)),
    )
    operators = (
        Operator(index=0, kind="SHAPE", inputs=(0,), outputs=(1,)),
        Operator(index=1, kind="STRIDED_SLICE", inputs=(1, 2, 3, 4), outputs=(5,), options={"begin_mask": 1}),
        Operator(index=2, kind="CONCATENATION", inputs=(5, 6), outputs=(7,), options={"axis": 0}),
    )
    folded = fold_shapes(Subgraph(name="", tensors=tensors, operators=operators, inputs=(0,), outputs=(0,)))

    assert folded.operators == ()
    assert folded.tensors[7].data is not None
    assert folded.tensors[7].data.tolist() == [1, 3, 4, -1]
