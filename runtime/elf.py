"""What spikelet reads from ELF files: sections, functions, bytes to load."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

__all__ = ["Elf", "Segment", "Symbol", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A function or an object: address without the Thumb bit, size [bytes], source file if it is static.

    Static ones of the same name are told apart as `name (file)`.
    """

    name: str
    address: int
    size: int
    function: bool
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Bytes and the address where a loader puts them."""

    address: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """An ELF file: entry, section sizes [bytes], segments, symbols by address."""

    entry: int
    sizes: Mapping[str, int]
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]
    absolute: Mapping[str, int]

    def function_at(self, address: int) -> str:
        """The function that holds an address, or "?"."""
        return function_at(self.functions, address)

    @property
    def functions(self) -> list[Symbol]:
        """Functions by address."""
        return [symbol for symbol in self.symbols if symbol.function]


def function_at(functions: Sequence[Symbol], address: int) -> str:
    """The name of the function of `functions` (by address) that holds an address, or "?"."""
    index = bisect_right([symbol.address for symbol in functions], address) - 1
    if index < 0 or address >= functions[index].address + max(functions[index].size, 2):
        return "?"
    return functions[index].name


def read(path: Path) -> Elf:
    """Read an ELF file that spikelet built."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        thumb = 1 if elf["e_machine"] == "EM_ARM" else 0
        sizes = {s.name: int(s["sh_size"]) for s in elf.iter_sections() if s["sh_flags"] & 2 and s["sh_size"]}
        segments = tuple(
            Segment(address=int(s["p_paddr"]), data=bytes(s.data()))
            for s in elf.iter_segments()
            if s["p_type"] == "PT_LOAD" and s["p_filesz"]
        )
        symbols, absolute = _symbols(elf, thumb)
        return Elf(entry=int(elf["e_entry"]), sizes=sizes, segments=segments, symbols=symbols, absolute=absolute)


def _symbols(elf: ELFFile, thumb: int) -> tuple[tuple[Symbol, ...], dict[str, int]]:
    """Functions and objects by address, and the linker's own names."""
    found, absolute, file = {}, {}, ""
    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for entry in section.iter_symbols():
            kind, bind = entry["st_info"]["type"], entry["st_info"]["bind"]
            address = int(entry["st_value"])
            if kind == "STT_FILE":
                file = Path(entry.name).name
            elif kind in {"STT_FUNC", "STT_OBJECT"} and entry["st_shndx"] != "SHN_UNDEF":
                function = kind == "STT_FUNC"
                address &= ~thumb if function else ~0
                # In an object file each function's section begins at 0.
                found[address, function, entry["st_shndx"]] = Symbol(
                    name=entry.name,
                    address=address,
                    size=int(entry["st_size"]),
                    function=function,
                    file=file if bind == "STB_LOCAL" else "",
                )
            elif kind == "STT_NOTYPE" and entry.name.startswith("spkl_"):
                absolute[entry.name] = address
    times = Counter(symbol.name for symbol in found.values())
    distinct = (
        replace(symbol, name=f"{symbol.name} ({symbol.file})") if times[symbol.name] > 1 and symbol.file else symbol
        for _, symbol in sorted(found.items(), key=lambda item: item[0][:2])
    )
    return tuple(distinct), absolute
