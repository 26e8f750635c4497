"""A budget on screen, and as JSON."""

from __future__ import annotations

from typing import Any

from spikelet.budget import Budget, Layer, Times
from spikelet.budget_room import Room
from spikelet.cli.screen import Rows, number, say, table

__all__ = ["as_data", "print_budget"]

_COLUMNS = (
    *("layer", "kind", "#weights", "#bits", "#flash", "#RAM"),
    *("#synops, worst", "#typical", "#instructions, worst", "#typical"),
)


def as_data(made: Budget, room: Room | None = None) -> dict[str, Any]:
    """A budget, and what a built firmware has room for, JSON-like."""
    found: dict[str, Any] = {
        "layers": [_layer(layer) for layer in made.layers],
        "image": made.image,
        "work": made.work,
        "worst_tick": _times(made, made.worst),
        "typical_tick": {**_times(made, made.typical), "from": made.assumption, "handing_over": made.handing},
        "modelled_for": {"core": made.counted, "compiler": made.compiler} if made.counted else None,
    }
    if room is not None:
        found["flash"] = {**room.flash, "length": room.flash_length, "spare": room.flash_spare}
        found["ram"] = {**room.ram, "length": room.board.ram.length, "spare": room.ram_spare}
        found["stack"] = {"kept": room.board.stack, "bound": room.stack.bytes, "spare": room.stack_spare}
    return found


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "part": layer.part,
        "kind": layer.kind,
        "neurons": layer.neurons,
        "weights": layer.weights,
        "bits": list(layer.bits),
        "flash": {**layer.flash, "total": sum(layer.flash.values()), "shared": layer.shared},
        "ram": {**layer.ram, "total": sum(layer.ram.values())},
        "events": layer.events,
        "worst": {"synops": round(layer.worst.synops), "instructions": _rounded(layer.worst.instructions)},
        "typical": {"synops": layer.typical.synops, "instructions": _rounded(layer.typical.instructions)},
    }


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _times(made: Budget, times: Times) -> dict[str, Any]:
    return {"synops": times.synops, "instructions": _rounded(times.instructions), "seconds": made.time(times)}


def print_budget(made: Budget, room: Room | None = None, counted: int | None = None) -> None:
    """Print the layers and what they add up to.

    Args:
        made: the budget.
        room: of a built firmware; None: none was built.
        counted: instructions of the worst tick in emulation; None: nobody counted them.
    """
    rows: Rows = [_row(layer) for layer in made.layers]
    flash, ram = made.image, made.work
    if room is not None:
        rows += [(name, "", "", "", number(room.flash[name]), "", *[""] * 4) for name in ("engine", "firmware")]
        rows += [(name, "", "", "", "", number(room.ram[name]), *[""] * 4) for name in ("variables", "stack")]
        flash, ram = sum(room.flash.values()), sum(room.ram.values())
    rows.append(("together", "", "", "", number(flash), number(ram), *_cells(made.worst, made.typical)))
    table("", _COLUMNS, rows)
    if room is not None:
        say(f"flash: {_spare(room.flash_spare, room.flash_length)}")
        say(f"RAM: {_spare(room.ram_spare, room.board.ram.length)}")
        say(_stack(room))
    for text, times in (("worst", made.worst), ("typical", made.typical)):
        ms = made.time(times)
        if ms is not None and times.instructions is not None:
            known = f"modelled{f'; {number(counted)} counted in emulation' if counted and text == 'worst' else ''}"
            at = f"{1000 * ms:.3g} ms at {made.board.clock_hz / 1e6:g} MHz and one a cycle"
            say(f"{text} tick: {number(times.instructions)} instructions ({known}), {at}")
    say(made.assumption)
    if made.handing:
        say(f"an application's pushes take {number(made.handing)} instructions of a typical tick besides")
    if made.counted is None:
        say(f"nobody has counted instructions for {made.board.core} with these kernels")


def _row(layer: Layer) -> tuple[object, ...]:
    bits = ", ".join(map(str, layer.bits))
    shared = f" (and {number(layer.shared)} shared)" if layer.shared else ""
    return (
        layer.name if layer.part != "network" else "of all",
        f"{layer.neurons} x {layer.kind}" if layer.kind else "",
        number(layer.weights) if layer.weights else "",
        bits,
        number(sum(layer.flash.values())) + shared,
        number(sum(layer.ram.values())),
        *_cells(layer.worst, layer.typical),
    )


def _cells(worst: Times, typical: Times) -> tuple[str, str, str, str]:
    costs = ("-" if times.instructions is None else number(times.instructions) for times in (worst, typical))
    return (number(worst.synops), number(typical.synops), *costs)  # type: ignore[return-value]


def _spare(spare: int, length: int) -> str:
    if spare < 0:
        return f"{-spare:,} bytes are missing, {length:,} are there"
    return f"{spare:,} of {length:,} bytes spare"


def _stack(room: Room) -> str:
    if room.stack_spare is None:
        return f"stack: {room.board.stack:,} bytes kept; {room.stack.reason}"
    return f"stack: at most {room.stack.bytes:,} of {room.board.stack:,} bytes kept (proven)"
