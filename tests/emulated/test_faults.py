"""What goes wrong with emulated boards is told, and leaves no process behind."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from spikelet import emulator, emulator_process
from spikelet.emulator import emulate
from spikelet.errors import BoardError, DeviceError
from support.random_models import grown, random_model
from support.tools import need

BOARDS = Path(__file__).resolve().parents[2] / "boards"


def board_file(tmp_path: Path, name: str, old: str, new: str) -> str:
    """A board with one thing changed."""
    text = (BOARDS / f"{name}.toml").read_text()
    assert old in text
    file = tmp_path / f"{name}.toml"
    file.write_text(text.replace(old, new))
    return str(file)


def test_a_memory_fault_names_address_and_function(tmp_path: Path) -> None:
    """The port of another chip writes to where nothing is."""
    need("cortex-m0", "zig")
    wrong = board_file(tmp_path, "cortex-m0", "ports/cmsdk", "ports/nrf51")
    wrong_sources = Path(wrong).read_text().replace(', "slots/memory"', "")
    Path(wrong).write_text(wrong_sources)

    with pytest.raises(DeviceError, match=r"write of 4 bytes at 0x40000000, at 0x\w+ in spkl_port_start"):
        emulate(None, wrong, compiler="zig")


def test_a_stack_that_is_too_small_faults_instead_of_harming_data(tmp_path: Path) -> None:
    """The stack is the first thing in RAM: it runs out of the memory."""
    need("cortex-m4", "zig")
    tight = board_file(tmp_path, "cortex-m4", "stack = 2048", "stack = 64")

    with pytest.raises(DeviceError, match=r"write of \d bytes at 0x1fff\w+, at 0x\w+ in \w+"):
        emulate(random_model(1), tight, compiler="zig")


def test_a_model_that_does_not_fit_at_run_time_says_so() -> None:
    """The board's own count of the missing bytes."""
    need("microbit", "zig")
    with pytest.raises(BoardError, match="bytes of the flash slot are missing"):
        emulate(grown(random_model(1, plain=True), 20_000), "microbit", compiler="zig")


def test_without_unicorn_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra's name."""
    need("cortex-m4", "zig")
    real = importlib.util.find_spec
    monkeypatch.setattr(
        emulator_process.importlib.util, "find_spec", lambda name: None if name == "unicorn" else real(name)
    )

    with pytest.raises(BoardError, match=r"pip install 'spikelet\[emulator\]'"):
        emulate(None, "cortex-m4", compiler="zig")


def test_without_qemu_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's package."""
    need("microbit", "zig")
    emulate(None, "microbit", compiler="zig").close()
    monkeypatch.setattr(emulator_process.shutil, "which", lambda _: None)

    with pytest.raises(BoardError, match="qemu-system-arm"):
        emulate(None, "microbit", compiler="zig")


@pytest.mark.parametrize("name", ["cortex-m4", "microbit"])
def test_a_closed_board_leaves_no_process(name: str) -> None:
    """Also when the model was refused, and when the process dies by itself."""
    need(name, "zig")
    board = emulate(None, name, compiler="zig")
    child = board._process._child  # type: ignore[attr-defined]
    board.close()
    board.close()
    assert child.poll() is not None

    board = emulate(None, name, compiler="zig")
    child = board._process._child  # type: ignore[attr-defined]
    os.kill(child.pid, 9)
    with pytest.raises(DeviceError, match="stopped"):
        board.counters()
    board.close()


def test_the_users_process_does_not_import_unicorn() -> None:
    """It is GPL: only the child has it."""
    for module in (emulator, emulator_process):
        source = Path(str(module.__file__)).read_text()

        assert "import unicorn" not in source
        assert "emulator_child import" not in source
