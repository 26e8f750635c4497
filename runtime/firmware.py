"""Builds firmware for a board: with a model embedded, or one that takes models at run time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from spikelet import elf as elf_files
from spikelet._data import path as data_path
from spikelet.board_files import Board
from spikelet.board_files import load as load_board
from spikelet.compile import STRICT, compile_all, keep
from spikelet.errors import BoardError, NoRoomError
from spikelet.graded.model import GradedModel
from spikelet.linker import board_header, board_names, linker_script
from spikelet.model import Encoder, Model, OutputKind
from spikelet.parts import Parts, parts_of
from spikelet.stack import StackBound, stack_bound
from spikelet.toolchain import Toolchain, cache_folder, digest, find

__all__ = ["Build", "EngineSize", "Use", "build", "engine_size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Bytes of a memory that are used, of those that are there."""

    used: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A built firmware.

    `sizes` are bytes of .text, .rodata (an embedded image included), .data and .bss. `ram` includes
    the reserved stack and, with an embedded model, its arena and largest frame; the rest of the RAM
    holds models that are loaded at run time. `image` is the bytes of the embedded image, or 0.
    `engine` names the functions that come from csrc/, and those of `library`: what only the engine
    needs of the compiler's library, such as 64-bit products on small cores.
    """

    board: Board
    elf: Path
    compiler: str
    optimise: str
    sizes: Mapping[str, int]
    flash: Use
    ram: Use
    image: int
    stack: StackBound
    symbols: tuple[elf_files.Symbol, ...]
    engine: frozenset[str]
    library: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSize:
    """Bytes of the engine in flash, with what it needs of the compiler's library, and of each symbol."""

    total: int
    text: int
    rodata: int
    by_symbol: Mapping[str, int]


def build(
    board: str | Board,
    *,
    model: Model | GradedModel | None = None,
    compiler: str = "auto",
    optimise: str = "2",
    output: Path | None = None,
    strict: bool = False,
    mlperf: str = "",
) -> Build:
    """Build firmware; what was built before from the same sources comes from the cache.

    Args:
        board: a board's name.
        model: to embed; only the engine of its kind and what it needs of it are linked, and it takes the place of
            the slot. None: both engines are linked, with all kernels, and models are loaded at run time.
        compiler: "gcc", "zig", or "auto": gcc where it is installed.
        optimise: "2" (fast), or "s" (small, with the small kernels: several times slower).
        output: a folder to copy the ELF file to, as `<board>.elf`.
        strict: turn the compiler's warnings into errors.
        mlperf: a benchmark of MLPerf Tiny, such as "ic01": the firmware takes the commands of the suite's runner,
            not spikelet's (docs/reference/mlperf.md). `model` is a graded one.

    Raises:
        BoardError: unknown board, no compiler, or it does not fit: by how many bytes, in which memory; or the
            model is none for the benchmark.
    """
    target = load_board(board)
    if optimise not in {"2", "s"}:
        raise BoardError(f"no optimisation {optimise!r}: there are 2 (fast) and s (small)")
    toolchain = find(target.arch, compiler)
    parts = parts_of(target, model, mlperf)
    flags = [*target.flags[toolchain.kind], f"-O{optimise}", *(STRICT if strict else ())]
    generated = _write(
        {
            "spkl_board.h": board_header(target, target.slot if model is None else None),
            "board_names.c": board_names(target),
            "board.ld": linker_script(target),
            **parts.written,
        }
    )
    app = [f for f in _sources("firmware", *parts.folders, *target.sources) if f.name not in parts.without]
    app += [data_path("firmware") / name for name in parts.files]
    app += sorted(generated.glob("*.c"))
    engine = compile_all(toolchain, _engine(target, parts, optimise), flags=flags, includes=_engine_includes())
    includes = [*_engine_includes(), data_path("firmware") / "include", generated]
    application = compile_all(toolchain, app, flags=flags, includes=includes)
    objects = [*engine, *application]
    elf = _link(toolchain, target, objects, generated / "board.ld", ["-Wl,-e,spkl_reset_handler"])
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        elf = Path(shutil.copyfile(elf, output / f"{target.name}.elf"))
    found = elf_files.read(elf)
    of_engine = _from(engine, found.symbols)
    library = frozenset(s.name for s in found.symbols if s.function) - of_engine - _from(application, found.symbols)
    linked = frozenset(s.name.partition(" ")[0].partition(".")[0] for s in found.symbols if s.function)
    return Build(
        board=target,
        elf=elf,
        compiler=toolchain.version,
        optimise=optimise,
        sizes={name: found.sizes.get(f".{name}", 0) for name in ("text", "rodata", "data", "bss")},
        flash=_flash(target, found, model is not None, parts.image),
        ram=_ram(target, found, parts.work),
        image=parts.image,
        stack=stack_bound(objects, linked)
        if toolchain.kind == "gcc"
        else StackBound(bytes=None, reason="only gcc tells it"),
        symbols=found.symbols,
        engine=of_engine | library,
        library=library,
    )


def engine_size(
    board: str | Board, model: Model | GradedModel, *, compiler: str = "auto", optimise: str = "s"
) -> EngineSize:
    """Link the engine alone, loader included, as `model` needs it: no firmware, no protocol.

    What it needs of the compiler's library (64-bit products on small cores) counts; the mem*
    functions, which the firmware supplies, do not.

    Args:
        board: a board's name.
        model: decides what is linked: the kernels that it needs, and the calls that its application makes.
        compiler: "gcc", "zig" or "auto".
        optimise: "2" or "s".

    Raises:
        BoardError: unknown board or no compiler.
    """
    target = load_board(board)
    toolchain = find(target.arch, compiler)
    flags = [*target.flags[toolchain.kind], f"-O{optimise}"]
    parts = parts_of(target, model, "")
    generated = _write({**parts.tables, "board.ld": linker_script(target)})
    mem = data_path("firmware") / "app" / "mem.c"
    sources = [*_engine(target, parts, optimise), *(generated / name for name in parts.tables), mem]
    objects = compile_all(toolchain, sources, flags=flags, includes=_engine_includes())
    calls = _calls(model)
    roots = [f"-Wl,-u,{name}" for name in calls]
    elf = elf_files.read(_link(toolchain, target, objects, generated / "board.ld", [f"-Wl,-e,{calls[0]}", *roots]))
    mem_names = {"memcpy", "memmove", "memset", "memcmp"}
    by_symbol = {s.name: s.size for s in elf.symbols if s.name not in mem_names and s.size}
    text = elf.sizes.get(".text", 0) - sum(s.size for s in elf.symbols if s.name in mem_names)
    rodata = elf.sizes.get(".rodata", 0) + elf.sizes.get(".data", 0)
    return EngineSize(total=text + rodata, text=text, rodata=rodata, by_symbol=by_symbol)


def _sources(top: str, *folders: str) -> list[Path]:
    """C and assembly files of folders, in order."""
    return [f for folder in folders for f in sorted((data_path(top) / folder).iterdir()) if f.suffix in {".c", ".S"}]


def _engine_includes() -> list[Path]:
    return [data_path("csrc") / folder for folder in ("include", "engine", "graded")]


def _engine(board: Board, parts: Parts, optimise: str) -> list[Path]:
    """The engine's files for a board: of each kernel the first set that has it.

    Where size comes first that is a small form of a board's set, then `ref`, whose kernels are the smallest in C. Else
    a model may wish a kernel from another one of the board's sets, or `ref`; of others nothing is taken.
    """
    kernels = data_path("csrc") / "kernels"
    files = [*_sources("csrc", *parts.engines), *(data_path("csrc") / name for name in parts.engine_files)]
    small = (*(f"{name}_small" for name in board.kernels), "ref")
    sets = (*small, *board.kernels) if optimise == "s" else board.kernels
    for name in parts.kernels:
        wished = parts.sets.get(name)
        first = (wished,) if wished in (*sets, "ref") and optimise != "s" else ()
        choice = (kernels / s / f"{name}{suffix}" for s in (*first, *sets) for suffix in (".S", ".c"))
        files.append(next(f for f in choice if f.exists()))
    return files


def _calls(model: Model | GradedModel) -> list[str]:
    """What an application calls that runs a model."""
    if isinstance(model, GradedModel):
        names = ("open", "arena_size", "start", "input", "output", "run", "reset")
        return [f"spkl_graded_{name}" for name in names]
    encoders = {port.encoder for port in model.inputs}
    calls = ["open", "arena_size", "start", "tick", "advance", "output", "reset"]
    calls += ["push"] * (Encoder.EVENTS in encoders) + ["push_frame"] * bool(encoders - {Encoder.EVENTS})
    calls += ["output_take"] * any(port.kind is OutputKind.EVENTS for port in model.outputs)
    return [f"spkl_{name}" for name in calls]


def _from(objects: Sequence[Path], symbols: Sequence[elf_files.Symbol]) -> frozenset[str]:
    """Names of the functions of a linked file that come from some of its objects."""
    there = {s.name for path in objects for s in elf_files.read(path).symbols if s.function}
    sources = {f"{path.stem}{suffix}" for path in objects for suffix in (".c", ".S")}
    return frozenset(
        s.name
        for s in symbols
        if s.function and s.name.partition(" ")[0] in there and (not s.file or s.file in sources)
    )


def _write(written: Mapping[str, str]) -> Path:
    """Keep generated files in the cache; returns their folder."""
    folder = cache_folder() / "generated" / digest(*(part for pair in sorted(written.items()) for part in pair))
    if not all((folder / name).exists() for name in written):
        with TemporaryDirectory() as scratch:
            for name, text in written.items():
                (Path(scratch) / name).write_text(text)
            keep(Path(scratch), folder)
    return folder


def _link(toolchain: Toolchain, board: Board, objects: Sequence[Path], script: Path, roots: Sequence[str]) -> Path:
    """Link objects; what was linked before comes from the cache."""
    own = [*_linking(board.flags[toolchain.kind]), "-Wl,--gc-sections", *roots]
    own += ["-nostartfiles", "-nodefaultlibs"] if toolchain.kind == "gcc" else ["-O2"]
    key = digest(toolchain.version, script.read_bytes(), *own, *(o.read_bytes() for o in objects))
    folder = cache_folder() / "linked" / key
    if not (folder / "firmware.elf").exists():
        with TemporaryDirectory() as scratch:
            library = ["-lgcc"] if toolchain.kind == "gcc" else []
            toolchain.run([*own, "-T", script, *objects, *library, "-o", Path(scratch) / "firmware.elf"])
            keep(Path(scratch), folder)
    return folder / "firmware.elf"


def _linking(flags: Sequence[str]) -> list[str]:
    """Flags that choose the core, as gcc finds its library by: it has none for RISC-V's extensions with long names."""
    return [flag.partition("_")[0] if flag.startswith("-march=") else flag for flag in flags]


def _flash(board: Board, elf: elf_files.Elf, embedded: bool, image: int) -> Use:
    """Flash that a firmware takes; an embedded model may have the slot's place too."""
    used = sum(elf.sizes.get(name, 0) for name in (".text", ".rodata", ".data"))
    length = board.flash.length + (board.slot.length if board.slot and embedded else 0)
    return _fits(board, "flash", used, length, f"the model (an image of {image} bytes)" if image else "the firmware")


def _ram(board: Board, elf: elf_files.Elf, work: int) -> Use:
    """RAM that a firmware takes: stack, variables, and what an embedded model works in."""
    used = elf.absolute["spkl_pool_start"] - board.ram.origin + work
    what = f"the model (it works in {work} bytes)" if work else "the firmware"
    return _fits(board, "RAM", used, board.ram.length, what)


def _fits(board: Board, memory: str, used: int, length: int, what: str) -> Use:
    if used > length:
        raise NoRoomError(
            f"{what} does not fit {board.name}: {used - length} bytes of {memory} are missing"
            f" ({used} needed, {length} there); choose a larger board or a smaller model"
        )
    return Use(used=used, length=length)
