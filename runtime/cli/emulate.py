"""`spikelet emulate`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from spikelet.cli.graded_options import (
    get_graded_data,
    graded_data_options,
    refuse_ticks,
    take_choices,
    without_choices,
)
from spikelet.cli.mlperf_option import mlperf_option
from spikelet.cli.options import (
    board_options,
    conversion_options,
    get_data,
    get_model,
    host_encoding,
    recording_options,
    spiking,
    take_reading,
)
from spikelet.cli.screen import Rows, json_option, number, percent, print_json, progress, say, table
from spikelet.cli.spikes import early_exit_option, ending, ending_data, print_ending
from spikelet.datasets import DataSet
from spikelet.emulation import Emulation
from spikelet.emulator import EmulatedBoard, Instructions, emulate
from spikelet.errors import DeviceError
from spikelet.evaluate import Evaluation, evaluate
from spikelet.firmware import build
from spikelet.fit import require_counting
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.transport import SocketTransport, Transport

__all__ = ["command"]

_FUNCTIONS = 12
#: The last thing that a device of MLPerf Tiny says at its start, and how long it may be silent before [s].
_READY, _START = b"m-ready\r\n", 20.0


@click.command("emulate")
@click.argument("board")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--samples", type=click.IntRange(min=1), default=20, show_default=True, help="The first N samples of DATA."
)
@click.option(
    "--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where the model has no window."
)
@click.option("--tcp", type=click.IntRange(0, 65535), help="Serve the serial line on this port (0: any; the default).")
@click.option("--pty", is_flag=True, help="Serve the serial line on a pseudo-terminal.")
@click.option("--embed", is_flag=True, help="Build MODEL into the firmware, rather than load it over the line.")
@click.option("--optimise", type=click.Choice(["2", "s"]), default="2", show_default=True, help="2: fast; s: small.")
@early_exit_option
@mlperf_option
@graded_data_options
@recording_options
@board_options
@conversion_options
@json_option
def command(
    *,
    board: str,
    model: Path | None,
    data: Path | None,
    samples: int,
    ticks: int,
    tcp: int | None,
    compiler: str,
    optimise: str,
    pty: bool,
    embed: bool,
    mlperf: str | None,
    early_exit: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run an emulated BOARD.

    With DATA (.npz, recordings, or images) its samples are run through MODEL, and the instructions of each layer and
    function are printed. Without, the board's serial line is served until Ctrl-C: connect to it as to a real board
    (--on socket://...), or with --mlperf by the runner of MLPerf Tiny.
    """
    if pty and tcp is not None:
        raise click.UsageError("either --tcp or --pty")
    if data is not None and (pty or tcp is not None):
        raise click.UsageError("--tcp and --pty serve the line to others: leave out DATA, or them")
    if model is None and (embed or mlperf):
        raise click.UsageError(f"{'--embed' if embed else '--mlperf'} needs a MODEL")
    if data is not None and mlperf:
        raise click.UsageError("--mlperf serves the line to a runner: leave out DATA, or --mlperf")
    reading, choices = take_reading(options), take_choices(options)
    if model is None:
        with emulate(None, board, compiler=compiler, optimise=optimise, count=False) as running:
            _serve(running.transport, running.name, tcp, pty=pty)
        return
    encode = host_encoding(model, options)
    loaded = get_model(model, options, reading, choices)
    if early_exit is not None:
        loaded = ending(spiking(loaded, "--early-exit"), early_exit)
    if mlperf:
        made = build(board, model=loaded, compiler=compiler, optimise=optimise, mlperf=mlperf)
        _serve_benchmark(Emulation(made, count=False), tcp, pty=pty)
        return
    if data is None:
        with emulate(loaded, board, compiler=compiler, optimise=optimise, embed=embed, count=False) as served:
            _serve(served.transport, served.name, tcp, pty=pty)
        return
    require_counting(board)
    if isinstance(loaded, GradedModel):
        refuse_ticks(ticks, reading)
        from spikelet.cli.graded_emulate import emulate_graded

        with emulate(loaded, board, compiler=compiler, optimise=optimise, embed=embed) as graded:
            emulate_graded(graded, get_graded_data(data, loaded, choices, samples), as_json=as_json)
        return
    without_choices(choices)
    found = get_data(data, loaded, samples=samples, ticks=ticks, encode=encode, reading=reading)
    with (
        emulate(loaded, board, compiler=compiler, optimise=optimise, embed=embed, count=True, layers=True) as running,
        progress(f"on {board}", len(found)) as step,
    ):
        saved = None
        if any(port.gap for port in loaded.outputs):
            running.instructions(reset=True)
            saved = evaluate(running, found, early=False), running.instructions().engine
        running.instructions(reset=True)
        result = evaluate(running, found, progress=step)
        counted = running.instructions()
        stack = running.stack_used()
    run = _Run(board=running, model=loaded, data=found, result=result, counted=counted, stack=stack, whole=saved)
    if as_json:
        print_json(_data(run))
    else:
        _print(run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What was run, and what was counted; of a model whose samples end early, all ticks of them too."""

    board: EmulatedBoard
    model: Model
    data: DataSet
    result: Evaluation
    counted: Instructions
    stack: int
    whole: tuple[Evaluation, int] | None

    @property
    def ticks(self) -> int:
        """Ticks of all samples."""
        return int(self.result.ticks.sum())

    @property
    def instructions(self) -> tuple[float, float]:
        """Of a sample in the mean: all ticks, and those that were done."""
        done = self.counted.engine / len(self.data)
        return (self.whole[1] / len(self.data) if self.whole else done), done


def _serve(line: Transport, name: str, tcp: int | None, *, pty: bool, hint: str = "") -> None:
    """Serve a board's line until Ctrl-C."""
    from spikelet.bridge import serve_pty, serve_tcp

    def announce(port: str) -> None:
        say(f"{name} listens on {port}; {hint or f'try: spikelet eval MODEL DATA --on {port}'}")
        say("Ctrl-C ends it")

    with contextlib.suppress(KeyboardInterrupt):
        if pty:
            serve_pty(line, announce)
        else:
            serve_tcp(line, tcp or 0, announce)


def _serve_benchmark(emulation: Emulation, tcp: int | None, *, pty: bool) -> None:
    """Serve the line of a device of MLPerf Tiny; what it said at its start is gone, as of a board that is on."""
    try:
        line = SocketTransport(emulation.process.line, emulation.name)
        said = b""
        while not said.endswith(_READY):
            heard = line.read(_START)
            if not heard:
                raise DeviceError(f"{emulation.name} does not say that it is ready; it said {said!r}")
            said += heard
        _serve(line, emulation.name, tcp, pty=pty, hint="give the port to the suite's runner (--pty: as a serial port)")
    finally:
        emulation.stop()


def _print(run: _Run) -> None:
    n, ticks, made, counted = len(run.data), run.ticks, run.board.build, run.counted
    synops = int(run.result.synops.sum())
    say(f"{made.board.title}, {made.compiler} -O{made.optimise}: {n} samples, {ticks} ticks")
    rest = counted.engine - sum(counted.by_layer)
    rows: Rows = [
        (f"layer {p.name}", number(c / n, 1), number(c / ticks, 1), percent(c / counted.engine, 1), number(s.mean(), 1))
        for p, c, s in zip(run.model.populations, counted.by_layer, run.result.synops.T, strict=True)
    ]
    rows.append(
        ("engine, the rest", number(rest / n, 1), number(rest / ticks, 1), percent(rest / counted.engine, 1), "")
    )
    rows.append(("engine", number(counted.engine / n, 1), number(counted.engine / ticks, 1), "", number(synops / n, 1)))
    table("Instructions", ("", "#a sample", "#a tick", "#of the engine", "#synaptic operations"), rows)
    rows = [
        (name, number(c / n, 1), number(c / ticks, 1), percent(c / counted.total, 1))
        for name, c in list(counted.by_function.items())[:_FUNCTIONS]
    ]
    table("Functions, protocol included", ("", "#a sample", "#a tick", "#of all"), rows)
    if synops:
        say(f"{counted.engine / synops:.3f} instructions a synaptic operation")
    seconds = counted.engine / n / made.board.clock_hz
    say(f"at one instruction a cycle and {made.board.clock_hz / 1e6:g} MHz: {1000 * seconds:.2f} ms a sample")
    say(f"stack used: {run.stack} of {made.board.stack} bytes")
    if run.whole:
        print_ending(run.whole[0], run.result, instructions=run.instructions, what="counted")


def _data(run: _Run) -> dict[str, Any]:
    """The counts for machines."""
    made, counted = run.board.build, run.counted
    return {
        "board": made.board.name,
        "compiler": made.compiler,
        "optimise": made.optimise,
        "samples": len(run.data),
        "ticks": run.ticks,
        "synops": int(run.result.synops.sum()),
        "total": counted.total,
        "engine": counted.engine,
        "layers": {p.name: n for p, n in zip(run.model.populations, counted.by_layer, strict=True)},
        "functions": dict(counted.by_function),
        "stack_used": run.stack,
        **({"early_exit": ending_data(run.whole[0], run.result, run.instructions)} if run.whole else {}),
        "predictions": run.result.predictions.tolist(),
    }
