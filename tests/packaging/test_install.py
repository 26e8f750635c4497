"""Fresh environments: both kinds of install, with and without a C compiler, used outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

SHIPPED = ("runtime", "converters", "csrc", "firmware", "boards", "examples", "build_backend")
FILES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path, path: str | None = None) -> str:
    """Run a command in a clean environment; its output is in the failure."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SPIKELET", "VIRTUAL"))}
    if path is not None:
        environment["PATH"] = path
    environment["SPIKELET_CACHE"] = str(cwd / "cache")
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
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


def test_a_machine_without_a_c_compiler_builds_the_extension_with_the_zig_wheel(checkout: Path, tmp_path: Path) -> None:
    """The PATH holds no compiler; the engine still runs."""
    bin_folder = environment(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "uname", "ldconfig"):
        found = shutil.which(name, path="/bin:/usr/bin:/sbin")
        if found:
            (tools / name).symlink_to(found)
    run(bin_folder / "python", "-m", "pip", "install", "-q", ".", cwd=checkout, path=f"{bin_folder}:{tools}")
    outside = tmp_path / "outside"
    outside.mkdir()

    out = run(bin_folder / "python", "-c", "import spikelet._spikelet as m; print(m.__file__)", cwd=outside)

    assert "_spikelet" in out


def test_a_source_archive_holds_all_that_a_wheel_needs(checkout: Path, tmp_path: Path) -> None:
    """sdist, then a wheel from it, then an import."""
    bin_folder = environment(tmp_path)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "build", cwd=tmp_path)
    run(bin_folder / "python", "-m", "build", "-o", tmp_path / "dist", ".", cwd=checkout)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    assert archive.stat().st_size < 5_000_000
    run(bin_folder / "python", "-m", "pip", "install", "-q", wheel, cwd=tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()

    run(bin_folder / "spikelet", "boards", cwd=outside)
