"""The command line with a float .tflite file, which is quantised here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paths import ROOT
from support.command_line import DIGITS, answer, spikelet

FLOAT = ROOT / "examples" / "digits_int8" / "digits_float.tflite"
DATA = DIGITS / "digits_test.npz"
SAID = ("--calibration", DIGITS / "digits_calib.npz", "--pixels", "0..1")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("bits", ["8", "4", "auto", "1=2"])
def test_accuracy_stands_beside_bytes(bits: str, tmp_path: Path) -> None:
    """Of the float network and of the integers; fewer bits are fewer bytes; the image keeps a short report."""
    image = tmp_path / "net.spkl"
    result = spikelet("convert", FLOAT, "-o", image, *SAID, "--weights", bits)
    assert result.exit_code == 0, result.stderr
    kept = answer("inspect", image)["meta"]["quantised"]

    assert "quantised with 133 samples of calibration data, measured on 67 others" in result.stdout
    assert f"{kept['held_out']['accuracy']['float']:.2f} %" in result.stdout
    assert ("Tried on calibration data" in result.stdout) == (bits == "auto")
    assert set(kept) == {"samples", "settings", "bytes", "float_bytes", "held_out"}
    assert kept["bytes"] < kept["float_bytes"] / (3 if bits in ("8", "1=2") else 4)
    found = answer("eval", image, DATA)
    assert found["accuracy"] > (0.99 if bits in ("8", "4") else 0.96)


def test_the_float_network_is_compared_layer_by_layer(tmp_path: Path) -> None:
    """Signal to noise of every layer; with 4 bits less than with 8; integers are the same everywhere."""
    noise = {}
    for bits in (8, 4):
        found = answer("verify", FLOAT, DATA, *SAID, "--weights", bits, "--samples", 10)
        noise[bits] = found["float"][-2]["decibels"]

        assert found["identical"] is True
        assert found["same_prediction"] >= 0.9
        assert [comparison["with"] for comparison in found["comparisons"]] == ["host"]
        assert len(found["float"]) == 9
    assert noise[8] > noise[4] > 15
    text = spikelet("verify", FLOAT, DATA, *SAID, "--samples", 3).stdout
    assert "Float network and integers" in text
    image = tmp_path / "net.spkl"
    assert spikelet("convert", FLOAT, "-o", image, *SAID).exit_code == 0
    assert len(answer("verify", image, DATA, "--network", FLOAT, "--samples", 3)["float"]) == 9


def test_calibration_data_may_be_real_numbers_or_one_array_of_several(tmp_path: Path) -> None:
    """Then nothing has to be said of pixels; labels are not needed."""
    with np.load(DIGITS / "digits_calib.npz") as data:
        np.savez(tmp_path / "c.npz", real=data["x"].astype(np.float32) / 255, other=np.zeros(3))
    image = tmp_path / "net.spkl"
    said = ("--calibration", f"{tmp_path / 'c.npz'}:real")
    result = spikelet("convert", FLOAT, "-o", image, *said)

    assert result.exit_code == 0, result.stderr
    assert "accuracy" not in answer("inspect", image)["meta"]["quantised"]["held_out"]
    assert answer("eval", image, DATA, "--samples", 50)["accuracy"] > 0.95
