"""Sweeps: the points, results that are kept, a pool of processes and a cluster, what is worth having."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikelet as package
from paths import ROOT
from spikelet.errors import DataError, SpikeletError
from spikelet.model import Model
from spikelet.sweep import Axes, Point, Sweep, pareto, sweep
from spikelet.sweep.log import Log
from spikelet.sweep.picture import picture
from support.command_line import answer, spikelet

DIGITS = ROOT / "examples" / "digits"
FLOAT = ROOT / "examples" / "digits_int8" / "digits_float.tflite"
INT8 = ROOT / "examples" / "digits_int8" / "digits_int8.tflite"
OPTIONS = {"framework": "snntorch", "reset": "zero", "encoder": "rate"}
AXES = Axes(bits=(8, 2), ticks=(6, 10), early_exit=("off", "auto"))


def data(folder: Path, name: str, samples: slice) -> Path:
    """Some digits."""
    with np.load(DIGITS / f"digits_{name}.npz") as file:
        np.savez(folder / f"{name}.npz", x=file["x"][samples], y=file["y"][samples])
    return folder / f"{name}.npz"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Calibration and test data, small."""
    folder = tmp_path_factory.mktemp("data")
    return {"calibration": data(folder, "calib", slice(0, 60)), "test": data(folder, "test", slice(0, 40))}


def run(files: dict[str, Path], folder: Path, axes: Axes = AXES, **more: Any) -> Sweep:
    """A small sweep."""
    settings: dict[str, Any] = {"calibration": files["calibration"], "board": "cortex-m4", "compiler": "gcc"}
    settings |= {"options": OPTIONS, "cost_samples": 3, "jobs": 1, "folder": folder}
    return sweep(DIGITS / "digits.nir", axes, **(settings | more))


@pytest.fixture(scope="module")
def first(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Path]:
    """A sweep in this process."""
    folder = tmp_path_factory.mktemp("first") / "sweep"
    return run(files, folder, test=files["test"]), folder


def lines(folder: Path) -> set[str]:
    """The results of a sweep."""
    return set((folder / "results.jsonl").read_text().splitlines())


def test_axes_make_all_combinations_once() -> None:
    """Equal values are one; an axis without values is not told to the conversion."""
    points = list(Axes(bits=(8, 4, 8), ticks=(10,)).points())

    assert points == [Point(bits=8, ticks=10), Point(bits=4, ticks=10)]
    assert points[0].said() == {"bits": 8, "ticks": 10}


def test_a_point_is_what_the_conversion_makes_of_it(first: tuple[Sweep, Path], files: dict[str, Path]) -> None:
    """Accuracy, ticks and synaptic operations of an image that is converted by hand; the same bytes."""
    found, folder = first
    with np.load(files["calibration"]) as file:
        x, y = file["x"].reshape(len(file["x"]), -1), file["y"]
    for index in found.pareto:
        entry = found.found[index]
        point = entry.point
        more: dict[str, Any] = {} if point.early_exit == "off" else {"early_exit": "auto"}
        model = package.convert(
            DIGITS / "digits.nir",
            **OPTIONS,
            ticks_per_sample=point.ticks,
            weight_bits=point.bits,
            calibration=list(x[0::2]),
            calibration_labels=y[0::2],
            **more,
        )
        assert isinstance(model, Model)
        with package.Engine(model) as engine:
            result = engine.run_samples(x[1::2])
        assert entry.result["accuracy"] == pytest.approx(np.mean(result.predictions == y[1::2]), abs=1e-6)
        assert entry.result["ticks"] == pytest.approx(result.ticks.mean(), abs=1e-3)
        assert entry.result["synops"] == pytest.approx(result.synops.sum(axis=1).mean(), abs=1e-2)
        assert (folder / entry.image).read_bytes() == package.image.encode(model)


def test_test_data_are_told_for_what_is_worth_having_and_choose_nothing(
    first: tuple[Sweep, Path], files: dict[str, Path], tmp_path: Path
) -> None:
    """The same points without them."""
    found, _ = first
    tested = [index for index, entry in enumerate(found.found) if entry.test_accuracy is not None]
    other = run(files, tmp_path / "other")

    assert sorted(found.pareto) == tested
    assert other.pareto == found.pareto
    assert {entry.test_accuracy for entry in other.found} == {None}
    with np.load(files["test"]) as file:
        x, y = file["x"].reshape(len(file["x"]), -1), file["y"]
    for index in tested:
        with package.Engine(package.image.read(first[1] / found.found[index].image)) as engine:
            right = float(np.mean(engine.run_samples(x).predictions == y))
        assert found.found[index].test_accuracy == pytest.approx(right, abs=1e-6)


def test_a_finished_sweep_runs_nothing_again(first: tuple[Sweep, Path], files: dict[str, Path]) -> None:
    """Also with more values on an axis: only the new points; other data or options are other points."""
    found, folder = first
    before = lines(folder)
    again = run(files, folder, test=files["test"])
    more = run(files, folder, Axes(bits=(8, 2, 1), ticks=(6, 10), early_exit=("off", "auto")))
    less = run(files, folder, samples=30, axes=Axes(bits=(8,), ticks=(6,)))

    assert again.known == len(AXES_POINTS)
    assert again.found == found.found
    assert before <= lines(folder)
    assert (more.known, len(more.found)) == (8, 12)
    assert less.known == 0


AXES_POINTS = list(AXES.points())


def test_all_cores_give_the_same_lines(first: tuple[Sweep, Path], files: dict[str, Path], tmp_path: Path) -> None:
    """Two processes."""
    found = run(files, tmp_path / "two", jobs=2, test=files["test"])

    assert found.found == first[0].found
    assert lines(tmp_path / "two") <= lines(first[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler with two workers, processes of this machine."""
    distributed = pytest.importorskip("distributed", reason="needs dask: pip install 'spikelet[sweep]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made


def test_a_cluster_of_two_workers_gives_the_same_lines(
    first: tuple[Sweep, Path], files: dict[str, Path], tmp_path: Path, cluster: Any
) -> None:
    """The same call with an address; both workers took part."""
    from distributed.diagnostics.plugin import SchedulerPlugin

    busy: set[str] = set()

    class Watch(SchedulerPlugin):
        """Notes which worker finished a task."""

        def transition(self, _key: Any, start: str, finish: str, *_: Any, **more: Any) -> None:
            """See SchedulerPlugin."""
            if (start, finish) == ("processing", "memory"):
                busy.add(more["worker"])

    cluster.scheduler.add_plugin(Watch())
    found = run(files, tmp_path / "cluster", cluster=cluster.scheduler_address, test=files["test"])

    assert found.found == first[0].found
    assert lines(tmp_path / "cluster") <= lines(first[1])
    assert len(busy) == 2


def test_a_cluster_that_is_not_there_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    """With what to start."""
    pytest.importorskip("distributed", reason="needs dask: pip install 'spikelet[sweep]'")
    with pytest.raises(SpikeletError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9.*dask scheduler"):
        run(files, tmp_path / "none", cluster="tcp://127.0.0.1:9")


def test_a_killed_sweep_goes_on(first: tuple[Sweep, Path], files: dict[str, Path], tmp_path: Path) -> None:
    """Killed after its first point, and its last line cut off: told, and only the rest is run."""
    folder = tmp_path / "killed"
    words = [sys.executable, "-m", "spikelet", "sweep", DIGITS / "digits.nir", "--calibration", files["calibration"]]
    words += ["--framework", "snntorch", "--reset", "zero", "--encoder", "rate", "--bits", "8,2", "--ticks", "6,10"]
    words += ["--early-exit", "off,auto", "--cost-samples", "3", "--jobs", "1", "--compiler", "gcc", "-o", folder]
    process = subprocess.Popen([str(word) for word in words], start_new_session=True, stdout=subprocess.DEVNULL)
    results = folder / "results.jsonl"
    until = time.monotonic() + 120
    while not (results.exists() and results.read_bytes().count(b"\n") >= 1):
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = results.read_bytes().count(b"\n")
    assert 1 <= done < 8
    with results.open("ab") as stream:
        stream.write(b'{"key": "ab", "accu')
    on = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True)

    assert "the last line is damaged" in on.stderr
    assert f"8 points, {8 - done} run now, {done} known before" in on.stdout
    assert lines(folder) <= lines(first[1])


@pytest.mark.parametrize("rest", [b"{", b'{"key"', b"null\n", b'{"point": 1}\n', b"\xff\xfe", b"\n"])
def test_a_damaged_last_line_is_left_out_and_told(rest: bytes, tmp_path: Path) -> None:
    """And is gone when the next result comes."""
    file = tmp_path / "results.jsonl"
    file.write_bytes(b'{"key": "a", "accuracy": 1}\n' + rest)
    told: list[str] = []
    log = Log(file, told.append)
    log.add({"key": "b", "accuracy": 0.5})

    assert len(told) == 1
    assert "last line is damaged" in told[0]
    assert set(Log(file, told.append).known) == {"a", "b"}
    assert len(told) == 1


def test_another_damaged_line_is_refused(tmp_path: Path) -> None:
    """By its number: somebody has changed the file."""
    file = tmp_path / "results.jsonl"
    file.write_bytes(b'{"key": "a"}\nnothing\n{"key": "b"}\n')
    with pytest.raises(DataError, match="line 2 is no result"):
        Log(file, print)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=12))
def test_what_is_worth_having_is_beaten_by_nothing_and_beats_the_rest(numbers: list[tuple[int, int, int]]) -> None:
    """By definition, against all pairs."""
    found = [{"accuracy": a, "bytes": b, "instructions": c} for a, b, c in numbers]

    def beats(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
        return one != other and one[0] >= other[0] and one[1] <= other[1] and one[2] <= other[2]

    kept = pareto(found)
    assert len(kept) == len(set(kept)) == len({numbers[i] for i in kept})
    for i, own in enumerate(numbers):
        is_best = not any(beats(other, own) for other in numbers)
        assert is_best == (own in {numbers[k] for k in kept}), i
    assert [found[i]["instructions"] for i in kept] == sorted(found[i]["instructions"] for i in kept)


def test_points_that_cannot_be_converted_are_told_and_the_others_go_on(files: dict[str, Path], tmp_path: Path) -> None:
    """A margin without a window: samples of the digits have no end of their own."""
    with pytest.raises(DataError, match="--bits: found 3"):
        run(files, tmp_path / "a", Axes(bits=(3,)))
    odd = OPTIONS | {"frac": 20}
    found = run(files, tmp_path / "b", Axes(bits=(8,), ticks=(6,), thresholds=(1.0, 900.0)), options=odd)

    errors = [entry.result.get("error") for entry in found.found]
    assert errors[0] is None or errors[1] is not None
    assert any(errors)
    assert not set(found.pareto) & {i for i, error in enumerate(errors) if error}


def test_thresholds_are_scaled_in_the_network(files: dict[str, Path], tmp_path: Path) -> None:
    """Higher ones fire less; a factor of 1 is the network as it is."""
    found = run(files, tmp_path / "t", Axes(ticks=(10,), thresholds=(0.5, 1.0, 2.0)))
    plain = run(files, tmp_path / "p", Axes(ticks=(10,)))

    low, same, high = (entry.result["synops"] for entry in found.found)
    assert low > same > high
    assert found.found[1].result == plain.found[0].result


def test_pruned_weights_take_fewer_instructions(files: dict[str, Path], tmp_path: Path) -> None:
    """convert --prune; a part of 0 is the network as it is."""
    found = run(files, tmp_path / "p", Axes(ticks=(10,), prune=(0, 0.9, "auto")))
    plain = run(files, tmp_path / "q", Axes(ticks=(10,)))
    none, most, auto = (entry.result for entry in found.found)

    assert "error" not in most, most
    assert "error" not in auto, auto
    assert none == plain.found[0].result
    assert most["instructions"] < none["instructions"]
    assert most["bytes"] < none["bytes"]


def test_the_picture_shows_all_points_and_numbers_those_worth_having(first: tuple[Sweep, Path]) -> None:
    """As XML; each point in both panels, with its words; every number."""
    found, _ = first
    root = ET.fromstring(picture(found))
    ns = "{http://www.w3.org/2000/svg}"
    tips = [title.text or "" for shape in root for title in shape.findall(f"{ns}title")]
    texts = [text.text for text in root.findall(f"{ns}text")]

    assert len(tips) == 2 * len(found.found)
    for number in range(1, len(found.pareto) + 1):
        assert texts.count(str(number)) == 2
        assert sum(tip.startswith(f"{number}. ") for tip in tips) == 2
    assert picture(found) == picture(found)


def test_the_command_prints_a_table_and_writes_files(files: dict[str, Path], tmp_path: Path) -> None:
    """Table, picture, page, images; JSON for machines; the second time all is known."""
    folder = tmp_path / "sweep"
    words = ("sweep", DIGITS / "digits.nir", "--framework", "snntorch", "--reset", "zero", "--encoder", "rate")
    words += ("--calibration", files["calibration"], "--test", files["test"], "--bits", "8,4", "--ticks", "8")
    words += ("--cost-samples", 2, "--jobs", 1, "-o", folder)
    printed = spikelet(*words)
    found = answer(*words)

    assert printed.exit_code == 0, printed.stderr
    assert "2 points, 2 run now, 0 known before" in printed.stdout
    assert found["known_before"] == 2
    for index in found["pareto"]:
        point = found["points"][index]
        assert point["image"] == str(folder / Path(point["image"]).name)
        assert package.image.read(point["image"]).ticks_per_sample == 8
        assert 0 <= point["test_accuracy"] <= 1
        assert Path(point["image"]).name in (folder / "pareto.md").read_text()
    assert (folder / "pareto.svg").read_text().startswith("<svg")
    assert {json.loads(line)["key"] for line in lines(folder)}


@pytest.mark.parametrize(
    "case",
    [
        (DIGITS / "digits.nir", (), 9, "nothing to sweep"),
        (DIGITS / "digits.nir", ("--bits", "8,x"), 2, "give numbers or auto"),
        (DIGITS / "digits.nir", ("--bits", "7"), 9, "--bits: found 7"),
        (DIGITS / "digits.nir", ("--ticks", "0"), 9, "--ticks: found 0"),
        (DIGITS / "digits.nir", ("--thresholds", "-1"), 9, "--thresholds: found -1"),
        (DIGITS / "digits.nir", ("--weight-bits", "4", "--ticks", "5"), 2, "--weight-bits is --bits here"),
        (DIGITS / "digits.nir", ("--prune", "1"), 9, "--prune: found 1"),
        (DIGITS / "digits.nir", ("--prune", "half"), 2, "give numbers or auto"),
        (DIGITS / "digits.nir", ("--spikes", "--ticks", "5"), 9, "is for .tflite files"),
        (DIGITS / "digits.nir", ("--bits", "8", "--board", "nothing"), 7, "nothing"),
        (INT8, ("--bits", "8,4"), 9, "nothing to sweep: give the float file"),
        (FLOAT, ("--ticks", "8"), 9, "only --bits means something"),
        (FLOAT, ("--spikes", "--bits", "8"), 9, "has --ticks and --early-exit"),
    ],
)
def test_axes_that_mean_nothing_are_refused(
    case: tuple[Path, tuple[str, ...], int, str], files: dict[str, Path], tmp_path: Path
) -> None:
    """Before anything runs, with what there is."""
    file, words, code, text = case
    result = spikelet("sweep", file, "--calibration", files["calibration"], "-o", tmp_path / "s", *words)

    assert (result.exit_code, text in result.stderr) == (code, True), result.stderr
    assert not (tmp_path / "s" / "results.jsonl").exists()


def test_calibration_is_asked_for(tmp_path: Path) -> None:
    """Data fit and choose."""
    result = spikelet("sweep", DIGITS / "digits.nir", "--bits", "8", "-o", tmp_path / "s")

    assert (result.exit_code, "--calibration DATA.npz" in result.stderr) == (2, True)


@pytest.mark.slow
def test_float_networks_have_bits(files: dict[str, Path], tmp_path: Path) -> None:
    """Quantised, run as int8, instructions counted in emulation."""
    pytest.importorskip("unicorn", reason="needs unicorn: pip install 'spikelet[emulator]'")
    found = sweep(
        FLOAT,
        Axes(bits=(8, 2)),
        calibration=files["calibration"],
        test=files["test"],
        folder=tmp_path / "s",
        board="cortex-m4",
        pixels="0..1",
        cost_samples=1,
        jobs=1,
    )
    eight, two = (entry.result for entry in found.found)

    assert "error" not in eight, eight
    assert eight["accuracy"] > 0.8
    assert two["bytes"] < eight["bytes"]
    assert eight["instructions"] > 1000
    assert found.found[found.pareto[0]].test_accuracy is not None


@pytest.mark.slow
def test_int8_networks_as_spikes_have_ticks_and_early_exits(files: dict[str, Path], tmp_path: Path) -> None:
    """Rates of spikes."""
    found = sweep(
        INT8,
        Axes(ticks=(4, 16), early_exit=("off", "auto")),
        calibration=files["calibration"],
        folder=tmp_path / "s",
        board="cortex-m4",
        spikes=True,
        cost_samples=1,
        jobs=1,
    )
    results = {(entry.point.ticks, entry.point.early_exit): entry.result for entry in found.found}

    assert all("error" not in result for result in results.values()), results
    assert results[16, "off"]["ticks"] == 16
    assert results[16, "auto"]["ticks"] < 16
    assert results[16, "auto"]["instructions"] < results[16, "off"]["instructions"]
