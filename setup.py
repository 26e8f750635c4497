"""Maps runtime/ to `spikelet` and converters/ to `spikelet.converters`, and ships the C sources as data."""

import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent / "build_backend"))
from host_compiler import has_python_headers, replacement

DATA = ("csrc", "firmware", "boards", "examples/digits")
#: Of the examples only what `spikelet demo` reads.
LEFT_OUT = {"examples/digits": {".py"}}
ROOTS = {"spikelet": "runtime", "spikelet.converters": "converters"}
ENGINE = "runtime/_build_engine.py"


def packages() -> list[str]:
    """Name every package below the two roots; setuptools' own search does not see through the mapping."""
    found = []
    for package, root in ROOTS.items():
        for init in sorted(Path(root).rglob("__init__.py")):
            found.append(".".join([package, *init.parent.relative_to(root).parts]))
    return found


class BuildPy(build_py):
    """Copies the folders of DATA into the wheel, below spikelet/_data."""

    def _data(self) -> Iterator[tuple[Path, Path]]:
        for top in DATA:
            for source in sorted(Path(top).rglob("*")):
                left_out = "__pycache__" in source.parts or source.suffix in LEFT_OUT.get(top, ())
                if source.is_file() and not left_out:
                    yield source, Path(self.build_lib, "spikelet", "_data", source)

    def run(self) -> None:
        """Build as usual, then copy; an editable install reads the checkout instead."""
        if not has_python_headers():
            runpy.run_path(ENGINE)["plain_ffi"].emit_python_code("runtime/_spikelet.py")
        super().run()
        if not self.editable_mode:
            for source, target in self._data():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Name the copied files too, so that they are installed and removed."""
        copied = [] if self.editable_mode else [str(target) for _, target in self._data()]
        return [*super().get_outputs(include_bytecode), *copied]


class BuildExt(build_ext):
    """Compiles with what there is."""

    def build_extensions(self) -> None:
        """Take another compiler where the one that Python was built with is missing."""
        command = replacement()
        if command is not None:
            self.announce(f"no working compiler of Python's own; using: {' '.join(command)}", level=3)
            self.compiler.set_executables(
                compiler=command, compiler_so=[*command, "-fPIC", "-DNDEBUG"], linker_so=[*command, "-shared"]
            )
        super().build_extensions()


def engine() -> dict[str, Any]:
    """What setup() is told of the C engine: one extension module, or without Python.h a library and a module."""
    if has_python_headers():
        return {"cffi_modules": [f"{ENGINE}:ffi"]}
    described = runpy.run_path(ENGINE)
    return {"ext_modules": [Extension(described["LIBRARY"], **described["BUILD"])]}


setup(packages=packages(), package_dir=ROOTS, cmdclass={"build_py": BuildPy, "build_ext": BuildExt}, **engine())
