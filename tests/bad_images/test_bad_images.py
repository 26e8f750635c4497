"""Images that must be refused: Python and C say the same code, and nothing else happens."""

from __future__ import annotations

import tracemalloc

import pytest

from bad_images.builders import Patch, good_image, good_model
from bad_images.images import bad_images
from bad_images.wide import REACH_MAX_COUNT, reaching_model, wide_image, wide_model
from spikelet.codes import code
from spikelet.demo import demo_model
from spikelet.engine import Engine, check_image
from spikelet.errors import ImageError
from spikelet.image import decode, encode
from spikelet.layout import SectionId

#: Not of an image, but of calls and memory; of graded images, which tests/unit/graded has.
ELSEWHERE = {"ARGUMENT", "NO_KERNEL", "ARENA", "FULL", "TICK", "NEURON", "VALUE", "ENCODER", "IMAGE_CRC"}
ELSEWHERE |= {"IMAGE_TENSOR", "IMAGE_LAYER", "IMAGE_ORDER"}
BAD = list(bad_images())


def codes_of(data: bytes) -> list[int]:
    """What Python and C say of an image; 0: it is taken."""
    found = []
    for read in (decode, check_image):
        try:
            read(data)
            found.append(0)
        except ImageError as error:
            found.append(error.code)
    return found


def test_the_image_that_all_others_are_made_from_is_good() -> None:
    """Otherwise every other test here would pass for a wrong reason."""
    assert codes_of(good_image()) == [0, 0]
    assert codes_of(Patch().done()) == [0, 0]
    assert codes_of(wide_image()) == [0, 0]
    assert codes_of(encode(reaching_model(REACH_MAX_COUNT))) == [0, 0]
    for model in (good_model(), wide_model()):
        with Engine(model) as engine:
            assert engine.advance(1) == 1


@pytest.mark.parametrize(("name", "data"), [(name, data) for _, name, data in BAD], ids=[text for text, _, _ in BAD])
def test_a_bad_image_is_refused_alike_by_python_and_c(name: str, data: bytes) -> None:
    """Image 8: one file for each check, with the code of that check."""
    assert codes_of(data) == [code(name)] * 2


def test_each_refusal_names_its_place() -> None:
    """A message is a sentence about this image, not a number."""
    for _, _, data in BAD:
        with pytest.raises(ImageError, match=r"\w+ \w+ .*\w"):
            decode(data)


def test_no_number_of_an_image_makes_its_reader_take_much_memory() -> None:
    """Image 8: sizes are compared with the bytes at hand before anything is made of them."""
    tracemalloc.start()
    try:
        for text, _, data in BAD:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with pytest.raises(ImageError):
                decode(data)
            assert tracemalloc.get_traced_memory()[1] - before < 30 * len(data) + 500_000, text
    finally:
        tracemalloc.stop()


@pytest.fixture(params=["small", "wide", "demo"], scope="module")
def whole(request: pytest.FixtureRequest) -> bytes:
    """A good image: two small ones with everything in them, and that of `spikelet demo`."""
    return {"small": good_image, "wide": wide_image, "demo": lambda: encode(demo_model())}[request.param]()


def test_every_single_bit_flip_is_refused_by_python_and_c(whole: bytes) -> None:
    """Image 1: the CRC covers every bit, and both readers look at it."""
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        python, c = codes_of(bytes(data))
        assert python == c < 0, f"bit {bit}"


def test_every_truncation_is_refused_by_python_and_c(whole: bytes) -> None:
    """Image 8: a file that was cut off anywhere."""
    for length in range(len(whole)):
        assert codes_of(whole[:length]) == [code("IMAGE_SIZE")] * 2, f"{length} bytes"


def test_unknown_sections_that_are_not_critical_are_skipped() -> None:
    """Image 2: an older engine runs a newer image, where that changes no result."""
    for number in (SectionId.SIGNATURE, 10, 65535):
        assert codes_of(Patch().add_section(number, 0, b"anything").done()) == [0, 0]


def test_a_gap_is_taken_where_it_has_a_meaning() -> None:
    """Image 7: of an output with a decoder and two neurons or more, in a model with a window."""
    for gap in (1, 2**31, 2**32 - 1):
        assert codes_of(Patch().field(SectionId.OUTPUTS, 1, "gap", gap).done()) == [0, 0]


def test_an_image_without_meta_is_taken() -> None:
    """Image 2: META is for people."""
    data = Patch().drop_section(SectionId.META).done()

    assert codes_of(data) == [0, 0]
    assert [p.name for p in decode(data).populations] == [f"population{i}" for i in range(6)]


def test_equal_arrays_may_lie_in_the_same_place() -> None:
    """Image 4: offsets are only bound to DATA."""
    patch = Patch()
    offset = patch.record(SectionId.POPULATIONS, 0)["parameters"][5]

    assert codes_of(patch.place(4, "bias", offset).done()) == [0, 0]


def test_every_code_for_images_has_a_bad_image() -> None:
    """A check that is forgotten here would show as a code without an image."""
    from spikelet.codes import codes

    assert set(codes()) - ELSEWHERE <= {name for _, name, _ in BAD}


def test_a_model_is_written_alike_when_read_again() -> None:
    """decode is the inverse of encode, byte for byte."""
    for image in (good_image(), wide_image()):
        assert encode(decode(image)) == image
