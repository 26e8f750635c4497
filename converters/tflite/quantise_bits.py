"""Bits of the weights of each layer: as said, or the fewest bytes within a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.precision import Choice, Loss, choose_bits, loss_between
from spikelet.converters.tflite.file import Operator, Subgraph
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.quantise_fit import Fitter, Rounded
from spikelet.converters.tflite.quantise_graph import WEIGHTED
from spikelet.converters.tflite.quantise_weights import Layer
from spikelet.errors import ConvertError
from spikelet.graded.model import LayerKind
from spikelet.graded.packing import weights_length

__all__ = ["BITS", "Labels", "chosen_bits", "predictions", "said_bits", "stored_bytes"]

#: Bits that weights may have; those of depthwise layers have 8.
BITS = (8, 4, 2)
Labels = npt.NDArray[np.integer[Any]]


def said_bits(graph: Subgraph, weights: int | Mapping[str, int], numbers: Mapping[int, int]) -> dict[int, int]:
    """Bits of each layer with weights, by index of its operator.

    Args:
        graph: of `grouped`.
        weights: for all layers, or by number or name of the tensor that is written; the others have 8.
        numbers: of operators in the float file, by the tensor that they write.

    Raises:
        ConvertError: a name is no layer's, or the bits are none that weights can have.
    """
    layers = [operator for operator in graph.operators if operator.kind in WEIGHTED]
    names = {operator.index: graph.tensors[operator.outputs[0]].name for operator in layers}
    if isinstance(weights, int):
        _check(str(weights), weights)
        return {o.index: 8 if o.kind == "DEPTHWISE_CONV_2D" else weights for o in layers}
    found = dict.fromkeys(names, 8)
    for name, bits in weights.items():
        chosen = [o.index for o in layers if str(name) in (str(numbers[o.outputs[0]]), names[o.index])]
        if not chosen:
            listed = "".join(f"\n  {numbers[o.outputs[0]]}: {names[o.index]}" for o in layers) + "\n"
            raise ConvertError("quantise", "weights", found=repr(name), allowed=listed, hint="Name layers.")
        _check(f"{bits} for {name!r}", bits)
        for index in chosen:
            if bits != 8 and graph.operators[index].kind == "DEPTHWISE_CONV_2D":
                raise ConvertError(
                    "quantise",
                    "weights",
                    found=f"{bits} bits for {name!r}, a depthwise layer",
                    allowed="8",
                    hint="Its weights are few: leave it out.",
                )
            found[index] = bits
    return found


def _check(found: str, bits: int) -> None:
    if bits not in BITS:
        raise ConvertError("quantise", "weights", found=found, allowed="8, 4, 2 or auto", hint="Choose one of them.")


def stored_bytes(graph: Subgraph, operator: Operator, bits: int) -> int:
    """Bytes that an image needs for a layer's weights; its table is the same for all bits."""
    shape = graph.tensors[operator.inputs[1]].shape
    channels = graph.tensors[operator.inputs[0]].shape[-1]
    if operator.kind == "FULLY_CONNECTED":
        dense = {"inputs": shape[1], "outputs": shape[0], "bits": bits}
        kinds = (LayerKind.DENSE_S8, LayerKind.DOT_S8) if bits == 8 else (LayerKind.DENSE_S8,)
        return min(weights_length(kind, dense) for kind in kinds)
    maps = {"kernel_y": shape[1], "kernel_x": shape[2], "in_channels": channels, "bits": bits}
    if operator.kind == "DEPTHWISE_CONV_2D":
        return weights_length(LayerKind.DEPTHWISE_S8, {**maps, "out_channels": shape[3]})
    return weights_length(LayerKind.CONV_S8, {**maps, "out_channels": shape[0], "groups": channels // shape[3]})


def predictions(outputs: Array) -> Labels:
    """The largest number of an output, of each sample."""
    found: Labels = np.argmax(outputs.reshape(len(outputs), -1), axis=1)
    return found


def chosen_bits(
    made: Fitter,
    fit: Callable[[Mapping[int, int]], Mapping[int, Layer]],
    search: tuple[Sequence[Array], Labels, Labels | None],
    check: tuple[Sequence[Array], Labels, Labels | None],
    *,
    max_loss: float,
    numbers: Mapping[int, int],
) -> Choice | None:
    """Search the fewest bytes that lose at most `max_loss` points.

    Args:
        made: what fits layers to the data of `search`.
        fit: all layers with such bits, by index of the operator.
        search: inputs, predictions of the float network on the first output, and labels.
        check: the same of data that neither codes nor search have seen.
        max_loss: points of accuracy [percent]; without labels of predictions unlike the float network's.
        numbers: of operators in the float file, by the tensor that they write.

    Returns:
        The choice, layers by number as text; None where all layers are depthwise.
    """
    graph = made.file.subgraphs[0]
    free = [operator for operator in made.layers if operator.kind != "DEPTHWISE_CONV_2D"]
    if not free:
        return None

    def bits_of(bits: Mapping[str, int]) -> dict[int, int]:
        return {operator.index: bits.get(str(numbers[operator.outputs[0]]), 8) for operator in made.layers}

    def loss(part: tuple[Sequence[Array], Labels, Labels | None], bits: Mapping[str, int]) -> Loss:
        run = Rounded(made.file, made.scales, fit(bits_of(bits)))
        return loss_between(predictions(run.run(*part[0])[0]), part[1], part[2])

    return choose_bits(
        lambda bits: loss(search, bits),
        [str(numbers[operator.outputs[0]]) for operator in free],
        lambda bits: sum(stored_bytes(graph, graph.operators[i], n) for i, n in bits_of(bits).items()),
        max_loss,
        check=lambda bits: loss(check, bits),
        steps=BITS,
    )
