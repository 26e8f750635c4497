"""The commands that need a compiler and an emulator, with an int8 network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from paths import ROOT
from spikelet import emulate
from spikelet.board_files import load as load_board
from spikelet.graded.budget import graded_budget, graded_cost
from spikelet.graded.data import load
from spikelet.graded.model import GradedModel
from spikelet.image import load as load_image
from support.command_line import DIGITS, answer, spikelet
from support.tools import need

BOARD = "cortex-m4"
ZIG = ("--compiler", "zig")
DATA = DIGITS / "digits_test.npz"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network; skips without compiler and emulator."""
    need(BOARD, "zig")
    path = tmp_path_factory.mktemp("image") / "digits.spkl"
    result = spikelet("convert", ROOT / "examples" / "digits_int8" / "digits_int8.tflite", "-o", path)
    assert result.exit_code == 0, result.stderr
    return path


def model_of(path: Path) -> GradedModel:
    """The network of an image."""
    model = load_image(path)
    assert isinstance(model, GradedModel)
    return model


def small(folder: Path, *, ram: str) -> Path:
    """A board with little RAM."""
    text = (ROOT / "boards" / "cortex-m0.toml").read_text()
    path = folder / "small.toml"
    path.write_text(text.replace("length = 0x8000\n", f"length = {ram}\n").replace('"cortex-m0"', '"small"', 1))
    return path


def test_check_knows_what_fits(image: Path, tmp_path: Path) -> None:
    """Bytes are those of the image and the arena; a board that is too small ends with 7 and says by how much."""
    good = answer("check", image, "--board", BOARD, "--no-count", *ZIG)
    bad = spikelet("check", image, "--board", small(tmp_path, ram="0x1000"), "--board", BOARD, "--no-count", *ZIG)

    (board,) = good["boards"]
    assert good["usable"] is board["fits"] is True
    assert board["flash"]["model"] == image.stat().st_size
    assert board["ram"]["model"] == good["memory"]["arena"]
    assert board["instructions"] is None
    assert bad.exit_code == 7
    assert re.search(r"does not fit.*\d+ bytes of RAM are missing", bad.stdout)
    assert "yes, it fits" in bad.stdout
    found = json.loads(spikelet("check", image, "--board", tmp_path / "small.toml", "--json", *ZIG).stdout)
    assert (found["usable"], found["boards"][0]["instructions"]) == (False, None)


def test_inspect_tells_what_is_missing_without_building(image: Path, tmp_path: Path) -> None:
    """Image, arena and stack against the board's memories."""
    board = small(tmp_path, ram="0x1000")
    result = spikelet("inspect", image, "--board", board)
    taken = graded_budget(model_of(image), load_board(str(board)))

    assert f"does not fit: {taken.missing}" in result.stdout
    assert taken.ram_spare == 0x1000 - taken.arena - taken.stack < 0
    assert taken.flash_spare > 0


def test_check_counts_inferences_on_the_samples_that_are_given(image: Path) -> None:
    """The mean over them; other inputs, other counts; a limit below it ends with 12."""
    words = ("check", image, "--board", BOARD, *ZIG)
    counted = answer(*words, "--data", DATA, "--samples", 2)["boards"][0]["instructions"]
    model = model_of(image)
    with emulate(model, BOARD, compiler="zig", embed=True) as running:
        each = []
        for index in range(2):
            running.instructions(reset=True)
            running.infer(*load(DATA, model).inputs(index)[0])
            each.append(running.instructions().engine)

    assert each[0] != each[1]
    assert counted == {
        "inference": round(sum(each) / 2),
        "counted_on": BOARD,
        "inferences": 2,
        "inputs": "2 samples of digits_test.npz",
    }
    assert graded_cost(model, load_board(BOARD), compiler="zig").inputs == "numbers drawn at random"
    limited = spikelet(*words, "--data", DATA, "--samples", 2, "--max-instructions", sum(each) // 2 - 1000)
    assert limited.exit_code == 12
    assert re.search(r"too much: [\d,]+ instructions in an inference, [\d,]+ more than", limited.stdout)


def test_an_emulated_board_gives_the_hosts_answers(image: Path) -> None:
    """eval, run and verify; skipped work is not counted there."""
    host = answer("eval", image, DATA, "--samples", 5)
    board = answer("eval", image, DATA, "--samples", 5, "--on", f"emulator:{BOARD}", *ZIG)

    assert board["predictions"] == host["predictions"]
    assert np.allclose(board["outputs"], host["outputs"])
    assert (board["skipped"], host["skipped"] > 0) == (None, True)
    assert answer("run", image, DATA, "--on", f"emulator:{BOARD}", *ZIG) == answer("run", image, DATA)
    found = answer("verify", image, DATA, "--samples", 2, "--on", f"emulator:{BOARD}", *ZIG)
    assert found["identical"] is True
    assert len(found["comparisons"][0]["layers"]) == 9
