"""docs/reference, csrc/include/spkl_image.h and the Python constants say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from spikelet import layout
from spikelet.arena import STATE_MAX
from spikelet.codes import codes
from spikelet.layout import FLAG_BITS, LAYOUTS, SECTIONS, Record, SectionId
from spikelet.model import (
    PARAMETERS,
    V_MAX,
    Decoder,
    Encoder,
    LifChoices,
    PopulationKind,
    ProjectionKind,
    ResetKind,
    Rounding,
)
from spikelet.rows import pack
from spikelet.rules import INPUT_SUM_MAX, NEEDS, NEVER_TOGETHER, absent_value, ranges
from spikelet.rules_projections import DELAY_MAX

ROOT = Path(__file__).resolve().parents[2]
IMAGE = (ROOT / "docs" / "reference" / "image.md").read_text()
ARENA = (ROOT / "docs" / "reference" / "arena.md").read_text()
GRADED = (ROOT / "docs" / "reference" / "graded.md").read_text()
SEMANTICS = (ROOT / "docs" / "reference" / "semantics.md").read_text()

RECORDS = {
    "1. Header": layout.HEADER,
    "2. Section table": layout.SECTION,
    "3. Model record": layout.MODEL,
    "4. Population record": layout.POPULATION,
    "5. Projection record": layout.PROJECTION,
    "5.2 Map record": layout.MAP,
    "6. Input port record": layout.INPUT,
    "7. Output port record": layout.OUTPUT,
}


#: The record of each of these in csrc/include/spkl_image.h.
STRUCTS = {title: f"spkl_{title.split()[1].lower()}_record" for title in RECORDS}


def table(text: str, first_columns: str) -> list[list[str]]:
    """The rows of the first table whose header begins so, without backticks."""
    rows = []
    for line in text[text.index(f"| {first_columns}") :].splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.replace("(|x| k)", "").strip("|").split("|")])
    return rows


@pytest.mark.parametrize("title", RECORDS)
def test_a_record_is_laid_out_as_its_table_says(title: str) -> None:
    """Image 1 to 7: offset, type and name of each field, and the size in the title."""
    record: Record = RECORDS[title]
    text = IMAGE[IMAGE.index(f"\n{'' if title.startswith('5.2') else '## '}{title}") + 1 :]
    said = [(int(offset), kind, name) for offset, kind, name, _ in table(text, "offset | type | name")]
    size = re.search(r"\((\d+) bytes", text.splitlines()[0])

    assert said == [(offset, kind, name.removesuffix("2")) for offset, kind, name in record.fields]
    assert size is not None
    assert int(size.group(1)) == record.size


def test_the_structs_of_c_are_laid_out_as_the_records(tmp_path: Path) -> None:
    """csrc/include/spkl_image.h: sizes, and every field's name, offset and size, as a compiler sees them."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler for this machine: apt-get install gcc")
    lines, expected = [], []
    for title, struct in STRUCTS.items():
        record: Record = RECORDS[title]
        ends = [offset for offset, _, _ in record.fields[1:]] + [record.size]
        lines.append(f'printf("{struct} %zu\\n", sizeof(struct {struct}));')
        expected.append(f"{struct} {record.size}")
        for (offset, _, name), end in zip(record.fields, ends, strict=True):
            if name.startswith("reserved"):  # split in C where words are not aligned
                lines.append(f'printf("{struct}.{name} %zu\\n", offsetof(struct {struct}, {name}));')
                expected.append(f"{struct}.{name} {offset}")
                continue
            place = f"offsetof(struct {struct}, {name}), sizeof ((struct {struct} *)0)->{name}"
            lines.append(f'printf("{struct}.{name} %zu %zu\\n", {place});')
            expected.append(f"{struct}.{name} {offset} {end - offset}")
    source = tmp_path / "layout.c"
    head = '#include <stddef.h>\n#include <stdio.h>\n#include "spkl_image.h"\nint main(void)\n{\n'
    source.write_text(head + "\n".join(lines) + "\nreturn 0;\n}\n")
    include = ROOT / "csrc" / "include"
    subprocess.run([compiler, f"-I{include}", source, "-o", tmp_path / "layout"], check=True, timeout=60)
    said = subprocess.run([tmp_path / "layout"], check=True, timeout=60, capture_output=True, text=True).stdout

    assert expected == said.splitlines()


def test_sections_are_those_of_the_table() -> None:
    """Image 2: ids, names, which are critical, and how many records."""
    rows = table(IMAGE, "id | name | critical")

    assert {name: int(number) for number, name, _, _ in rows} == {s.name: s.value for s in SectionId}
    for number, _, critical, holds in rows:
        if (section := SECTIONS.get(SectionId(int(number)))) is not None:
            assert (critical == "yes") == section.critical
            limits = re.search(r"(\d+) \.\. (\d+)", holds)
            if limits is not None:
                assert (section.least, section.most) == tuple(int(n) for n in limits.groups())


def test_flags_have_the_bits_of_the_table() -> None:
    """Semantics 3.2."""
    said = {}
    for name, bits, _ in table(SEMANTICS, "choice | bits"):
        first, _, last = bits.partition("-")
        said[name] = (int(first), int(last or first) - int(first) + 1)

    assert said == dict(FLAG_BITS)
    assert list(said) == list(LifChoices.__slots__)


def test_parameters_have_the_ids_and_ranges_of_the_table() -> None:
    """Semantics 3.1."""
    rows = table(SEMANTICS, "parameter | id")
    numbers = {"2^s": 65536, "V_MAX": V_MAX, "-V_MAX": -V_MAX, "v_min": -V_MAX}
    usual, subtract = ranges(LifChoices()), ranges(LifChoices(reset_kind=ResetKind.SUBTRACT))

    assert [name for name, *_ in rows] == list(PARAMETERS)
    assert [int(number) for _, number, *_ in rows] == list(range(len(PARAMETERS)))
    for name, _, said, absent, _ in rows:
        first, _, for_subtract = said.partition("; ")
        for text, actual in ((first, usual[name]), (for_subtract.removesuffix(" for subtract"), subtract[name])):
            if text:
                ends = ("-V_MAX", "V_MAX") if text == "±V_MAX" else tuple(text.split(" .. "))
                assert tuple(numbers[end] if end in numbers else int(end) for end in ends) == actual, name
        value = absent.split(" ")[0]
        assert (numbers[value] if value in numbers else int(value)) == absent_value(name, LifChoices()), name


def test_what_needs_what_is_as_the_table_says() -> None:
    """Semantics 3.2: what has no meaning is refused."""
    said = {}
    for names, needs in table(SEMANTICS, "choice or parameter | needs"):
        for name in re.findall(r"[a-z_]+", names.replace("and a max_count above 1", "")):
            said[name] = needs.split(",")[0]

    assert said == dict(NEEDS)
    text = SEMANTICS[SEMANTICS.index("Refused together:") :].splitlines()[0]
    pairs = []
    for clause in text.removeprefix("Refused together:").split(";"):
        one, *others = re.findall(r"`(\w+)`", clause)
        pairs += [(one, other) for other in others]
    assert sorted(pairs) == sorted(NEVER_TOGETHER)


def test_codes_of_encoders_decoders_and_roundings_agree() -> None:
    """Semantics 1.4, 4 and 5."""
    for columns, kind in (("encoder | code", Encoder), ("decoder | code", Decoder), ("rounding | code", Rounding)):
        assert {row[0].upper(): int(row[1]) for row in table(SEMANTICS, columns)} == {k.name: k.value for k in kind}


def test_kinds_have_the_codes_of_the_tables() -> None:
    """Semantics 2.5, image 4 and 5."""
    assert {row[0].upper(): int(row[1]) for row in table(SEMANTICS, "kind | code | an event")} == {
        kind.name: kind.value for kind in ProjectionKind
    }
    assert "; ".join(f"{kind.value}: {kind.name.lower()}" for kind in ProjectionKind) in IMAGE
    assert f"{PopulationKind.LIF.value}: LIF family; {PopulationKind.DELAY.value}: delay line" in IMAGE


def test_layouts_store_weights_as_the_table_says() -> None:
    """Image 5.1: for which kind and bits, the weight of each code, and the code of the padding."""
    rows = table(IMAGE, "layout | for | bits")
    stored = {}
    for number, kinds, bits, weight, padding in rows:
        stored |= {(ProjectionKind[kind.upper()], int(bits)): int(number) for kind in kinds.split(", ")}
        if padding:
            for code in range(2 ** int(bits)):
                signed = code - 256 if code > 127 else code
                meant = {"2 code - 1": 2 * code - 1, "the byte as a signed number": signed}
                value = meant[weight] if weight in meant else code - int(weight.removeprefix("code - "))
                packed = pack(int(number), np.array([[value]], np.int8))
                mask = 2 ** int(bits) - 1
                fill = sum(int(padding) << at for at in range(0, 8, int(bits)))
                assert packed.tolist() == [[fill & ~mask | code, fill, fill, fill]]

    assert stored == {key: number for key, number in LAYOUTS.items() if key[0] is not ProjectionKind.FEED}
    assert "Feed: layout 0" in IMAGE
    assert LAYOUTS[ProjectionKind.FEED, 8] == 0


def test_limits_are_those_of_the_text() -> None:
    """Numbers that stand in sentences."""
    assert "`V_MAX = 2^30 - 1`" in SEMANTICS
    assert "max_value(source) <= 2^23" in SEMANTICS
    assert INPUT_SUM_MAX == 2**23
    assert "at most 2^30; checked" in IMAGE
    assert "The whole state has at most 2^30 bytes." in ARENA
    assert STATE_MAX == 2**30
    assert f"`delay` (id 0; 0 .. {DELAY_MAX} ticks" in SEMANTICS
    assert f"int32[size(target)], 0 .. {DELAY_MAX} each" in IMAGE
    assert V_MAX == 2**30 - 1
    assert "at most 2^30" in IMAGE
    assert layout.LENGTH_MAX == 2**30
    assert f"`{layout.MAGIC.hex(' ').upper()}`" in IMAGE
    assert f"version {layout.VERSION}" in IMAGE.splitlines()[0]
    assert f"0x{layout.ABSENT:08X}" in IMAGE
    assert f"input port + 0x{layout.FROM_INPUT:04X}" in IMAGE


def test_every_code_of_the_text_exists() -> None:
    """Image 8, graded 4.8."""
    named = set(re.findall(r"\b(IMAGE_[A-Z]+|UNSUPPORTED)\b", IMAGE + GRADED))

    assert named == {name for name in codes() if name.startswith("IMAGE_") or name == "UNSUPPORTED"}
