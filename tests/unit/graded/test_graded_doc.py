"""docs/reference/graded.md, the Python constants and the C header of graded networks say the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from spikelet.graded import image_layout
from spikelet.graded.model import (
    CHANNEL,
    CHANNEL_S16,
    DENSE_OUTPUT,
    DENSE_OUTPUT_S16,
    PARAMETERS,
    LayerKind,
    TensorType,
)
from spikelet.layout import Record

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "reference" / "graded.md").read_text()
HEADER = (ROOT / "csrc" / "include" / "spkl_graded_image.h").read_text()

RECORDS = {
    "4.1 Graded record": ("spkl_graded_record", image_layout.GRADED),
    "4.2 Tensor record": ("spkl_tensor_record", image_layout.TENSOR),
    "4.3 Layer record": ("spkl_layer_record", image_layout.LAYER),
    "4.4 Port record": ("spkl_port_record", image_layout.PORT),
}
#: Kinds whose parameters have another struct than the name says.
STRUCTS = {
    LayerKind.CONV_S8: "conv",
    LayerKind.DEPTHWISE_S8: "conv",
    LayerKind.CONV_S16: "conv",
    LayerKind.DEPTHWISE_S16: "conv",
    LayerKind.DOT_S8: "dot",
    LayerKind.DENSE_S16: "dot",
    LayerKind.DENSE_S8: "dense",
    LayerKind.AVERAGE_POOL: "pool",
    LayerKind.MAX_POOL: "pool",
    LayerKind.ADD_S8: "add",
    LayerKind.ADD_S16: "add",
    LayerKind.MUL_S8: "mul",
    LayerKind.MUL_S16: "mul",
}
#: Of each table of 4.6: the struct of C, the dtype of Python, the layers of the text.
TABLES = {
    "conv s8 and depthwise s8": ("spkl_channel_record", CHANNEL),
    "conv s16 and depthwise s16": ("spkl_channel_s16_record", CHANNEL_S16),
    "dot s8 and dense s8": ("spkl_dense_record", DENSE_OUTPUT),
    "dense s16": ("spkl_dense_s16_record", DENSE_OUTPUT_S16),
}


def _rows(heading: str) -> list[list[str]]:
    """The rows of the first table behind a heading, without backticks."""
    lines = TEXT[TEXT.index(heading) :].split("\n\n| ", 1)[1].splitlines()
    return [
        [cell.strip() for cell in line.strip("|").replace("`", "").split("|")] for line in lines[2:] if "|" in line
    ][: next((i for i, line in enumerate(lines[2:]) if not line.startswith("|")), None)]


def _members(struct: str) -> list[tuple[str, str]]:
    """Type and name of each word of a struct of C; arrays are spelt out as Python does."""
    found = re.search(rf"struct SPKL_RECORD {struct} {{(.*?)}};", HEADER, re.S)
    assert found is not None, f"{struct} is not in spkl_graded_image.h"
    members = []
    for kind, names in re.findall(r"(\w+)_t ([^;]+);", re.sub(r"/\*.*?\*/", "", found.group(1), flags=re.S)):
        for name in re.split(r",\s*", names):
            array = re.fullmatch(r"(\w+)\[(\d+)\]", name)
            members += [(kind, f"{array[1]}_{i}") for i in range(int(array[2]))] if array else [(kind, name)]
    return members


def _kind(name: str) -> LayerKind:
    return LayerKind[name.upper().replace(" ", "_")]


def _spelt(cell: str) -> list[str]:
    """A list of parameters, `a_0 .. a_4` spelt out."""
    names = []
    for part in filter(None, re.split(r",\s*", cell)):
        ends = re.fullmatch(r"(\w+_)0 \.\. \1(\d)", part)
        names += [f"{ends[1]}{i}" for i in range(int(ends[2]) + 1)] if ends else [part]
    return names


def test_kinds_have_the_codes_of_the_table():
    """Graded 3, LayerKind, and the enum of C."""
    said = {_kind(name): int(code) for name, code, _ in _rows("## 3. Layers")}
    named = dict(re.findall(r"SPKL_LAYER_(\w+) = (\d+)", HEADER))
    count = re.search(r"SPKL_N_LAYER_KINDS = (\d+)", HEADER)

    assert said == {kind: kind.value for kind in LayerKind}
    assert {name: int(code) for name, code in named.items()} == {kind.name: kind.value for kind in LayerKind}
    assert count is not None
    assert int(count.group(1)) == max(LayerKind) + 1


def test_parameters_are_those_of_the_table():
    """Graded 4.5: the lists, in order."""
    said: dict[LayerKind, list[str]] = {}
    before: list[str] = []
    for names, cell in _rows("4.5 Parameters"):
        if cell == "the same, with sum_bits in the place of bits":
            listed = [*before[:-1], "sum_bits"]
        elif cell == "the same, then bits":
            listed = [*before, "bits"]
        else:
            listed = before = _spelt(cell)
        said |= {_kind(name): listed for name in names.split(", ")}

    assert said == {kind: list(names) for kind, names in PARAMETERS.items()}


@pytest.mark.parametrize("kind", [kind for kind in LayerKind if PARAMETERS[kind]], ids=lambda kind: kind.name)
def test_parameters_in_c_are_those_of_the_table(kind):
    """Each is an int32, in the same order."""
    members = _members(f"spkl_{STRUCTS.get(kind, kind.name.lower())}_parameters")
    # Convolutions of int16 share the struct of int8: its last word is their sum_bits.
    expected = ["bits" if name == "sum_bits" else name for name in PARAMETERS[kind]]

    assert {kind for kind, _ in members} == {"int32"}
    assert [name for _, name in members] == expected


@pytest.mark.parametrize("layers", TABLES)
def test_tables_of_channels_are_those_of_the_text(layers):
    """Graded 4.6: the dtype's bytes and the struct's words."""
    struct, dtype = TABLES[layers]
    sentence = re.search(rf"Of {layers}:[^`]*`([^`]*)`", TEXT)
    assert sentence is not None
    said = [tuple(word.split()) for word in sentence.group(1).split(", ")]
    letters = {"i32": "int32", "u32": "uint32"}

    assert [(letters[kind], name) for kind, name in said] == _members(struct)
    assert dtype.itemsize == 4 * len(said)
    # A field of Python of eight bytes is two words, the low one first.
    assert dtype.names is not None
    words = []
    for name in dtype.names:
        words += [f"{name}_low", f"{name}_high"] if dtype[name] == np.dtype("<i8") else [name]
    assert words == [name for _, name in said]


@pytest.mark.parametrize("title", RECORDS)
def test_records_are_laid_out_as_their_tables_say(title):
    """Graded 4.1 to 4.4: offset, type and name of each field; C's names, in order."""
    struct, record = RECORDS[title]
    assert isinstance(record, Record)
    said = [(int(offset), kind, name) for offset, kind, name, _ in _rows(title)]
    size = re.search(rf"{title} \((\d+) bytes", TEXT)

    assert said == [(offset, kind, name) for offset, kind, name in record.fields]
    assert size is not None
    assert int(size.group(1)) == record.size
    names = dict.fromkeys(re.sub(r"_\d+$", "", name) for _, name in _members(struct))
    assert list(names) == [name for _, _, name in record.fields]


def test_sections_are_those_of_the_table():
    """Graded 4: ids, names, which are critical, and how many records there may be."""
    for number, name, critical, holds in _rows("## 4. Image"):
        section = image_layout.GradedSectionId[name]
        assert section.value == int(number)
        assert image_layout.SECTIONS[section].critical == (critical == "yes")
        limits = re.search(r"(\d+) \.\. (\d+)", holds)
        if limits:
            found = image_layout.SECTIONS[section]
            assert (found.least, found.most) == (int(limits[1]), int(limits[2]))


def test_types_are_bytes_of_an_element():
    """Graded 4.2."""
    assert "1 int8, 2 int16, 4 int32" in TEXT
    assert {f"INT{8 * kind.value}": kind.value for kind in TensorType} == {kind.name: kind.value for kind in TensorType}
    named = dict(re.findall(r"SPKL_TENSOR_(\w+) = (\d)", HEADER))
    assert {name: int(value) for name, value in named.items()} == {kind.name: kind.value for kind in TensorType}
