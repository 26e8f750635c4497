"""Board files and what is made of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spikelet import board_files
from spikelet.errors import BoardError

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "boards" / "cortex-m4.toml").read_text()


@pytest.mark.parametrize("name", board_files.names())
def test_every_board_is_whole(name: str) -> None:
    """Its file has its name, and all folders that it names exist."""
    board = board_files.load(name)

    assert name == board.name
    for folder in board.sources:
        assert list((ROOT / "firmware" / folder).glob("*.[cS]")), folder
    for kernels in board.kernels:
        assert (ROOT / "csrc" / "kernels" / kernels).is_dir(), kernels
    assert board.kernels[-1] == "ref"


def test_the_promised_boards_are_there() -> None:
    """The five cores of Unicorn, and QEMU's boards."""
    promised = {"cortex-m0", "cortex-m3", "cortex-m4", "cortex-m33", "rv32imc"}
    promised |= {"mps2-an385", "mps2-an386", "mps3-an547", "microbit"}

    assert promised <= set(board_files.names())


def test_an_unknown_board_names_the_close_ones() -> None:
    """The message helps with a slip of the pen."""
    with pytest.raises(BoardError, match=r"no board 'cortexm4': did you mean cortex-m4"):
        board_files.load("cortexm4")
    with pytest.raises(BoardError, match=r"there are cortex-m0, "):
        board_files.load("zzzzzz")


def test_a_board_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    """Any function that takes a name takes a path."""
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace('"cortex-m4"', '"mine"', 1))

    assert board_files.load(str(file)).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("stack = 2048", "stack = 0", "stack"),
        ("stack = 2048", "", "stack"),
        ("stack = 2048", "stack = 2048\nspeed = 1", "speed"),
        ('arch = "arm"', 'arch = "avr"', r"compile\.arch"),
        ("origin = 0x20000000", "origin = 0x20000001", r"memory\.ram\.origin"),
        ("origin = 0x20000000", "origin = -4", r"memory\.ram\.origin"),
        ("page = 1024", "page = 1000", "whole pages"),
        ("origin = 0x00040000", "origin = 0x00080000", "where memory.flash ends"),
        ('kind = "unicorn"', 'kind = "bochs"', "emulator"),
        ("stack = 2048", "stack = ", "line"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    """The schema's and the reader's words both name the field."""
    assert old in TEXT
    file = tmp_path / "wrong.toml"
    file.write_text(TEXT.replace(old, new))

    with pytest.raises(BoardError, match=says) as error:
        board_files.load(str(file))
    assert str(file) in str(error.value)


def test_a_missing_file_is_refused() -> None:
    """A path that leads nowhere is a BoardError too."""
    with pytest.raises(BoardError, match="No such file"):
        board_files.load("nowhere.toml")


def test_the_how_to_lists_every_board() -> None:
    """docs/how-to/boards.md has memories as the files do."""
    text = (ROOT / "docs" / "how-to" / "boards.md").read_text()
    said = re.findall(r"^\| `([\w-]+)` \| .*? \| (\w+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    found = []
    for name in board_files.names():
        board = board_files.load(name)
        assert board.slot is not None
        flash = f"{size(board.flash.length)}, {size(board.slot.length)}"
        found.append(
            (name, {"unicorn": "Unicorn", "qemu": "QEMU"}[board.emulator["kind"]], flash, size(board.ram.length))
        )

    assert sorted(said) == found


def size(n: int) -> str:
    """Bytes as the page writes them."""
    return f"{n >> 20} MB" if n >= 1 << 20 else f"{n >> 10} KB"
