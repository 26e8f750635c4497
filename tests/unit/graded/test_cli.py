"""The command line with int8 networks: convert, inspect, run, eval, verify; errors and exit codes."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import spikelet as package
from paths import ROOT
from spikelet.cli import screen
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from spikelet.graded.reference import GradedReference
from spikelet.graded.verify_interpreter import missing
from support.command_line import DIGITS, answer, spikelet

INT8 = ROOT / "examples" / "digits_int8"
FILE, FLOAT, DATA = INT8 / "digits_int8.tflite", INT8 / "digits_float.tflite", DIGITS / "digits_test.npz"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of the digits example."""
    path = tmp_path_factory.mktemp("image") / "digits.spkl"
    result = spikelet("convert", FILE, "-o", path, "--labels", ",".join(f"digit {i}" for i in range(10)))
    assert result.exit_code == 0, result.stderr
    return path


def test_an_int8_file_is_converted_to_an_image(image: Path) -> None:
    """`spikelet.load` reads it; labels are in it; what is printed are the file's own sizes."""
    model = package.load(image)
    again = spikelet("convert", FILE, "-o", image)

    assert isinstance(model, GradedModel)
    assert model.outputs[0].labels[3] == "digit 3"
    assert (again.exit_code, "--force" in again.stderr) == (1, True)
    printed = spikelet("convert", FILE, "-o", image, "--force", "--labels", ",".join(model.outputs[0].labels)).stdout
    assert f"image {screen.size(image.stat().st_size)}" in printed
    assert "6,794 weights" in printed


def test_a_tflite_file_is_known_by_its_content(tmp_path: Path) -> None:
    """Whatever its name is, wherever a model is taken."""
    for name in ("model.bin", "model.nir", "model.spkl", "model"):
        other = tmp_path / name
        shutil.copyfile(FILE, other)
        result = spikelet("eval", other, DATA, "--samples", 5)

        assert result.exit_code == 0, result.stderr
        assert "100.00 % right (5 of 5)" in result.stdout


def test_eval_counts_right_predictions_and_skipped_work(image: Path) -> None:
    """The interpreter's accuracy; the confusion matrix adds up; the same from file and image, host and reference."""
    found = answer("eval", image, DATA)
    other = answer("eval", FILE, DATA, "--on", "reference", "--samples", 30)

    assert (found["correct"], found["samples"], found["accuracy"]) == (537, 540, 537 / 540)
    matrix = np.array(found["confusion"])
    assert (int(matrix.sum()), int(matrix.trace())) == (540, 537)
    assert found["classes"][4] == "4 digit 4"
    assert found["predictions"][:30] == other["predictions"]
    assert 0.3 < found["skipped"] < 0.7
    assert found["macs"] == other["macs"] > 0


def test_the_confusion_matrix_is_printed_and_fits_the_screen(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are labels; where the screen is too narrow there is a row a class."""
    wide = spikelet("eval", image, DATA).stdout
    row = next(line for line in wide.splitlines() if line.startswith("3 digit 3"))
    counts = [0 if word == "·" else int(word) for word in row.split()[3:-2]]

    assert counts == answer("eval", image, DATA)["confusion"][3]
    monkeypatch.setattr(screen, "_WIDE", 40)
    narrow = spikelet("eval", image, DATA).stdout
    assert "Confusions" not in narrow
    assert "Classes" in narrow
    assert max(map(len, narrow.splitlines())) <= 90


def test_eval_without_labels_lists_predictions(image: Path, tmp_path: Path) -> None:
    """No accuracy is made up; JSON has null."""
    with np.load(DATA) as data:
        np.savez(tmp_path / "x.npz", x=data["x"][:3], other=data["x"][:2])
        labels = data["y"][:3]
    result = spikelet("eval", image, tmp_path / "x.npz")
    found = answer("eval", image, tmp_path / "x.npz")

    assert "3 samples without labels" in result.stdout
    assert found["predictions"] == labels.tolist()
    assert found["accuracy"] is found["confusion"] is None
    assert answer("eval", image, f"{tmp_path / 'x.npz'}:other")["samples"] == 2


def test_run_prints_classes_with_probabilities(image: Path, tmp_path: Path) -> None:
    """The largest first; JSON has integers and real numbers; -o writes the tensor."""
    result = spikelet("run", image, DATA, "--sample", 3, "-o", tmp_path / "out.npz")
    found = answer("run", image, DATA, "--sample", 3)["outputs"][0]
    with np.load(DATA) as data:
        label = int(data["y"][3])

    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["class", "probability", "q"] in lines
    shown = next(line for line in lines if line[:3] == [str(label), "digit", str(label)])
    assert float(shown[3]) == pytest.approx(100 * found["real"][label], abs=0.06)
    assert (found["prediction"], found["label"]) == (label, f"digit {label}")
    with np.load(tmp_path / "out.npz") as written:
        (values,) = written.values()
        assert values.dtype == np.int8
        assert values.reshape(-1).tolist() == found["values"]
    assert spikelet("run", image, DATA, "-o", tmp_path / "out.npz").exit_code == 1


def test_run_takes_an_array_and_an_image_file(image: Path, tmp_path: Path) -> None:
    """.npy of pixels, and a picture of the same pixels."""
    module = pytest.importorskip("PIL.Image", reason="no Pillow: pip install 'spikelet[images]'")
    with np.load(DATA) as data:
        pixels = data["x"][7].reshape(8, 8)
    np.save(tmp_path / "x.npy", pixels)
    module.fromarray(pixels).save(tmp_path / "x.png")
    module.fromarray(pixels).resize((32, 32)).save(tmp_path / "large.png")

    expected = answer("run", image, DATA, "--sample", 7)
    assert answer("run", image, tmp_path / "x.npy") == expected
    assert answer("run", image, tmp_path / "x.png") == expected
    refused = spikelet("run", image, tmp_path / "large.png")
    assert (refused.exit_code, "--resize" in refused.stderr) == (9, True)
    expected = answer("run", image, tmp_path / "large.png", "--resize")["outputs"][0]
    assert expected["prediction"] == answer("run", image, DATA, "--sample", 7)["outputs"][0]["prediction"]


def test_inspect_tells_layers_and_memory(image: Path) -> None:
    """Sums of layers are those of the network; bytes are those of the image and of the engine."""
    found = answer("inspect", image, "--board", "microbit")
    text = spikelet("inspect", image, "--board", "microbit").stdout
    model = package.load(image)
    assert isinstance(model, GradedModel)

    assert found["kind"] == "graded"
    assert [layer["kind"] for layer in found["layers"]][:5] == [
        *("conv_s8", "conv_s8", "conv_s8", "add_s8", "depthwise_s8")
    ]
    assert found["weights"] + sum(c for c in (16, 16, 16, 16, 32, 10)) == found["parameters"] == 6794
    assert found["macs"] == sum(layer["macs"] for layer in found["layers"])
    with GradedEngine(model) as engine:
        assert found["memory"]["arena"] == engine.arena_size
        assert found["memory"]["scratch"] == engine.scratch_size
    assert found["memory"]["image"] == found["image"]["bytes"] == image.stat().st_size
    assert found["board"]["fits"] is True
    for word in ("inner_1", "conv 3x3", "dw conv 3x3/2", "8x8x16", "0.00392157", "activations, planned", "fits"):
        assert word in text


def test_inspect_draws_every_layer(image: Path, tmp_path: Path) -> None:
    """A box a layer and port; the branch leads to the addition; the same file gives the same bytes."""
    drawing = tmp_path / "net.svg"
    result = spikelet("inspect", image, "--svg", drawing)
    boxes = [
        text.text for text in ET.parse(drawing).iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "name"
    ]

    assert f"drawn in {drawing}" in result.stdout
    assert len(boxes) == 9 + 2
    assert {"first_1", "inner_1", "added_1", "depthwise_1", "scores_1"} <= set(boxes)
    first = drawing.read_bytes()
    assert spikelet("inspect", image, "--svg", drawing).exit_code == 1
    spikelet("inspect", image, "--svg", drawing, "--force")
    assert drawing.read_bytes() == first


def test_verify_compares_every_layer_with_the_interpreter(image: Path) -> None:
    """Interpreter, host and reference: all layers, all numbers."""
    found = answer("verify", image, DATA, "--network", FILE, "--on", "host", "--on", "reference", "--samples", 5)
    names = [comparison["with"] for comparison in found["comparisons"]]

    assert found["identical"] is True
    assert names[-2:] == ["host", "reference"]
    if not missing():
        assert "litert" in names[0] or "tflite" in names[0]
        assert len(found["comparisons"][0]["layers"]) == 9
        assert all(layer["numbers"] > 0 for layer in found["comparisons"][0]["layers"])
    alone = spikelet("verify", image, DATA, "--samples", 1)
    assert "name the .tflite file with --network" in alone.stdout


def test_verify_says_which_layer_and_element_differ_first(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runner with one wrong number: exit code 1, sample, layer, element, both values."""

    class Wrong(GradedReference):
        """Changes an element of layer 2 in its third inference."""

        _times = 0

        def _run_layer(self, index: int) -> None:
            super()._run_layer(index)
            output = self.model.layers[index].output
            self._times += index == 2
            if (index, self._times) == (2, 3):
                values = self._read(output)
                values[0, 5, 6, 7] ^= 1
                self._write(output, values)

    from spikelet.cli import graded_verify

    monkeypatch.setattr(graded_verify, "open_graded", lambda _, model, **__: Wrong(model))
    result = spikelet("verify", image, DATA, "--samples", 4)

    assert result.exit_code == 1
    assert "host first differs at sample 2, layer 2" in result.stdout
    assert "element (0, 5, 6, 7)" in result.stdout
    assert "NOT identical" in result.stdout


def test_another_file_than_the_source_is_refused(image: Path) -> None:
    """By its hash."""
    result = spikelet("verify", image, DATA, "--network", FLOAT)

    assert (result.exit_code, "is not the file that the image was made from" in result.stderr) == (9, True)


BAD: dict[str, tuple[tuple[object, ...], int, str]] = {
    "float without data": (("convert", FLOAT, "-o", "x.spkl"), 3, "--calibration"),
    "spiking options": (("convert", FILE, "-o", "x.spkl", "--framework", "norse", "--dt", "1"), 2, "--framework, --dt"),
    "calibration of int8": (("convert", FILE, "-o", "x.spkl", "--calibration", DATA), 2, "is of int8 already"),
    "bits": (("convert", FLOAT, "--calibration", DATA, "--pixels", "0..1", "--weights", "3"), 2, "8, 4, 2 or auto"),
    "pixels of a float network": (("convert", FLOAT, "--calibration", DATA), 9, "--pixels"),
    "no such file": (("convert", "none.tflite"), 3, "none.tflite"),
    "no such data": (("eval", FILE, "none.npz"), 9, "no such file"),
    "no such sample": (("run", FILE, DATA, "--sample", 540), 9, "540 samples"),
    "no such array": (("eval", FILE, DATA, "--array", "z"), 9, "no array 'z'"),
    "ticks": (("eval", FILE, DATA, "--ticks", 5), 2, "--ticks"),
    "recordings": (("eval", FILE, DATA, "--tick-us", 5), 2, "--tick-us"),
    "a page": (("verify", FILE, DATA, "--report", "x.html"), 2, "--report"),
    "data to draw": (("inspect", FILE, "--svg", "x.svg", "--data", DATA), 2, "spikelet eval"),
    "unknown board": (("inspect", FILE, "--board", "cortexm4"), 7, "did you mean cortex-m4"),
    "board as place": (("run", FILE, DATA, "--on", "rv32imc"), 7, "emulator:rv32imc"),
    "missing port": (("run", FILE, DATA, "--on", "/dev/none"), 8, "no port"),
    "no auto-encoder": (("eval", FILE, DATA, "--task", "reconstruction"), 9, "no auto-encoder"),
    "int8 options for spikes": (
        ("eval", DIGITS / "digits.nir", DATA, "--framework", "snntorch", "--reset", "zero", "--encoder", "rate",
         "--ticks-per-sample", 25, "--resize"),
        2,
        "are for int8 networks",
    ),
    "wrong labels": (("convert", FILE, "--labels", "a,b"), 3, "label"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_error_is_one_message_and_an_exit_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do is said on stderr; stdout stays empty, nothing is written, no traceback."""
    words, code, text = BAD[name]
    monkeypatch.chdir(tmp_path)

    result = spikelet(*words)

    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [0, 4, 8, 100, 5000])
def test_a_cut_file_is_refused(length: int, tmp_path: Path) -> None:
    """One clear message, whatever is left of it."""
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(FILE.read_bytes()[:length])
    result = spikelet("check", cut)

    assert result.exit_code == 3
    assert "cut.tflite" in result.stderr
    found = spikelet("check", cut, "--json")
    assert json.loads(found.stdout)["usable"] is False


def test_labels_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escape codes come out as question marks."""
    evil = tmp_path / "evil.spkl"
    spikelet("convert", FILE, "-o", evil, "--labels", ",".join(["\x1b[31mred", *"123456789"]))

    for words in (("inspect", evil), ("run", evil, DATA), ("eval", evil, DATA)):
        result = spikelet(*words)

        assert (result.exit_code, "red" in result.stdout, "\x1b" in result.stdout) == (0, True, False)
