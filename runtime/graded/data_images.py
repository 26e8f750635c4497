"""Image files and folders of them, and images made to fit: with Pillow, the extra `images`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError, SpikeletError
from spikelet.graded.data_shapes import Choices, Samples, samples_of
from spikelet.graded.model import GradedTensor

__all__ = ["SUFFIXES", "Images", "fitted", "image_files", "is_image"]

#: Names of image files end so.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".webp", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "BMP", "PPM", "WEBP", "TIFF")
#: Most pixels of an image that is opened.
_PIXELS = 2**26


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its name."""
    return path.suffix.lower() in SUFFIXES


def _pillow() -> Any:
    """Pillow's module for images.

    Raises:
        SpikeletError: it is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise SpikeletError(
            "images need Pillow, which is not installed: pip install 'spikelet[images]', or give an .npz file of"
            " images in the network's size"
        ) from error
    return Image


class Images(Sequence[npt.NDArray[Any]]):
    """Image files, read when they are asked for.

    Args:
        files: at least one.
        tensor: of the input; it takes images.
        choices: what is done with images of other sizes and colours.
    """

    def __init__(self, files: Sequence[Path], tensor: GradedTensor, choices: Choices) -> None:
        self._files, self._tensor, self._choices = files, tensor, choices
        self.steps = 0
        self.values = self._samples(0).values

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> npt.NDArray[Any]:  # type: ignore[override]
        """An image as the tensor takes it."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._samples(index)[0]

    def real(self, index: int) -> npt.NDArray[np.float64]:
        """The real numbers of an image."""
        return self._samples(index).real(0)

    def _samples(self, index: int) -> Samples:
        path = self._files[index]
        return samples_of(str(path), _pixels(path), self._tensor, self._choices, stateful=False)


def _pixels(path: Path) -> npt.NDArray[Any]:
    """Pixels of an image file, uint8, shape (1, height, width, 1 or 3)."""
    image_module = _pillow()
    try:
        with image_module.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _PIXELS:
                raise DataError(f"{path} has {image.width} x {image.height} pixels; at most {_PIXELS}: shrink it")
            image.load()
            mode = image.mode
            if mode in ("P", "PA") or (mode in ("L", "RGB") and "transparency" in image.info):
                image = image.convert("RGBA")  # noqa: PLW2901
            if mode == "1":
                image = image.convert("L")  # noqa: PLW2901
            pixels = np.asarray(image)
            mode = image.mode
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, image_module.DecompressionBombError) as error:
        why = getattr(error, "strerror", None) or "no PNG, JPEG, BMP, PPM, WebP or TIFF file, or damaged"
        raise DataError(f"{path} cannot be read: {why}") from error
    if mode in ("LA", "RGBA"):
        if int(pixels[..., -1].min()) != 255:
            raise DataError(f"{path} is transparent in places: put it on a background first")
        pixels = pixels[..., :-1]
    elif mode not in ("L", "RGB"):
        raise DataError(f"{path} has pixels of kind {mode}; allowed: 8 bits a channel, gray or red, green and blue")
    return pixels.reshape(1, *pixels.shape[:2], -1)


def fitted(image: npt.NDArray[Any], wanted: tuple[int, int, int]) -> npt.NDArray[Any]:
    """An image (height, width, channels) in another size (bilinear, antialiased) and in other colours.

    Args:
        image: uint8, or of any type if only gray is repeated over channels.
        wanted: height, width, channels.
    """
    height, width, channels = wanted
    if image.shape[2] == 3 > channels:
        module = _pillow()
        image = np.asarray(module.fromarray(image).convert("L"))[..., None]
    if image.shape[:2] != (height, width):
        module = _pillow()
        single = image.shape[2] == 1
        resized = module.fromarray(image[..., 0] if single else image).resize(
            (width, height), module.Resampling.BILINEAR
        )
        image = np.asarray(resized).reshape(height, width, -1)
    return np.repeat(image, channels, axis=2) if image.shape[2] == 1 < channels else image


def image_files(path: Path) -> tuple[list[Path], list[str], list[int]]:
    """Image files of a folder, in order; if it has sub-folders their names, and which one each file lies in.

    Raises:
        DataError: no files, files beside the sub-folders, or a file that is no image.
    """
    try:
        folders = [entry for entry in _entries(path) if entry.is_dir()]
        if not folders:
            return _images_in(path), [], []
        loose = [entry.name for entry in _entries(path) if not entry.is_dir()]
        if loose:
            raise DataError(f"{path} has folders, a class each, and {loose[0]!r} beside them: move it into one")
        inside = [_images_in(folder) for folder in folders]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    which = [number for number, files in enumerate(inside) for _ in files]
    return [file for files in inside for file in files], [folder.name for folder in folders], which


def _images_in(folder: Path) -> list[Path]:
    files = _entries(folder)
    if not files:
        raise DataError(f"{folder} is an empty folder: a data set of images has some")
    other = next((file.name for file in files if file.is_dir() or not is_image(file)), None)
    if other is not None:
        raise DataError(f"{folder}: {other!r} in it is no image ({', '.join(SUFFIXES)}): move it elsewhere")
    return files


def _entries(path: Path) -> list[Path]:
    """What is in a folder, by name; hidden files are left out."""
    return sorted((entry for entry in path.iterdir() if not entry.name.startswith(".")), key=lambda entry: entry.name)
