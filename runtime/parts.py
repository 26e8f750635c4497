"""What a firmware is put together from: folders, kernels, and the files that are written for a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spikelet._data import path as data_path
from spikelet.board_files import Board
from spikelet.converters.emit import (
    graded_kernel_names,
    image_source,
    input_bytes,
    kernel_names,
    kernel_table,
    layer_table,
    mlperf_source,
)
from spikelet.errors import BoardError
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.networks import image_of, work_of

__all__ = ["KERNEL_SETS", "Parts", "kernel_sets", "parts_of"]

#: Where a model's meta says which set some kernels are to come from, by name (`spikelet tune`).
KERNEL_SETS = "kernel_sets"
#: Of the application for models that are loaded at run time.
_ALL = ("spiking", "graded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a firmware is put together from.

    `folders` and `files` are in firmware/, less the files named in `without`; `engines` and `engine_files` in csrc/;
    `kernels` by name. `tables` and `written` are generated files, `tables` those that the engine needs. `image` and
    `work` are the embedded model's bytes of flash and of RAM. `sets` are the sets of kernels that do not come from
    the first one of the board's that has them.
    """

    folders: tuple[str, ...]
    engines: tuple[str, ...]
    kernels: tuple[str, ...]
    tables: Mapping[str, str]
    written: Mapping[str, str]
    files: tuple[str, ...] = ()
    without: frozenset[str] = field(default_factory=frozenset)
    engine_files: tuple[str, ...] = ()
    image: int = 0
    work: int = 0
    sets: Mapping[str, str] = field(default_factory=dict)


def parts_of(board: Board, model: Model | GradedModel | None, mlperf: str) -> Parts:
    """What a firmware for a board is put together from.

    Args:
        board: for which it is.
        model: to embed; None: it takes models of any kind at run time.
        mlperf: a benchmark of MLPerf Tiny; "": the application is spikelet's.

    Raises:
        BoardError: the model is none for the benchmark, or the board has no clock for it.
        ModelError: the model breaks a rule.
    """
    if mlperf:
        return _benchmark(board, model, mlperf)
    if model is None:
        names = {file.stem for file in (data_path("csrc") / "kernels" / "ref").glob("*.c")}
        return Parts(
            folders=("app", *_ALL),
            engines=("engine", "graded"),
            kernels=tuple(sorted(names)),
            engine_files=("kernels/all.c", "kernels/all_layers.c"),
            tables={},
            written={},
        )
    image = image_of(model)
    tables = _tables(model)
    if isinstance(model, GradedModel):
        kind, engine, kernels = "graded", "graded", list(graded_kernel_names())
    else:
        kind, engine, kernels = "spiking", "engine", kernel_names(model)
    return Parts(
        folders=("app", kind),
        engines=(engine,),
        kernels=tuple(kernels),
        without=frozenset({"no_model.c", "all_kinds.c"}),
        tables=tables,
        written={**tables, "kinds.c": _kinds(kind), "model_image.c": image_source(image)},
        image=len(image),
        work=work_of(model),
        sets=kernel_sets(model) if isinstance(model, Model) else {},
    )


def kernel_sets(model: Model) -> dict[str, str]:
    """The sets that a model wishes some kernels from, by name; all give the same bits.

    Raises:
        BoardError: its meta says something else.
    """
    said = model.meta.get(KERNEL_SETS, {})
    if not isinstance(said, Mapping) or not all(isinstance(word, str) for pair in said.items() for word in pair):
        raise BoardError(f"meta {KERNEL_SETS!r} is {str(said)[:60]}; allowed: names of sets by names of kernels")
    return dict(said)


def _tables(model: Model | GradedModel) -> dict[str, str]:
    """The tables of what the engine links for a model."""
    if isinstance(model, GradedModel):
        return {"layer_table.c": layer_table(model)}
    return {"kernel_table.c": kernel_table(model)}


def _kinds(kind: str) -> str:
    """Write the C file that names the only kind of networks of a firmware."""
    return "\n".join(
        [
            "/* Written by spikelet: the kind of the embedded model. */",
            '#include "spkl_kind.h"',
            "",
            "const struct spkl_kind *const spkl_kinds[SPKL_N_KINDS] = {",
            f"    [SPKL_KIND_{kind.upper()}] = &spkl_kind_{kind},",
            "};",
            "",
        ]
    )


def _benchmark(board: Board, model: Model | GradedModel | None, task: str) -> Parts:
    """A device of MLPerf Tiny."""
    if not isinstance(model, GradedModel):
        found = "a spiking network" if model is not None else "no model"
        raise BoardError(f"{task}: found {found}; allowed: an int8 network, such as of a .tflite file")
    if not board.counter and "ports/cmsdk" in board.sources:
        raise BoardError(f"{board.name} has no [counter] in its file, which ports/cmsdk tells microseconds by: add one")
    image = image_of(model)
    tables = _tables(model)
    source = mlperf_source(model, task)
    loaded, beside = input_bytes(model, task)
    return Parts(
        folders=("mlperf",),
        files=("app/mem.c", "app/board_memory.c"),
        engines=("graded",),
        engine_files=("engine/error_text.c",),
        kernels=graded_kernel_names(),
        tables=tables,
        written={**tables, "mlperf_task.c": source, "model_image.c": image_source(image)},
        image=len(image),
        work=-(-work_of(model) // 8) * 8 + loaded + beside,
    )
