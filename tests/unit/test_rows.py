"""Bytes of weights by hand: image 5.1; and images that have not changed since they were first written."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from bad_images.builders import Patch, good_image
from spikelet.demo import demo_model
from spikelet.image import encode
from spikelet.layout import SectionId
from spikelet.model import Encoder, ProjectionKind, SourceMap, SparseWeights, TargetMap
from spikelet.rows import (
    conv_codes,
    conv_weights,
    pack,
    pack_sparse,
    pack_sparse4,
    stride_of,
    unpack,
    unpack_sparse,
    unpack_sparse4,
    weights_of_rows,
)
from support.random_models import random_model

#: SHA-256 of images that version 0.1.0 wrote before there were convolutions.
OLD = {
    "good": "147b5d6271fc2065e8894ab3aecae39f487197a700cf5312e80e148c82dff539",
    "demo without META": "417ec227253774cde31831b8a4fb4a6321a7e9a3e7fcd4b3433af3f25eee664a",
    "EVENTS": "abbf7c7c2ec241502d173b2b40a1991b41630fd82ebc2ca517be8cc5aadce45a",
    "RATE": "6b74b6c2d6c488201091935dcbc95c96fa87985c525e45dbd2f07d85716c66d3",
    "POISSON": "e1f9e060db862030b386c65e4caf70025e368df47592f48ed4ae289b48e72005",
    "LATENCY": "8f288933fe54e1c269bed0363dae072ca37ce5c79e2fba1a42740baf43ad9b95",
    "DIRECT": "4c198c8a12bf3b4ae3a9f2adfe13668daa3184e8f029f0ceff6ecfeae59b34b9",
}


@pytest.mark.parametrize("name", OLD)
def test_models_without_new_features_have_the_bytes_that_they_had(name: str) -> None:
    """House style 25: a change of the format's code changes no image."""
    if name == "good":
        image = good_image()
    elif name == "demo without META":
        image = Patch(encode(demo_model())).drop_section(SectionId.META).done()
    else:
        image = encode(random_model(7, encoder=Encoder[name]))

    assert OLD[name] == hashlib.sha256(image).hexdigest()


BYTES = {
    0: ([[-128, 0, 127, 1, -1]], "00 80 ff 81 7f 80 80 80"),
    1: ([[-8, 7, 0, -1, 1]], "f0 78 89 88"),
    2: ([[-2, 1, 0, -1, 1, 1]], "6c af aa aa"),
    3: ([[1, -1, -1, 1, 1, -1, 1, 1, 1], [-1, -1, -1, -1, -1, -1, -1, -1, -1]], "d9 01 00 00 00 00 00 00"),
    4: ([[-128, 0, 127, 1, -1]], "80 00 7f 01 ff 00 00 00"),
}


@pytest.mark.parametrize("layout", BYTES)
def test_codes_lie_from_the_lowest_bit_on(layout: int) -> None:
    """Image 5.1, with the codes of the padding behind them."""
    weights, expected = BYTES[layout]
    rows = np.array(weights, np.int8)
    packed = pack(layout, rows)

    assert expected == packed.tobytes().hex(" ")
    assert packed.shape == (len(rows), stride_of(layout, rows.shape[1]))
    assert unpack(layout, packed.tobytes(), *rows.shape, "here").tolist() == weights


def test_rows_of_a_convolution_have_taps_that_meet_together() -> None:
    """Image 5.1: a row for each channel and ky; kx by kx mod stride_x, then descending; then output channels."""
    source = SourceMap(channels=4, height=9, width=9)
    target = TargetMap(channels=6, height=1, width=1, groups=2, kernel=(2, 5), stride=(3, 2))
    place = np.arange(6 * 2 * 2 * 5).reshape(6, 2, 2, 5).astype(np.int8)
    rows = conv_codes(place, target)
    expected = [
        [int(place[group * 3 + oc, channel, ky, kx]) for kx in (4, 2, 0, 3, 1) for oc in range(3)]
        for group in range(2)
        for channel in range(2)
        for ky in range(2)
    ]

    assert expected == rows.tolist()
    assert conv_weights(rows, source, target).tolist() == place.tolist()


def test_sparse_rows_are_pairs_of_gap_and_weight() -> None:
    """Image 5.1: where rows begin, a gap for each weight, pairs of weight 0 where a gap is more than a byte."""
    weights = SparseWeights(
        start=np.array([0, 2, 2, 5]),
        targets=np.array([0, 255, 510, 511, 1021]),
        values=np.array([1, -1, 2, 3, -128], np.int8),
    )
    expected = "00000000 04000000 04000000 0e000000 0001ffff ff00ff02 0103ff00 ff800000"
    packed = pack_sparse(weights)
    again = unpack_sparse(packed, 3, 1022, "here")

    assert expected.replace(" ", "") == packed.hex()
    for name in ("start", "targets", "values"):
        assert getattr(weights, name).tolist() == getattr(again, name).tolist()
        assert getattr(weights, name).dtype == getattr(again, name).dtype


def test_rows_without_weights_are_a_table_of_zeros() -> None:
    """A sparse projection may store nothing."""
    none = SparseWeights(start=np.zeros(4, np.int64), targets=np.zeros(0, np.int64), values=np.zeros(0, np.int8))

    assert pack_sparse(none) == bytes(16)
    assert unpack_sparse(bytes(16), 3, 5, "here").size == 0


def test_pairs_that_another_writer_made_are_read() -> None:
    """Image 5.1: a pair of weight 0 makes way, wherever it stands; a target may come twice."""
    content = bytes.fromhex("00000000 0a000000 03000200 01050007 0400 0000")
    found = unpack_sparse(content, 1, 11, "here")

    assert (found.targets.tolist(), found.values.tolist(), found.start.tolist()) == ([6, 6], [5, 7], [0, 2])


def test_blocks_of_four_are_weights_with_a_gap_each() -> None:
    """Image 5.1: the block that rows begin with, four weights each, gaps; blocks of zeros where a gap is too long."""
    weights = SparseWeights(
        start=np.array([0, 3, 3, 5]),
        targets=np.array([1, 2, 12, 0, 1029]),
        values=np.array([1, -1, 2, 3, -128], np.int8),
    )
    expected = "00000000 02000000 02000000 05000000 0001ff00 02000000 03000000 00000000 00800000 00020 0ff00 000000"
    packed = pack_sparse4(weights)
    again = unpack_sparse4(packed, 3, 1030, "here")

    assert expected.replace(" ", "") == packed.hex()
    for name in ("start", "targets", "values"):
        assert getattr(weights, name).tolist() == getattr(again, name).tolist()
        assert getattr(weights, name).dtype == getattr(again, name).dtype
    assert weights_of_rows(ProjectionKind.SPARSE4, weights).tolist() == [8, 0, 8]
    assert weights_of_rows(ProjectionKind.SPARSE, weights).tolist() == [3, 0, 2]


def test_rows_without_blocks_are_a_table_of_zeros() -> None:
    """A projection in blocks of four may store nothing."""
    none = SparseWeights(start=np.zeros(4, np.int64), targets=np.zeros(0, np.int64), values=np.zeros(0, np.int8))

    assert pack_sparse4(none) == bytes(16)
    assert unpack_sparse4(bytes(16), 3, 5, "here").size == 0


def test_blocks_of_four_of_any_rows_are_read_as_they_were() -> None:
    """Gaps around the largest, rows without a weight, a last block that is not full."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        rows, n = int(rng.integers(1, 8)), int(rng.choice([3, 9, 1024, 1025, 1030, 2055, 5000]))
        there = rng.random((rows, n)) < rng.choice([0.001, 0.02, 0.5])
        there[rng.integers(rows)] = False
        row, targets = np.nonzero(there)
        start = np.searchsorted(row, np.arange(rows + 1))
        values = rng.choice([-128, -1, 1, 127], len(row)).astype(np.int8)
        weights = SparseWeights(start=start, targets=targets, values=values)
        again = unpack_sparse4(pack_sparse4(weights), rows, n, "here")
        for name in ("start", "targets", "values"):
            assert getattr(weights, name).tolist() == getattr(again, name).tolist()
