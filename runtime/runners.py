"""Opens what a model can run on, by name: the host's engine, the reference, an emulated or a real board."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from spikelet.errors import BoardError, SpikeletError
from spikelet.model import Model
from spikelet.runner import Runner

if TYPE_CHECKING:
    from spikelet.graded.model import GradedModel
    from spikelet.graded.runner import GradedRunner

__all__ = ["WHERE", "emulated", "is_board", "open_graded", "open_runner"]

#: What `--on` takes, for help texts.
WHERE = "host, reference, emulator:BOARD, or a port such as /dev/ttyACM0 or socket://localhost:5555"
_EMULATOR = "emulator:"


def is_board(where: str) -> bool:
    """Whether this is a board, emulated or real."""
    return where not in {"host", "reference"}


def emulated(where: str) -> str:
    """The board's name of "emulator:BOARD"; "" for anything else."""
    return where.removeprefix(_EMULATOR) if where.startswith(_EMULATOR) else ""


def open_runner(where: str, model: Model, *, compiler: str = "auto", count: bool = False) -> Runner:
    """Open a runner; use it in a `with` statement.

    Args:
        where: "host", "reference", "emulator:BOARD", or a port.
        model: to run; a board gets it over the line if it does not run it already.
        compiler: for an emulated board's firmware.
        count: count the instructions of an emulated board, which makes it slower.

    Raises:
        BoardError: unknown board, no compiler or emulator, or the model does not fit.
        DeviceError: the port is missing or busy, or the board is silent.
        SpikeletError: the host's engine is not built.
    """
    if where == "host":
        return _host(model)
    if where == "reference":
        from spikelet.reference import Reference

        return Reference(model)
    if where.startswith(_EMULATOR):
        from spikelet.emulator import emulate

        return emulate(model, emulated(where), compiler=compiler, count=count)
    _refuse_name(where)
    from spikelet.device import connect

    return connect(where, model)


def open_graded(where: str, model: GradedModel, *, compiler: str = "auto", count: bool = False) -> GradedRunner:
    """Open a runner for a graded network; arguments and exceptions are those of open_runner."""
    if where == "host":
        try:
            from spikelet.graded.engine import GradedEngine
        except ModuleNotFoundError as error:
            _no_engine(error)
        return GradedEngine(model)
    if where == "reference":
        from spikelet.graded.reference import GradedReference

        return GradedReference(model)
    if where.startswith(_EMULATOR):
        from spikelet.emulator import emulate

        return emulate(model, emulated(where), compiler=compiler, count=count)
    _refuse_name(where)
    from spikelet.device import connect

    return connect(where, model)


def _refuse_name(where: str) -> None:
    """Refuse the name of a board where a port is meant."""
    from spikelet import board_files

    if where in board_files.names():
        raise BoardError(
            f"{where!r} is a board: say emulator:{where} for the emulated one, or give the port of a real one"
        )


def _host(model: Model) -> Runner:
    try:
        from spikelet.engine import Engine
    except ModuleNotFoundError as error:
        _no_engine(error)
    return Engine(model)


def _no_engine(error: ModuleNotFoundError) -> NoReturn:
    raise SpikeletError(
        "the C engine is not built: install spikelet again (pip install .), or use --on reference"
    ) from error
