"""Parses the bytes of a graded image; trusts nothing. What a model must keep beyond its bytes is in rules.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikelet.codes import refuse_image as _refuse
from spikelet.graded.image_layout import GRADED, LAYER, PORT, SECTIONS, SIZE_MAX, TENSOR, GradedSectionId
from spikelet.graded.image_meta import read_meta
from spikelet.graded.model import (
    PARAMETERS,
    GradedModel,
    GradedPort,
    GradedTensor,
    Layer,
    LayerKind,
    TensorType,
)
from spikelet.graded.packing import table_form
from spikelet.image_sections import check_header, find_sections
from spikelet.layout import ABSENT, Record

__all__ = ["parse"]

_CODES = {
    GradedSectionId.GRADED: "IMAGE_MODEL",
    GradedSectionId.TENSORS: "IMAGE_TENSOR",
    GradedSectionId.LAYERS: "IMAGE_LAYER",
}


def parse(data: bytes) -> GradedModel:
    """Read the model; its rules are not checked here.

    Raises:
        ImageError: the bytes are not as graded.md says.
    """
    check_header(data)
    return _Parser(data, find_sections(data, SECTIONS)).model()


class _Parser:
    """The records of an image whose table is right."""

    def __init__(self, data: bytes, sections: dict[GradedSectionId, slice]) -> None:
        self._data, self._sections = data, sections
        self._values = data[sections[GradedSectionId.DATA]]

    def model(self) -> GradedModel:
        """The whole model."""
        record = next(self._records(GradedSectionId.GRADED, GRADED))[1]
        initial = self._initial(record)
        tensors = [(where, r, self._tensor(where, r)) for where, r in self._records(GradedSectionId.TENSORS, TENSOR)]
        ports = list(self._ports())
        layers = [self._layer(where, r) for where, r in self._records(GradedSectionId.LAYERS, LAYER)]
        counts = {
            "tensors": len(tensors),
            "layers": len(layers),
            "inputs": sum(not output for _, output in ports),
            "outputs": sum(output for _, output in ports),
        }
        where = self._sections.get(GradedSectionId.META)
        meta = read_meta(None if where is None else self._data[where], [r["size"] for _, r, _ in tensors], counts)
        named = iter((*meta["inputs"], *meta["outputs"]))
        made = [(_port(tensor, next(named)), output) for tensor, output in ports]
        return GradedModel(
            tensors=tuple(
                _described(r, kind, constant, m)
                for (_, r, (kind, constant)), m in zip(tensors, meta["tensors"], strict=True)
            ),
            layers=tuple(Layer(**fields, **m) for fields, m in zip(layers, meta["layers"], strict=True)),
            inputs=tuple(port for port, output in made if not output),
            outputs=tuple(port for port, output in made if output),
            memory=record["memory_size"],
            variables=record["variables_size"],
            initial=initial,
            meta=meta["meta"],
        )

    def _records(self, section: GradedSectionId, record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
        """All records of a section, with words for messages."""
        where = self._sections[section]
        name = section.name.removesuffix("S").lower()
        for index, at in enumerate(range(where.start, where.stop, record.size)):
            fields = record.unpack(self._data, at)
            if any(fields.get("reserved", b"")):
                code = _CODES.get(section) or ("IMAGE_OUTPUT" if fields["output"] else "IMAGE_INPUT")
                _refuse(code, f"{name} {index}: reserved bytes are not 0")
            yield f"{name} {index}", fields

    def _array(self, code: str, where: str, offset: int, length: int) -> bytes:
        if length < 0 or offset % 4 or offset + length > len(self._values):
            room = len(self._values)
            _refuse(
                code, f"{where}: offset {offset}, length {length}: outside DATA ({room} bytes), or no multiple of 4"
            )
        return self._values[offset : offset + length]

    def _initial(self, record: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        length, offset = record["variables_size"], record["initial"]
        if not length:
            if offset != ABSENT:
                _refuse("IMAGE_MODEL", f"graded record: initial is {offset}, but there are no variables")
            return np.zeros(0, np.uint8)
        return np.frombuffer(self._array("IMAGE_MODEL", "graded record: initial", offset, length), np.uint8)

    def _tensor(self, where: str, r: dict[str, Any]) -> tuple[TensorType, np.ndarray[Any, Any] | None]:
        """Type, and elements of a constant."""
        if r["type"] not in {int(kind) for kind in TensorType}:
            _refuse("UNSUPPORTED", f"{where}: type {r['type']} is unknown")
        if r["constant"] > 1:
            _refuse("IMAGE_TENSOR", f"{where}: constant is {r['constant']}; allowed: 0 or 1")
        if not 1 <= r["size"] <= SIZE_MAX:
            _refuse("IMAGE_TENSOR", f"{where}: size is {r['size']}; allowed: 1 to {SIZE_MAX}")
        kind = TensorType(r["type"])
        if not r["constant"]:
            return kind, None
        content = self._array("IMAGE_TENSOR", where, r["at"], r["size"] * kind)
        return kind, np.frombuffer(content, kind.dtype)

    def _ports(self) -> Iterator[tuple[int, bool]]:
        """Tensor of each port, and whether it is an output."""
        n_tensors = len(range(*self._sections[GradedSectionId.TENSORS].indices(len(self._data)))) // TENSOR.size
        before = 0
        for where, r in self._records(GradedSectionId.PORTS, PORT):
            code = "IMAGE_OUTPUT" if r["output"] else "IMAGE_INPUT"
            if not before <= r["output"] <= 1:
                _refuse(code, f"{where}: output is {r['output']}; allowed: 0, then 1")
            if r["tensor"] >= n_tensors:
                _refuse(code, f"{where}: tensor {r['tensor']} is not there")
            before = r["output"]
            yield r["tensor"], bool(r["output"])

    def _layer(self, where: str, r: dict[str, Any]) -> dict[str, Any]:
        """The fields of a Layer that lie in its record."""
        if r["kind"] not in {int(kind) for kind in LayerKind}:
            _refuse("UNSUPPORTED", f"{where}: kind {r['kind']} is unknown")
        kind, n = LayerKind(r["kind"]), r["n_inputs"]
        if n > 2 or any(r["inputs"][n:]):
            _refuse("IMAGE_LAYER", f"{where}: n_inputs {n} and inputs {r['inputs']} do not fit each other")
        names = PARAMETERS[kind]
        values = self._optional(f"{where}: parameters", r["parameters"], 4 * len(names))
        parameters = dict(zip(names, np.frombuffer(values, "<i4").tolist(), strict=True))
        form, table = self._form(where, kind, parameters), None
        if form is not None:
            dtype, shape = form
            content = self._optional(f"{where}: table", r["table"], dtype.itemsize * int(np.prod(shape)))
            table = np.frombuffer(content, dtype).reshape(shape)
        else:
            self._optional(f"{where}: table", r["table"], 0)
        weights = self._optional(f"{where}: weights", r["weights"], r["weights_length"])
        return {
            "kind": kind,
            "inputs": r["inputs"][:n],
            "output": r["output"],
            "parameters": parameters,
            "table": table,
            "weights": np.frombuffer(weights, np.uint8) if weights else None,
        }

    def _form(self, where: str, kind: LayerKind, p: dict[str, int]) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
        """What the table of a layer is, when its parameters allow to tell."""
        form = table_form(kind, p)
        if form is not None and not all(0 < n <= len(self._values) for n in form[1]):
            _refuse("IMAGE_LAYER", f"{where}: its table would be of shape {form[1]}")
        return form

    def _optional(self, where: str, offset: int, length: int) -> bytes:
        """An array that is absent when it is empty."""
        if offset == ABSENT:
            if length:
                _refuse("IMAGE_LAYER", f"{where}: absent, but {length} bytes are needed")
            return b""
        if not length:
            _refuse("IMAGE_LAYER", f"{where}: at offset {offset}, but this layer has none")
        return self._array("IMAGE_LAYER", where, offset, length)


def _described(
    r: dict[str, Any], kind: TensorType, constant: np.ndarray[Any, Any] | None, meta: dict[str, Any]
) -> GradedTensor:
    shape = tuple(meta["shape"])
    return GradedTensor(
        name=meta["name"],
        shape=shape,
        type=kind,
        at=r["at"] if constant is None else 0,
        zero_point=r["zero_point"],
        scale=meta["scale"],
        constant=None if constant is None else constant.reshape(shape),
    )


def _port(tensor: int, meta: dict[str, Any]) -> GradedPort:
    return GradedPort(**{**meta, "labels": tuple(meta["labels"])}, tensor=tensor)
