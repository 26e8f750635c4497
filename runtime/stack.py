"""The deepest stack of a firmware, from what gcc says of each function and its calls."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from spikelet._data import path as data_path

__all__ = ["OUTSIDE", "StackBound", "stack_bound"]

#: Taken for a function of which gcc tells nothing: of its own library, or in assembly [bytes].
OUTSIDE = 352
_KERNELS = "csrc/kernels/"
#: The function of every kind of layer that begins so; those of the commands of MLPerf Tiny.
_CHECKS, _RUNS, _COMMANDS = ("spkl_check_",), ("spkl_run_",), ("commands of mlperf",)
_DELIVERIES = tuple(f"csrc/engine/{name}.c" for name in ("rows", "conv", "sparse", "sparse4"))
#: What struct spkl_kind has.
_KIND = ("open_image", "arena_size", "start", "reset", "n_outputs")
#: Whom calls through pointers reach, by the caller's file, the first that fits: parts of "file:function" of callees.
INDIRECT = {
    "firmware/app/app.c": ("firmware/app/actions.c", "firmware/spiking/", "firmware/graded/"),
    "firmware/app/": tuple(f"/{kind}.c:{call}" for kind in ("spiking", "graded") for call in _KIND),
    "firmware/mlperf/commands.c": _COMMANDS,
    "firmware/app/frame.c": ("firmware/ports/",),
    "csrc/engine/parameters.c": ("csrc/engine/choices.c", "csrc/engine/plain.c"),
    "csrc/engine/choices.c": ("csrc/engine/line.c", "csrc/engine/blocks.c"),
    "csrc/engine/ports.c": ("csrc/engine/frames.c",),
    "csrc/engine/build.c": ("csrc/engine/build_any.c", "csrc/engine/plain.c"),
    "csrc/engine/build_any.c": (
        *("csrc/engine/conv_build.c", "csrc/engine/rows.c", "csrc/engine/sparse.c"),
        *("csrc/engine/sparse4.c", "csrc/engine/line.c", "csrc/engine/late.c"),
    ),
    "csrc/engine/tick.c": (
        *(*_DELIVERIES, "csrc/engine/late.c", "csrc/engine/line.c", "csrc/engine/blocks.c"),
        *("csrc/engine/frames.c", _KERNELS),
    ),
    "csrc/engine/late.c": (*_DELIVERIES, _KERNELS),
    "csrc/engine/": (_KERNELS,),
    "csrc/graded/check.c": _CHECKS,
    "csrc/graded/run.c": _RUNS,
    "csrc/graded/pool.c": ("average_pool.c:pool_s", "max_pool.c:pool_s"),
    "csrc/graded/": (_KERNELS,),
}
_COMMAND_LINE = re.compile(r'^    \{"\w+", (\w+), ', re.MULTILINE)
_KIND_LINE = re.compile(r"^SPKL_LAYER\(\w+, (\w+),", re.MULTILINE)
_ROOT = "main"
_START = 16  # what the reset handler itself may push
_TITLE = re.compile(r'^graph: \{ title: "([^"]*)"', re.MULTILINE)
_NODE = re.compile(r'^node: \{ title: "([^"]*)" label: "[^"]*\\n(\d+) bytes \((\w+)', re.MULTILINE)
_EDGE = re.compile(r'^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackBound:
    """The most bytes of stack, or None and the reason why it is not known.

    `path` names the functions of the deepest way.
    """

    bytes: int | None
    reason: str = ""
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Function:
    file: str
    own: int
    linked: bool
    calls: list[str] = field(default_factory=list)


class _Unknown(Exception):  # noqa: N818
    """The bound cannot be told; the message says why."""


def stack_bound(objects: Sequence[Path], linked: Set[str]) -> StackBound:
    """Walk the call graph of objects compiled with -fcallgraph-info=su from `main`.

    Calls through pointers are taken to reach every function of the files that INDIRECT names; so
    the bound holds, and may be higher than what ever happens. They reach none that is not `linked`.
    """
    functions: dict[str, _Function] = {}
    try:
        for graph in (path.with_suffix(".ci") for path in objects):
            if graph.exists():
                _read(graph.read_text(), functions, linked)
        depth, path = _deepest(_ROOT, functions, {}, ())
    except _Unknown as error:
        return StackBound(bytes=None, reason=str(error))
    return StackBound(bytes=depth + _START, path=path)


def _read(text: str, functions: dict[str, _Function], linked: Set[str]) -> None:
    title = _TITLE.search(text)
    file = title.group(1) if title else ""
    for name, own, kind in _NODE.findall(text):
        if kind != "static":
            raise _Unknown(f"{name} has a stack of {kind} size")
        functions[name] = _Function(file, int(own), name.rpartition(":")[2].partition(".")[0] in linked)
    for source, target in _EDGE.findall(text):
        functions[source].calls.append(target)


def _deepest(
    name: str, functions: dict[str, _Function], known: dict[str, tuple[int, tuple[str, ...]]], above: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """Depth of a function and all that it calls, and the way there."""
    if name in above:
        raise _Unknown(f"{name} calls itself, by way of {' > '.join(above)}")
    if name not in functions:
        return OUTSIDE, (name,)
    if name not in known:
        here = functions[name]
        below: tuple[int, tuple[str, ...]] = (0, ())
        for call in here.calls:
            for target in _indirect(here, functions) if call == "__indirect_call" else [call]:
                below = max(below, _deepest(target, functions, known, (*above, name)))
        known[name] = (here.own + below[0], (name.rpartition(":")[2], *below[1]))
    return known[name]


def _indirect(caller: _Function, functions: dict[str, _Function]) -> list[str]:
    """Whom a call through a pointer may reach; an assembly file counts as one function of OUTSIDE bytes."""
    for place, targets in INDIRECT.items():
        if place in caller.file:
            if targets in {_CHECKS, _RUNS}:
                return [name for kind in _layer_functions() if _is_linked(name := targets[0] + kind, functions)]
            if targets is _COMMANDS:
                return [name for name in functions if name.rpartition("/")[2] in _command_functions()]
            assembly = ["(assembly)"] if _KERNELS in targets else []
            there = ((name, f"{f.file}:{name.rpartition(':')[2]}") for name, f in functions.items() if f.linked)
            return [*(name for name, place in there if any(target in place for target in targets)), *assembly]
    raise _Unknown(f"a call through a pointer in {caller.file} reaches no one knows whom")


def _is_linked(name: str, functions: dict[str, _Function]) -> bool:
    return name in functions and functions[name].linked


@cache
def _layer_functions() -> tuple[str, ...]:
    """What the functions of kinds of layers are called by."""
    return tuple(_KIND_LINE.findall((data_path("csrc") / "include" / "spkl_layers.def").read_text()))


@cache
def _command_functions() -> frozenset[str]:
    """The functions of the table of commands."""
    text = (data_path("firmware") / "mlperf" / "commands.c").read_text()
    return frozenset(f"commands.c:{name}" for name in _COMMAND_LINE.findall(text))
