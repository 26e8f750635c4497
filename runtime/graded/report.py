"""What a graded network is, as data for JSON and tables: layers, numbers, memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spikelet.graded.image import encode
from spikelet.graded.image_meta import write_meta
from spikelet.graded.memory import arena_size, scratch_size
from spikelet.graded.model import PARAMETERS, GradedModel, GradedPort, Layer
from spikelet.graded.report_macs import macs, multiplies, weights_of
from spikelet.layout import crc_of

__all__ = ["describe", "kind_of", "one_line", "shape_of", "windowed"]

#: Bytes of struct spkl_graded_model and struct spkl_graded where pointers have 32 bits (csrc/include/spkl_graded.h).
_STRUCTS = 72
_KINDS = {
    "conv": "convolution",
    "dot": "fully connected",
    "dense": "fully connected",
    "lut": "table",
}

_SHORT = {"average_pool": "avg pool", "depthwise": "dw conv", "dot": "fc", "dense": "fc"}


def kind_of(layer: Layer) -> str:
    """A layer's kind for people, without the type of its numbers."""
    p = layer.parameters
    name = layer.kind.name.lower().removesuffix("_s8").removesuffix("_s16")
    if name == "conv" and p["kernel_y"] == p["kernel_x"] == p["in_height"] == p["in_width"] == 1:
        return "fully connected"
    return _KINDS.get(name, name.replace("_", " "))


def windowed(layer: Layer) -> str:
    """A layer's kind in short, with its window and steps, such as "conv 3x3/2"; other numbers than int8 are named."""
    p = layer.parameters
    name, _, numbers = layer.kind.name.lower().rpartition("_")
    if numbers not in {"s8", "s16"}:
        name, numbers = layer.kind.name.lower(), ""
    name = _SHORT.get(name, name.replace("_", " ")) + (" int16" if numbers == "s16" else "")
    if "kernel_y" not in p or p["kernel_y"] * p["kernel_x"] == 1:
        return name
    steps = {p["stride_y"], p["stride_x"]}
    stride = "" if steps == {1} else f"/{p['stride_y']}" + (f"x{p['stride_x']}" if len(steps) > 1 else "")
    return f"{name} {p['kernel_y']}x{p['kernel_x']}{stride}"


def shape_of(shape: Sequence[int]) -> str:
    """A shape without its batch of 1, such as "32x32x3"."""
    return "x".join(map(str, shape[1:] if len(shape) > 1 and shape[0] == 1 else shape))


def one_line(model: GradedModel) -> str:
    """Shapes of inputs and outputs, and the number of layers."""
    inputs, outputs = (
        ", ".join(shape_of(model.tensors[port.tensor].shape) for port in ports)
        for ports in (model.inputs, model.outputs)
    )
    return f"{inputs} to {outputs}, {len(model.layers)} layers"


def describe(model: GradedModel) -> dict[str, Any]:
    """Everything that a graded image says, JSON-like; sizes in bytes.

    Raises:
        ModelError: the model breaks a rule.
    """
    image = encode(model)
    layers = [_layer(model, index) for index in range(len(model.layers))]
    return {
        "kind": "graded",
        "image": {"bytes": len(image), "crc32": f"{crc_of(image):08x}", "format": int.from_bytes(image[4:6], "little")},
        "memory": _memory(model, len(image)),
        "inputs": [_port(model, port) for port in model.inputs],
        "outputs": [_port(model, port) for port in model.outputs],
        "layers": layers,
        "weights": sum(layer["weights"] for layer in layers),
        "parameters": sum(layer["parameters"] for layer in layers),
        "macs": sum(layer["macs"] for layer in layers),
        "meta": dict(model.meta),
    }


def _port(model: GradedModel, port: GradedPort) -> dict[str, Any]:
    tensor = model.tensors[port.tensor]
    return {
        "name": port.name,
        "shape": list(tensor.shape),
        "type": tensor.type.name.lower(),
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
        "is_float": port.is_float,
        "labels": list(port.labels),
    }


def _layer(model: GradedModel, index: int) -> dict[str, Any]:
    """A layer; `parameters` are trained numbers: weights and biases, `bytes` what the image holds of it."""
    layer = model.layers[index]
    output = model.tensors[layer.output]
    weights = weights_of(layer)
    biases = len(layer.table) if multiplies(layer) and layer.table is not None else 0
    return {
        "index": index,
        "name": layer.name,
        "kind": layer.kind.name.lower(),
        "windowed": windowed(layer),
        "source": layer.source,
        "inputs": [list(model.tensors[i].shape) for i in layer.inputs],
        "output": list(output.shape),
        "type": output.type.name.lower(),
        "weights": weights,
        "bits": layer.parameters.get("bits", 8) if weights else 0,
        "parameters": weights + biases,
        "bytes": {
            "weights": 0 if layer.weights is None else int(layer.weights.nbytes),
            "table": 0 if layer.table is None else int(layer.table.nbytes),
            "parameters": 4 * len(PARAMETERS[layer.kind]),
        },
        "macs": macs(layer),
        "scale": output.scale,
        "zero_point": output.zero_point,
    }


def _memory(model: GradedModel, image: int) -> dict[str, int]:
    """Bytes: of the image, of the arena and its parts. `tables` and `meta` (names) lie in the image, in flash.

    `tflm_greedy` is what TensorFlow Lite Micro's greedy planner needs for the tensors of the same file, and
    `tflm_variables` what it needs for variables; the converter tells them.
    """
    told = model.meta.get("memory")
    peer = told if isinstance(told, Mapping) else {}
    names = ("tflm_greedy", "tflm_variables")
    return {
        **{name: peer[name] for name in names if type(peer.get(name)) is int and peer[name] >= 0},
        "image": image,
        "activations": model.memory - model.variables,
        "variables": model.variables,
        "scratch": scratch_size(model),
        "arena": arena_size(model),
        "struct": _STRUCTS,
        "meta": len(write_meta(model)),
        "tables": sum(int(layer.table.nbytes) for layer in model.layers if layer.table is not None),
    }
