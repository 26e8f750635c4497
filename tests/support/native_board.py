"""The firmware's application as a library of this machine, behind a line that may go wrong."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RAM, SLOT = 65536, 32768

C_FLAGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wmissing-prototypes", "-Wshadow"]
C_FLAGS += ["-Wcast-qual", "-Werror", "-O1", "-g"]


def sources(*, model: Path | None = None) -> list[Path]:
    """C files of the application, the engine with its reference kernels, and the test port."""
    folders = [ROOT / "firmware" / name for name in ("app", "spiking", "graded")]
    other = {"board_memory.c", "main.c", "mem.c", "no_model.c"}
    app = [f for folder in folders for f in folder.glob("*.c") if f.name not in other]
    embedded = model or ROOT / "firmware" / "app" / "no_model.c"
    engine = [f for name in ("engine", "graded", "kernels/ref") for f in (ROOT / "csrc" / name).glob("*.c")]
    tables = [ROOT / "csrc" / "kernels" / name for name in ("all.c", "all_layers.c")]
    return sorted([*app, *engine, *tables, embedded, ROOT / "tests" / "fuzz" / "frame_port.c"])


def includes() -> list[str]:
    """Folders of headers."""
    folders = ("csrc/include", "csrc/engine", "csrc/graded", "firmware/include", "tests/fuzz")
    return [f"-I{ROOT / folder}" for folder in folders]


def build(target: Path) -> Path:
    """Compile the library."""
    files = [str(f) for f in sources()]
    subprocess.run(
        ["cc", *C_FLAGS, "-shared", "-fPIC", *includes(), *files, "-o", str(target)], check=True, timeout=120
    )
    return target


class NativeBoard:
    """A Transport: what the host writes goes through the firmware at once.

    `on_request` and `on_answer` see each frame on the line but empty ones, and say which frames arrive
    in its place.
    """

    def __init__(self, library: Path) -> None:
        self._c = ctypes.CDLL(str(library))
        self._c.board_take.restype = ctypes.c_size_t
        self.on_request: Callable[[bytes], list[bytes]] = lambda frame: [frame]
        self.on_answer: Callable[[bytes], list[bytes]] = lambda frame: [frame]
        self._heard = bytearray()
        self.forget()
        self.set_time_and_flash(0, fails=False)
        self.power_on()

    def power_on(self) -> None:
        """Restart: RAM is lost, flash stays."""
        self._c.board_power_on()

    def forget(self) -> None:
        """Flash as emulators have it at first."""
        self._c.board_forget()

    def set_time_and_flash(self, milliseconds: int, *, fails: bool) -> None:
        """How fast time goes, and whether flash operations fail."""
        self._c.board_set(milliseconds, int(fails))

    def dirty_writes(self) -> int:
        """Words of flash that were written without an erase."""
        return int(self._c.board_dirty_writes())

    def write(self, data: bytes) -> None:
        """See Transport."""
        for frame in data.split(b"\0")[:-1]:
            for arriving in self.on_request(frame + b"\0") if frame else [b"\0"]:
                self._c.board_give(arriving, ctypes.c_size_t(len(arriving)))
                self._listen()

    def _listen(self) -> None:
        buffer = ctypes.create_string_buffer(4096)
        n = self._c.board_take(buffer, ctypes.c_size_t(len(buffer)))
        for frame in buffer.raw[:n].split(b"\0")[:-1]:
            for arriving in self.on_answer(frame + b"\0"):
                self._heard += arriving

    def read(self, timeout: float) -> bytes:
        """See Transport; nothing comes later than at once."""
        del timeout
        data = bytes(self._heard)
        self._heard.clear()
        return data

    def close(self) -> None:
        """See Transport."""
