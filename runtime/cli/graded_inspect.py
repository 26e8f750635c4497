"""`spikelet inspect` of int8 networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikelet.cli.screen import Rows, number, print_json, say, size, table, width
from spikelet.graded.budget import GradedBudget, graded_budget
from spikelet.graded.model import GradedModel
from spikelet.graded.names import short_name
from spikelet.graded.report import describe, shape_of
from spikelet.graded.report_svg import draw_graded
from spikelet.svg_file import write_text

__all__ = ["inspect_graded", "print_memory"]

#: Characters of a line from which on everything is shown, and of a name where they are fewer.
_WIDE, _NAME = 110, 13


def inspect_graded(
    model: GradedModel, path: Path, *, svg: Path | None, board: str | None, force: bool, as_json: bool
) -> None:
    """Show everything that a graded model says.

    Args:
        model: the network.
        path: of its file, for titles.
        svg: a file to draw it into.
        board: a board's name, to see whether it fits.
        force: replace the drawing.
        as_json: print JSON.
    """
    report = describe(model)
    taken = graded_budget(model, board) if board is not None else None
    if svg is not None:
        write_text(svg, draw_graded(model, title=path.name), force=force)
    if as_json:
        print_json({"file": str(path), **report, **({"board": taken.as_data()} if taken else {})})
        return
    _print(path, report)
    if taken is not None:
        _print_board(taken)
    if svg is not None:
        say(f"drawn in {svg}")


def _print(path: Path, report: dict[str, Any]) -> None:
    image = report["image"]
    say(f"{path}: int8 network, format {image['format']}, CRC-32 {image['crc32']}, {size(image['bytes'])}")
    _ports(report)
    _layers(report)
    print_memory(report["memory"])
    source = report["meta"].get("source", {})
    if isinstance(source, dict) and source.get("sha256"):
        say(f"made from a {source.get('format', '?')} file with SHA-256 {source['sha256']}")


def print_memory(memory: dict[str, Any]) -> None:
    """What a network takes, beside what TensorFlow Lite Micro's greedy planner needs for the same file."""
    peer = memory.get("tflm_greedy")
    planned = memory["activations"] + memory["scratch"]
    rows: Rows = [
        ("activations, planned", size(memory["activations"]), "RAM"),
        ("scratch of kernels", size(memory["scratch"]), "RAM"),
        ("both", size(planned), "RAM"),
    ]
    if peer:
        rows.append(
            ("the same in TensorFlow Lite Micro, greedy", size(peer), f"RAM, {100 * planned / peer:.0f} % of it")
        )
    rows += [
        ("variables, kept between inferences", size(memory["variables"]), "RAM"),
        ("network's own struct", size(memory["struct"]), "RAM"),
        ("image", size(memory["image"]), "flash"),
        ("tables of channels and functions in it", size(memory["tables"]), "flash"),
        ("names and shapes for people in it", size(memory["meta"]), "flash"),
    ]
    table("Memory", ("", "#bytes", "where"), rows)


def _print_board(taken: GradedBudget) -> None:
    """Whether the network fits a board."""
    board = taken.board
    missing = taken.missing
    say(f"{board.name} ({board.title}): {f'does not fit: {missing}' if missing else 'the network fits'}")
    rows: Rows = [
        ("flash", size(taken.image), size(taken.flash_length), _spare(taken.flash_spare), "the image"),
        (
            "RAM",
            size(taken.arena + taken.stack),
            size(board.ram.length),
            _spare(taken.ram_spare),
            f"the arena and {size(taken.stack)} kept for the stack",
        ),
    ]
    table("", ("memory", "#taken", "#there", "#left", "by"), rows)
    say("without firmware; spikelet check --board builds it, and counts instructions")


def _spare(count: int) -> str:
    return size(count) if count >= 0 else f"-{size(-count)}"


def _ports(report: dict[str, Any]) -> None:
    rows: Rows = []
    for kind in ("input", "output"):
        for port in report[f"{kind}s"]:
            labels = ", ".join(port["labels"])
            own = f"{port['type']}{', float32 in the file' if port['is_float'] else ''}"
            rows.append(
                (kind, port["name"], shape_of(port["shape"]), own, f"{port['scale']:.6g}", port["zero_point"], labels)
            )
    labelled = any(row[-1] for row in rows)
    columns = ("", "name", "shape", "numbers", "#scale", "#zero point", *(["labels"] if labelled else []))
    table("Ports", columns, rows if labelled else [row[:-1] for row in rows])


def _layers(report: dict[str, Any]) -> None:
    """Layers; on a narrow screen without the scales of their outputs."""
    wide = width() >= _WIDE
    rows: Rows = []
    for layer in report["layers"]:
        bits = f" ({layer['bits']} bits)" if layer["weights"] and layer["bits"] != 8 else ""
        name = short_name(layer["name"])
        rows.append(
            (
                layer["index"],
                name if wide or len(name) <= _NAME else f"{name[: _NAME - 6]}…{name[-5:]}",
                layer["windowed"] + bits,
                shape_of(layer["output"]),
                number(layer["parameters"]) if layer["parameters"] else "",
                number(sum(layer["bytes"].values())),
                number(layer["macs"]) if layer["macs"] else "",
                f"{layer['scale']:.4g}",
                layer["zero_point"],
            )
        )
    stored = sum(sum(layer["bytes"].values()) for layer in report["layers"])
    rows.append(("", "all", "", "", number(report["parameters"]), number(stored), number(report["macs"]), "", ""))
    columns = ("#", "layer", "kind", "output", "#weights", "#bytes", "#MACs", "#scale", "#zero")
    shown = len(columns) if wide else columns.index("#scale")
    table("Layers", columns[:shown], [row[:shown] for row in rows])
    if not wide:
        say("scales and zero points are shown on a wider screen, and by --json")
        say()
