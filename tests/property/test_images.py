"""Images of any model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from agreement import same_model
from bad_images.builders import Patch, repaired
from bad_images.wide import wide_image
from spikelet.engine import check_image
from spikelet.errors import ImageError
from spikelet.image import decode, encode
from spikelet.layout import HEADER, SECTION, SectionId, crc_of
from spikelet.model import Model
from strategies import models


@given(models())
def test_an_image_gives_its_model_back(model: Model) -> None:
    """Names, shapes, labels and meta included."""
    assert same_model(model, decode(encode(model)))


@given(models())
def test_the_same_model_gives_the_same_bytes(model: Model) -> None:
    """No time, no address, no order of a dict."""
    assert encode(model) == encode(decode(encode(model)))


@given(models(), st.data())
def test_damage_that_a_crc_does_not_show_is_refused_or_means_a_model(model: Model, data: st.DataObject) -> None:
    """Image 8: whatever the bytes are, decode gives a model that can be written, or an ImageError."""
    image = bytearray(encode(model))
    for _ in range(data.draw(st.integers(1, 4))):
        image[data.draw(st.integers(HEADER.size, len(image) - 1))] = data.draw(
            st.sampled_from([0, 1, 2, 127, 128, 255])
        )
    HEADER.put(image, 0, "crc", crc_of(image))
    with contextlib.suppress(ImageError):
        encode(decode(bytes(image)))


def taken(read: Callable[[bytes], object], data: bytes) -> bool:
    """Whether a reader takes an image."""
    try:
        read(data)
    except ImageError:
        return False
    return True


@given(st.one_of(models().map(encode), st.just(wide_image())), st.data())
def test_python_and_c_take_the_same_images(image: bytes, data: st.DataObject) -> None:
    """Image 8: damage of records, maps, rows and delays is refused by both, or means a model to both."""
    damaged = Patch(image).drop_section(SectionId.META).data
    arrays = Patch(bytes(damaged)).entry(SectionId.DATA)["offset"]
    for _ in range(data.draw(st.integers(1, 3))):
        ends = (HEADER.size + 6 * SECTION.size, arrays) if data.draw(st.booleans()) else (arrays, len(damaged))
        if ends[0] < ends[1]:
            at = data.draw(st.integers(ends[0], ends[1] - 1))
            near = st.sampled_from([0, 1, 2, 4, 5, 127, 128, 255])
            damaged[at] = data.draw(st.one_of(near, st.integers(-2, 2).map(lambda by, at=at: (damaged[at] + by) % 256)))  # type: ignore[misc]
    now = repaired(damaged)

    assert taken(decode, now) == taken(check_image, now)
