"""One bad image for each check of docs/reference/image.md 8: name, code, bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bad_images.builders import (
    ADAPTING,
    COUNTING,
    CURRENT,
    DIRECT,
    EVENTS,
    LATENCY,
    LIF,
    POISSON,
    RATE,
    READOUT,
    REFRACTORY,
    UNUSED,
    Patch,
    good_image,
    good_model,
    repaired,
)
from bad_images.wide_images import wide_bad_images
from spikelet.image import encode
from spikelet.layout import HEADER, SECTION, SectionId
from spikelet.model import V_MAX, Encoder, Model

__all__ = ["bad_images"]

Bad = tuple[str, str, bytes]
MODEL, POPULATIONS, PROJECTIONS = SectionId.MODEL, SectionId.POPULATIONS, SectionId.PROJECTIONS
INPUTS, OUTPUTS, DATA, META = SectionId.INPUTS, SectionId.OUTPUTS, SectionId.DATA, SectionId.META


def bad_images() -> Iterator[Bad]:
    """All of them."""
    yield from _headers()
    yield from _tables()
    yield from _places()
    yield from _models()
    yield from _populations()
    yield from _choices()
    yield from _parameters()
    yield from _projections()
    yield from _inputs()
    yield from _outputs()
    yield from wide_bad_images()


def _headers() -> Iterator[Bad]:
    good = good_image()
    yield "nothing at all", "IMAGE_SIZE", b""
    yield "a header that is one byte short", "IMAGE_SIZE", good[:31]
    yield "another magic", "IMAGE_MAGIC", Patch().header("magic", b"SPKM").done()
    yield "version 0", "IMAGE_VERSION", Patch().header("version", 0).done()
    yield "version 2", "IMAGE_VERSION", Patch().header("version", 2).done()
    for name, length in (
        ("no", 0),
        ("too small a", len(good) - 4),
        ("too large a", len(good) + 4),
        ("a huge", 2**32 - 4),
    ):
        yield f"{name} length", "IMAGE_SIZE", bytes(Patch().header("length", length).data)
    yield "four bytes more than said", "IMAGE_SIZE", good + bytes(4)
    yield "a length that is no multiple of 4", "IMAGE_SIZE", repaired(good + bytes(1))
    yield "another CRC", "IMAGE_CRC", bytes(Patch().header("crc", HEADER.unpack(good, 0)["crc"] ^ 1).data)
    yield "a reserved byte of the header", "IMAGE_SECTION", Patch().header("reserved", bytes(15) + b"\1").done()
    for n in (0, 17, 65535):
        yield f"{n} sections", "IMAGE_SECTION", Patch().header("n_sections", n).done()
    many = Patch()
    for number in range(20, 30):
        many.add_section(number, 0)
    yield "17 sections that are right", "IMAGE_SECTION", many.done()
    alone = HEADER.pack(magic=b"SPKL", version=1, n_sections=1)
    yield "a table behind the end", "IMAGE_SECTION", repaired(alone)
    yield "half a table", "IMAGE_SECTION", repaired(alone + bytes(12))


def _tables() -> Iterator[Bad]:
    name = "IMAGE_SECTION"
    good = Patch()
    yield "a section with id 0", name, Patch().section(MODEL, "id", 0).done()
    yield "an id twice", name, Patch().section(POPULATIONS, "id", MODEL).done()
    yield "ids that descend", name, Patch().add_section(20, 0).add_section(10, 0).done()
    for section in (MODEL, META):
        flags = good.entry(section)["flags"]
        yield f"an unknown flag of {section.name}", name, Patch().section(section, "flags", flags | 2).done()
        yield f"the highest flag of {section.name}", name, Patch().section(section, "flags", flags | 0x8000).done()
    for section in (MODEL, POPULATIONS, PROJECTIONS, INPUTS, OUTPUTS, DATA):
        yield f"{section.name} not critical", name, Patch().section(section, "flags", 0).done()
        yield f"no {section.name}", name, Patch().drop_section(section).done()
        count = good.entry(section)["count"]
        yield f"a count of {section.name} that is too large", name, Patch().section(section, "count", count + 1).done()
        yield f"a count of {section.name} that overflows", name, Patch().section(section, "count", 2**28 + count).done()
    yield "an unknown flag of an unknown section", name, Patch().add_section(10, 2).done()
    yield "META critical", name, Patch().section(META, "flags", 1).done()
    yield "a count of META that is too small", name, Patch().section(META, "count", 1).done()
    yield "two model records", name, Patch().resize(MODEL, lambda data: data * 2).done()
    for section, most in ((POPULATIONS, 256), (PROJECTIONS, 1024), (INPUTS, 16), (OUTPUTS, 16)):
        n = good.entry(section)["count"]
        longer = -(-(most + 1) // n)
        yield f"too many {section.name}", name, Patch().resize(section, lambda data, k=longer: data * k).done()
    for section in (POPULATIONS, INPUTS, OUTPUTS):
        yield f"an empty {section.name}", name, Patch().resize(section, lambda _: b"").done()
    yield "a part of a record", name, Patch().resize(OUTPUTS, lambda data: data + bytes(4)).done()
    for number in (10, 4000, 65535):
        yield f"the unknown critical section {number}", "IMAGE_CRITICAL", Patch().add_section(number, 1).done()
    yield "learned regions", "IMAGE_CRITICAL", Patch().add_section(SectionId.LEARNED, 1, bytes(8)).done()
    yield "a critical signature", "IMAGE_CRITICAL", Patch().add_section(SectionId.SIGNATURE, 1, bytes(8)).done()


def _places() -> Iterator[Bad]:
    name = "IMAGE_SECTION"
    good = Patch()
    last = good.entry(META)
    offset = good.entry(DATA)["offset"]
    for text, value in (("no multiple of 4", offset + 2), ("in the table", 32), ("before its neighbour", offset - 4)):
        yield f"a section at {text}", name, Patch().section(DATA, "offset", value).done()
    for value in (len(good.data), 2**31, 2**32 - 4):
        yield f"a section at {value}", name, Patch().section(META, "offset", value).done()
    for value in (last["length"] + 8, 2**32 - last["offset"], 2**32 - 1):
        patch = Patch().section(META, "length", value).section(META, "count", value)
        yield f"a section of {value} bytes", name, patch.done()
    grown = Patch().add_section(10, 0, bytes(4))
    yield "an unknown section that leaves the image", name, grown.section(10, "length", 8).done()
    close = Patch().add_section(10, 0, bytes(4)).section(10, "length", 2).add_section(11, 0)
    close.section(11, "offset", close.entry(11)["offset"] - 2).section(11, "length", 2)
    yield "a section right behind another at no multiple of 4", name, close.done()
    gap = Patch().section(META, "offset", last["offset"] + 4)
    gap.data[last["offset"] : last["offset"]] = bytes(4)
    yield "a gap of four bytes", name, gap.done()
    first = Patch()
    for index in range(HEADER.unpack(bytes(first.data), 0)["n_sections"]):
        at = HEADER.size + index * SECTION.size
        SECTION.put(first.data, at, "offset", SECTION.unpack(bytes(first.data), at)["offset"] + 4)
    start = HEADER.size + SECTION.size * 7
    first.data[start:start] = bytes(4)
    yield "a gap behind the table", name, first.done()
    dirty = Patch().section(DATA, "length", good.entry(DATA)["length"] - 1)
    dirty.section(DATA, "count", good.entry(DATA)["length"] - 1)
    dirty.data[last["offset"] - 1] = 1
    yield "a gap that is not empty", name, dirty.done()
    yield "five bytes behind the last section", name, repaired(bytes(good.data) + bytes(4))
    assert len(good.data) - last["offset"] - last["length"] == 1, "the good image ends with a byte of padding"
    yield "an end that is not empty", name, repaired(bytes(good.data[:-1]) + b"\1")


def _models() -> Iterator[Bad]:
    name = "IMAGE_MODEL"
    size = Patch().record(MODEL, 0)["state_size"]
    for flags in (2, 2**31):
        yield f"model flags {flags}", name, Patch().field(MODEL, 0, "flags", flags).done()
    yield "a window that is too long", name, Patch().field(MODEL, 0, "ticks_per_sample", 65536).done()
    yield "a reserved byte of the model", name, Patch().field(MODEL, 0, "reserved", b"\1" + bytes(15)).done()
    for value in (0, size - 8, size + 8, 2**32 - 1):
        yield f"a state of {value} bytes", name, Patch().field(MODEL, 0, "state_size", value).done()


def _populations() -> Iterator[Bad]:
    name = "IMAGE_POPULATION"
    for kind in (0, 3, 255):
        yield f"a population of kind {kind}", "UNSUPPORTED", Patch().field(POPULATIONS, READOUT, "kind", kind).done()
    for field, value in (("frac", 21), ("frac", 255), ("size", 0), ("max_count", 0), ("max_count", 32768)):
        at = COUNTING if field == "max_count" else READOUT
        yield f"a population's {field} {value}", name, Patch().field(POPULATIONS, at, field, value).done()
    yield "counts without several", name, Patch().field(POPULATIONS, LIF, "max_count", 2).done()
    yield "a reserved byte of a population", name, Patch().field(POPULATIONS, 0, "reserved", bytes(6) + b"\1").done()
    for bits in (1 << 11, 1 << 15):
        yield f"per_neuron {bits}", name, Patch().field(POPULATIONS, READOUT, "per_neuron", bits).done()
    yield "an absent parameter for each neuron", name, Patch().field(POPULATIONS, READOUT, "per_neuron", 1).done()
    for bit in (21, 31):
        flags = Patch().record(POPULATIONS, LIF)["flags"] | 1 << bit
        yield f"flag {bit} of a population", name, Patch().field(POPULATIONS, LIF, "flags", flags).done()
    large = Patch().field(POPULATIONS, COUNTING, "max_count", 32767).field(POPULATIONS, COUNTING, "size", 257)
    large.field(PROJECTIONS, 2, "source", COUNTING).field(PROJECTIONS, 2, "target", READOUT)
    rows = 257 * 4
    large.field(PROJECTIONS, 2, "weights", large.entry(DATA)["length"]).field(PROJECTIONS, 2, "weights_length", rows)
    large.resize(DATA, lambda data: data + b"\x80" * rows, count=large.entry(DATA)["length"] + rows)
    yield "a population that sends too much", "IMAGE_BOUND", large.done()
    both = Patch().field(INPUTS, EVENTS, "max_sum", 2**22 + 1).field(PROJECTIONS, 1, "target", LIF)
    good = both.record(PROJECTIONS, 0)
    for field in ("weights", "weights_length", "stride"):
        both.field(PROJECTIONS, 1, field, good[field])
    yield "two projections that bring too much", "IMAGE_BOUND", both.done()


def _choices() -> Iterator[Bad]:
    name = "IMAGE_POPULATION"
    for choice in ("reset_kind", "refractory_mode", "rounding"):
        at = REFRACTORY if choice == "refractory_mode" else LIF
        yield f"{choice} 3", name, Patch().choice(at, choice, 3).done()
    for choice in ("has_refractory", "has_a", "test_previous", "several", "reset_next"):
        yield f"a readout with {choice}", name, Patch().choice(READOUT, choice, 1).done()
    yield "a readout with a reset", name, Patch().choice(READOUT, "reset_kind", 2).done()
    yield "u_order without a current", name, Patch().choice(COUNTING, "u_order", 2).done()
    yield "a late reset without a reset", name, Patch().choice(CURRENT, "reset_next", 1).done()
    yield "a reset before the leak that is not late", name, Patch().choice(COUNTING, "reset_before_leak", 1).done()
    early = Patch().choice(ADAPTING, "reset_before_leak", 1)
    yield "a reset before the leak without a reset", name, early.done()
    yield "a refractory mode without a counter", name, Patch().choice(COUNTING, "refractory_mode", 1).done()
    yield "a decay of an adaptation that is not there", name, Patch().choice(COUNTING, "adapt_decay_first", 1).done()
    yield "an adapted reset without an adaptation", name, Patch().choice(COUNTING, "reset_adapted", 1).done()
    setting = Patch().choice(ADAPTING, "reset_kind", 2).choice(ADAPTING, "reset_adapted", 1)
    yield "an adapted reset that sets", name, setting.done()
    for at, one, other in (
        (REFRACTORY, "has_refractory", "reset_next"),
        (REFRACTORY, "has_refractory", "test_previous"),
        (LIF, "reset_next", "has_a"),
        (LIF, "reset_next", "test_previous"),
    ):
        yield f"{one} with {other}", name, Patch().choice(at, other, 1).done()
    for parameter, at in (
        ("decay_u", COUNTING),
        ("decay_a", COUNTING),
        ("adapt_by", COUNTING),
        ("count_by", LIF),
        ("refractory", LIF),
        ("reset", CURRENT),
        ("fire_above", READOUT),
    ):
        yield f"{parameter} without its feature", name, Patch().value(at, parameter, 1).done()


def _parameters() -> Iterator[Bad]:
    name = "IMAGE_PARAMETER"
    end = Patch().entry(DATA)["length"]
    places = (("no multiple of 4", 2), ("the end", end), ("behind the end", end + 4), ("the highest place", 2**32 - 4))
    for text, offset in places:
        yield f"a parameter at {text}", name, Patch().place(LIF, "bias", offset).done()
    yield "an array that begins inside and ends outside", name, Patch().place(LIF, "fire_above", end - 16).done()
    for parameter, at, values in (
        ("decay_v", LIF, (-1, 2**16 + 1)),
        ("decay_v", ADAPTING, (-1, 2**12 + 1)),
        ("decay_u", CURRENT, (-1, 2**16 + 1)),
        ("decay_a", ADAPTING, (-1, 2**12 + 1)),
        ("fire_above", LIF, (-V_MAX - 1, V_MAX + 1)),
        ("reset", LIF, (-1, V_MAX + 1)),
        ("reset", REFRACTORY, (-V_MAX - 1, V_MAX + 1)),
        ("bias", LIF, (-V_MAX - 1, 2**31 - 1)),
        ("v_min", LIF, (-(2**31), 1)),
        ("v_init", LIF, (-101, V_MAX + 1)),
        ("count_by", COUNTING, (0, -1, V_MAX + 1)),
        ("adapt_by", ADAPTING, (-V_MAX - 1, V_MAX + 1)),
        ("refractory", REFRACTORY, (-1, 65536)),
    ):
        for value in values:
            yield f"{parameter} {value} of population {at}", name, Patch().value(at, parameter, value).done()
    yield "v_init below v_min in the last neuron", name, _last_below()


def _last_below() -> bytes:
    """v_init for each neuron, of which only the last is below v_min."""
    patch = Patch().field(POPULATIONS, LIF, "per_neuron", 1 << 3 | 1 << 7)
    return patch.value(LIF, "v_init", -101).done()


def _projections() -> Iterator[Bad]:
    name = "IMAGE_PROJECTION"
    record = Patch().record(PROJECTIONS, 0)
    for field, values in (("kind", (0, 6)), ("layout", (7, 255)), ("delay", (1, 65535))):
        for value in values:
            yield f"a projection's {field} {value}", "UNSUPPORTED", Patch().field(PROJECTIONS, 0, field, value).done()
    end = Patch().entry(DATA)["length"]
    n = record["weights_length"]
    for field, values in (
        ("layout", (4, 5)),
        ("flags", (4, 0x8000)),
        ("reserved", (1,)),
        ("map", (4, 2**31)),
        ("delays", (4, 2**31)),
        ("target", (6, 65535)),
        ("weights_length", (n - 1, n + 1, n - 4, n + 4, 0, 2**32 - 1)),
        ("stride", (5, 4, 12, 0, 2**32 - 8)),
        ("weights", (record["weights"] + 2, end, end - n + 4, 2**32 - 4, 2**32 - n)),
    ):
        for value in values:
            shown = value if isinstance(value, int) else "not 0"
            yield f"a projection's {field} {shown}", name, Patch().field(PROJECTIONS, 0, field, value).done()
    sources = (("no population", 6), ("no input", 0x8006), ("the last of all inputs", 0xFFFF))
    for text, source in sources:
        yield f"a projection from {text}", name, Patch().field(PROJECTIONS, 2, "source", source).done()
    mixed = Patch()
    first, last = (mixed.record(PROJECTIONS, i) for i in (0, 1))
    for field in ("target", "weights", "weights_length", "stride"):
        mixed.field(PROJECTIONS, 0, field, last[field]).field(PROJECTIONS, 1, field, first[field])
    yield "projections that are not ordered by target", name, mixed.done()
    for row in (0, 5):
        dirty = Patch()
        at = dirty.entry(DATA)["offset"] + record["weights"] + row * record["stride"] + 5
        dirty.data[at] = 0
        yield f"padding of row {row} that is no weight 0", name, dirty.done()


def _inputs() -> Iterator[Bad]:
    name = "IMAGE_INPUT"
    yield "an unknown encoder", "UNSUPPORTED", Patch().field(INPUTS, RATE, "encoder", 5).done()
    for at, field, value in (
        (UNUSED, "size", 0),
        (UNUSED, "reserved", 1),
        (UNUSED, "reserved2", bytes(11) + b"\1"),
        (UNUSED, "max_value", 0),
        (UNUSED, "max_value", 32768),
        (UNUSED, "capacity", 0),
        (UNUSED, "max_sum", 0),
        (UNUSED, "max_sum", 2**23 + 1),
        (UNUSED, "gain", 1),
        (UNUSED, "seed", 1),
        (RATE, "seed", 1),
        (LATENCY, "seed", 1),
        (DIRECT, "seed", 1),
        (RATE, "gain", 65537),
        (POISSON, "gain", 2**32 - 1),
        (RATE, "capacity", 5),
        (DIRECT, "capacity", 3),
        (RATE, "max_sum", 5),
        (DIRECT, "max_sum", 11),
    ):
        shown = value if isinstance(value, int) else "not 0"
        yield f"{field} {shown} of input {at}", name, Patch().field(INPUTS, at, field, value).done()
    for at, largest in ((RATE, 2), (POISSON, 2), (LATENCY, 2), (DIRECT, 256), (DIRECT, 0)):
        patch = Patch().field(INPUTS, at, "max_value", largest).field(INPUTS, at, "max_sum", 4 * largest)
        yield f"max_value {largest} of input {at}", name, patch.done()
    yield "latency without a window", name, Patch().field(MODEL, 0, "ticks_per_sample", 0).done()


def _outputs() -> Iterator[Bad]:
    name = "IMAGE_OUTPUT"
    yield "an unknown kind of output", "UNSUPPORTED", Patch().field(OUTPUTS, 1, "kind", 2).done()
    yield "an unknown decoder", "UNSUPPORTED", Patch().field(OUTPUTS, 1, "decoder", 5).done()
    for at, field, value in (
        (0, "population", 6),
        (1, "population", 65535),
        (0, "capacity", 4),
        (0, "capacity", 0),
        (1, "capacity", 3),
        (1, "decoder", 1),
        (1, "decoder", 4),
        (0, "reserved", 1),
        (0, "reserved2", 2**31),
    ):
        yield f"{field} {value} of output {at}", name, Patch().field(OUTPUTS, at, field, value).done()
    for gap in (1, 2**32 - 1):
        yield (
            f"a gap of {gap} without a decoder",
            name,
            Patch().field(OUTPUTS, 1, "decoder", 0).field(OUTPUTS, 1, "gap", gap).done(),
        )
        yield f"a gap of {gap} without a window", name, _ends(gap).field(MODEL, 0, "ticks_per_sample", 0).done()
        yield f"a gap of {gap} where state is kept", name, _ends(gap).field(MODEL, 0, "flags", 0).done()
    single = Patch(encode(_with_a_single_readout()))
    yield "a gap of one neuron", name, single.field(OUTPUTS, 1, "gap", 1).done()


def _ends(gap: int) -> Patch:
    """The good image with a gap on its second output; it has no latency encoder, which needs a window itself."""
    patch = Patch(encode(_without_latency()))
    return patch.field(OUTPUTS, 1, "gap", gap)


def _without_latency() -> Model:
    model = good_model()
    return replace(model, inputs=tuple(port for port in model.inputs if port.encoder is not Encoder.LATENCY))


def _with_a_single_readout() -> Model:
    model = good_model()
    return replace(model, populations=(*model.populations[:READOUT], replace(model.populations[READOUT], size=1)))
