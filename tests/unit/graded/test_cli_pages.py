"""What the pages say of int8 networks is what the code says."""

from __future__ import annotations

import re

import pytest
from benchmarks import int8

from paths import ROOT, data
from spikelet.cli.graded_options import graded_data_options
from spikelet.converters.tflite.fields import OPTIONS
from spikelet.graded.data_values import PixelRange

KERAS = ROOT / "docs" / "how-to" / "from-keras-to-a-board.md"
EVALUATE = ROOT / "docs" / "how-to" / "evaluate.md"


def test_the_page_names_every_operator_that_is_supported() -> None:
    """In the order of the alphabet."""
    row = next(line for line in KERAS.read_text().splitlines() if line.startswith("| operators |"))

    assert re.findall(r"[A-Z][A-Z0-9_]+", row) == sorted(OPTIONS)


def test_the_page_says_how_data_are_made_to_fit() -> None:
    """Each option, and each range of pixels."""

    def none() -> None:
        """Nothing."""

    options = [option.opts[0] for option in graded_data_options(none).__click_params__]  # type: ignore[attr-defined]
    text = EVALUATE.read_text()

    assert len(options) == 6
    assert [option for option in options if f"`{option}" not in text] == []
    assert [pixels.value for pixels in PixelRange if pixels.value.replace("..", " .. ") not in text] == []


def test_the_figures_of_memory_are_those_that_are_computed() -> None:
    """Write them again with: python -m benchmarks.int8 --write."""
    data("tflite/inputs.npz")
    pytest.importorskip("PIL", reason="no Pillow: pip install 'spikelet[images]'")
    text = int8.PAGE.read_text()
    rows = list(int8.memory())

    assert len(rows) == 2 + len(int8.MODELS)
    assert [row for row in rows if row not in text] == []
