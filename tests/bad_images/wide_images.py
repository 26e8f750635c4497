"""One bad image for each check of maps, layouts, delays and delay lines: name, code, bytes."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_images.builders import Patch
from bad_images.wide import (
    BACK,
    BITS,
    CONV,
    DENSE,
    FEED,
    FOURS,
    LATE,
    LINE,
    MAPPED,
    ONES,
    PAIRS,
    POOLED,
    REACH_MAX_COUNT,
    SINGLE,
    SPARSE,
    reaching_model,
    wide_image,
    wide_model,
)
from spikelet.image_writer import build
from spikelet.layout import ABSENT, SectionId
from spikelet.model import ProjectionKind

__all__ = ["wide_bad_images"]

Bad = tuple[str, str, bytes]
MODEL, POPULATIONS, PROJECTIONS = SectionId.MODEL, SectionId.POPULATIONS, SectionId.PROJECTIONS
DATA, INPUTS = SectionId.DATA, SectionId.INPUTS
_NAME = "IMAGE_PROJECTION"


def _wide() -> Patch:
    return Patch(wide_image())


def wide_bad_images() -> Iterator[Bad]:
    """All of them."""
    yield from _delay_lines()
    yield from _feeds()
    yield from _layouts()
    yield from _maps()
    yield from _rows()
    yield from _pairs()
    yield from _fours()
    yield from _late()
    yield from _bounds()
    yield from _rooms()


def _delay_lines() -> Iterator[Bad]:
    name = "IMAGE_POPULATION"
    for value in (1, 2, 13, 255):
        yield f"a block of 2^{value}", name, _wide().field(POPULATIONS, DENSE, "block", value).done()
    for field, value in (("block", 3), ("frac", 1), ("max_count", 0)):
        yield f"a delay line's {field} {value}", name, _wide().field(POPULATIONS, LINE, field, value).done()
    yield "a delay line that counts without several", name, _wide().choice(LINE, "several", 0).done()
    yield "a delay line that does not fire", name, _wide().choice(SINGLE, "fires", 0).done()
    for choice in ("has_u", "bias_to_v", "reset_kind", "rounding", "shift12"):
        yield f"a delay line with {choice}", name, _wide().choice(SINGLE, choice, 1).done()
    for at in (1, 10):
        offsets = list(_wide().record(POPULATIONS, SINGLE)["parameters"])
        offsets[at] = offsets[0]
        patch = _wide().field(POPULATIONS, SINGLE, "parameters", tuple(offsets))
        yield f"a delay line with parameter {at}", name, patch.done()
    yield "a delay line's per_neuron 2", name, _wide().field(POPULATIONS, SINGLE, "per_neuron", 2).done()
    absent = tuple([ABSENT] * 11)
    for at in (SINGLE, LINE):
        patch = _wide().field(POPULATIONS, at, "parameters", absent)
        yield f"a delay line without delay, population {at}", name, patch.done()
    for value in (-1, 65536, -(2**31)):
        for at in (SINGLE, LINE):
            yield (
                f"a delay of {value} in population {at}",
                "IMAGE_PARAMETER",
                _wide().value(at, "decay_v", value).done(),
            )
    patch = _wide().place(SINGLE, "decay_v", 2**32 - 4)
    yield "a delay behind the end", "IMAGE_PARAMETER", patch.done()


def _feeds() -> Iterator[Bad]:
    for field in ("weights", "weights_length", "stride", "map", "delays"):
        yield f"a feed with {field}", _NAME, _wide().field(PROJECTIONS, FEED, field, 4).done()
    place = _wide().record(PROJECTIONS, MAPPED)["map"]
    mapped = _wide().field(PROJECTIONS, FEED, "flags", 1).field(PROJECTIONS, FEED, "map", place)
    yield "a feed with a map", _NAME, mapped.map_field(FEED, "channels", 36).done()
    plain = _plain_map(36)
    yield (
        "a feed with a map of its source",
        _NAME,
        _wide().field(PROJECTIONS, FEED, "flags", 1).own(FEED, "map", plain).done(),
    )
    late = _wide().field(PROJECTIONS, FEED, "flags", 2).own(FEED, "delays", bytes(4 * 36))
    yield "a feed that is late", _NAME, late.done()
    yield "a feed from a smaller source", _NAME, _wide().field(PROJECTIONS, FEED, "source", DENSE).done()
    yield "a feed from a larger source", _NAME, _wide().field(PROJECTIONS, FEED, "source", 0x8000).done()
    yield "a feed to the LIF family", _NAME, _wide().field(PROJECTIONS, FEED, "target", CONV).done()
    kind = _wide().field(PROJECTIONS, BACK, "kind", ProjectionKind.DENSE)
    kind.own(BACK, "weights", b"\x80" * 36 * 36).field(PROJECTIONS, BACK, "stride", 36)
    yield "weights to a delay line", _NAME, kind.field(PROJECTIONS, BACK, "weights_length", 36 * 36).done()


def _plain_map(size: int) -> bytes:
    """A map record of one channel in a row, not pooled."""
    return struct.pack("<3HBB2H", 1, 1, size, 0, 0, 1, 1) + bytes(28)


def _layouts() -> Iterator[Bad]:
    for at, layouts in (
        (MAPPED, (0, 5)),
        (PAIRS, (0, 1, 4, 6)),
        (FEED, (1, 5)),
        (POOLED, (4, 5, 6)),
        (FOURS, (0, 4, 5)),
    ):
        for layout in layouts:
            yield f"layout {layout} of projection {at}", _NAME, _wide().field(PROJECTIONS, at, "layout", layout).done()
    for at, layout in ((MAPPED, 7), (PAIRS, 7), (FEED, 7), (FOURS, 7), (ONES, 255)):
        patch = _wide().field(PROJECTIONS, at, "layout", layout)
        yield f"layout {layout} of projection {at}", "UNSUPPORTED", patch.done()
    for kind in (0, 6, 255):
        yield f"kind {kind} of a convolution", "UNSUPPORTED", _wide().field(PROJECTIONS, MAPPED, "kind", kind).done()
    yield "a convolution with a delay", "UNSUPPORTED", _wide().field(PROJECTIONS, MAPPED, "delay", 1).done()
    for value in (5, 0x8001):
        yield f"flags {value} of a convolution", _NAME, _wide().field(PROJECTIONS, MAPPED, "flags", value).done()
    yield (
        "a layout of fewer bits, with the bytes of another",
        _NAME,
        _wide().field(PROJECTIONS, BITS, "layout", 2).done(),
    )


def _maps() -> Iterator[Bad]:
    none = _wide().field(PROJECTIONS, MAPPED, "flags", 0).field(PROJECTIONS, MAPPED, "map", 0)
    yield "a convolution without a map", _NAME, none.done()
    for at in (MAPPED, POOLED, PAIRS):
        yield f"a map that no flag tells of, projection {at}", _NAME, _wide().field(PROJECTIONS, at, "flags", 0).done()
    end = _wide().entry(DATA)["length"]
    for value in (_wide().record(PROJECTIONS, MAPPED)["map"] + 2, end, end - 36, 2**32 - 4, 2**32 - 40):
        yield f"a map at {value}", _NAME, _wide().field(PROJECTIONS, MAPPED, "map", value).done()
    cases: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("channels", (0, 1, 4, 65535)),
        ("height", (0, 4, 65535)),
        ("width", (0, 7)),
        ("planar", (2, 255)),
        ("out_planar", (2,)),
        ("pool_y", (0, 6, 65535)),
        ("pool_x", (0, 7)),
        ("out_channels", (0, 3, 65535)),
        ("out_height", (0, 4)),
        ("out_width", (0, 2)),
        ("groups", (0, 3, 4, 65535)),
        ("kernel_y", (0, 256)),
        ("kernel_x", (0, 256)),
        ("stride_y", (0, 256)),
        ("stride_x", (0, 256)),
        ("dilation_y", (0, 256)),
        ("dilation_x", (0, 65535)),
        ("reserved", (b"\0\0\0\1",)),
    )
    for field, values in cases:
        for value in values:
            shown = value if isinstance(value, int) else "not 0"
            yield f"a map's {field} {shown}", _NAME, _wide().map_field(MAPPED, field, value).done()
    yield "a map that overflows to its size", _NAME, _overflowing()
    source = {"channels", "height", "width", "planar", "pool_y", "pool_x", "reserved"}
    for field in (field for field, _ in cases if field not in source):
        yield f"{field} in the map of a dense projection", _NAME, _wide().map_field(POOLED, field, 1).done()
    for field in ("pad_y", "pad_x"):
        yield f"{field} in the map of sparse rows", _NAME, _wide().map_field(PAIRS, field, -1).done()
    for at in (POOLED, PAIRS):
        for value in (1, 4):
            yield f"pool_y {value} of projection {at}", _NAME, _wide().map_field(at, "pool_y", value).done()
    yield "a pool larger than the image of a dense projection", _NAME, _wide().map_field(POOLED, "pool_x", 4).done()


def _overflowing() -> bytes:
    """A map whose size is 60 modulo 2^32, in channels that its groups divide."""
    channels, height, width = 1018, 946, 31219
    assert channels * height * width % 2**32 == 60
    return (
        _wide()
        .map_field(MAPPED, "channels", channels)
        .map_field(MAPPED, "height", height)
        .map_field(MAPPED, "width", width)
    ).done()


def _rows() -> Iterator[Bad]:
    for at in (MAPPED, BITS, POOLED, LATE, ONES):
        good = _wide().record(PROJECTIONS, at)
        n, stride = good["weights_length"], good["stride"]
        for field, values in (
            ("weights_length", (n - 4, n + 4, 0, 2**32 - 4)),
            ("stride", (stride - 4, stride + 4, 2**32 - stride)),
            ("weights", (good["weights"] + 1, 2**32 - 4, 2**32 - n)),
        ):
            for value in values:
                patch = _wide().field(PROJECTIONS, at, field, value)
                yield f"{field} {value} of projection {at}", _NAME, patch.done()
    # The last code of a row of which some are padding, and a whole byte behind it.
    for at, row in ((MAPPED, 5), (BITS, 3), (POOLED, 0), (POOLED, 11), (LATE, 699), (ONES, 0), (ONES, 4)):
        good = _wide().record(PROJECTIONS, at)
        weights = bytearray(_wide().data_of(at, "weights", good["weights_length"]))
        weights[(row + 1) * good["stride"] - 1] ^= 0x80
        yield f"padding of row {row} of projection {at}", _NAME, _wide().own(at, "weights", bytes(weights)).done()
    for at, byte, bit in ((POOLED, 1, 0x04), (LATE, 2, 0x10), (ONES, 0, 0x20)):
        good = _wide().record(PROJECTIONS, at)
        weights = bytearray(_wide().data_of(at, "weights", good["weights_length"]))
        weights[byte] ^= bit
        yield f"padding in a byte of projection {at}", _NAME, _wide().own(at, "weights", bytes(weights)).done()


def _pairs() -> Iterator[Bad]:
    good = _wide().record(PROJECTIONS, PAIRS)
    n = good["weights_length"]
    content = _wide().data_of(PAIRS, "weights", n)
    table = 4 * 13
    yield "sparse rows with a stride", _NAME, _wide().field(PROJECTIONS, PAIRS, "stride", 4).done()
    for value in (0, 4, table - 4, n - 4, n + 4, n - 1, 2**32 - 4):
        yield f"sparse rows of {value} bytes", _NAME, _wide().field(PROJECTIONS, PAIRS, "weights_length", value).done()
    for value in (good["weights"] + 2, 2**32 - 4, 2**32 - n):
        yield f"sparse rows at {value}", _NAME, _wide().field(PROJECTIONS, PAIRS, "weights", value).done()

    def changed(at: int, form: str, *values: int) -> bytes:
        rows = bytearray(content)
        struct.pack_into("<" + form, rows, at, *values)
        return _wide().own(PAIRS, "weights", bytes(rows)).done()

    begins = struct.unpack_from("<13I", content)
    yield "a first row that does not begin at 0", _NAME, changed(0, "I", 2)
    yield "a row that begins at an odd place", _NAME, changed(4, "I", begins[1] - 1)
    yield "rows that descend", _NAME, changed(4, "I", begins[12] + 2)
    yield "rows that end behind the bytes", _NAME, changed(48, "I", begins[12] + 4)
    yield "rows that end before the bytes", _NAME, changed(48, "I", begins[12] - 4)
    yield "a row that ends at a place that overflows", _NAME, changed(48, "I", 2**32 - table)
    ends = [2**31, *([2**31 + 2**30] * 10)]
    yield "rows that begin far behind the bytes", _NAME, changed(4, "11I", *ends)
    assert begins[12] % 4 == 2, "the good rows end with padding"
    yield "padding of sparse rows", _NAME, changed(n - 1, "B", 1)
    yield "a target behind the last", _NAME, changed(table + begins[1] - 2, "B", 255)
    short = struct.pack("<13I", 0, *([8] * 12)) + bytes([255, 0, 255, 0, 189, 1, 1, 0])
    patch = _wide().own(PAIRS, "weights", short).field(PROJECTIONS, PAIRS, "weights_length", len(short))
    yield "a pair of weight 0 behind the last target", _NAME, patch.done()


def _fours() -> Iterator[Bad]:
    good = _wide().record(PROJECTIONS, FOURS)
    n = good["weights_length"]
    content = _wide().data_of(FOURS, "weights", n)
    rows, blocks = 36, 4
    table = 4 * (rows + 1)
    assert n == table + 5 * blocks, "the good rows need no padding"
    yield "blocks of four with a stride", _NAME, _wide().field(PROJECTIONS, FOURS, "stride", 4).done()
    for value in (0, 4, table - 4, n - 4, n + 4, n - 1, 2**32 - 4):
        patch = _wide().field(PROJECTIONS, FOURS, "weights_length", value)
        yield f"blocks of four of {value} bytes", _NAME, patch.done()
    for value in (good["weights"] + 2, 2**32 - 4, 2**32 - n):
        yield f"blocks of four at {value}", _NAME, _wide().field(PROJECTIONS, FOURS, "weights", value).done()

    def changed(at: int, form: str, *values: int) -> bytes:
        other = bytearray(content)
        struct.pack_into("<" + form, other, at, *values)
        return _wide().own(FOURS, "weights", bytes(other)).done()

    yield "a first row that does not begin at block 0", _NAME, changed(0, "I", 1)
    yield "rows of blocks that descend", _NAME, changed(4, "I", 3)
    yield "a row that ends behind the last block", _NAME, changed(12, "I", 5)
    for value in (blocks - 1, blocks + 1, 2**30, 2**32 - 1):
        yield f"{value} blocks in all", _NAME, changed(table - 4, "I", value)
    yield "a block behind the last target", _NAME, changed(n - 1, "B", 9)
    last = struct.pack("<37I8bBBH", 0, *([2] * rows), 1, 0, 0, 0, 1, 2, 3, 0, 0, 8, 0)
    patch = _wide().own(FOURS, "weights", last).field(PROJECTIONS, FOURS, "weights_length", len(last))
    yield "a weight for a target behind the last", _NAME, patch.done()
    padded = last[: table + 8].replace(b"\1\2\3", b"\1\2\0") + struct.pack("<BBBB", 0, 8, 0, 1)
    patch = _wide().own(FOURS, "weights", padded).field(PROJECTIONS, FOURS, "weights_length", len(padded))
    yield "padding of blocks of four", _NAME, patch.done()
    far = struct.pack("<37I8bBBH", 0, *([2] * rows), 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0)
    patch = _wide().own(FOURS, "weights", far).field(PROJECTIONS, FOURS, "weights_length", len(far))
    yield "a block without weights behind the last target", _NAME, patch.done()


def _late() -> Iterator[Bad]:
    yield "delays that no flag tells of", _NAME, _wide().field(PROJECTIONS, LATE, "flags", 0).done()
    end = _wide().entry(DATA)["length"]
    for value in (_wide().record(PROJECTIONS, LATE)["delays"] + 2, end, end - 16, 2**32 - 4, 2**32 - 20):
        yield f"delays at {value}", _NAME, _wide().field(PROJECTIONS, LATE, "delays", value).done()
    for at in (0, 4):
        for value in (-1, 65536, -(2**31), 2**31 - 1):
            delays = [0] * 5
            delays[at] = value
            patch = _wide().own(LATE, "delays", struct.pack("<5i", *delays))
            yield f"the delay {value} of target {at}", _NAME, patch.done()


def _bounds() -> Iterator[Bad]:
    name = "IMAGE_BOUND"
    yield (
        "feeds that bring more than a delay line counts",
        name,
        _wide().field(POPULATIONS, LINE, "max_count", 1).done(),
    )
    yield "a feed of an input that may bring too much", name, _feed_of_input()
    yield "a convolution that brings too much", name, build(reaching_model(REACH_MAX_COUNT + 1))
    model = wide_model()
    populations = list(model.populations)
    several = dataclasses.replace(populations[SPARSE].choices, several=True)
    populations[SPARSE] = dataclasses.replace(populations[SPARSE], choices=several, max_count=2**23 // 700 + 1)
    back = dataclasses.replace(model, populations=tuple(populations))
    yield "a projection back that brings too much", name, build(back)


def _feed_of_input() -> bytes:
    """A port of 36 neurons whose largest sum is beyond max_count."""
    model = wide_model()
    port = dataclasses.replace(model.inputs[0], name="more", size=36, shape=(36,), max_value=1, max_sum=36)
    projections = list(model.projections)
    projections[FEED] = dataclasses.replace(projections[FEED], source=1, from_input=True)
    return build(dataclasses.replace(model, inputs=(*model.inputs, port), projections=tuple(projections)))


def _rooms() -> Iterator[Bad]:
    name = "IMAGE_MODEL"
    model = wide_model()
    populations = list(model.populations)
    # 65536 ticks of 700 neurons in each of six late projections
    delays = np.full(700, 65535, np.int32)
    populations[SPARSE] = dataclasses.replace(populations[SPARSE], block=0)
    pairs = model.projections[PAIRS]
    late = [dataclasses.replace(pairs, name=f"late{i}", delays=delays) for i in range(6)]
    more = dataclasses.replace(model, populations=tuple(populations), projections=(*model.projections[:PAIRS], *late))
    yield "a state of more than 2^30 bytes", name, build(more)
    many = [dataclasses.replace(pairs, name=f"late{i}", delays=delays) for i in range(23)]
    large = build(dataclasses.replace(more, projections=(*model.projections[:PAIRS], *many)))
    yield "a state of nearly 2^32 bytes", name, large
    patch = Patch(large).drop_section(SectionId.META)
    last = patch.entry(PROJECTIONS)["offset"] + 32 * (PAIRS + 22)
    again = bytes(patch.data[last : last + 32]) * 7
    patch.resize(PROJECTIONS, lambda content: content + again)
    size = patch.record(MODEL, 0)["state_size"] + 7 * (65536 * 700 * 4 + 8)
    assert size > 2**32
    yield "a state whose size overflows", name, patch.field(MODEL, 0, "state_size", size % 2**32).done()
