"""`spikelet demo`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, size, status, table
from spikelet.demo import BOARD, Demo, run
from spikelet.report import one_line

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--board", default=BOARD, show_default=True, help="An emulated board that counts instructions (Unicorn's)."
)
@click.option("--samples", type=click.IntRange(min=1), help="Only the first N held-out digits.")
@click.option("--compiler", type=click.Choice(["auto", "gcc", "zig"]), help="zig where it is installed, else gcc.")
@json_option
def command(board: str, samples: int | None, compiler: str | None, *, as_json: bool) -> None:
    """Convert a network trained on digits, build firmware for an emulated board, stream held-out digits to it.

    Prints the accuracy of the float network, of the integer model on this host and of the board; whether host and
    board gave identical spikes (if not, it ends with 1); flash, RAM, stack, and instructions of an inference.
    """
    start = time.monotonic()
    demo = run(board=board, samples=samples, compiler=compiler, progress=_step)
    if as_json:
        print_json(_data(demo))
    else:
        _print(demo)
        say(f"{time.monotonic() - start:.0f} s in all")
    if not demo.identical:
        raise SystemExit(1)


@contextmanager
def _step(text: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show a step: a bar where samples are counted; what it took is left on stderr."""
    start = time.monotonic()
    if total:
        with progress(text, total) as step:
            yield step
    else:
        with status(text):
            yield lambda _: None
    count = f" ({total})" if total else ""
    click.echo(f"  {text}{count}: {time.monotonic() - start:.1f} s", err=True)


def _print(demo: Demo) -> None:
    board = demo.build.board
    say()
    say(f"{demo.samples} held-out digits, network {one_line(demo.model)}, {demo.model.ticks_per_sample} ticks each")
    rows: Rows = [
        ("the framework that trained it", percent(demo.framework_accuracy)),
        ("float network, as imported", percent(demo.float_accuracy)),
        ("integer model on this host", percent(demo.host_accuracy)),
        (f"integer model on {board.title}", percent(demo.board_accuracy)),
    ]
    table("", ("", "#accuracy"), rows)
    different = demo.samples - demo.same
    verdict = f"DIFFERENT in {different} of {demo.samples} samples: see spikelet verify"
    say(f"spikes of host and board: {verdict if different else f'identical in all {demo.samples} samples'}")
    made, n = demo.build, demo.samples
    figures = [
        ("flash", size(made.flash.used), f"{size(made.image)} of it the model; {size(made.flash.length)} are there"),
        (
            "RAM",
            size(made.ram.used),
            f"{size(board.stack)} of it kept for the stack; {size(made.ram.length)} are there",
        ),
        ("stack", size(demo.stack_used), "the deepest that was seen"),
        ("instructions an inference", number(demo.instructions.engine / n), "of the engine"),
        (
            "a synaptic operation",
            f"{demo.instructions.engine / demo.synops:.2f}",
            f"{number(demo.synops / n)} an inference",
        ),
        ("spikes an inference", number(demo.spikes / n, 1), "hidden and output"),
        ("time an inference", f"{1000 * demo.instructions.engine / n / board.clock_hz:.2f} ms", _at(board.clock_hz)),
    ]
    table(f"{board.title}, {made.compiler} -O{made.optimise}", ("", "#", ""), figures)


def _at(clock_hz: int) -> str:
    return f"at {clock_hz / 1e6:g} MHz, if each instruction takes a cycle"


def _data(demo: Demo) -> dict[str, Any]:
    made, n = demo.build, demo.samples
    return {
        "board": made.board.name,
        "compiler": made.compiler,
        "samples": n,
        "accuracy": {
            "framework": demo.framework_accuracy,
            "float": demo.float_accuracy,
            "host": demo.host_accuracy,
            "board": demo.board_accuracy,
        },
        "identical": demo.identical,
        "flash": made.flash.used,
        "ram": made.ram.used,
        "stack_used": demo.stack_used,
        "instructions_per_inference": round(demo.instructions.engine / n, 1),
        "synops_per_inference": round(demo.synops / n, 1),
    }
