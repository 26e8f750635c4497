"""Recordings where data sets are: one is a sample, a folder of them has labels; on the command line too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paths import data
from spikelet import events
from spikelet.datasets import Reading, load
from spikelet.errors import DataError
from spikelet.events import EVENT
from spikelet.model import Encoder, Model
from support.command_line import DIGITS, answer, spikelet
from support.random_models import random_model
from support.recording_files import dat, nmnist

MADE = [(100, 0, 0, 0), (150, 0, 0, 0), (199, 0, 0, 1), (2200, 3, 2, 1), (2399, 3, 2, 0)]
MS = Reading(tick_us=1000)
#: How the digits network takes events.
SAID = ("--framework", "snntorch", "--reset", "zero", "--max-value", 25)


def model(shape: tuple[int, ...], **port: int) -> Model:
    """A model whose input has a shape; it is for reading only."""
    made = random_model(3, plain=True)
    size = int(np.prod(shape))
    limits = {"max_value": 100, "max_sum": 10_000, **port}
    return replace(made, ticks_per_sample=0, inputs=(replace(made.inputs[0], size=size, shape=shape, **limits),))


def written(path: Path, made: Sequence[tuple[int, int, int, int]] = MADE) -> Path:
    """An N-MNIST file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nmnist(made))
    return path


def sized(width: int, height: int, made: Sequence[tuple[int, int, int, int]] = MADE) -> bytes:
    """A .dat file that says its sensor's size."""
    return dat(made, head=f"% Version 2\n% Width {width}\n% Height {height}\n")


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((2, 6, 5), [(0, 0, 2), (0, 30, 1), (2, 13, 1), (2, 43, 1)]),
        ((60,), [(0, 0, 2), (0, 30, 1), (2, 13, 1), (2, 43, 1)]),
        ((1, 6, 5), [(0, 0, 3), (2, 13, 2)]),
        ((6, 5), [(0, 0, 3), (2, 13, 2)]),
        ((30,), [(0, 0, 3), (2, 13, 2)]),
    ],
)
def test_the_inputs_shape_says_what_becomes_of_polarity(
    shape: tuple[int, ...], found: list[tuple[int, int, int]], tmp_path: Path
) -> None:
    """Two channels, or one of both; flat inputs are told by the sensor's size."""
    file = tmp_path / "it.dat"
    file.write_bytes(sized(5, 6))

    made = load(file, model(shape), reading=MS)

    assert made.inputs(0)["in"].tolist() == found
    assert made.inputs(0)["in"].dtype == EVENT
    assert (len(made), made.labels, made.ticks_of(0), made.name) == (1, None, 3, "it.dat")


def test_the_ports_shape_is_the_sensors_where_the_file_does_not_say(tmp_path: Path) -> None:
    """So recordings of one camera do not differ in size."""
    file = tmp_path / "it.dat"
    file.write_bytes(dat(MADE, head="% Version 2\n"))

    assert load(file, model((2, 6, 5)), reading=MS).inputs(0)["in"]["neuron"].tolist() == [0, 30, 13, 43]
    halves = load(file, model((2, 3, 3)), reading=Reading(tick_us=1000, downscale=2)).inputs(0)["in"]
    assert halves.tolist() == [(0, 0, 2), (0, 9, 1), (2, 4, 1), (2, 13, 1)]


def test_the_window_cuts_a_recording(tmp_path: Path) -> None:
    """By the caller or by the model; the model may say how long a tick is."""
    file = written(tmp_path / "it.bin")
    timed = replace(model((2, 34, 34)), tick_ns=500_000, ticks_per_sample=4)

    assert load(file, model((2, 34, 34)), reading=MS, ticks=2).inputs(0)["in"]["tick"].tolist() == [0, 0]
    assert load(file, timed).inputs(0)["in"]["tick"].tolist() == [0, 0]
    assert load(file, timed, reading=MS).inputs(0)["in"]["tick"].tolist() == [0, 0, 2, 2]
    assert load(file, timed).ticks_of(0) == 4


def test_a_folder_has_a_sub_folder_a_class(tmp_path: Path) -> None:
    """Numbers, or the output's labels, or classes in the order of their names; files by name, hidden ones not."""
    for folder, names in {"7": ["b.bin", "a.bin"], "10": ["c.bin", ".hidden"]}.items():
        for index, name in enumerate(names):
            written(tmp_path / "numbers" / folder / name, MADE[: 2 - index])
    for folder in ("no", "yes"):
        written(tmp_path / "words" / folder / "a.bin")
    plain = model((2, 34, 34))
    named = replace(plain, outputs=(replace(plain.outputs[0], labels=("yes", "maybe", "no")),))

    numbers = load(tmp_path / "numbers", plain, reading=MS, labelled=True)

    assert numbers.labels is not None
    assert numbers.labels.tolist() == [10, 7, 7]
    assert [int(numbers.inputs(i)["in"]["value"].sum()) for i in range(3)] == [2, 1, 2]
    labels = [load(tmp_path / "words", m, reading=MS).labels for m in (plain, named)]
    assert [x.tolist() for x in labels if x is not None] == [[0, 1], [2, 0]]
    assert load(tmp_path / "words" / "no", plain, reading=MS).labels is None
    assert len(numbers.take(2)) == 2


def test_what_an_input_does_not_take_is_named(tmp_path: Path) -> None:
    """Tick, neuron and count, and the option of convert that takes it."""
    file = written(tmp_path / "it.bin")

    with pytest.raises(
        DataError, match="tick 0, neuron 0 has a value of 2; the input takes 1: convert with --max-value 2"
    ):
        load(file, model((2, 34, 34), max_value=1), reading=MS).inputs(0)
    with pytest.raises(DataError, match="tick 0 has 3, more than 2 spikes: convert with --max-sum 3"):
        load(file, model((2, 34, 34), max_sum=2), reading=MS).inputs(0)


def test_recordings_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Each with one DataError that says what to do."""
    file = written(tmp_path / "it.bin")
    long = written(tmp_path / "long.bin", [(0, 0, 0, 0), (2_000_000, 0, 0, 0)])
    far = written(tmp_path / "far.bin", [(0, 3, 11, 1)])
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("hello")
    written(tmp_path / "mixed.bin").rename(tmp_path / "text" / "z.bin")
    (tmp_path / "loose" / "a").mkdir(parents=True)
    for name in ("loose/b.bin", "classes/up/a.bin", "classes/left/a.bin"):
        written(tmp_path / name)
    (tmp_path / "it.es").write_bytes(b"Event Stream")
    np.savez(tmp_path / "it.npz", x=np.zeros(3))
    port = model((2, 34, 34))
    two = replace(port, inputs=(*port.inputs, replace(port.inputs[0], name="other")))
    named = replace(port, outputs=(replace(port.outputs[0], labels=("up", "down")),))
    frames = replace(port, ticks_per_sample=5, inputs=(replace(port.inputs[0], encoder=Encoder.RATE),))
    for path, which, reading, text in [
        (file, port, None, "say how long a tick is (--tick-us N"),
        (file, two, MS, "one input"),
        (file, frames, MS, "takes events"),
        (far, model((2, 10, 10)), MS, "x = 3, y = 11"),
        (file, model((100,)), MS, "34 x 34 pixels with downscale 1 do not fit input 'in' of shape (100,)"),
        (file, model((3, 34, 34)), MS, "do not fit"),
        (long, port, Reading(tick_us=1), "lasts 2000001 ticks of 1 us; at most 1000000"),
        (tmp_path / "empty", port, MS, "an empty folder"),
        (tmp_path / "text", port, MS, "'a.txt' in it is none"),
        (tmp_path / "loose", port, MS, "'b.bin' beside them"),
        (tmp_path / "classes", named, MS, "'left' is none of the model's labels: up, down"),
        (tmp_path / "it.es", port, MS, "no recording that is known"),
        (tmp_path / "it.npz", port, MS, "it.npz is no recording: leave out"),
    ]:
        with pytest.raises(DataError) as caught:
            load(path, which, reading=reading).inputs(0)
        assert text in str(caught.value)
    with pytest.raises(DataError, match="in one sub-folder a class"):
        load(file, port, reading=MS, labelled=True)


def digit_recordings(folder: Path, samples: int) -> list[int]:
    """The first test digits, rate coded as the network was trained, a millisecond a tick; returns what they show."""
    test = np.load(DIGITS / "digits_test.npz")
    passed = np.arange(1, 26)[:, None] * (test["x"][:samples].astype(int)[:, None] * 257) >> 16
    for index, spikes in enumerate(np.diff(passed, axis=1, prepend=0)):
        tick, neuron = np.nonzero(spikes)
        made = [(1000 * t + 7, n % 8, n // 8, n % 2) for t, n in zip(tick.tolist(), neuron.tolist(), strict=True)]
        file = folder / str(test["y"][index]) / f"{index:03}.dat"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sized(8, 8, made))
    return [int(y) for y in test["y"][:samples]]


def test_commands_take_recordings(tmp_path: Path) -> None:
    """`run`, `eval`, `verify`, `check` and `convert --calibration` with --tick-us."""
    shown = digit_recordings(tmp_path / "digits", 12)
    image = tmp_path / "digits.spkl"
    ticked = ("--tick-us", 1000)
    converted = answer(
        "convert", DIGITS / "digits.nir", "-o", image, *SAID, "--calibration", tmp_path / "digits", *ticked
    )
    one = tmp_path / "digits" / str(shown[0]) / "000.dat"

    assert converted["meta"]["calibration"]["samples"] == 12
    assert answer("run", image, one, *ticked)["outputs"]["output"]["prediction"] == shown[0]
    found = answer("eval", image, tmp_path / "digits", *ticked)
    assert (found["samples"], found["correct"]) == (12, 12)
    checked = answer("verify", image, tmp_path / "digits", "--network", DIGITS / "digits.nir", *ticked, "--ticks", 25)
    assert checked["identical"]
    assert checked["labels"] == sorted(shown)
    assert answer("check", image, "--data", tmp_path / "digits", *ticked)["samples"] == 12


def test_commands_say_what_is_wrong_with_recordings(tmp_path: Path) -> None:
    """Exit code 9 and what to do; 2 where the options make no sense."""
    digit_recordings(tmp_path / "digits", 1)
    nir, folder = DIGITS / "digits.nir", tmp_path / "digits"
    said = SAID[:4]
    for words, code, text in [
        (("eval", nir, folder, *said), 9, "--tick-us N"),
        (("eval", nir, next(folder.rglob("*.dat")), *said, "--tick-us", 1000), 9, "no labels"),
        (("eval", nir, folder, *said, "--tick-us", 25000), 9, "--max-value"),
        (("convert", nir, "-o", tmp_path / "x.spkl", *said, "--tick-us", 1000), 2, "--calibration"),
        (("run", nir, DIGITS / "digits_test.npz", *said, "--tick-us", 5), 9, "is no recording"),
    ]:
        result = spikelet(*words)

        assert (result.exit_code, result.stdout) == (code, "")
        assert text in " ".join(result.stderr.split())


def test_real_recordings_fit_a_port_of_their_size() -> None:
    """N-MNIST, N-CARS, and a DVXplorer scaled down by 4."""
    for name, shape, downscale, count in [
        ("sample_nmnist.bin", (2, 34, 34), 1, 4325),
        ("sample_ncars.dat", (2, 100, 120), 1, 2009),
        ("sample.aedat4", (2, 60, 80), 4, 111_954),
    ]:
        if name.endswith("4"):
            pytest.importorskip("lz4", reason="pip install 'spikelet[events]'")
        port = model(shape, max_value=1000, max_sum=2**20)
        made = load(data(f"events/{name}"), port, reading=Reading(tick_us=10_000, downscale=downscale))

        assert int(made.inputs(0)["in"]["value"].sum()) == count
    with pytest.raises(DataError, match="--max-value 5, or use"):
        load(data("events/sample_nmnist.bin"), model((2, 34, 34), max_value=1), reading=Reading(tick_us=10_000)).inputs(
            0
        )
    assert events.load(data("events/sample_nmnist.bin")).format == "n-mnist"
