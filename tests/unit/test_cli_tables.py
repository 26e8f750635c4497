"""Tables of the command line: nothing is cut, whatever the terminal's width."""

from __future__ import annotations

import re

import pytest

from spikelet.cli import screen

COLUMNS = ("board", "what it is", "#flash", "#worst tick, instructions")
ROWS = [("riscv32-virt", "RISC-V virt machine, RV32IMC (QEMU)", "2,048 KB", "1,234,567"), ("m", "x", "64 KB", "1")]


def printed(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of the table on a terminal."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(screen, "_WIDE", width)
    screen.table("", COLUMNS, ROWS)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_no_character_is_lost(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each column, read downwards, holds all of its cells."""
    lines = printed(width, capsys, monkeypatch)
    shown = sorted(re.sub(r"[\s─]", "", "".join(lines)))

    assert shown == sorted("".join(cell.replace(" ", "") for row in [COLUMNS, *ROWS] for cell in row).replace("#", ""))
    assert max(map(len, lines)) <= width


def test_names_and_numbers_stay_whole_on_a_small_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a row does not fit, heads and texts are broken, between words."""
    lines = printed(60, capsys, monkeypatch)

    for cell in ("riscv32-virt", "2,048 KB", "1,234,567", "instructions", "RV32IMC"):
        assert any(cell in line for line in lines), cell


def test_there_is_one_line_a_row_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head, a rule and the rows."""
    lines = [line for line in printed(120, capsys, monkeypatch) if line.strip()]

    assert len(lines) == 2 + len(ROWS)


def test_sizes_are_short() -> None:
    """No fraction where there is none."""
    assert [screen.size(n) for n in (5300, 65536, 21248, 2**21)] == ["5,300 B", "64 KB", "20.8 KB", "2,048 KB"]
