"""Images of graded networks that must be refused: Python and C say the same code, and nothing else happens."""

from __future__ import annotations

import pytest

from bad_images.graded_builders import GradedPatch, good_graded_image, good_graded_model, image_of_kind
from bad_images.graded_images import bad_graded_images
from spikelet.codes import code, codes
from spikelet.engine import check_image
from spikelet.errors import ImageError
from spikelet.graded.engine import GradedEngine, check_graded_image
from spikelet.graded.image import decode, encode
from spikelet.graded.model import LayerKind
from support.graded_networks import random_inputs

BAD = list(bad_graded_images())
#: Codes of spiking networks, of calls and of memory; NO_KERNEL needs a firmware that lacks a kind.
ELSEWHERE = {
    *("ARGUMENT", "NO_KERNEL", "ARENA", "FULL", "TICK", "NEURON", "VALUE", "ENCODER", "IMAGE_BOUND"),
    *("IMAGE_POPULATION", "IMAGE_PARAMETER", "IMAGE_PROJECTION"),
}


def codes_of(data: bytes) -> list[int]:
    """What Python and C say of an image; 0: it is taken."""
    found = []
    for read in (decode, check_graded_image):
        try:
            read(data)
            found.append(0)
        except ImageError as error:
            found.append(error.code)
    return found


@pytest.mark.parametrize("kind", LayerKind, ids=lambda kind: kind.name)
def test_the_images_that_all_others_are_made_from_are_good(kind: LayerKind) -> None:
    """Otherwise every other test here would pass for a wrong reason."""
    assert codes_of(image_of_kind(kind)) == [0, 0]
    moved = GradedPatch(image_of_kind(kind))
    for name, value in decode(image_of_kind(kind)).layers[-1].parameters.items():
        moved.parameter(-1, name, value)
    assert codes_of(moved.done()) == [0, 0]


def test_the_image_of_records_is_good_and_runs() -> None:
    """Variables, constants, pieces put together."""
    model = good_graded_model()
    assert codes_of(good_graded_image()) == [0, 0]
    assert encode(decode(good_graded_image())) == good_graded_image()
    with GradedEngine(model) as engine:
        both, _ = engine.infer(*random_inputs(model, 1))
        assert both[6:].tolist() == [0, 1, 2, 3, 4, 5]


def test_names_are_different() -> None:
    """So that a failure tells which one it is."""
    names = [text for text, _, _ in BAD]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "data"), [(name, data) for _, name, data in BAD], ids=[text for text, _, _ in BAD])
def test_a_bad_graded_image_is_refused_alike_by_python_and_c(name: str, data: bytes) -> None:
    """Graded 4.8: one image for each check, with the code of that check."""
    assert codes_of(data) == [code(name)] * 2


def test_every_code_for_graded_images_has_a_bad_image() -> None:
    """A check that is forgotten here would show as a code without an image."""
    assert set(codes()) - ELSEWHERE == {name for _, name, _ in BAD}


def test_every_single_bit_flip_is_refused_by_python_and_c() -> None:
    """Image 1: the CRC covers every bit, and both readers look at it."""
    whole = good_graded_image()
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        python, c = codes_of(bytes(data))
        assert python == c < 0, f"bit {bit}"


def test_every_truncation_is_refused_by_python_and_c() -> None:
    """A file that was cut off anywhere."""
    whole = good_graded_image()
    for length in range(len(whole)):
        assert codes_of(whole[:length]) == [code("IMAGE_SIZE")] * 2, f"{length} bytes"


def test_an_image_without_meta_or_with_unknown_sections_is_taken() -> None:
    """META is for people; an older engine runs a newer image where that changes no result."""
    assert codes_of(GradedPatch().done()) == [0, 0]
    for number in (20, 65535):
        assert codes_of(GradedPatch().add_section(number, 0, b"anything").done()) == [0, 0]


def test_each_engine_refuses_the_other_ones_images() -> None:
    """A firmware that got the wrong file says so."""
    from bad_images.builders import good_image

    with pytest.raises(ImageError):
        check_graded_image(good_image())
    with pytest.raises(ImageError):
        check_image(good_graded_image())
