"""Good images of graded networks, one for each kind of layer, and ways to break one thing in them."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bad_images.builders import Patch
from spikelet.graded.image import encode
from spikelet.graded.image_layout import GRADED, LAYER, PORT, TENSOR, GradedSectionId
from spikelet.graded.model import PARAMETERS, GradedModel, GradedPort, GradedTensor, Layer, LayerKind, TensorType
from spikelet.layout import Record
from support.chance import Chance
from support.graded_networks import graded_network

__all__ = ["GradedPatch", "good_graded_image", "good_graded_model", "image_of_kind", "model_of_kind"]

RECORDS: dict[int, Record] = {
    GradedSectionId.GRADED: GRADED,
    GradedSectionId.TENSORS: TENSOR,
    GradedSectionId.LAYERS: LAYER,
    GradedSectionId.PORTS: PORT,
}
#: Where the first random network of each kind has its one layer between small tensors, nothing in its extremes.
_SEEDS = range(200)


def good_graded_model() -> GradedModel:
    """Tensors 0 and 1 are inputs, 2 a variable, 3 a constant, 4 a sum and 5 what two copies put together."""
    shapes = ((6,), (6,), (6,), (6,), (6,), (12,))
    places = (8, 16, 0, 0, 24, 32)
    tensors = [
        GradedTensor(name=f"t{i}", shape=shape, type=TensorType.INT8, at=at)
        for i, (shape, at) in enumerate(zip(shapes, places, strict=True))
    ]
    tensors[3] = dataclasses.replace(tensors[3], constant=np.arange(6, dtype=np.int8))
    return GradedModel(
        tensors=tuple(tensors),
        layers=(
            _copy("first", 0, 5, 0),
            _copy("second", 3, 5, 6),
            _add("sum", 1, 2, 4),
            _copy("keep", 4, 2, 0),
        ),
        inputs=(GradedPort(name="a", tensor=0), GradedPort(name="b", tensor=1)),
        outputs=(GradedPort(name="both", tensor=5), GradedPort(name="sum", tensor=4)),
        memory=48,
        variables=8,
        initial=np.arange(8, dtype=np.uint8),
    )


def _copy(name: str, given: int, output: int, start: int) -> Layer:
    p = {f"size_{k}": 6 if k == 4 else 1 for k in range(5)} | {"in_start": 0, "out_start": start}
    p |= {f"{side}_step_{k}": int(k == 4) for side in ("in", "out") for k in range(5)}
    return Layer(name=name, kind=LayerKind.COPY, inputs=(given,), output=output, parameters=p)


def _add(name: str, a: int, b: int, output: int) -> Layer:
    p = {f"size_{k}": 6 if k == 4 else 1 for k in range(5)}
    p |= {f"{side}_step_{k}": int(k == 4) for side in ("a", "b") for k in range(5)}
    p |= {"a_zero": 1, "b_zero": -2, "out_zero": 3, "left_shift": 20, "act_min": -128, "act_max": 127}
    for side, shift in (("a", -1), ("b", 0), ("out", -19)):
        p |= {f"{side}_multiplier": 2**30, f"{side}_shift": shift}
    return Layer(name=name, kind=LayerKind.ADD_S8, inputs=(a, b), output=output, parameters=p)


def good_graded_image() -> bytes:
    """The image of good_graded_model."""
    return encode(good_graded_model())


@cache
def model_of_kind(kind: LayerKind) -> GradedModel:
    """A network of one layer of this kind (and a fill, if it writes only a part)."""
    for seed in _SEEDS:
        rng = np.random.default_rng(seed)
        chance = Chance(lambda low, high, rng=rng: int(rng.integers(low, high, endpoint=True)))  # type: ignore[misc]
        model = graded_network(chance, [kind], 1)
        p = model.layers[-1].parameters
        roomy = all(p.get(name, 2) >= 2 for name in ("in_channels", "out_channels", "channels", "outputs", "kernel_y"))
        whole = p.get("act_min", -2) < p.get("act_max", 2) and p.get("size_4", 2) > 1 and p.get("kept_2", 2) > 1
        if roomy and whole and _is_padded(model.layers[-1]) and len(encode(model)) < 40000:
            return model
    raise AssertionError(f"no network of {kind.name}")


def _is_padded(layer: Layer) -> bool:
    """Whether there is padding behind the weights, if there are weights."""
    p = layer.parameters
    if layer.kind in {LayerKind.CONV_S8, LayerKind.DENSE_S8}:
        return p.get("out_channels", p.get("outputs", 0)) // p.get("groups", 1) % 8 == 1
    if "kernel_y" in p and layer.weights is not None:
        depth = 1 if layer.kind.name.startswith("DEPTHWISE") else p["in_channels"] // p["groups"]
        return p["out_channels"] * p["kernel_y"] * p["kernel_x"] * depth % 4 != 0
    return layer.weights is None or p["inputs"] * (1 if layer.kind is LayerKind.DOT_S8 else p["outputs"]) % 4 != 0


def image_of_kind(kind: LayerKind) -> bytes:
    """The image of model_of_kind."""
    return encode(model_of_kind(kind))


class GradedPatch(Patch):
    """A good image of a graded network, to be changed in place; without META, which would name other sizes."""

    def __init__(self, image: bytes | None = None, *, meta: bool = False) -> None:
        super().__init__(good_graded_image() if image is None else image)
        if not meta:
            self.drop_section(GradedSectionId.META)  # type: ignore[arg-type]

    def field(self, section: int, index: int, name: str, value: Any) -> GradedPatch:
        """Set a field of a record; -1 is the last one."""
        record, entry = RECORDS[section], self.entry(section)
        record.put(self.data, entry["offset"] + index % entry["count"] * record.size, name, value)
        return self

    def record(self, section: int, index: int) -> dict[str, Any]:
        """A record as it is now."""
        record, entry = RECORDS[section], self.entry(section)
        return record.unpack(bytes(self.data), entry["offset"] + index % entry["count"] * record.size)

    def resize(self, section: int, change: Callable[[bytes], bytes], *, count: int | None = None) -> GradedPatch:
        """Give a section other content; the ones behind it move."""
        content = change(bytes(self.section_bytes(section)))
        size = RECORDS[section].size if section in RECORDS else 1
        super().resize(section, lambda _: content, count=len(content) // size if count is None else count)  # type: ignore[arg-type]
        return self

    def section_bytes(self, section: int) -> bytes:
        """What a section holds."""
        entry = self.entry(section)
        return bytes(self.data[entry["offset"] : entry["offset"] + entry["length"]])

    def own(self, layer: int, name: str, content: bytes) -> GradedPatch:  # type: ignore[override]
        """Give a layer its own bytes of DATA for a field that points there."""
        return self.field(GradedSectionId.LAYERS, layer, name, self.more_data(content))

    def array(self, layer: int, name: str, length: int) -> bytes:
        """So many bytes of DATA that a field of a layer points to."""
        at = self.record(GradedSectionId.LAYERS, layer)[name]
        return self.section_bytes(GradedSectionId.DATA)[at : at + length]

    def parameter(self, layer: int, name: str, value: int) -> GradedPatch:
        """Give a layer its own parameters with this value."""
        names = PARAMETERS[LayerKind(self.record(GradedSectionId.LAYERS, layer)["kind"])]
        numbers = list(struct.unpack(f"<{len(names)}i", self.array(layer, "parameters", 4 * len(names))))
        numbers[names.index(name)] = value
        return self.own(layer, "parameters", struct.pack(f"<{len(names)}i", *numbers))
