"""Image files and folders of them, for graded networks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from spikelet.errors import DataError, SpikeletError
from spikelet.graded.data import Choices, load
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType

Image = pytest.importorskip("PIL.Image", reason="no Pillow: pip install 'spikelet[images]'")


def model(*shape: int, labels: tuple[str, ...] = ()) -> GradedModel:
    """A network of two ports."""
    tensor = GradedTensor(name="in", shape=(1, *shape), type=TensorType.INT8, at=0, scale=1 / 255, zero_point=-128)
    out = GradedTensor(name="out", shape=(1, 3), type=TensorType.INT8, at=0)
    return GradedModel(
        tensors=(tensor, out),
        layers=(),
        inputs=(GradedPort(name="in", tensor=0),),
        outputs=(GradedPort(name="out", tensor=1, labels=labels),),
        memory=0,
    )


def picture(folder: Path, name: str, *shape: int, mode: str | None = None) -> np.ndarray:
    """A random image in a file; returns its pixels."""
    pixels = np.random.default_rng(len(name)).integers(0, 256, shape).astype(np.uint8)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(folder / name)
    return pixels


def test_an_image_in_the_inputs_size_is_taken_pixel_by_pixel(tmp_path: Path) -> None:
    """Gray for one channel, coloured for three; rows first."""
    gray, coloured = picture(tmp_path, "g.png", 6, 4), picture(tmp_path, "c.bmp", 6, 4, 3)

    assert (load(tmp_path / "g.png", model(6, 4, 1)).inputs(0)[0][0][0, ..., 0].astype(int) + 128 == gray).all()
    assert (load(tmp_path / "c.bmp", model(6, 4, 3)).inputs(0)[0][0][0].astype(int) + 128 == coloured).all()


def test_a_folder_has_a_sub_folder_a_class(tmp_path: Path) -> None:
    """By the model's labels, by number, else in the order of names."""
    for folder in ("b", "a"):
        for index in range(2):
            picture(tmp_path / "named" / folder, f"{index}.png", 4, 4)
    data = load(tmp_path / "named", model(4, 4, 1, labels=("b", "c", "a")))

    assert data.labels is not None
    assert data.labels.tolist() == [2, 2, 0, 0]
    plain = load(tmp_path / "named", model(4, 4, 1))
    assert plain.labels is not None
    assert (plain.labels.tolist(), plain.classes) == ([0, 0, 1, 1], ("a", "b"))
    with pytest.raises(DataError, match="'b' is none of the model's labels"):
        load(tmp_path / "named", model(4, 4, 1, labels=("a", "x")))
    picture(tmp_path / "numbers" / "2", "x.png", 4, 4)
    numbered = load(tmp_path / "numbers", model(4, 4, 1))
    assert numbered.labels is not None
    assert numbered.labels.tolist() == [2]


def test_a_folder_of_images_alone_has_no_labels(tmp_path: Path) -> None:
    """In the order of their names; hidden files are left out."""
    first, second = picture(tmp_path, "a.png", 4, 4), picture(tmp_path, "bb.png", 4, 4)
    (tmp_path / ".hidden").write_text("x")
    data = load(tmp_path, model(4, 4, 1))

    assert (len(data), data.labels) == (2, None)
    for index, pixels in enumerate((first, second)):
        assert (data.inputs(index)[0][0].reshape(4, 4).astype(int) + 128 == pixels).all()


def test_images_are_resized_only_when_that_is_said(tmp_path: Path) -> None:
    """Bilinear, as Pillow does it; an image of one colour stays so."""
    picture(tmp_path, "a.png", 12, 8)
    Image.new("L", (30, 50), 77).save(tmp_path / "b.png")

    with pytest.raises(DataError, match=r"a\.png.*12 x 8; the input takes 6 x 4: --resize"):
        load(tmp_path / "a.png", model(6, 4, 1))
    taken = load(tmp_path / "b.png", model(6, 4, 1), choices=Choices(resize=True)).inputs(0)[0][0]
    assert (taken == 77 - 128).all()
    with Image.open(tmp_path / "a.png") as opened:
        expected = np.asarray(opened.resize((4, 6), Image.Resampling.BILINEAR)).astype(int)
    taken = load(tmp_path / "a.png", model(6, 4, 1), choices=Choices(resize=True)).inputs(0)[0][0]
    assert (taken.reshape(6, 4).astype(int) + 128 == expected).all()


def test_pixels_of_an_array_are_resized_as_those_of_a_file(tmp_path: Path) -> None:
    """And gray repeated, in one go; another shape of as many pixels is resized as well."""
    pixels = picture(tmp_path, "a.png", 9, 16)
    np.savez(tmp_path / "a.npz", photo=pixels)
    choices = Choices(resize=True, gray_to_rgb=True)
    for side in (6, 12):
        file = load(tmp_path / "a.png", model(side, side, 3), choices=choices).inputs(0)[0][0]
        array = load(tmp_path / "a.npz", model(side, side, 3), choices=choices).inputs(0)[0][0]

        assert np.array_equal(file, array)
        assert (array == array[..., :1]).all()


def test_colours_are_changed_only_when_that_is_said(tmp_path: Path) -> None:
    """Gray to three channels, coloured to gray."""
    gray = picture(tmp_path, "g.png", 4, 4)
    picture(tmp_path, "c.png", 4, 4, 3)

    with pytest.raises(DataError, match="--gray-to-rgb"):
        load(tmp_path / "g.png", model(4, 4, 3))
    with pytest.raises(DataError, match="--rgb-to-gray"):
        load(tmp_path / "c.png", model(4, 4, 1))
    taken = load(tmp_path / "g.png", model(4, 4, 3), choices=Choices(gray_to_rgb=True)).inputs(0)[0][0]
    assert (taken[0].astype(int) + 128 == gray[..., None]).all()
    with Image.open(tmp_path / "c.png") as opened:
        expected = np.asarray(opened.convert("L")).astype(int)
    taken = load(tmp_path / "c.png", model(4, 4, 1), choices=Choices(rgb_to_gray=True)).inputs(0)[0][0]
    assert (taken.reshape(4, 4).astype(int) + 128 == expected).all()


def test_palettes_and_opaque_images_are_plain_images(tmp_path: Path) -> None:
    """A palette's colours are those of the image; what is transparent is refused."""
    solid = Image.new("RGBA", (4, 4), (1, 2, 3, 255))
    solid.save(tmp_path / "solid.png")
    solid.convert("RGB").quantize().save(tmp_path / "palette.png")
    Image.new("RGBA", (4, 4), (1, 2, 3, 100)).save(tmp_path / "clear.png")

    for name in ("solid.png", "palette.png"):
        taken = load(tmp_path / name, model(4, 4, 3)).inputs(0)[0][0].astype(int) + 128
        assert (taken == [1, 2, 3]).all()
    with pytest.raises(DataError, match="transparent"):
        load(tmp_path / "clear.png", model(4, 4, 3))


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    """A damaged file, 16 bits a channel, a text among images, an empty folder, loose files, a network of rows."""
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    picture(tmp_path / "mixed", "a.png", 4, 4)
    (tmp_path / "mixed" / "b.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    picture(tmp_path / "loose", "a.png", 4, 4)
    picture(tmp_path / "loose" / "class", "a.png", 4, 4)
    cases = {
        "bad.png": "cannot be read",
        "deep.png": "pixels of kind",
        "mixed": "'b.txt' in it is no image",
        "empty": "empty folder",
        "loose": "beside them",
        "none.png": "cannot be read: No such file",
    }
    for name, text in cases.items():
        with pytest.raises(DataError, match=text):
            load(tmp_path / name, model(4, 4, 1))
    with pytest.raises(DataError, match=r"give an \.npz file"):
        load(tmp_path / "mixed" / "a.png", model(16))
    with pytest.raises(DataError, match="leave out --array"):
        load(tmp_path / "mixed" / "a.png", model(4, 4, 1), choices=Choices(array="x"))


def test_without_pillow_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `images`; arrays in the input's size need nothing."""
    picture(tmp_path, "a.png", 4, 4)
    np.savez(tmp_path / "a.npz", x=np.zeros((1, 4, 4, 1), np.uint8))
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(SpikeletError, match=r"pip install 'spikelet\[images\]'"):
        load(tmp_path / "a.png", model(4, 4, 1))
    assert len(load(tmp_path / "a.npz", model(4, 4, 1))) == 1
