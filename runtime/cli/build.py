"""`spikelet build`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spikelet.cli.mlperf_option import mlperf_option
from spikelet.cli.options import board_options, conversion_options, get_model
from spikelet.cli.screen import json_option, print_json, say, size, table
from spikelet.errors import SpikeletError
from spikelet.firmware import Build, Use, build

__all__ = ["command"]


@click.command("build")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--board", required=True, help="A board's name (spikelet boards), or the path of its .toml file.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("firmware"), show_default=True, help="A folder."
)
@click.option("--optimise", type=click.Choice(["2", "s"]), default="2", show_default=True, help="2: fast; s: small.")
@mlperf_option
@click.option("--force", is_flag=True, help="Replace the firmware if it is there.")
@board_options
@conversion_options
@json_option
def command(
    *,
    model: Path | None,
    board: str,
    output: Path,
    optimise: str,
    mlperf: str | None,
    compiler: str,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Build firmware for a board, with MODEL in it; without, it takes models at run time.

    Writes OUTPUT/BOARD.elf and prints what it takes of each memory, and the deepest stack. With --mlperf the firmware
    is a device under test of MLPerf Tiny, with an int8 network in it.
    """
    from spikelet import board_files

    target = board_files.load(board)
    file = output / f"{target.name}.elf"
    if output.exists() and not output.is_dir():
        raise SpikeletError(f"{output} is a file: give a folder (-o)")
    if file.exists() and not force:
        raise SpikeletError(f"{file} exists: choose another folder (-o), or say --force to replace it")
    if mlperf and model is None:
        raise click.UsageError("--mlperf needs a MODEL")
    loaded = get_model(model, options) if model else None
    made = build(target, model=loaded, compiler=compiler, optimise=optimise, output=output, mlperf=mlperf or "")
    if as_json:
        print_json(_data(made))
        return
    say(f"{made.elf}: {made.board.title}, {made.compiler} -O{made.optimise}")
    rows = [_row("flash", made.flash), _row("RAM", made.ram)]
    table("", ("memory", "#used", "#there", "#left", "#"), rows)
    say(", ".join(f".{name} {size(count)}" for name, count in made.sizes.items()) + _image(made))
    say(_stack(made))


def _row(name: str, use: Use) -> tuple[str, ...]:
    return name, size(use.used), size(use.length), size(use.length - use.used), f"{100 * use.used / use.length:.1f} %"


def _image(made: Build) -> str:
    return f"; the image in it has {size(made.image)}" if made.image else "; no model in it: load one over the line"


def _stack(made: Build) -> str:
    bound = made.stack
    if bound.bytes is None:
        return f"stack: {made.board.stack} bytes are kept; the deepest is not known ({bound.reason})"
    return f"stack: {made.board.stack} bytes are kept, at most {bound.bytes} used ({' > '.join(bound.path)})"


def _data(made: Build) -> dict[str, Any]:
    return {
        "board": made.board.name,
        "elf": str(made.elf),
        "compiler": made.compiler,
        "optimise": made.optimise,
        "flash": {"used": made.flash.used, "length": made.flash.length},
        "ram": {"used": made.ram.used, "length": made.ram.length},
        "sections": dict(made.sizes),
        "image": made.image,
        "stack": {"kept": made.board.stack, "bound": made.stack.bytes, "reason": made.stack.reason},
    }
