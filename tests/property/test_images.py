"""Images of any model."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from agreement import same_model
from spikelet.errors import ImageError
from spikelet.image import decode, encode
from spikelet.layout import HEADER, crc_of
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
