"""The device of MLPerf Tiny as a program of this machine, under sanitizers, with a network in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from paths import ROOT
from spikelet.converters.emit import graded_kernel_names, image_source, layer_table, mlperf_source
from spikelet.graded.image import encode
from spikelet.graded.model import GradedModel
from support.native_board import C_FLAGS

__all__ = ["NativeDevice", "build", "includes", "sources"]

_SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
_BOOT = "m-timestamp-mode-performance"


def sources(folder: Path, model: GradedModel, task: str, **other: str) -> list[Path]:
    """C files of the device and of the engine as the model needs it; writes those of the model into a folder.

    `other` stands for a file that would be written otherwise.
    """
    written = {
        "model_image.c": image_source(encode(model)),
        "layer_table.c": layer_table(model),
        "mlperf_task.c": mlperf_source(model, task),
    }
    written |= {f"{name}.c": text for name, text in other.items()}
    for name, text in written.items():
        (folder / name).write_text(text)
    device = [f for f in (ROOT / "firmware" / "mlperf").glob("*.c") if f.name != "main.c"]
    engine = [*(ROOT / "csrc" / "graded").glob("*.c"), ROOT / "csrc" / "engine" / "error_text.c"]
    kernels = [ROOT / "csrc" / "kernels" / "ref" / f"{name}.c" for name in graded_kernel_names()]
    port = ROOT / "tests" / "fuzz" / "mlperf_port.c"
    return sorted([*device, *engine, *kernels, port, *(folder / name for name in written)])


def includes() -> list[str]:
    """Folders of headers."""
    folders = ("csrc/include", "csrc/engine", "csrc/graded", "firmware/include", "tests/fuzz")
    return [f"-I{ROOT / folder}" for folder in folders]


def build(folder: Path, model: GradedModel, task: str, **other: str) -> Path:
    """Compile a device into a folder, see `sources`; skips where there is no compiler with sanitizers."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs a C compiler with sanitizers: apt-get install gcc")
    target = folder / "device"
    files = [*sources(folder, model, task, **other), ROOT / "tests" / "fuzz" / "mlperf_line.c"]
    words = [compiler, *C_FLAGS, *_SANITIZED, *includes(), *map(str, files), "-o", str(target)]
    subprocess.run(words, check=True, timeout=300)
    return target


class NativeDevice:
    """A device that is started for each list of commands."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def raw(self, sent: bytes) -> str:
        """What the device says to these bytes, from its start on; a fault fails the test."""
        done = subprocess.run([str(self._program)], input=sent, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        return done.stdout.decode("ascii")

    def ask(self, *commands: str) -> list[list[str]]:
        """The lines that answer each command, without m-ready."""
        said = self.raw("".join(f"{command}%" for command in commands).encode())
        lines = said.split("\r\n")
        assert lines.pop() == ""
        assert lines[0] == _BOOT
        answers: list[list[str]] = [[]]
        for line in lines:
            if line == "m-ready":
                answers.append([])
            else:
                answers[-1].append(line)
        assert answers.pop() == []
        assert len(answers) == 1 + len(commands)
        return answers[1:]

    def load(self, data: bytes, *commands: str, piece: int = 31) -> list[list[str]]:
        """Load an input as the suite's runner does, and ask; the answers to `commands`."""
        pieces = [f"db {data[i : i + piece].hex()}" for i in range(0, len(data), piece)]
        answers = self.ask(f"db load {len(data)}", *pieces, *commands)
        assert answers[0] == [f"m-[Expecting {len(data)} bytes]"]
        assert answers[1 : len(pieces)] == [[]] * (len(pieces) - 1)
        assert answers[len(pieces)] == ["m-load-done"]
        return answers[1 + len(pieces) :]
