"""The command line: errors, exit codes, JSON, and that nothing is overwritten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikelet.cli import COMMANDS
from support.command_line import DIGITS, SAID, answer, convert_digits, spikelet


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network."""
    return convert_digits(tmp_path_factory.mktemp("image"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """`--help` tells what a command does, and the list has a word about each."""
    result = spikelet(name, "--help")

    assert result.exit_code == 0
    assert f"Usage: spikelet {name}" in result.stdout.replace("Usage: group", "Usage: spikelet")
    assert COMMANDS[name] in " ".join(spikelet("--help").stdout.split())


def test_the_version_is_the_packages() -> None:
    """`--version`."""
    import spikelet as package

    assert package.__version__ in spikelet("--version").stdout


def test_import_is_quick_and_loads_no_converter() -> None:
    """`import spikelet` loads neither numpy nor h5py; a name loads what it needs."""
    code = (
        "import sys, spikelet; assert not {'numpy', 'h5py', 'click'} & set(sys.modules), sys.modules; spikelet.convert"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    """All of `spikelet.__all__`."""
    import spikelet as package

    assert [name for name in package.__all__ if getattr(package, name, None) is None] == []
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no_such_name"):
        package.no_such_name  # noqa: B018


def test_the_module_is_the_command() -> None:
    """`python -m spikelet`."""
    done = subprocess.run([sys.executable, "-m", "spikelet", "boards"], capture_output=True, text=True, check=True)

    assert "cortex-m4" in done.stdout


NETWORK, DATA = DIGITS / "digits.nir", DIGITS / "digits_test.npz"
BAD: dict[str, tuple[tuple[object, ...], int, str]] = {
    "open choices": (("convert", NETWORK, "-o", "x.spkl"), 3, "reset='zero'"),
    "how to say it here": (("check", NETWORK), 3, "--reset-time now"),
    "no network": (("convert", "none.nir", "-o", "x.spkl"), 3, "none.nir"),
    "no image": (("inspect", "none.spkl"), 5, "none.spkl"),
    "not an image": (("inspect", DIGITS / "train.py"), 5, "not a spikelet image"),
    "unknown board": (("build", "--board", "cortexm4"), 7, "did you mean cortex-m4"),
    "missing port": (("eval", NETWORK, DATA, "--on", "/dev/none", *SAID), 8, "no port"),
    "no data": (("eval", NETWORK, "none.npz", *SAID), 9, "no such file"),
    "no sample": (("run", NETWORK, DATA, "--sample", 540, *SAID), 9, "540 samples"),
    "board as place": (("run", NETWORK, DATA, "--on", "rv32imc", *SAID), 7, "emulator:rv32imc"),
    "no folder": (("run", NETWORK, DATA, "--on", "reference", "-o", "none/out.npz", *SAID), 1, "no folder none"),
    "ticks beyond the window": (("run", NETWORK, DATA, "--ticks", 26, *SAID), 2, "lasts 25 ticks"),
    "arguments in the wrong order": (("eval", DATA, NETWORK), 9, "neither a network"),
    "a folder for a network": (("check", DIGITS), 3, "found a folder"),
    "a file for a folder": (("build", "--board", "cortex-m4", "-o", NETWORK), 1, "is a file"),
    "no port at all": (("eval", NETWORK, DATA, "--on", "tcp://x", *SAID), 8, "is no port"),
    "calibration": (("convert", NETWORK, "-o", "x.spkl", "--calibration", NETWORK, *SAID), 9, "digits.nir is no .npz"),
    "number": (("convert", NETWORK, "-o", "x.spkl", "--weight-bits", 9, *SAID), 3, "1 .. 8"),
    "wrong word": (("convert", NETWORK, "--framework", "keras"), 2, "snntorch"),
    "unknown command": (("flash",), 2, "flash"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_error_is_one_message_and_an_exit_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do is said on stderr; stdout stays empty, nothing is written, no traceback."""
    words, code, text = BAD[name]
    monkeypatch.chdir(tmp_path)

    result = spikelet(*words)

    assert (result.exit_code, result.stdout) == (code, "")
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_options_of_conversion_are_refused_for_an_image(image: Path) -> None:
    """An image is converted already."""
    result = spikelet("eval", image, DIGITS / "digits_test.npz", "--reset", "zero", "--frac", 3)

    assert result.exit_code == 2
    assert "--reset, --frac" in result.stderr


def test_nothing_is_replaced_without_force(image: Path, tmp_path: Path) -> None:
    """`convert` and `run -o`: the old file stays; `--force` replaces it."""
    old = tmp_path / "old"
    old.write_text("old")
    run = ("run", image, DIGITS / "digits_test.npz", "--on", "reference", "-o", old)
    for words in (("convert", DIGITS / "digits.nir", "-o", old, *SAID), run):
        result = spikelet(*words)

        assert result.exit_code == 1
        assert "--force" in result.stderr
        assert old.read_text() == "old"

    assert spikelet(*run, "--force").exit_code == 0
    with np.load(old) as written:
        assert written["output"].dtype.names == ("tick", "neuron", "value")


def test_inspect_shows_the_choices(image: Path) -> None:
    """Framework, reset and its time, and what the file could not say."""
    text = spikelet("inspect", image).stdout
    report = answer("inspect", image)

    assert report["meta"]["choices"]["LIF"]["reset"] == "zero"
    assert [p["size"] for p in report["populations"]] == [96, 10]
    for word in ("snntorch", "reset_time", "before_leak", "64 x 96", "rate", "assumed"):
        assert word in text


def test_names_in_an_image_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escape codes in a label come out as question marks."""
    evil = tmp_path / "evil.spkl"
    labels = ",".join(["\x1b[31mred", *"123456789"])
    spikelet("convert", DIGITS / "digits.nir", "-o", evil, *SAID, "--labels", labels)

    for words in (("inspect", evil), ("run", evil, DIGITS / "digits_test.npz", "--on", "reference")):
        result = spikelet(*words)

        assert result.exit_code == 0
        assert "red" in result.stdout
        assert "\x1b" not in result.stdout


def test_eval_counts_what_is_right(image: Path) -> None:
    """Accuracy, spikes and synaptic operations of 40 digits, for people and for machines."""
    words = ("eval", image, DIGITS / "digits_test.npz", "--samples", 40, "--on", "reference")
    report, text = answer(*words), spikelet(*words).stdout

    assert report["samples"] == 40
    assert report["accuracy"] == report["correct"] / 40 > 0.9
    assert report["synops_per_sample"] == pytest.approx(sum(p["synops"] for p in report["populations"].values()))
    assert f"({report['correct']} of 40)" in text


def test_host_and_reference_evaluate_alike(image: Path) -> None:
    """The engine's quick way through many samples gives the same numbers."""
    found = [
        answer("eval", image, DIGITS / "digits_test.npz", "--samples", 100, "--on", on) for on in ("host", "reference")
    ]
    for report in found:
        del report["seconds"], report["on"]

    assert found[0] == found[1]


def test_run_prints_one_sample(image: Path, tmp_path: Path) -> None:
    """A sample of a data set and the same frame as .npy give the same."""
    with np.load(DIGITS / "digits_test.npz") as data:
        np.save(tmp_path / "frame.npy", data["x"][3])
        label = int(data["y"][3])

    found = answer("run", image, DIGITS / "digits_test.npz", "--sample", 3, "--on", "reference")
    frame = answer("run", image, tmp_path / "frame.npy", "--on", "reference")

    assert found == frame
    assert found["outputs"]["output"]["prediction"] == label
    assert f"prediction {label}" in spikelet("run", image, tmp_path / "frame.npy", "--on", "reference").stdout


def test_check_says_that_a_network_converts() -> None:
    """Exit code 0 and sizes; as JSON also what is wrong."""
    good = answer("check", DIGITS / "digits.nir", *SAID, "--data", DIGITS / "digits_test.npz")
    bad = spikelet("check", DIGITS / "digits.nir", "--framework", "snntorch", "--json")

    assert (good["usable"], good["samples"], good["synops_dense"]) == (True, 540, 64 * 96 + 96 * 10)
    assert bad.exit_code == 3
    assert '"usable": false' in bad.stdout


def test_boards_lists_all() -> None:
    """Names and memories."""
    found = {board["name"]: board for board in answer("boards")}

    assert {"cortex-m0", "cortex-m3", "cortex-m4", "cortex-m33", "rv32imc", "microbit"} <= set(found)
    assert found["cortex-m4"]["flash"]["length"] == 0x40000
