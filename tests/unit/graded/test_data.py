"""Data for graded networks: which part of a file is a sample, and what its numbers mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spikelet.errors import DataError
from spikelet.graded.data import Choices, load, load_real, split_name
from spikelet.graded.data_values import PixelRange
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType


def model(
    *shapes: tuple[int, ...],
    scale: float = 1 / 255,
    zero: int = -128,
    kind: TensorType = TensorType.INT8,
    variables: int = 0,
    labels: tuple[str, ...] = (),
) -> GradedModel:
    """A network of ports only: a data set looks at nothing else."""
    tensors = [
        GradedTensor(name=f"in{i}", shape=shape, type=kind, at=0, scale=scale, zero_point=zero)
        for i, shape in enumerate(shapes)
    ]
    tensors.append(GradedTensor(name="out", shape=(1, 10), type=TensorType.INT8, at=0))
    inputs = tuple(GradedPort(name=f"in{i}", tensor=i) for i in range(len(shapes)))
    outputs = (GradedPort(name="out", tensor=len(shapes), labels=labels),)
    return GradedModel(tensors=tuple(tensors), layers=(), inputs=inputs, outputs=outputs, memory=0, variables=variables)


def saved(folder: Path, **arrays: npt.ArrayLike) -> Path:
    """The arrays in an .npz file."""
    path = folder / "data.npz"
    np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("scale", "zero", "pixels"),
    [(1 / 255, -128, PixelRange.UNIT), (1.0, -128, PixelRange.BYTES), (0.0039215689, -128, PixelRange.UNIT)],
)
def test_pixels_of_an_input_that_spans_them_are_less_by_128(
    scale: float, zero: int, pixels: PixelRange, tmp_path: Path
) -> None:
    """Of all 256 pixels, for images that were divided by 255 and for those that were not."""
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    data = load(saved(tmp_path, x=x), model((1, 16, 16, 1), scale=scale, zero=zero))

    assert (data.inputs(0)[0][0].astype(int) == x.astype(int) - 128).all()
    assert data.parts[0].values.pixels is pixels
    assert data.notes() == [f"pixels 0 to 255 stand for {pixels.value.replace('..', ' to ')}"]


def test_signed_pixels_are_rounded_as_real_numbers(tmp_path: Path) -> None:
    """-1 .. 1: the same q as float32 data give; real numbers of a sample are not rounded."""
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    made = model((1, 16, 16, 1), scale=2 / 255, zero=0)
    real = (x / 127.5 - 1).astype(np.float32)
    pixels, floats = load(saved(tmp_path, x=x), made), load(saved(tmp_path, x=real), made)

    assert np.array_equal(pixels.inputs(0)[0][0], floats.inputs(0)[0][0])
    assert np.allclose(pixels.parts[0].real(0), real)


def test_what_pixels_were_is_asked_for_where_the_scale_does_not_say_it(tmp_path: Path) -> None:
    """A scale of 0.05 is none of the three ranges; --pixels says it."""
    path = saved(tmp_path, x=np.full((1, 4, 4, 1), 255, np.uint8))
    made = model((1, 4, 4, 1), scale=0.05)

    with pytest.raises(DataError, match=r"the input goes from 0 to 12\.75: .*--pixels"):
        load(path, made)
    assert load(path, made, choices=Choices(pixels=PixelRange.UNIT)).inputs(0)[0][0].max() == 20 - 128


def test_int16_inputs_do_not_tell_what_pixels_were(tmp_path: Path) -> None:
    """Their range is symmetrical whatever the data were."""
    made = model((1, 4, 4, 1), scale=1 / 32767, zero=0, kind=TensorType.INT16)

    with pytest.raises(DataError, match="--pixels"):
        load(saved(tmp_path, x=np.zeros((1, 4, 4, 1), np.uint8)), made)


def test_numbers_of_the_tensors_type_are_taken_as_they_are(tmp_path: Path) -> None:
    """int8 for int8, int16 for int16, of either byte order."""
    x = np.arange(-8, 8, dtype=np.int8).reshape(1, 4, 4, 1)

    assert np.array_equal(load(saved(tmp_path, x=x), model((1, 4, 4, 1))).inputs(0)[0][0], x)
    made = model((1, 4, 4, 1), kind=TensorType.INT16, zero=0)
    taken = load(saved(tmp_path, x=x.astype(">i2")), made).inputs(0)[0][0]
    assert taken.dtype == np.int16
    assert np.array_equal(taken, x)


def test_real_numbers_are_rounded_away_from_zero_and_clamped(tmp_path: Path) -> None:
    """q = round(x / scale) + zero_point; many that do not fit are told of."""
    x = np.array([[0.25, 0.75, -0.25, -0.75, 100.0, -100.0]], np.float64)
    data = load(saved(tmp_path, x=x), model((1, 6), scale=0.5, zero=3))

    assert data.inputs(0)[0][0].tolist() == [[4, 5, 2, 1, 127, -128]]
    assert data.parts[0].real(0).tolist() == x.tolist()
    assert data.notes() == ["33 % of the numbers are outside of what the input can hold: other units?"]


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.bool_, np.uint16])
def test_other_types_are_refused(dtype: type, tmp_path: Path) -> None:
    """Nobody says whether they are rounded or real."""
    with pytest.raises(DataError, match=r"allowed: int8 .* uint8 .* or float32"):
        load(saved(tmp_path, x=np.zeros((2, 6), dtype)), model((1, 6)))


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    """NaN and infinity, when the sample is asked for."""
    data = load(saved(tmp_path, x=np.array([[np.nan] * 6, [np.inf] * 6])), model((1, 6)))

    for index in range(2):
        with pytest.raises(DataError, match="NaN or infinite"):
            data.inputs(index)


@pytest.mark.parametrize(
    ("shape", "samples"),
    [((49, 10), 1), ((1, 49, 10, 1), 1), ((7, 49, 10), 7), ((7, 490), 7), ((7, 1, 49, 10, 1), 7), ((1, 490), 1)],
)
def test_samples_lie_along_the_first_axis(shape: tuple[int, ...], samples: int, tmp_path: Path) -> None:
    """One sample alone, samples with or without axes of 1, flat ones."""
    x = np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    data = load(saved(tmp_path, x=x), model((1, 49, 10, 1)))

    assert len(data) == samples
    assert np.array_equal(data.inputs(samples - 1)[0][0].reshape(-1), x.reshape(samples, -1)[-1])
    assert data.inputs(0)[0][0].shape == (1, 49, 10, 1)
    with pytest.raises(IndexError):
        data.inputs(samples)


REFUSED = {
    "size": ((3, 491), (1, 49, 10, 1), "give an array of shape"),
    "channels first": ((5, 3, 32, 32), (1, 32, 32, 3), "channels come last"),
    "gray": ((5, 32, 32), (1, 32, 32, 3), "--gray-to-rgb"),
    "gray with an axis": ((5, 32, 32, 1), (1, 32, 32, 3), "--gray-to-rgb"),
    "coloured": ((5, 8, 8, 3), (1, 8, 8, 1), "--rgb-to-gray"),
    "another size": ((5, 28, 28), (1, 32, 32, 1), "--resize"),
    "rows": ((200, 128), (1, 640), "--windows takes 5 rows"),
    "steps without a state": ((5, 9, 1, 40), (1, 1, 40), "give an array of shape"),
    "empty": ((0, 40), (1, 40), "no samples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_shape_that_does_not_fit_is_refused_with_what_would_help(name: str, tmp_path: Path) -> None:
    """Nothing is guessed where two ways would fit."""
    shape, wanted, text = REFUSED[name]

    with pytest.raises(DataError, match=text):
        load(saved(tmp_path, x=np.zeros(shape, np.uint8)), model(wanted))


def test_gray_images_are_repeated_when_that_is_said(tmp_path: Path) -> None:
    """One image alone, of any type."""
    gray = np.random.default_rng(0).integers(0, 256, (8, 8)).astype(np.uint8)
    for array in (gray, (gray / 255).astype(np.float32)):
        data = load(saved(tmp_path, x=array), model((1, 8, 8, 3)), choices=Choices(gray_to_rgb=True))

        taken = data.inputs(0)[0][0].astype(int)
        assert (taken == (gray.astype(int) - 128)[None, :, :, None]).all()


def test_windows_begin_at_each_row(tmp_path: Path) -> None:
    """Five frames of (200, 128) are an input of an auto-encoder."""
    x = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    data = load(saved(tmp_path, frames=x), model((1, 40), scale=0.05, zero=0), choices=Choices(windows=True))

    assert len(data) == 16
    assert np.array_equal(data.parts[0].real(15).reshape(5, 8), x[15:])


def test_a_network_with_a_state_takes_several_steps_a_sample(tmp_path: Path) -> None:
    """A second axis of steps; each is one inference."""
    x = np.arange(2 * 3 * 4, dtype=np.int8).reshape(2, 3, 1, 4)
    data = load(saved(tmp_path, x=x), model((1, 4), variables=8))

    assert [[step[0].reshape(-1).tolist() for step in data.inputs(i)] for i in range(2)] == x.reshape(2, 3, 4).tolist()


def test_the_array_is_named_where_there_are_several(tmp_path: Path) -> None:
    """x, the only one, --array, or a colon behind the file's name."""
    path = saved(tmp_path, a=np.zeros((2, 6), np.int8), b=np.ones((3, 6), np.int8), y=[1, 2])

    with pytest.raises(DataError, match="no array x; it has: a, b"):
        load(path, model((1, 6)))
    with pytest.raises(DataError, match="no array 'c'; it has: a, b"):
        load(f"{path}:c", model((1, 6)))
    assert len(load(f"{path}:b", model((1, 6)))) == 3
    named = load(path, model((1, 6)), choices=Choices(array="a"))
    assert (len(named), named.labels is not None and named.labels.tolist()) == (2, [1, 2])
    assert len(load(saved(tmp_path, only=np.zeros((4, 6), np.int8), y=[0] * 4), model((1, 6)))) == 4


def test_a_colon_in_a_files_own_name_is_a_part_of_it(tmp_path: Path) -> None:
    """Only what is no file is cut."""
    own = tmp_path / "a:b"
    own.touch()
    other = tmp_path / "c"
    other.touch()

    assert split_name(own) == (own, "")
    assert split_name(f"{other}:d") == (other, "d")
    assert split_name(tmp_path / "none:d") == (tmp_path / "none:d", "")


def test_labels_of_another_array_are_not_taken(tmp_path: Path) -> None:
    """Where an array is named and the labels have another length; else that is an error."""
    path = saved(tmp_path, x=np.zeros((2, 6), np.int8), other=np.zeros((3, 6), np.int8), y=[1, 2])

    assert load(f"{path}:other", model((1, 6))).labels is None
    for labels in ([1, 2, 3], [0.5, 1], [[1], [2]], [-1, 0], [0, 70000]):
        with pytest.raises(DataError, match="y "):
            load(saved(tmp_path, x=np.zeros((2, 6), np.int8), y=labels), model((1, 6)))


def test_several_inputs_have_an_array_each(tmp_path: Path) -> None:
    """By the ports' names, or by number; of as many samples."""
    both = model((1, 2), (1, 3))
    first, second = np.ones((4, 2), np.int8), np.zeros((4, 3), np.int8)
    for names in (("in0.x", "in1.x"), ("x0", "x1")):
        data = load(saved(tmp_path, **dict(zip(names, (first, second), strict=True))), both)

        assert [array.shape for array in data.inputs(3)[0]] == [(1, 2), (1, 3)]
    with pytest.raises(DataError, match=r"'in1\.x' or 'x1'"):
        load(saved(tmp_path, x0=first), both)
    with pytest.raises(DataError, match="number of samples"):
        load(saved(tmp_path, x0=first, x1=second[:3]), both)
    with pytest.raises(DataError, match="--array names one"):
        load(saved(tmp_path, x0=first, x1=second), both, choices=Choices(array="x0"))


def test_an_npy_file_is_one_array(tmp_path: Path) -> None:
    """Without labels."""
    np.save(tmp_path / "x.npy", np.zeros((2, 6), np.int8))

    assert len(load(tmp_path / "x.npy", model((1, 6)))) == 2


def test_the_first_samples_are_taken(tmp_path: Path) -> None:
    """With their labels."""
    data = load(saved(tmp_path, x=np.zeros((5, 6), np.int8), y=range(5)), model((1, 6))).take(2)

    assert (len(data), data.labels is not None and data.labels.tolist()) == (2, [0, 1])
    assert data.take(0) is data
    with pytest.raises(IndexError):
        data.inputs(2)


def test_a_float_network_takes_real_numbers(tmp_path: Path) -> None:
    """Pixels only where somebody says what they were."""
    path = saved(tmp_path, x=np.full((3, 4), 51, np.uint8), y=[0, 1, 2])
    inputs, labels = load_real(path, {"in": (1, 2, 2, 1)}, choices=Choices(pixels=PixelRange.UNIT))

    assert (inputs[0].dtype, inputs[0].shape) == (np.float32, (3, 1, 2, 2, 1))
    assert np.allclose(inputs[0], 0.2)
    assert labels is not None
    with pytest.raises(DataError, match="the network takes real numbers"):
        load_real(path, {"in": (1, 2, 2, 1)})
    with pytest.raises(DataError, match="allowed: uint8"):
        load_real(saved(tmp_path, x=np.zeros((3, 4), np.int8)), {"in": (1, 2, 2, 1)})
