"""Fresh environments: both kinds of install, with and without a C compiler, used outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

SHIPPED = ("runtime", "converters", "csrc", "firmware", "boards", "examples", "build_backend")
FILES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path, path: str | None = None) -> str:
    """Run a command in a clean environment; its output is in the failure."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SPIKELET", "VIRTUAL"))
    }
    if path is not None:
        environment["PATH"] = path
    environment["SPIKELET_CACHE"] = str(cwd / "cache")
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, as a clone would have them."""
    target = tmp_path / "checkout"
    target.mkdir()
    clean = shutil.ignore_patterns("*.so", "__pycache__", "_spikelet.c", "*.o")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=clean)
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    return target


def environment(tmp_path: Path) -> Path:
    """A fresh virtual environment; returns its bin folder."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    return tmp_path / "venv" / "bin"


def build_and_look(bin_folder: Path, outside: Path) -> None:
    """Convert, inspect and build firmware with the zig wheel, away from the checkout."""
    example = ROOT / "examples" / "digits" / "digits.nir"
    outside.mkdir()
    run(bin_folder / "python", "-c", "import spikelet.converters; print(spikelet.__version__)", cwd=outside)
    run(
        bin_folder / "spikelet", "convert", example, "-o", "digits.spkl", "--framework", "snntorch", "--reset", "zero",
        "--encoder", "rate", "--ticks-per-sample", "25", cwd=outside,
    )  # fmt: skip
    assert "snntorch" in run(bin_folder / "spikelet", "inspect", "digits.spkl", cwd=outside)
    run(
        bin_folder / "spikelet", "build", "digits.spkl", "--board", "cortex-m4", "--compiler", "zig", "-o", "firmware",
        cwd=outside,
    )  # fmt: skip
    assert list((outside / "firmware").glob("*.elf"))


def test_a_wheel_converts_and_builds_firmware_outside_the_checkout(checkout: Path, tmp_path: Path) -> None:
    """`pip install .[emulator]` in a fresh environment is all that is needed, demo included."""
    bin_folder = environment(tmp_path)
    run(bin_folder / "python", "-m", "pip", "install", "-q", ".[emulator]", cwd=checkout)
    shutil.rmtree(checkout)

    build_and_look(bin_folder, tmp_path / "outside")

    assert "identical" in run(bin_folder / "spikelet", "demo", cwd=tmp_path / "outside")


def test_an_editable_install_converts_and_builds_firmware(checkout: Path, tmp_path: Path) -> None:
    """`pip install -e .[emulator]` reads the sources of the checkout."""
    bin_folder = environment(tmp_path)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "-e", ".[emulator]", cwd=checkout)

    build_and_look(bin_folder, tmp_path / "outside")


#: Runs a network on the engine and on the reference, with data that is outside the installation.
AGREE = """
import sys, numpy as np, spikelet
model = spikelet.convert(sys.argv[1], framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25)
frame = np.arange(64, dtype=np.uint8) * 4
one, other = spikelet.Engine(model).run(frame), spikelet.Reference(model).run(frame)
assert one.stats == other.stats and one.events.tolist() == other.events.tolist() and len(one.events)
print(spikelet.__file__)
"""

#: Python's own compiler is missing, or its headers are.
WITHOUT_HEADERS = """
import runpy, sys
sys.path.insert(0, "build_backend")
import host_compiler
host_compiler.has_python_headers = lambda: False
sys.argv = ["setup.py", "-q", "bdist_wheel", "-d", sys.argv[1]]
runpy.run_path("setup.py", run_name="__main__")
"""


def agree(bin_folder: Path, outside: Path) -> None:
    """The engine of an environment runs, and as the reference does."""
    outside.mkdir()
    example = ROOT / "examples" / "digits" / "digits.nir"
    where = run(bin_folder / "python", "-c", AGREE, example, cwd=outside)
    assert str(ROOT) not in where


def test_a_machine_without_a_c_compiler_builds_the_extension_with_the_zig_wheel(checkout: Path, tmp_path: Path) -> None:
    """The PATH holds no compiler; the engine still runs."""
    bin_folder = environment(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "uname", "ldconfig"):
        found = shutil.which(name, path="/bin:/usr/bin:/sbin")
        if found:
            (tools / name).symlink_to(found)
    path = f"{bin_folder}{os.pathsep}{tools}"
    run(bin_folder / "python", "-m", "pip", "install", "-q", ".", cwd=checkout, path=path)
    (extension,) = (tmp_path / "venv").rglob("_spikelet.*so")

    assert b"LLD" in extension.read_bytes()
    agree(bin_folder, tmp_path / "outside")


def test_a_python_without_its_headers_gets_the_engine_as_a_library(checkout: Path, tmp_path: Path) -> None:
    """Debian's python3 has no Python.h; the same wheel then holds no extension module."""
    bin_folder = environment(tmp_path)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "setuptools>=77", "cffi", "wheel", cwd=tmp_path)
    run(bin_folder / "python", "-c", WITHOUT_HEADERS, tmp_path / "dist", cwd=checkout)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        binaries = [name for name in archive.namelist() if name.endswith(".so")]
    run(bin_folder / "python", "-m", "pip", "install", "-q", wheel, cwd=tmp_path)

    assert [name.partition(".")[0] for name in binaries] == ["spikelet/_spikelet_library"]
    agree(bin_folder, tmp_path / "outside")


def test_a_source_archive_holds_all_that_a_wheel_needs(checkout: Path, tmp_path: Path) -> None:
    """sdist, then a wheel from it, then an import."""
    bin_folder = environment(tmp_path)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "build", cwd=tmp_path)
    run(bin_folder / "python", "-m", "build", "-o", tmp_path / "dist", ".", cwd=checkout)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    assert archive.stat().st_size < 5_000_000
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"csrc/include/spkl.h", "csrc/kernels/all.c", "build_backend/spikelet_build.py"} <= names
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc")) or name.startswith("tests/")]
    run(bin_folder / "python", "-m", "pip", "install", "-q", wheel, cwd=tmp_path)

    agree(bin_folder, tmp_path / "outside")

    run(bin_folder / "spikelet", "boards", cwd=tmp_path / "outside")
