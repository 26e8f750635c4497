"""Images of any graded network, and damaged ones: Python and C take the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bad_images.builders import repaired
from bad_images.graded_builders import GradedPatch, good_graded_image
from spikelet.errors import ImageError
from spikelet.graded.engine import check_graded_image
from spikelet.graded.image import decode, encode
from spikelet.graded.image_layout import GradedSectionId
from spikelet.graded.model import GradedModel, LayerKind
from spikelet.layout import HEADER, SECTION
from support.chance import Chance
from support.graded_networks import corpus, graded_network


@st.composite
def models(draw: st.DrawFn) -> GradedModel:
    """Random networks."""
    return graded_network(Chance(lambda low, high: draw(st.integers(low, high))), layers=4)


def code_of(read: Callable[[bytes], object], data: bytes) -> int:
    """What a reader says of an image; 0: it is taken."""
    try:
        read(data)
    except ImageError as error:
        return error.code
    return 0


@given(models())
def test_an_image_gives_its_model_back_and_c_takes_it(model: GradedModel) -> None:
    """Graded 4."""
    image = encode(model)
    check_graded_image(image)
    assert encode(decode(image)) == image


@given(st.one_of(models().map(encode), st.just(good_graded_image())), st.data())
def test_python_and_c_take_the_same_images(image: bytes, data: st.DataObject) -> None:
    """Damage of records and of arrays is refused by both, or means a model to both."""
    damaged = GradedPatch(image).data
    arrays = GradedPatch(image).entry(GradedSectionId.DATA)
    ends = {
        "table": (HEADER.size, HEADER.size + 5 * SECTION.size),
        "data": (arrays["offset"], arrays["offset"] + arrays["length"]),
        "records": (arrays["offset"] + -(-arrays["length"] // 4) * 4, len(damaged)),
    }
    for _ in range(data.draw(st.integers(1, 3))):
        low, high = data.draw(st.sampled_from([*ends.values(), ends["records"]]))
        if low < high:
            at = data.draw(st.integers(low, high - 1))
            near = st.sampled_from([0, 1, 2, 4, 8, 31, 32, 127, 128, 255])
            damaged[at] = data.draw(st.one_of(near, st.integers(-2, 2).map(lambda by, at=at: (damaged[at] + by) % 256)))  # type: ignore[misc]
    now = repaired(damaged)

    assert (code_of(decode, now) == 0) == (code_of(check_graded_image, now) == 0)


@pytest.mark.parametrize("kind", LayerKind, ids=lambda kind: kind.name)
def test_python_and_c_take_the_same_layers(kind: LayerKind) -> None:
    """Every parameter of some layers of each kind is moved, one or two at a time."""
    rng = np.random.default_rng(int(kind))
    taken = 0
    for model in corpus(25, [kind], 1):
        image = encode(model)
        p = model.layers[-1].parameters
        for _ in range(12 if p else 0):
            patch = GradedPatch(image)
            for name in rng.choice(list(p), min(len(p), int(rng.integers(1, 3))), replace=False).tolist():
                near = [p[name] + 1, p[name] - 1, 0, 1, 255, 256, -p[name], int(rng.integers(-300, 300))]
                value = min(max(near[int(rng.integers(len(near)))], -(2**31)), 2**31 - 1)
                patch.parameter(-1, name, value)
            python, c = (code_of(read, patch.done()) for read in (decode, check_graded_image))
            assert python == c
            taken += c == 0

    assert taken > 0 or kind is LayerKind.LUT_S8
