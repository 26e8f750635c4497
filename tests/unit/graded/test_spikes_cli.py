"""`spikelet convert --spikes` and `spikelet eval --early-exit`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikelet as package
from paths import ROOT
from spikelet.model import Model
from support.command_line import DIGITS, answer, convert_digits, spikelet

FILE = ROOT / "examples" / "digits_int8" / "digits_int8.tflite"
FLOAT = ROOT / "examples" / "digits_int8" / "digits_float.tflite"
CALIBRATION, TEST = DIGITS / "digits_calib.npz", DIGITS / "digits_test.npz"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's int8 network as spikes, in 16 ticks."""
    path = tmp_path_factory.mktemp("spikes") / "digits.spkl"
    labels = ",".join(f"digit {i}" for i in range(10))
    words = ("--spikes", "--ticks", 16, "--burst", 2, "--calibration", CALIBRATION, "--labels", labels)
    result = spikelet("convert", FILE, "-o", path, *words)
    assert result.exit_code == 0, result.stderr
    assert "early exits by a margin of" in result.stdout
    assert "of 16 ticks on 200 calibration samples" in result.stdout
    return path


def test_spikes_make_a_spiking_image(image: Path) -> None:
    """With labels, the window and the most spikes of a tick that were asked for."""
    model = package.load(image)

    assert isinstance(model, Model)
    assert (model.ticks_per_sample, model.outputs[0].labels[3]) == (16, "digit 3")
    assert {p.max_count for p in model.populations if p.choices.fires} == {2}


def test_eval_prints_accuracy_against_ticks_and_operations(image: Path) -> None:
    """Rows for 1, 2, 4 ... ticks, all, and early exits; the row of all ticks is what eval says without."""
    shown = answer("eval", image, TEST, "--samples", 60, "--early-exit", "auto")["rows"]
    whole = answer("eval", image, TEST, "--samples", 60)
    printed = spikelet("eval", image, TEST, "--samples", 60, "--early-exit", shown[-1]["margin"])

    assert [row["ticks"] for row in shown[:-1]] == [1, 2, 4, 8, 16]
    assert shown[-2]["accuracy"] == whole["accuracy"]
    assert shown[-2]["synops_per_sample"] == whole["synops_per_sample"]
    assert 1 <= shown[-1]["ticks"] < 8
    assert shown[-1]["accuracy"] >= 0.95
    assert f"early exit, margin {shown[-1]['margin']:,}" in printed.stdout


def test_what_runs_spiking_images_runs_this_one(image: Path) -> None:
    """inspect, run and verify: integers of host and reference are identical."""
    verified = spikelet("verify", image, TEST, "--samples", 2, "--on", "host")

    assert verified.exit_code == 0, verified.stderr
    assert "all integers are identical" in verified.stdout
    assert "largest integer" not in verified.stdout + verified.stderr
    assert spikelet("inspect", image).exit_code == 0
    assert spikelet("run", image, TEST, "--sample", 1).exit_code == 0


def test_a_float_file_needs_the_scale_of_its_pixels(tmp_path: Path) -> None:
    """--input-scale says what a pixel of 1 means."""
    words = ("--spikes", "--ticks", 4, "--calibration", CALIBRATION, "-o", tmp_path / "f.spkl")
    without = spikelet("convert", FLOAT, *words, "--pixels", "0..1")
    made = spikelet("convert", FLOAT, *words, "--pixels", "0..1", "--input-scale", 1 / 255)

    assert (without.exit_code, "input_scale" in without.stderr) == (3, True)
    assert made.exit_code == 0, made.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("convert", FILE, "--spikes"), 3, "--calibration DATA.npz"),
        (("convert", FILE, "--ticks", 4), 2, "--ticks are for --spikes"),
        (("convert", FILE, "--spikes", "--frac", 3, "--calibration", CALIBRATION), 2, "--frac say nothing"),
        (("convert", DIGITS / "digits.nir", "--spikes"), 2, "--spikes is for .tflite files"),
        (("eval", FILE, TEST, "--early-exit", "auto"), 2, "--early-exit and --board are for spiking networks"),
    ],
)
def test_options_that_say_nothing_are_refused(words: tuple[object, ...], code: int, said: str, tmp_path: Path) -> None:
    """With what to do."""
    extra = ("-o", tmp_path / "x.spkl") if words[0] == "convert" else ()
    result = spikelet(*words, *extra)

    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_margins_are_numbers_or_the_models_own(image: Path, tmp_path: Path) -> None:
    """A model that was not made of spikes has none."""
    other = convert_digits(tmp_path)
    wrong = spikelet("eval", image, TEST, "--early-exit", "some")
    none = spikelet("eval", other, TEST, "--samples", 3, "--early-exit", "auto")
    own = answer("eval", other, TEST, "--samples", 3, "--early-exit", 2)

    assert (wrong.exit_code, "give auto, or a whole number" in wrong.stderr) == (2, True)
    assert (none.exit_code, "no margin" in none.stderr) == (9, True)
    assert own["rows"][-1]["margin"] == 2


def test_data_of_the_files_own_numbers_do(image: Path, tmp_path: Path) -> None:
    """int8 arrays, as the graded form of the same file takes them."""
    with np.load(TEST) as file:
        x, y = file["x"][:20], file["y"][:20]
    np.savez(tmp_path / "pixels.npz", x=x, y=y)
    np.savez(tmp_path / "own.npz", x=(x.astype(np.int16) - 128).astype(np.int8), y=y)

    a, b = (answer("eval", image, tmp_path / f"{name}.npz")["predictions"] for name in ("pixels", "own"))
    assert a == b


def test_an_image_may_end_its_samples(image: Path, tmp_path: Path) -> None:
    """convert --early-exit: run, eval and its instructions; off runs all ticks; N is another margin."""
    other = tmp_path / "ends.spkl"
    as_image = ("--spikes", "--ticks", 16, "--burst", 2)
    made = spikelet("convert", FILE, *as_image, "--calibration", CALIBRATION, "--early-exit", "auto", "-o", other)
    whole = answer("eval", image, TEST, "--samples", 30)
    ends = answer("eval", other, TEST, "--samples", 30, "--board", "cortex-m4")
    off = answer("eval", other, TEST, "--samples", 30, "--early-exit", "off")
    run = answer("run", other, TEST)
    all_ticks = answer("run", other, TEST, "--early-exit", "off")
    sooner = answer("run", image, TEST, "--early-exit", "0")
    printed = spikelet("eval", other, TEST, "--samples", 30, "--board", "cortex-m4").stdout

    assert made.exit_code == 0, made.stderr
    assert "early exits by a margin of" in made.stdout
    margin = answer("inspect", other)["outputs"][0]["early_exit"]
    assert f"ends samples by a margin of {margin:,}" in " ".join(spikelet("inspect", other).stdout.split())
    saved = ends["early_exit"]
    assert saved["whole"]["synops_per_sample"] == whole["synops_per_sample"] == off["synops_per_sample"]
    assert ends["synops_per_sample"] < whole["synops_per_sample"] / 2
    assert saved["ticks_per_sample"] < saved["whole"]["ticks_per_sample"] / 2
    assert saved["instructions"]["early"] < saved["instructions"]["whole"] / 2
    assert "early_exit" not in off
    assert sooner["ticks"] <= run["ticks"] < all_ticks["ticks"]
    assert "of the ticks are saved" in printed
    assert "instructions (cortex-m4)" in printed


def test_early_exits_say_what_they_need(image: Path, tmp_path: Path) -> None:
    """Words that mean nothing, loss without auto, int8 networks, a board without exits."""
    digits = ("convert", DIGITS / "digits.nir", "--framework", "snntorch", "--reset", "zero", "-o", tmp_path / "x.spkl")
    for words, code, text in (
        ((*digits, "--early-exit", "soon"), 2, "give auto, or a whole number"),
        ((*digits, "--early-exit", 3, "--exit-loss", 1), 2, "--exit-loss is for --early-exit auto"),
        ((*digits, "--early-exit", "auto"), 9, "give calibration"),
        ((*digits, "--early-exit", 3), 4, "needs ticks_per_sample"),
        (("convert", FILE, "--early-exit", 3, "-o", tmp_path / "x.spkl"), 2, "are for spiking networks"),
        (("eval", image, TEST, "--samples", 3, "--board", "cortex-m4"), 2, "do not end early"),
        (("run", FILE, TEST, "--early-exit", 3), 2, "for spiking networks"),
        (("emulate", "cortex-m4", FILE, TEST, "--early-exit", 3), 2, "for spiking networks"),
    ):
        result = spikelet(*words)
        assert (result.exit_code, text in result.stderr) == (code, True), (words, result.exit_code, result.stderr)


def test_verify_compares_all_ticks_of_an_image_that_ends_early(tmp_path: Path) -> None:
    """The float network has no early exit: nothing is left out of the comparison."""
    image = tmp_path / "ends.spkl"
    said = ("--framework", "snntorch", "--reset", "zero", "--encoder", "rate", "--ticks-per-sample", 12)
    made = spikelet("convert", DIGITS / "digits.nir", *said, "--early-exit", 0, "-o", image)
    result = spikelet("verify", image, TEST, "--samples", 2, "--network", DIGITS / "digits.nir")

    assert made.exit_code == 0, made.stderr
    assert result.exit_code == 0, result.stderr
    assert "all integers are identical" in result.stdout
