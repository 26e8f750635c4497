"""What is written for a benchmark of MLPerf Tiny: which models are taken, and how their numbers are said."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction

import numpy as np
import pytest

from paths import ROOT
from spikelet import board_files
from spikelet.converters import convert
from spikelet.converters.emit import TASKS, input_bytes, mlperf_source
from spikelet.converters.emit.mlperf import DATA_MAX
from spikelet.errors import BoardError
from spikelet.firmware import build
from spikelet.graded.model import GradedModel, GradedTensor, TensorType
from support.random_models import random_model
from support.tools import need_compiler


def network(name: str = "examples/digits_int8/digits_int8") -> GradedModel:
    """A converted network."""
    model = convert(ROOT / f"{name}.tflite")
    assert isinstance(model, GradedModel)
    return model


def changed(model: GradedModel, *, output: bool = False, **values: object) -> GradedModel:
    """The model with another tensor at its first port."""
    index = (model.outputs if output else model.inputs)[0].tensor
    tensors: list[GradedTensor] = list(model.tensors)
    tensors[index] = dataclasses.replace(tensors[index], **values)  # type: ignore[arg-type]
    return dataclasses.replace(model, tensors=tuple(tensors))


def field(text: str, name: str) -> str:
    """An entry of the constant."""
    match = re.search(rf"\.{name} = (.*),$", text, re.MULTILINE)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("scale", [1 / 256, 0.5847029089927673, 0.003921568859368563, 1.0, 250.5])
def test_scales_are_exact_fractions(scale: float) -> None:
    """A float32 is a whole number over a power of 2."""
    text = mlperf_source(changed(network(), output=True, scale=float(np.float32(scale))), "kws01")
    numbers = re.fullmatch(r"\{(\d+)u, (\d+)u\}", field(text, "out_scale"))

    assert numbers is not None
    assert Fraction(int(numbers[1]), 2 ** int(numbers[2])) == Fraction(float(np.float32(scale)))


@pytest.mark.parametrize(("scale", "digits"), [(1 / 256, 8), (1.0, 0), (0.5, 1), (0.1, 8), (1e-7, 10), (3e-9, 12)])
def test_digits_tell_results_apart(scale: float, digits: int) -> None:
    """All of them where they are few, else eight, or three more than the scale needs."""
    assert int(field(mlperf_source(changed(network(), output=True, scale=scale), "kws01"), "digits")) == digits


@pytest.mark.parametrize(
    ("scale", "zero", "how"),
    [(1 / 255, -128, "PIXELS"), (1.0, -128, "PIXELS"), (2 / 255, -1, "TABLE"), (0.9936, -128, "TABLE")],
)
def test_pixels_are_taken_by_what_the_input_spans(scale: float, zero: int, how: str) -> None:
    """0 to 255, 0 to 1, -1 to 1; a table where it is not p - 128 exactly, with what eval makes of pixels."""
    text = mlperf_source(changed(network(), scale=scale, zero_point=zero), "ic01")

    assert field(text, "input") == f"SPKL_MLPERF_{how}"
    assert field(text, "table") == ("table" if how == "TABLE" else "NULL")
    if how == "TABLE":
        table = [int(n) for n in re.findall(r"-?\d+", text.partition("= {")[2].partition("}")[0])]
        factor, offset = (2 / 255, -1) if zero == -1 else (1, 0)
        real = (factor * np.arange(256) + offset) / scale
        steps = np.copysign(np.floor(np.abs(real) + 0.5), real) + zero
        # In float32 some halves lie a step beside.
        assert np.abs(np.array(table) - np.clip(steps, -128, 127)).max() <= 1
        assert len(table) == 256


@pytest.mark.parametrize(("task", "size", "beside"), [("kws01", 64, 0), ("ic01", 64, 0), ("vww01", 64, 0)])
def test_inputs_have_the_sizes_of_the_runners_files(task: str, size: int, beside: int) -> None:
    """A byte a number; four of floats, which are quantised beside them."""
    assert input_bytes(network(), task) == (size, beside)
    assert input_bytes(network("tests/golden/tflite/autoencoder"), "ad01") == (2560, 640)


@pytest.mark.parametrize(
    ("model", "task", "says"),
    [
        (network(), "ic99", "there are kws01, ic01, ic02, vww01, ad01"),
        (network(), "sww01", "I2S"),
        (network(), "ad01", "gives 10 values for 64"),
        (changed(network(), type=TensorType.INT16), "ic01", "the model's input is int16; allowed: int8"),
        (changed(network(), output=True, type=TensorType.INT16), "ic01", "the model's output is int16"),
        (changed(network(), scale=0.1), "vww01", "goes from 0 to 25.5"),
        (changed(network(), shape=(1, 200, 200, 1)), "ic01", f"40000 bytes; allowed: {DATA_MAX}"),
        (changed(network(), output=True, scale=2.0**-70), "ic01", "found scale"),
        (network("tests/golden/tflite/moves"), "ic01", "3 inputs and 5 outputs"),
    ],
)
def test_models_that_are_none_for_a_benchmark_are_refused(model: GradedModel, task: str, says: str) -> None:
    """With what was found and what is allowed."""
    with pytest.raises(BoardError, match=re.escape(says)):
        mlperf_source(model, task)


def test_spiking_networks_and_boards_without_a_clock_are_refused() -> None:
    """Before anything is compiled."""
    board = dataclasses.replace(board_files.load("cortex-m4"), counter={})

    with pytest.raises(BoardError, match="allowed: an int8 network"):
        build("cortex-m4", model=random_model(1), mlperf="ic01")
    with pytest.raises(BoardError, match="found no model"):
        build("cortex-m4", mlperf="ic01")
    with pytest.raises(BoardError, match=r"no \[counter\]"):
        build(board, model=network(), mlperf="ic01")


@pytest.mark.parametrize("name", ["cortex-m0", "cortex-m4", "rv32imc", "microbit"])
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("optimise", ["2", "s"])
def test_devices_build_without_a_warning(name: str, compiler: str, optimise: str) -> None:
    """All warnings are errors; RAM has the input beside the arena, and no wire protocol is linked."""
    need_compiler(board_files.load(name).arch, compiler)
    made = build(name, model=network(), compiler=compiler, optimise=optimise, mlperf="ic01", strict=True)
    wire = build(name, model=network(), compiler=compiler, optimise=optimise)
    names = {s.name for s in made.symbols}

    assert made.image == wire.image
    assert "spkl_mlperf_command" in names
    assert not {"spkl_app_receive", "spkl_frame_decode"} & names
    if compiler == "gcc":
        assert made.stack.bytes is not None, made.stack.reason
        assert made.stack.bytes <= made.board.stack


def test_every_benchmark_is_named_in_the_page() -> None:
    """docs/reference/mlperf.md, 3."""
    page = (ROOT / "docs" / "reference" / "mlperf.md").read_text()

    assert all(f"`{task}`" in page for task in TASKS)
