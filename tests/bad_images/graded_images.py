"""One bad image for each check of docs/reference/graded.md 4.8: name, code, bytes."""

from __future__ import annotations

from collections.abc import Iterator

from bad_images.builders import repaired
from bad_images.graded_builders import GradedPatch, good_graded_image
from bad_images.graded_layers import bad_layers
from spikelet.graded.image_layout import GradedSectionId
from spikelet.layout import ABSENT, HEADER

__all__ = ["bad_graded_images"]

Bad = tuple[str, str, bytes]
DATA, META, GRADED = GradedSectionId.DATA, GradedSectionId.META, GradedSectionId.GRADED
TENSORS, LAYERS, PORTS = GradedSectionId.TENSORS, GradedSectionId.LAYERS, GradedSectionId.PORTS
#: Tensors, layers and ports of the good image.
A, VARIABLE, CONSTANT, SUM = 0, 2, 3, 4
FIRST, ADD = 0, 2


def bad_graded_images() -> Iterator[Bad]:
    """All of them."""
    yield from _headers()
    yield from _tables()
    yield from _records()
    yield from _tensors()
    yield from _ports()
    yield from _layers()
    yield from _orders()
    yield from bad_layers()


def _headers() -> Iterator[Bad]:
    good = good_graded_image()
    yield "nothing at all", "IMAGE_SIZE", b""
    yield "a header that is one byte short", "IMAGE_SIZE", good[:31]
    yield "another magic", "IMAGE_MAGIC", GradedPatch().header("magic", b"TFL3").done()
    yield "version 2", "IMAGE_VERSION", GradedPatch().header("version", 2).done()
    yield "four bytes more than said", "IMAGE_SIZE", good + bytes(4)
    yield "a length that is no multiple of 4", "IMAGE_SIZE", repaired(good + bytes(1))
    other = GradedPatch(meta=True).header("crc", HEADER.unpack(good, 0)["crc"] ^ 1)
    yield "another CRC", "IMAGE_CRC", bytes(other.data)
    yield "a reserved byte of the header", "IMAGE_SECTION", GradedPatch().header("reserved", bytes(15) + b"\1").done()
    for n in (0, 17, 65535):
        yield f"{n} sections", "IMAGE_SECTION", GradedPatch().header("n_sections", n).done()
    alone = HEADER.pack(magic=b"SPKL", version=1, n_sections=1)
    yield "half a table", "IMAGE_SECTION", repaired(alone + bytes(12))


def _tables() -> Iterator[Bad]:
    name = "IMAGE_SECTION"
    good = GradedPatch()
    yield "a section with id 0", name, GradedPatch().section(DATA, "id", 0).done()
    yield "an id twice", name, GradedPatch().section(TENSORS, "id", GRADED).done()
    yield "ids that descend", name, GradedPatch().add_section(10, 0).done()
    for section in (DATA, GRADED, TENSORS, LAYERS, PORTS):
        count = good.entry(section)["count"]
        yield f"{section.name} not critical", name, GradedPatch().section(section, "flags", 0).done()
        yield f"no {section.name}", name, GradedPatch().drop_section(section).done()  # type: ignore[arg-type]
        yield f"an unknown flag of {section.name}", name, GradedPatch().section(section, "flags", 3).done()
        for text, value in (("too large", count + 1), ("that overflows", 2**28 + count), ("of 0", 0)):
            yield f"a count of {section.name} {text}", name, GradedPatch().section(section, "count", value).done()
    yield "META critical", name, GradedPatch(meta=True).section(META, "flags", 1).done()
    yield "two graded records", name, GradedPatch().resize(GRADED, lambda data: data * 2).done()
    for section, most in ((TENSORS, 1024), (LAYERS, 1024), (PORTS, 32)):
        longer = most // good.entry(section)["count"] + 1
        yield f"too many {section.name}", name, GradedPatch().resize(section, lambda d, k=longer: d * k).done()
    yield "one port", name, GradedPatch().resize(PORTS, lambda data: data[:8]).done()
    yield "a part of a record", name, GradedPatch().resize(PORTS, lambda data: data + bytes(4)).done()
    for number in (20, 4000, 65535):
        yield f"the unknown critical section {number}", "IMAGE_CRITICAL", GradedPatch().add_section(number, 1).done()
    for offset in (32, len(good.data), 2**31, 2**32 - 4):
        yield f"a section at {offset}", name, GradedPatch().section(PORTS, "offset", offset).done()
    for length in (len(good.data), 2**31, 2**32 - 1):
        yield f"a DATA of {length} bytes", name, GradedPatch().section(DATA, "length", length).done()
    gap = GradedPatch(meta=True).resize(META, lambda data: data + b" " * ((1 - len(data)) % 4))
    where = gap.entry(META)["offset"] + gap.entry(META)["length"]
    gap.data[where] = 1
    yield "a gap that is not 0", name, gap.done()
    behind = GradedPatch()
    behind.data += bytes(4)
    yield "four bytes behind the last section", name, behind.done()


def _records() -> Iterator[Bad]:
    name = "IMAGE_MODEL"
    length = GradedPatch().entry(DATA)["length"]
    for field, values in (
        ("memory_size", (44, 2**30 + 8, 2**32 - 8, 0)),
        ("variables_size", (4, 56, 2**32 - 8)),
        ("initial", (2, length, 2**32 - 4, ABSENT)),
    ):
        for value in values:
            yield f"{field} {value}", name, GradedPatch().field(GRADED, 0, field, value).done()
    yield "initial bytes without variables", name, GradedPatch().field(GRADED, 0, "variables_size", 0).done()
    yield "a reserved byte", name, GradedPatch().field(GRADED, 0, "reserved", bytes(19) + b"\1").done()


def _tensors() -> Iterator[Bad]:
    name = "IMAGE_TENSOR"
    for at in (2, 44, 48, 2**31, 2**32 - 4):
        yield f"a tensor at {at}", name, GradedPatch().field(TENSORS, SUM, "at", at).done()
    for size in (0, 25, 2**28 + 1, 2**32 - 1):
        yield f"a tensor of {size}", name, GradedPatch().field(TENSORS, SUM, "size", size).done()
    wide = GradedPatch().field(TENSORS, SUM, "size", 2**28).field(TENSORS, SUM, "type", 4)
    yield "a tensor whose bytes are many", name, wide.done()
    for kind in (0, 3, 8, 255):
        yield f"a tensor of type {kind}", "UNSUPPORTED", GradedPatch().field(TENSORS, SUM, "type", kind).done()
    for flag in (2, 255):
        yield f"constant {flag}", name, GradedPatch().field(TENSORS, CONSTANT, "constant", flag).done()
    length = GradedPatch().entry(DATA)["length"]
    for at in (1, length - 4, length, 2**32 - 4):
        yield f"a constant at {at}", name, GradedPatch().field(TENSORS, CONSTANT, "at", at).done()
    for index in (0, 1):
        content = bytes(index) + b"\1" + bytes(1 - index)
        yield f"reserved byte {index}", name, GradedPatch().field(TENSORS, A, "reserved", content).done()


def _ports() -> Iterator[Bad]:
    for port, name in ((0, "IMAGE_INPUT"), (2, "IMAGE_OUTPUT")):
        for tensor in (6, 65535):
            yield f"{name}: tensor {tensor}", name, GradedPatch().field(PORTS, port, "tensor", tensor).done()
        yield f"{name}: a constant", name, GradedPatch().field(PORTS, port, "tensor", CONSTANT).done()
        for index in range(5):
            content = bytes(index) + b"\1" + bytes(4 - index)
            yield f"{name}: reserved byte {index}", name, GradedPatch().field(PORTS, port, "reserved", content).done()
    for value in (2, 255):
        yield f"a port that is {value}", "IMAGE_OUTPUT", GradedPatch().field(PORTS, 3, "output", value).done()
    yield "an input behind an output", "IMAGE_INPUT", GradedPatch().field(PORTS, 3, "output", 0).done()
    only = GradedPatch()
    for port in range(2):
        only.field(PORTS, port, "output", 1)
    yield "no input", "IMAGE_INPUT", only.done()
    only = GradedPatch()
    for port in range(2, 4):
        only.field(PORTS, port, "output", 0)
    yield "no output", "IMAGE_OUTPUT", only.done()


def _layers() -> Iterator[Bad]:
    name = "IMAGE_LAYER"
    length = GradedPatch().entry(DATA)["length"]
    for kind in (0, 23, 255):
        yield f"kind {kind}", "UNSUPPORTED", GradedPatch().field(LAYERS, ADD, "kind", kind).done()
    for n in (0, 1, 3, 255):
        yield f"an add with {n} inputs", name, GradedPatch().field(LAYERS, ADD, "n_inputs", n).done()
    for tensor in (6, 65535):
        yield f"output {tensor}", name, GradedPatch().field(LAYERS, ADD, "output", tensor).done()
        for inputs in ((tensor, VARIABLE), (A, tensor)):
            yield f"inputs {inputs}", name, GradedPatch().field(LAYERS, ADD, "inputs", inputs).done()
    yield "an input beyond n_inputs", name, GradedPatch().field(LAYERS, FIRST, "inputs", (A, 1)).done()
    yield "a constant as output", name, GradedPatch().field(LAYERS, ADD, "output", CONSTANT).done()
    for field in ("parameters", "table", "weights"):
        for offset in (1, 2, length + 4, 2**31, 2**32 - 4):
            yield f"{field} at {offset}", name, GradedPatch().field(LAYERS, ADD, field, offset).done()
    yield "no parameters", name, GradedPatch().field(LAYERS, ADD, "parameters", ABSENT).done()
    for missing in (4, 104):
        bad = GradedPatch().field(LAYERS, ADD, "parameters", length - missing)
        yield f"parameters that end {108 - missing} bytes behind DATA", name, bad.done()
    yield "a table that nobody needs", name, GradedPatch().field(LAYERS, ADD, "table", 0).done()
    yield "weights that nobody needs", name, GradedPatch().field(LAYERS, ADD, "weights", 0).done()
    for size in (4, 2**31, 2**32 - 1):
        bad = GradedPatch().field(LAYERS, ADD, "weights_length", size)
        yield f"absent weights of {size} bytes", name, bad.done()
    for index in range(8):
        content = bytes(index) + b"\1" + bytes(7 - index)
        yield f"reserved byte {index} of a layer", name, GradedPatch().field(LAYERS, ADD, "reserved", content).done()


def _orders() -> Iterator[Bad]:
    name = "IMAGE_ORDER"
    yield "an input that comes later", name, GradedPatch().field(LAYERS, FIRST, "inputs", (SUM, 0)).done()
    yield "a layer that reads what it writes", name, GradedPatch().field(LAYERS, ADD, "inputs", (SUM, A)).done()
    late = GradedPatch().field(TENSORS, VARIABLE, "at", 20)
    yield "a tensor of which a part is an input, another one written later", name, late.done()
    unwritten = GradedPatch().field(TENSORS, 5, "size", 16).field(LAYERS, 0, "output", SUM)
    unwritten.field(LAYERS, 1, "output", SUM).parameter(1, "out_start", 0)
    yield "an output port that nobody writes", name, unwritten.done()
    # Sixteen bytes behind each other: the first eight are an input's, of the others two were not written.
    gap = GradedPatch().field(TENSORS, 5, "at", 8).field(TENSORS, 5, "size", 12)
    gap.field(LAYERS, 0, "output", SUM).field(LAYERS, 1, "output", SUM).parameter(1, "out_start", 0)
    yield "bytes between two inputs", name, gap.done()
