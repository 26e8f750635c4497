"""The commands that need a compiler and an emulator."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from spikelet import connect
from spikelet.image import read
from support.command_line import DIGITS, answer, convert_digits, spikelet
from support.tools import need

BOARD = "cortex-m4"
ZIG = ("--compiler", "zig")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network; skips without compiler and emulator."""
    need(BOARD, "zig")
    return convert_digits(tmp_path_factory.mktemp("image"))


def test_build_reports_memory_and_replaces_nothing(image: Path, tmp_path: Path) -> None:
    """Flash, RAM and stack, with and without a model; the ELF file is written once."""
    out = tmp_path / "firmware"
    made = answer("build", image, "--board", BOARD, "-o", out, *ZIG)

    assert (out / f"{BOARD}.elf").read_bytes()[:4] == b"\x7fELF"
    assert made["image"] == image.stat().st_size < made["flash"]["used"] < made["flash"]["length"]
    assert made["stack"]["kept"] < made["ram"]["used"] < made["ram"]["length"]
    again = spikelet("build", image, "--board", BOARD, "-o", out, *ZIG)
    assert (again.exit_code, "--force" in again.stderr) == (1, True)
    text = spikelet("build", "--board", BOARD, "-o", out, "--force", *ZIG).stdout
    assert "no model in it" in text
    assert "stack: 2048 bytes are kept" in text


def test_build_with_gcc_knows_the_stack(image: Path, tmp_path: Path) -> None:
    """The bound and the way there."""
    need(BOARD, "gcc")
    made = answer("build", image, "--board", BOARD, "-o", tmp_path, "--compiler", "gcc", "--optimise", "s")

    assert 0 < made["stack"]["bound"] <= made["stack"]["kept"]
    assert "gcc" in made["compiler"]


def test_check_knows_what_fits(image: Path, tmp_path: Path) -> None:
    """Memory and instructions of a board; one that is too small makes exit code 7 and says what is missing."""
    good = answer("check", image, "--board", BOARD, *ZIG)["boards"][0]
    text = (Path(__file__).parents[2] / "boards" / f"{BOARD}.toml").read_text()
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(re.sub(r"(?s)\[memory\.slot\].*?\n\n", "", text).replace("0x40000\n", "0x1000\n", 1))
    bad = spikelet("check", image, "--board", tiny, "--board", BOARD, "--no-count", *ZIG)

    assert good["fits"]
    assert good["instructions"]["worst_tick"] > good["instructions"]["idle_tick"] > 0
    assert good["instructions"]["counted_on"] == BOARD
    assert bad.exit_code == 7
    assert re.search(r"does not fit.*\d+ bytes of flash are missing", bad.stdout)
    assert "yes" in bad.stdout
    assert json.loads(spikelet("check", image, "--board", tiny, "--json", *ZIG).stdout)["usable"] is False


def test_emulate_counts_instructions(image: Path) -> None:
    """By layer and function; layers and the rest are the engine's, the protocol comes on top."""
    words = ("emulate", BOARD, image, DIGITS / "digits_test.npz", "--samples", 3, *ZIG)
    found, text = answer(*words), spikelet(*words).stdout

    assert 0 < sum(found["layers"].values()) < found["engine"] < found["total"] == sum(found["functions"].values())
    assert (found["samples"], found["ticks"]) == (3, 75)
    assert f"{found['engine'] / found['synops']:.3f} instructions a synaptic operation" in text
    assert "spkl_add_rows_u8_s32" in text
    with np.load(DIGITS / "digits_test.npz") as data:
        assert found["predictions"] == data["y"][:3].tolist()


def test_eval_and_verify_run_on_an_emulated_board(image: Path) -> None:
    """The board answers as the host, in every state word."""
    words = (DIGITS / "digits_test.npz", "--samples", 2)
    host = answer("eval", image, *words)
    board = answer("eval", image, *words, "--on", f"emulator:{BOARD}", *ZIG)
    found = answer("verify", image, *words, "--on", f"emulator:{BOARD}", *ZIG)

    assert board["predictions"] == host["predictions"]
    assert board["populations"] == host["populations"]
    assert found["identical"]
    assert found["comparisons"][0]["words"] == {"1": 2 * 25 * 96 * 2, "3": 2 * 25 * 10 * 2}


@contextmanager
def serving(*words: object) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`spikelet emulate` in a process; gives the name of its port."""
    command = [sys.executable, "-m", "spikelet", "emulate", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as child:
        try:
            assert child.stdout is not None
            port = re.search(r"listens on (\S+);", child.stdout.readline())
            assert port is not None
            yield port.group(1), child
        finally:
            child.terminate()


@pytest.mark.parametrize("line", ["--tcp=0", "--pty"])
def test_an_emulated_board_is_reached_like_a_real_one(image: Path, line: str) -> None:
    """Through TCP and a pseudo-terminal; clients come and go; Ctrl-C ends it quietly."""
    model = read(image)
    with serving(BOARD, line, *ZIG) as (port, child):
        for _ in range(2):
            with connect(port, model) as device:
                assert device.hello.board == BOARD
                assert device.run(np.full(64, 200, np.uint8)).prediction >= 0
        assert answer("eval", image, DIGITS / "digits_test.npz", "--samples", 2, "--on", port)["samples"] == 2
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == 0


def test_a_port_that_is_taken_is_named(image: Path) -> None:
    """Exit code 8 and what to choose instead."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = spikelet("emulate", BOARD, image, "--tcp", port, *ZIG)

    assert result.exit_code == 8
    assert f"port {port} cannot be served" in result.stderr


def test_the_demo_shows_identical_spikes() -> None:
    """Accuracies, memory, instructions of some digits; a step for each thing it does."""
    need(BOARD, "zig")
    result = spikelet("demo", "--samples", 20)
    found = answer("demo", "--samples", 20)

    assert result.exit_code == 0
    for word in ("identical in all 20 samples", "accuracy", "flash", "RAM", "stack", "instructions an inference"):
        assert word in result.stdout
    for step in ("convert the network", "build the firmware", "stream digits"):
        assert step in result.stderr
    assert found["identical"]
    assert found["accuracy"]["host"] == found["accuracy"]["board"] >= 0.9
    assert 0 < found["stack_used"] < 2048
    assert found["compiler"].startswith("zig")


def test_the_demo_ends_with_1_where_spikes_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says in how many samples."""
    need(BOARD, "zig")
    from spikelet import demo

    real = demo._same
    calls: list[bool] = []

    def once(a: object, b: object) -> bool:
        calls.append(real(a, b))  # type: ignore[arg-type]
        return len(calls) > 1

    monkeypatch.setattr(demo, "_same", once)
    result = spikelet("demo", "--samples", 3)

    assert result.exit_code == 1
    assert "DIFFERENT in 1 of 3 samples" in result.stdout
    assert calls == [True, True, True]


def test_a_board_that_cannot_be_counted_says_so(image: Path) -> None:
    """QEMU's boards run a model, but tell no instructions."""
    for words in (("emulate", "mps2-an386", image, DIGITS / "digits_test.npz"), ("demo", "--board", "mps2-an386")):
        result = spikelet(*words)

        assert result.exit_code == 7
        assert "the instructions of mps2-an386" in result.stderr
        assert "convert" not in result.stderr


def test_options_of_emulate_that_say_nothing_together_are_refused(image: Path) -> None:
    """Exit code 2, before anything is built: nobody waits for a line that is not served."""
    for words, text in (
        ((BOARD, "--embed"), "--embed needs a MODEL"),
        ((BOARD, "--pty", "--tcp", 0), "either --tcp or --pty"),
        ((BOARD, image, DIGITS / "digits_test.npz", "--tcp", 0), "leave out DATA"),
    ):
        result = spikelet("emulate", *words)

        assert result.exit_code == 2
        assert text in result.stderr


def test_check_lists_layers_and_keeps_limits(image: Path) -> None:
    """Exit code 12 with what is exceeded and by how much; the bytes of layers are those of the image."""
    words = ("check", image, "--board", BOARD, "--data", DIGITS / "digits_test.npz", "--samples", 3, *ZIG)
    good = answer(*words, "--max-ram", 100_000, "--max-flash", 100_000)["boards"][0]
    bad = spikelet("check", image, "--board", BOARD, "--no-count", "--max-instructions", 100, *ZIG)
    alone = spikelet("check", image, "--max-ram", 100)

    assert sum(layer["flash"]["total"] for layer in good["layers"]) == image.stat().st_size == good["flash"]["model"]
    assert [layer["part"] for layer in good["layers"]] == ["input", "population", "population", "output", "network"]
    assert good["ram"]["used"] == sum(good["ram"][name] for name in ("stack", "variables", "model"))
    assert good["exceeds"] == []
    assert "3 samples of digits_test.npz: 75 ticks" in good["typical_tick"]["from"]
    assert abs(good["worst_tick"]["instructions"] / good["instructions"]["worst_tick"] - 1) < 0.05
    assert bad.exit_code == 12
    assert "more than the 100 that are allowed" in bad.stdout
    assert (alone.exit_code, "add --board" in alone.stderr) == (2, True)


def test_inspect_tells_a_budget_without_building(image: Path) -> None:
    """The same layers, from the image alone; a busier assumption costs more."""
    found = answer("inspect", image, "--board", BOARD)["budget"]
    text = spikelet("inspect", image, "--board", BOARD).stdout
    busy = answer("check", image, "--board", BOARD, "--no-count", "--rate", 0.5, *ZIG)["boards"][0]

    assert found["image"] == image.stat().st_size
    assert 0 < found["typical_tick"]["instructions"] < found["worst_tick"]["instructions"]
    assert found["typical_tick"]["instructions"] < busy["typical_tick"]["instructions"]
    assert "5 % of inputs and neurons fire in each" in text
