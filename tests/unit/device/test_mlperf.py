"""Commands of MLPerf Tiny on the firmware's device, under sanitizers (docs/reference/mlperf.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from paths import ROOT
from spikelet.converters import convert
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from support import native_mlperf
from support.native_mlperf import NativeDevice

#: Bytes of an input of the digits network; of the RAM that the device lends beside its arena.
SIZE, MOST = 64, 27648
LINE_MAX = 80


def digits() -> GradedModel:
    """A network that takes 8 x 8 pixels and gives ten probabilities."""
    model = convert(ROOT / "examples" / "digits_int8" / "digits_int8.tflite")
    assert isinstance(model, GradedModel)
    return model


def autoencoder() -> GradedModel:
    """A network that takes 640 numbers and gives them again."""
    model = convert(ROOT / "tests" / "golden" / "tflite" / "autoencoder.tflite")
    assert isinstance(model, GradedModel)
    return model


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> NativeDevice:
    """The digits network as image classification."""
    return NativeDevice(native_mlperf.build(tmp_path_factory.mktemp("ic01"), digits(), "ic01"))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> NativeDevice:
    """The digits network as keyword spotting: its input is bytes as they are."""
    return NativeDevice(native_mlperf.build(tmp_path_factory.mktemp("kws01"), digits(), "kws01"))


@pytest.fixture(scope="module")
def floats(tmp_path_factory: pytest.TempPathFactory) -> NativeDevice:
    """The auto-encoder."""
    return NativeDevice(native_mlperf.build(tmp_path_factory.mktemp("ad01"), autoencoder(), "ad01"))


def results(line: str) -> list[Fraction]:
    """The numbers of a line of results, read as the suite's runner does."""
    match = re.match(r"^m-results-\[([^]]+)\]$", line)
    assert match is not None, line
    return [Fraction(number) for number in match.group(1).split(",")]


def test_the_device_says_who_it_is(pixels: NativeDevice) -> None:
    """The runner chooses the test by the model's name."""
    assert pixels.ask("name", "profile") == [
        ["m-name-dut-[spikelet]"],
        ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[ic01]"],
    ]


def test_it_begins_with_a_timestamp_and_is_ready(pixels: NativeDevice) -> None:
    """What stands before the first command."""
    lines = pixels.raw(b"").split("\r\n")

    assert lines[0] == "m-timestamp-mode-performance"
    assert re.fullmatch(r"m-lap-us-\d+", lines[1])
    assert lines[2:] == ["m-init-done", "m-ready", ""]


def test_timestamps_count_microseconds(pixels: NativeDevice) -> None:
    """Of the port's clock; it wraps after 2^32."""
    found = [int(lines[0].removeprefix("m-lap-us-")) for lines in pixels.ask(*["timestamp"] * 6)]

    assert {(after - before) % 2**32 for before, after in pairwise(found)} == {25000}
    assert found[0] > found[-1]


def test_pixels_are_taken_less_128(pixels: NativeDevice) -> None:
    """ic01, vww01: uint8 images; the results are those of the host, all digits of them."""
    rng = np.random.default_rng(1)
    with GradedEngine(digits()) as engine:
        for _ in range(5):
            image = rng.integers(0, 256, SIZE).astype(np.uint8)
            (expected,) = engine.infer((image.astype(np.int16) - 128).astype(np.int8).reshape(1, 8, 8, 1))
            answer = pixels.load(image.tobytes(), "infer 1 0")[0]

            assert results(answer[-1]) == [Fraction(int(q) + 128, 256) for q in expected.ravel()]
            assert all(len(number.partition(".")[2]) == 8 for number in answer[-1][11:-1].split(","))


def test_features_are_taken_as_they_are(features: NativeDevice) -> None:
    """kws01: int8 features."""
    given = np.random.default_rng(2).integers(-128, 128, SIZE).astype(np.int8)
    with GradedEngine(digits()) as engine:
        (expected,) = engine.infer(given.reshape(1, 8, 8, 1))
    answer = features.load(given.tobytes(), "infer 3 2", "results")

    assert results(answer[0][-1]) == [Fraction(int(q) + 128, 256) for q in expected.ravel()]
    assert answer[1] == [answer[0][-1]]


def test_floats_are_quantised_and_the_result_is_their_distance(floats: NativeDevice) -> None:
    """ad01: the mean squared distance of the floats and what the network makes of them."""
    model = autoencoder()
    source, result = (model.tensors[ports[0].tensor] for ports in (model.inputs, model.outputs))
    rng = np.random.default_rng(3)
    with GradedEngine(model) as engine:
        for spread in (1, 20, 200):
            given = (spread * rng.standard_normal(source.shape)).astype("<f4")
            (output,) = engine.infer_float(given)
            expected = np.mean((output.astype(np.float64) - given) ** 2)
            (found,) = results(floats.load(given.tobytes(), "infer 1 0")[0][-1])

            assert float(found) == pytest.approx(expected, rel=1e-4, abs=1e-5)
            assert result.scale > 0.01


@pytest.mark.parametrize("wrong", [float("nan"), -float("nan")])
def test_floats_that_are_no_numbers_are_refused(floats: NativeDevice, wrong: float) -> None:
    """Infinite ones are the largest that there is, as in TensorFlow Lite."""
    given = np.zeros(640, "<f4")
    given[17] = wrong
    endless = np.zeros(640, "<f4")
    endless[17] = np.inf

    assert floats.load(given.tobytes(), "infer 1 0") == [["e-[infer: the input holds what is no number]"]]
    assert results(floats.load(endless.tobytes(), "infer 1 0")[0][-1])[0] > 1e4


def test_an_inference_is_told_and_timed(pixels: NativeDevice) -> None:
    """Lines in order; both times of an inference, the second one later though the clock has wrapped."""
    for command, n, w in (("infer 7 3", 7, 3), ("infer 2", 2, 10), ("infer", 1, 10), ("infer 1 0", 1, 0)):
        for ticks in range(0, 8, 2):
            answer = pixels.load(bytes(SIZE), *["timestamp"] * ticks, command)[-1]
            expected = [f"m-warmup-start-{w}", "m-warmup-done", f"m-infer-start-{n}", "L", "L", "m-infer-done"]
            laps = [int(line.removeprefix("m-lap-us-")) for line in answer if line.startswith("m-lap")]

            assert [line if not line.startswith("m-lap") else "L" for line in answer[:-1]] == expected
            assert len(results(answer[-1])) == 10
            assert laps[1] - laps[0] == 25000


# What goes wrong


def test_a_terminator_alone_is_no_command(pixels: NativeDevice) -> None:
    """First fault of the suite's own parser: it has no word and dies. The runner flushes the port with it."""
    assert pixels.ask("", "   ", "name") == [[], [], ["m-name-dut-[spikelet]"]]


def test_a_size_that_is_refused_leaves_nothing_to_write_to(pixels: NativeDevice) -> None:
    """Second fault: the size was refused in words and taken all the same, and data ran over the buffer's end."""
    piece = "db " + "ab" * 31
    answers = pixels.ask("db load 30000", *[piece] * 1000, "infer 1 0")

    assert answers[0] == [f"e-[db load: at most {MOST} bytes]"]
    assert answers[1:1001] == [["e-[db: no bytes are expected; say db load N first]"]] * 1000
    assert answers[1001] == [f"e-[infer: 0 bytes are loaded; the model takes {SIZE}]"]


def test_data_without_a_size_are_refused(pixels: NativeDevice) -> None:
    """Third fault: data with no db load before them were written without an end."""
    answers = pixels.ask(*["db " + "ff" * 31] * 1000)

    assert answers == [["e-[db: no bytes are expected; say db load N first]"]] * 1000


def test_a_refused_size_forgets_the_input_before(pixels: NativeDevice) -> None:
    """What is inferred is never an older input than the runner thinks."""
    answers = pixels.load(bytes(SIZE), "infer 1 0", "db load 30000", "results", "infer 1 0")

    assert answers[1] == [f"e-[db load: at most {MOST} bytes]"]
    assert answers[2] == ["e-[results: no inference has run]"]
    assert answers[3] == [f"e-[infer: 0 bytes are loaded; the model takes {SIZE}]"]


def test_the_largest_input_of_the_suite_is_taken(pixels: NativeDevice) -> None:
    """27,648 bytes, printed as they came; the network takes fewer and says so."""
    given = np.random.default_rng(4).integers(0, 256, MOST).astype(np.uint8).tobytes()
    printed, refused = pixels.load(given, "db print", "infer 1 0")

    assert printed == ["m-buffer-" + given[i : i + 8].hex("-") for i in range(0, MOST, 8)]
    assert refused == [f"e-[infer: {MOST} bytes are loaded; the model takes {SIZE}]"]


def test_data_come_in_pieces_of_any_size_and_in_either_case(pixels: NativeDevice) -> None:
    """31 bytes a command, 26 with a power monitor; a last line may be short."""
    given = bytes(range(SIZE))
    for piece in (1, 26, 31, 38):
        assert pixels.load(given, "db print", piece=piece)[0][-1] == "m-buffer-38-39-3a-3b-3c-3d-3e-3f"
    answers = pixels.ask("db load 3", "db aBcD", "db print", "db Ef", "db print")
    assert answers == [
        ["m-[Expecting 3 bytes]"],
        [],
        ["m-buffer-ab-cd"],
        ["m-load-done"],
        ["m-buffer-ab-cd-ef"],
    ]


def test_data_are_taken_whole_or_not_at_all(pixels: NativeDevice) -> None:
    """Odd digits, other characters, more than was said, more than once."""
    cases = ["db 0", "db 0x", "db 01zz", "db 0102030405", "db 01 02", "db -1", "db \x01"]
    for case in cases:
        answers = pixels.ask("db load 4", case, "db 01020304", "db 05", "db print")
        assert answers[1][0].startswith("e-["), case
        assert answers[2:] == [
            ["m-load-done"],
            ["e-[db: no bytes are expected; say db load N first]"],
            ["m-buffer-01-02-03-04"],
        ], case


def _bad() -> Iterator[str]:
    """Commands that say nothing good."""
    yield from ("db", "db load", "db load 0", "db load x", "db load -1", "db load 4.0", "db load 4294967300")
    yield from ("db load 99999999999999999999", "db load 4 4", "db print 4", "db load " + "0" * 12 + "4")
    yield from ("infer 0 0", "infer -1 0", "infer 1 -1", "infer x", "infer 1 x", "infer 1 0 0", "infer 4294967297 0")
    yield from ("results", "results now", "name 1", "profile 1", "timestamp 1", "help 1", "NAME", "names", "nam", "?")


@pytest.mark.parametrize("command", list(_bad()))
def test_bad_commands_are_answered_with_an_error(pixels: NativeDevice, command: str) -> None:
    """One line, and the device goes on."""
    answers = pixels.ask(command, "name")

    assert len(answers[0]) == 1
    assert answers[0][0].startswith("e-[")
    assert answers[0][0].endswith("]")
    assert answers[1] == ["m-name-dut-[spikelet]"]


@pytest.mark.parametrize("command", ["start", "stop", "print_detections"])
def test_commands_of_streams_say_that_there_is_none(pixels: NativeDevice, command: str) -> None:
    """They are the streaming wake word's."""
    assert pixels.ask(command) == [["e-[streaming: ic01 takes inputs by db load and infer]"]]


def test_a_line_has_at_most_80_characters(pixels: NativeDevice) -> None:
    """One more is refused, and nothing of it done; a thousand more as well."""
    fits = "db load 4" + " " * (LINE_MAX - 9)
    answers = pixels.ask(fits, fits + " ", "x" * (LINE_MAX + 1), "x" * 100_000, "db print", "x" * LINE_MAX)
    refused = [f"e-[Command longer than {LINE_MAX} characters]"]

    assert answers == [["m-[Expecting 4 bytes]"], *[refused] * 3, [], [f"e-[Unknown command: {'x' * LINE_MAX}]"]]


def test_what_a_terminal_adds_is_left_out(pixels: NativeDevice) -> None:
    """Line ends and zeros are no characters of a command; what cannot be printed is not sent back."""
    said = pixels.raw(b"\0na\r\nme%\r\n%\x07\xffbell\x1b[2J%")

    assert said.split("\r\n")[4:] == [
        "m-name-dut-[spikelet]",
        "m-ready",
        "m-ready",
        "e-[Unknown command: ??bell?[2J]",
        "m-ready",
        "",
    ]


def test_help_names_every_command(pixels: NativeDevice) -> None:
    """But those of streams."""
    words = {line.split(" ")[0] for line in pixels.ask("help")[0]}
    text = (ROOT / "firmware" / "mlperf" / "commands.c").read_text()
    table = set(re.findall(r'^    \{"(\w+)", ', text, re.MULTILINE))

    assert table - words == {"start", "stop", "print_detections"}
    assert words <= table


def test_a_model_that_does_not_open_is_told(tmp_path: Path) -> None:
    """An image that does not fit the kinds that are linked: at the start, and at each inference."""
    folder = tmp_path / "wrong"
    folder.mkdir()
    native_mlperf.build(folder, digits(), "ic01")
    table = (folder / "layer_table.c").read_text()
    assert "CONV_S8" in table
    device = native_mlperf.build(folder, digits(), "ic01", layer_table=re.sub(r".*CONV_S8.*\n", "", table))
    lines = NativeDevice(device).raw(b"infer 1 0%name%").split("\r\n")

    assert lines[2] == "e-[the kernel that the image needs is not linked]"
    assert lines[3:] == [
        *("m-init-done", "m-ready"),
        *("e-[the kernel that the image needs is not linked]", "m-ready"),
        *("m-name-dut-[spikelet]", "m-ready", ""),
    ]
