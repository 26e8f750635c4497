"""Which part of an array is a sample of an input: by its shape, and never guessed where two ways would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.graded.data_values import PixelRange, Values
from spikelet.graded.model import GradedTensor

__all__ = ["Choices", "Samples", "image_shape", "samples_of"]

Array = npt.NDArray[np.generic]
_Shape = tuple[int, ...]
#: An array of two axes is one image rather than samples, if its sides are in the proportion of the input's to this.
_SLIM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is done with data that do not fit as they are, only because somebody said so.

    `array` names the array of an .npz file (one input); `pixels` what pixels were in training; the other four:
    images of another size are resized, gray ones repeated over three channels, coloured ones made gray, and rows of
    (time, features) cut into windows, one from each row on.
    """

    array: str = ""
    pixels: PixelRange | None = None
    resize: bool = False
    gray_to_rgb: bool = False
    rgb_to_gray: bool = False
    windows: bool = False


class Samples(Sequence[Array]):
    """Samples of one input, made when they are asked for.

    Args:
        array: they lie in it along the first axis.
        values: makes elements of the tensor.
        window: rows of a sample that begins at each row; 0: a sample is a row.
        steps: inferences of a sample, along the second axis; 0: a sample is one inference.
        image: height, width and channels that samples, which are images, are made to have.
    """

    def __init__(
        self,
        array: Array,
        values: Values,
        *,
        window: int = 0,
        steps: int = 0,
        image: tuple[int, int, int] | None = None,
    ) -> None:
        self.values, self.steps = values, steps
        self._array, self._window, self._image = array, window, image

    def __len__(self) -> int:
        return len(self._array) - max(self._window - 1, 0)

    def __getitem__(self, index: int) -> Array:  # type: ignore[override]
        """A sample as the tensor takes it; of several steps a list of them along the first axis."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        piece = self._piece(index)
        if self.steps:
            return np.stack([self.values.take(step) for step in piece])
        return self.values.take(piece)

    def real(self, index: int) -> npt.NDArray[np.float64]:
        """The real numbers of a sample, in the tensor's shape; of several steps a list of them."""
        piece = self._piece(index)
        return np.stack([self.values.real(step) for step in piece]) if self.steps else self.values.real(piece)

    def _piece(self, index: int) -> Array:
        """A sample as it is stored; an image in the size and colours of the input."""
        piece = self._array[index : index + self._window] if self._window else np.asarray(self._array[index])
        if self._image is None or piece.shape == self._image:
            return piece
        from spikelet.graded.data_images import fitted

        return fitted(piece, self._image)


def image_shape(tensor: GradedTensor) -> tuple[int, int, int] | None:
    """Height, width and channels of an input that takes images; None: it takes none."""
    if len(tensor.shape) != 4 or tensor.shape[0] != 1 or tensor.shape[3] not in (1, 3):
        return None
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def samples_of(where: str, array: Array, tensor: GradedTensor, choices: Choices, *, stateful: bool) -> Samples:
    """Samples of an array.

    Args:
        where: for messages.
        array: one sample, or samples along the first axis; axes of 1 do not count, and a sample may be flat.
        tensor: of the input.
        choices: what is done with other shapes.
        stateful: the network keeps something between inferences: a sample may have several.

    Raises:
        DataError: shape or type do not fit; the message says what would make them fit.
    """
    values = Values(where, array.dtype, tensor, choices.pixels)
    shape, wanted = array.shape, _core(tensor.shape)
    if array.size and _core(shape) == wanted and (shape[0] == 1 or len(shape) <= len(wanted) + 1):
        return Samples(array.reshape(1, *tensor.shape), values)
    if array.ndim > 1 and (_core(shape[1:]) == wanted or shape[1:] == (tensor.size,)):
        return Samples(array, values)
    if stateful and array.ndim > 2 and (_core(shape[2:]) == wanted or shape[2:] == (tensor.size,)):
        return Samples(array, values, steps=shape[1])
    rows = tensor.size // shape[1] if array.ndim == 2 and shape[1] else 0
    fills = rows > 1 and rows * shape[1] == tensor.size and rows <= shape[0]
    if fills and choices.windows:
        return Samples(array, values, window=rows)
    images = _images(where, array, tensor, choices)
    if images is not None:
        return Samples(images, values, image=image_shape(tensor))
    raise DataError(f"{where} has shape {shape}; the input takes {tensor.shape}: {_hint(shape, tensor, fills, rows)}")


def _core(shape: _Shape) -> _Shape:
    """A shape without its axes of 1."""
    return tuple(size for size in shape if size != 1)


def _hint(shape: _Shape, tensor: GradedTensor, fills: bool, rows: int) -> str:
    """What would make an array fit."""
    if fills:
        return f"--windows takes {rows} rows from each row on as a sample"
    image = image_shape(tensor)
    if image is not None:
        height, width, channels = image
        if channels > 1 and shape[-3:] == (channels, height, width):
            return "channels come last: transpose the data (np.moveaxis(x, 1, -1))"
    return f"give an array of shape (samples, {', '.join(map(str, tensor.shape[1:]))})"


def _images(where: str, array: Array, tensor: GradedTensor, choices: Choices) -> Array | None:
    """Images of other sizes or colours, one a row of the array; None: these are none, or nothing helps."""
    image = image_shape(tensor)
    if image is None:
        return None
    shaped = _with_channels(array, image)
    if shaped is None:
        return None
    height, width, channels = image
    found = shaped.shape[3]
    if found == 1 < channels and not choices.gray_to_rgb:
        raise DataError(
            f"{where} has gray images ({_sizes(shaped)}); the input takes {channels} channels: --gray-to-rgb repeats"
            " the gray over them"
        )
    if found == 3 > channels and not choices.rgb_to_gray:
        raise DataError(
            f"{where} has coloured images ({_sizes(shaped)}); the input takes gray ones: --rgb-to-gray makes them so"
        )
    if shaped.shape[1:3] != (height, width) and not choices.resize:
        raise DataError(
            f"{where} has images of {_sizes(shaped)}; the input takes {height} x {width}: --resize resizes them"
        )
    if (shaped.shape[1:3] != (height, width) or found > channels) and array.dtype != np.uint8:
        raise DataError(f"{where} is {array.dtype}; only pixels (uint8) are resized or made gray: do it beforehand")
    return shaped


def _sizes(shaped: Array) -> str:
    return f"{shaped.shape[1]} x {shaped.shape[2]}"


def _with_channels(array: Array, image: tuple[int, int, int]) -> Array | None:
    """An array of images as (samples, height, width, channels): one image or several, gray or coloured."""
    shape = array.shape
    if 0 in shape:
        return None
    if len(shape) == 2:
        slimmer = shape[0] * image[1] / (shape[1] * image[0])
        return array.reshape(1, *shape, 1) if 1 / _SLIM <= slimmer <= _SLIM else None
    if len(shape) == 3:
        alone = shape[2] in (1, 3) and shape[1:] != image[:2]
        return array.reshape(1, *shape) if alone else array.reshape(*shape, 1)
    return array if len(shape) == 4 and shape[3] in (1, 3) else None
