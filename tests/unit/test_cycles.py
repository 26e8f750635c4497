"""The model of cycles: what manuals tell of short pieces of code, added up by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from benchmarks.cycles.__main__ import PAGE, figures
from benchmarks.cycles.model import LINE, Chip, CycleModel
from benchmarks.cycles.tables import TABLES

_AT = 0x10000
#: Instructions as they are encoded.
CODE = {
    "adds r1, r1, #4": "0431",
    "ldr r0, [r1]": "0868",
    "ldr r2, [r1]": "0a68",
    "ldr r2, [r0]": "0268",
    "ldr.w r0, [r1], #4": "51f8040b",
    "ldr r0, [pc, #4]": "0148",
    "str r0, [r1]": "0860",
    "str r0, [r1, r2]": "8850",
    "ldrd r2, r3, [r1]": "d1e90023",
    "ldmia r1!, {r2, r3}": "0cc9",
    "push {r4, lr}": "10b5",
    "pop {r4, pc}": "10bd",
    "muls r0, r1, r0": "4843",
    "mla r0, r1, r2, r0": "01fb0200",
    "umull r2, r3, r0, r1": "a0fb0123",
    "umlal r2, r3, r0, r1": "e0fb0123",
    "udiv r0, r1, r2": "b1fbf2f0",
    "bne": "fed1",
    "cbz r0": "00b1",
    "bl": "fff7feff",
    "bx lr": "7047",
    # RV32IMC
    "lw a0, 0(a1)": "03a50500",
    "add a0, a0, a2": "3305c500",
    "c.add a0, a2": "3295",
    "c.add a3, a2": "b296",
    "sw a0, 0(a1)": "23a0a500",
    "mulhu a0, a1, a2": "33b5c502",
    "divu a0, a1, a2": "33d5c502",
    "c.bnez a0": "11e1",
    "ret": "8280",
}


def cycles(core: str, names: Sequence[str], *, taken: bool = False, target: bytes = bytes(4), **chip: int) -> int:
    """Cycles of a block; a taken branch goes to `target`, which lies at a word and a half."""
    code = b"".join(bytes.fromhex(CODE[name]) for name in names)
    memory = bytes(2) + target + bytes(-(2 + len(target)) % 4) + code

    def read(address: int, size: int) -> bytes:
        return memory[address - _AT :][:size]

    start = _AT + len(memory) - len(code)
    model = CycleModel(core, read, Chip(**chip))
    return model.cycles((start, len(code)), _AT + 2 if taken else start + len(code))


@pytest.mark.parametrize(
    ("names", "m0", "m3", "m4"),
    [
        (["ldr r0, [r1]"], 2, 2, 2),
        (["ldr r0, [r1]", "ldr r2, [r1]"], 4, 3, 3),
        (["ldr r0, [r1]", "ldr r2, [r0]"], 4, 4, 4),
        (["str r0, [r1]"], 2, 1, 1),
        (["str r0, [r1, r2]"], 2, 2, 2),
        (["ldr r0, [r1]", "str r0, [r1]"], 4, 3, 3),
        (["ldr r0, [r1]", "str r0, [r1, r2]"], 4, 3, 3),
        (["str r0, [r1]", "ldr r2, [r1]"], 4, 3, 3),
        (["adds r1, r1, #4", "ldr r2, [r1]"], 3, 4, 4),
        (["ldmia r1!, {r2, r3}"], 3, 3, 3),
        (["push {r4, lr}"], 3, 3, 3),
        (["muls r0, r1, r0"], 1, 1, 1),
        (["bne"], 1, 1, 1),
    ],
)
def test_neighbours_and_lists_take_what_the_manuals_tell(names: Sequence[str], m0: int, m3: int, m4: int) -> None:
    """Loads behind loads, stores, computed addresses, lists."""
    assert [cycles(core, names) for core in ("M0+", "M3", "M4", "M33")] == [m0, m3, m4, m4]


@pytest.mark.parametrize(
    ("names", "least", "most", "m4"),
    [
        (["mla r0, r1, r2, r0"], 2, 2, 1),
        (["umull r2, r3, r0, r1"], 3, 5, 1),
        (["umlal r2, r3, r0, r1"], 4, 7, 1),
        (["ldrd r2, r3, [r1]"], 3, 3, 3),
    ],
)
def test_products_take_more_on_m3(names: Sequence[str], least: int, most: int, m4: int) -> None:
    """Both ends of the published range; on M4 one cycle."""
    assert [cycles("M3", names, worst=worst) for worst in (False, True)] == [least, most]
    assert [cycles("M4", names, worst=worst) for worst in (False, True)] == [m4, m4]


def test_divisions_end_early() -> None:
    """2 to 12 cycles."""
    for core in ("M3", "M4"):
        assert [cycles(core, ["udiv r0, r1, r2"], worst=worst) for worst in (False, True)] == [2, 12]


def test_a_load_that_changes_its_base_is_not_hidden_on_m3() -> None:
    """It takes two cycles, wherever it stands."""
    names = ["ldr.w r0, [r1], #4", "ldr r2, [r0]", "ldr.w r0, [r1], #4"]

    assert (cycles("M3", names), cycles("M4", names)) == (6, 5)


@pytest.mark.parametrize(("name", "m0", "m3"), [("bne", 2, 3), ("bl", 3, 3), ("bx lr", 2, 3), ("pop {r4, pc}", 5, 5)])
def test_a_branch_that_is_taken_refills_the_pipeline(name: str, m0: int, m3: int) -> None:
    """What a branch costs beside, list and link included."""
    assert [cycles(core, [name], taken=True) for core in ("M0+", "M3", "M4")] == [m0, m3, m3]


def test_a_jump_counts_as_taken_even_to_the_next_instruction() -> None:
    """Only conditional branches can be not taken."""
    assert cycles("M4", ["bx lr"]) == 3
    assert cycles("M4", ["cbz r0"]) == 1


def test_m0_may_have_the_small_multiplier() -> None:
    """32 cycles."""
    assert cycles("M0+", ["muls r0, r1, r0"], multiply=32) == 32


def test_wait_states_cost_where_the_program_goes_elsewhere_and_where_lines_come_late() -> None:
    """A taken branch, a constant beside the code, straight code faster than flash."""
    straight = ["adds r1, r1, #4"] * LINE

    assert cycles("M4", ["bne"], taken=True, wait_states=3) == 3 + 3
    assert cycles("M4", ["ldr r0, [pc, #4]"], wait_states=3) == 2 + 3
    assert cycles("M4", straight, wait_states=3) == len(straight)
    assert cycles("M4", straight, wait_states=15) == 2 * 16


def test_risc_v_waits_for_what_it_loads_and_for_far_targets() -> None:
    """Hazard3's table."""
    load = "lw a0, 0(a1)"

    assert cycles("RV32IMC", [load, "add a0, a0, a2"]) == 3
    assert cycles("RV32IMC", [load, "c.add a0, a2"]) == 3
    assert cycles("RV32IMC", [load, "c.add a3, a2", "c.add a0, a2"]) == 3
    assert cycles("RV32IMC", [load, "sw a0, 0(a1)"]) == 2
    assert cycles("RV32IMC", ["mulhu a0, a1, a2"]) == 1
    assert cycles("RV32IMC", ["divu a0, a1, a2"]) == 18
    assert cycles("RV32IMC", ["c.bnez a0"]) == 1
    assert cycles("RV32IMC", ["c.bnez a0"], taken=True) == 2
    assert cycles("RV32IMC", ["ret"], taken=True, target=bytes.fromhex(CODE[load])) == 3


def test_what_is_no_instruction_is_refused() -> None:
    """Rather than counted as nothing."""
    model = CycleModel("M4", lambda address, size: b"\xff" * size, Chip())  # noqa: ARG005

    with pytest.raises(ValueError, match="is not understood"):
        model.cycles((_AT, 4), _AT + 4)


def test_the_page_has_the_tables() -> None:
    """docs/explanation/cycles.md is written from them; each figure names its section."""
    text = PAGE.read_text()

    assert "\n".join(figures()) in text
    assert all(figure.section for table in TABLES.values() for figure in table.figures)
