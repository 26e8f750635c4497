"""What is written for a board: its header, its names, and its linker script."""

from __future__ import annotations

from spikelet._data import path as data_path
from spikelet.board_files import Board, Memory

__all__ = ["board_header", "board_names", "linker_script"]


def board_header(board: Board, slot: Memory | None) -> str:
    """Write spkl_board.h: the numbers that a port needs."""
    lines = ["/* Written by spikelet for the board. */", "#ifndef SPKL_BOARD_H", "#define SPKL_BOARD_H", ""]
    numbers = {
        "CLOCK_HZ": board.clock_hz,
        "FPU": int(board.fpu),
        "UART": board.console["address"],
        "UART_IRQ": board.console["irq"],
        "UART_TX": board.console.get("tx", 0),
        "UART_RX": board.console.get("rx", 0),
        "BAUD": board.console["baud"],
        "COUNTER": board.counter.get("address", 0),
        "COUNTER_HZ": board.counter.get("hz", 1_000_000),
        "SLOT": slot.origin if slot else 0,
        "SLOT_SIZE": slot.length if slot else 0,
        "SLOT_PAGE": slot.page if slot else 4,
    }
    lines += [f"#define SPKL_BOARD_{name} {value}u" for name, value in numbers.items()]
    return "\n".join([*lines, "", "#endif", ""])


def board_names(board: Board) -> str:
    """Write the C file with the names that HELLO says."""
    return "\n".join(
        [
            '#include "spkl_app.h"',
            "",
            f'const char spkl_board_name[32] = "{board.name}";',
            f'const char spkl_board_core[16] = "{board.core}";',
            "",
        ]
    )


def linker_script(board: Board) -> str:
    """Write the linker script.

    The memories are left far too long: what does not fit is found afterwards, in bytes.
    """
    return "\n".join(
        [
            "MEMORY",
            "{",
            f"    flash (rx) : ORIGIN = {board.flash.origin:#x}, LENGTH = 512M",
            f"    ram (rwx) : ORIGIN = {board.ram.origin:#x}, LENGTH = 512M",
            "}",
            f"spkl_stack_size = {board.stack};",
            f"spkl_ram_end = {board.ram.origin + board.ram.length:#x};",
            (data_path("firmware") / "arch" / "sections.ld").read_text(),
        ]
    )
