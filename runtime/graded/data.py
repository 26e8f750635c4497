"""Data sets for graded networks: arrays in .npz files, images, folders of images. Nothing in a file is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
import numpy.typing as npt

from spikelet.arrays import read_arrays, read_one
from spikelet.datasets import MAX_SAMPLES
from spikelet.errors import DataError
from spikelet.graded.data_images import Images, image_files, is_image
from spikelet.graded.data_shapes import Choices, Samples, image_shape, samples_of
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType
from spikelet.recording_sets import class_numbers

__all__ = ["Choices", "GradedDataSet", "load", "load_real", "split_name"]

_LABELS = ("labels", "y")
_Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedDataSet:
    """Samples for the inputs of a graded network.

    `parts` has one sequence of samples for each input port, in order. `labels` is int64, shape (samples,), or None.
    `steps` is how many inferences a sample has, of a network that keeps something between them; 0: one.
    `classes` are the names of folders, by label; empty: nobody named them. `length` samples are taken.
    """

    name: str
    parts: tuple[Samples | Images, ...]
    labels: npt.NDArray[np.int64] | None
    length: int
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.length

    @property
    def steps(self) -> int:
        """Inferences of a sample; 0: one."""
        return max(part.steps for part in self.parts)

    def inputs(self, index: int) -> list[tuple[npt.NDArray[Any], ...]]:
        """What GradedRunner.infer takes for each inference of a sample."""
        if not 0 <= index < self.length:
            raise IndexError(index)
        found = [part[index] for part in self.parts]
        if not self.steps:
            return [tuple(found)]
        return [tuple(part[step] for part in found) for step in range(self.steps)]

    def real(self, index: int) -> list[npt.NDArray[np.float64]]:
        """The real numbers of a sample: of each input port, shape (inferences, *shape of its tensor)."""
        return [part.real(index) if self.steps else part.real(index)[None] for part in self.parts]

    def take(self, samples: int | None) -> GradedDataSet:
        """The first samples; all with None or 0."""
        if not samples or samples >= self.length:
            return self
        labels = None if self.labels is None else self.labels[:samples]
        return replace(self, length=samples, labels=labels)

    def notes(self) -> list[str]:
        """What a user should know of how numbers were taken."""
        found = []
        for part in self.parts:
            values = part.values
            if values.pixels is not None:
                found.append(f"pixels 0 to 255 stand for {values.pixels.value.replace('..', ' to ')}")
            if values.outside > values.taken / 100:
                share = 100 * values.outside / values.taken
                found.append(f"{share:.0f} % of the numbers are outside of what the input can hold: other units?")
        return list(dict.fromkeys(found))


def split_name(text: str | Path) -> tuple[Path, str]:
    """A file, and the array that a colon behind it names: "inputs.npz:kws"; "": none is named."""
    path = Path(text)
    before, colon, name = str(text).rpartition(":")
    if colon and name and not path.exists() and Path(before).is_file():
        return Path(before), name
    return path, ""


def load(path: str | Path, model: GradedModel, *, choices: Choices | None = None) -> GradedDataSet:
    """Read a data set for a graded network.

    An .npz file has `x`, one sample or samples along the first axis, and labels `y` or `labels`, one whole number a
    sample; `choices.array`, or a colon and a name behind the path, names another array than `x`. For several
    inputs the arrays are called as the port with ".x" behind it, or x0, x1 and so on. An .npy file is such an array.
    An image is one sample; a folder has images, or a sub-folder of images for each class. What the numbers mean:
    spikelet.graded.data_values.Values.

    Args:
        path: the file or folder.
        model: whose inputs the data must fit.
        choices: what is done with data that do not fit as they are.

    Raises:
        DataError: the file is damaged, hostile, or does not fit: says what, where and what would make it fit.
        SpikeletError: images without Pillow.
    """
    path, named = split_name(path)
    choices = choices or Choices()
    if named:
        choices = replace(choices, array=named)
    if path.is_dir() or is_image(path):
        found = _images(path, model, choices)
    elif path.suffix == ".npy" and not is_zipfile(path):
        found = _arrays(path, {"x": read_one(path)}, model, choices)
    else:
        found = _arrays(path, _read(path, model, choices), model, choices)
    if len(found) == 0:
        raise DataError(f"{path} has no samples")
    if len(found) > MAX_SAMPLES:
        raise DataError(f"{path}: {len(found)} samples; at most {MAX_SAMPLES}: split the data set")
    return found


def load_real(
    path: str | Path, inputs: Mapping[str, tuple[int, ...]], *, choices: Choices | None = None, stateful: bool = False
) -> tuple[list[npt.NDArray[np.float32]], npt.NDArray[np.int64] | None]:
    """Read a data set for a network of real numbers, such as a float .tflite file.

    Args:
        path: the file or folder, as of `load`.
        inputs: names and shapes of the network's inputs, in order; a shape begins with a batch of 1.
        choices: what is done with data that do not fit as they are.
        stateful: the network keeps something between inferences.

    Returns:
        For each input float32, shape (samples, *shape), the steps of samples one after the other; and the labels,
        None where the file has none.

    Raises:
        DataError, SpikeletError: as of `load`.
    """
    tensors = [
        GradedTensor(name=name, shape=shape, type=TensorType.INT8, at=0, scale=float("nan"))
        for name, shape in inputs.items()
    ]
    ports = tuple(GradedPort(name=tensor.name, tensor=index) for index, tensor in enumerate(tensors))
    model = GradedModel(
        tensors=tuple(tensors), layers=(), inputs=ports, outputs=ports, memory=0, variables=int(stateful)
    )
    data = load(path, model, choices=choices)
    found = [np.concatenate(rows).astype(np.float32) for rows in zip(*map(data.real, range(len(data))), strict=True)]
    return found, data.labels


def _read(path: Path, model: GradedModel, choices: Choices) -> _Arrays:
    """The arrays that are asked for and labels; all where that is not clear."""
    if len(model.inputs) == 1:
        wanted = choices.array or "x"
        arrays = read_arrays(path, {wanted, *_LABELS})
        if wanted in arrays:
            return arrays
    return read_arrays(path)


def _images(path: Path, model: GradedModel, choices: Choices) -> GradedDataSet:
    """A data set of images."""
    tensors = [model.tensors[port.tensor] for port in model.inputs]
    if len(tensors) != 1 or image_shape(tensors[0]) is None:
        shapes = ", ".join(str(tensor.shape) for tensor in tensors)
        raise DataError(f"{path} holds images, and the network takes {shapes}: give an .npz file with arrays")
    if choices.array:
        raise DataError(f"{path} holds images, which have no arrays: leave out --array {choices.array}")
    files, names, which = image_files(path) if path.is_dir() else ([path], [], [])
    labels: npt.NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    if names:
        numbers = class_numbers(path, names, model.outputs[0].labels)
        labels = np.array([numbers[number] for number in which], np.int64)
        ordered = dict(zip(numbers, names, strict=True))
        classes = tuple(ordered.get(number, str(number)) for number in range(max(numbers) + 1))
    part = Images(files, tensors[0], choices)
    return GradedDataSet(name=path.resolve().name, parts=(part,), labels=labels, length=len(part), classes=classes)


def _arrays(path: Path, arrays: _Arrays, model: GradedModel, choices: Choices) -> GradedDataSet:
    """A data set of arrays."""
    parts = []
    for index, port in enumerate(model.inputs):
        name = _array_of(path, arrays, model.inputs, index, choices.array)
        tensor = model.tensors[port.tensor]
        parts.append(samples_of(f"{path}: {name}", arrays[name], tensor, choices, stateful=model.variables > 0))
    lengths = {len(part) for part in parts}
    if len(lengths) > 1:
        raise DataError(f"{path}: inputs differ in their number of samples: {sorted(lengths)}")
    labels = _labels(path, arrays, len(parts[0]), named=choices.array)
    return GradedDataSet(name=path.name, parts=tuple(parts), labels=labels, length=len(parts[0]))


def _array_of(path: Path, arrays: _Arrays, ports: Sequence[GradedPort], index: int, named: str) -> str:
    """The name of the array that an input port takes."""
    there = [name for name in arrays if name not in _LABELS and arrays[name].dtype.kind in "iuf" and arrays[name].ndim]
    listed = ", ".join(there) or "none"
    if len(ports) > 1:
        if named:
            raise DataError(f"{path}: the network has {len(ports)} inputs, and --array names one array: leave it out")
        wanted = (f"{ports[index].name}.x", f"x{index}")
        found = next((name for name in wanted if name in arrays), None)
        if found is None:
            raise DataError(f"{path} has no array {wanted[0]!r} or {wanted[1]!r}; it has: {listed}")
        return found
    if named:
        if named not in arrays:
            raise DataError(f"{path} has no array {named!r}; it has: {listed}")
        return named
    if "x" in arrays:
        return "x"
    if len(there) != 1:
        raise DataError(f"{path} has no array x; it has: {listed}. Say which (--array NAME)")
    return there[0]


def _labels(path: Path, arrays: _Arrays, samples: int, *, named: str) -> npt.NDArray[np.int64] | None:
    """Labels, one a sample; None: the file has none, or those of another array than the one that was named."""
    name = next((name for name in _LABELS if name in arrays), None)
    if name is None:
        return None
    labels = arrays[name]
    if named and labels.shape[:1] != (samples,):
        return None
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != samples:
        raise DataError(
            f"{path}: {name} is {labels.dtype} of shape {labels.shape}; allowed: {samples} whole numbers, one a sample"
        )
    if samples and not 0 <= int(labels.min()) <= int(labels.max()) <= 65535:
        raise DataError(f"{path}: {name} goes from {labels.min()} to {labels.max()}; labels number classes from 0")
    return labels.astype(np.int64)
