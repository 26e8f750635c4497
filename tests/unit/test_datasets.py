"""Data sets: what is read, and that nothing hostile gets further than one clear DataError."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet import arrays
from spikelet.datasets import Encoding, load
from spikelet.errors import DataError
from spikelet.events import to_dense
from spikelet.model import Encoder, Model
from support.random_models import random_model

FRAMES = random_model(3, encoder=Encoder.RATE)
EVENTS = replace(random_model(3, plain=True), ticks_per_sample=10)
SIZE = EVENTS.inputs[0].size
GOOD: dict[str, Any] = {
    "sample": np.array([0, 0, 1, 2]),
    "tick": np.array([3, 5, 0, 9]),
    "neuron": np.array([1, 0, 2, 2]),
    "labels": np.array([0, 1, 0]),
}


def written(folder: Path, content: dict[str, Any]) -> Path:
    """An .npz file."""
    file = folder / "data.npz"
    np.savez_compressed(file, **content)
    return file


def test_frames_and_labels(tmp_path: Path) -> None:
    """`x` of any shape with as many values as the port has neurons."""
    x = np.arange(4 * SIZE, dtype=np.int64).reshape(4, 1, SIZE) % 256
    port = FRAMES.inputs[0]
    file = written(tmp_path, {"x": x[:, :, : port.size], "y": np.array([0, 1, 2, 1], np.uint8)})

    data = load(file, FRAMES, labelled=True)

    assert len(data) == 4
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 2, 1]
    assert data.inputs(2)["in"].dtype == np.uint8
    assert data.inputs(2)["in"].tolist() == x[2, 0, : port.size].tolist()
    assert data.ticks_of(0) == FRAMES.ticks_per_sample


def test_events_and_labels(tmp_path: Path) -> None:
    """One array each, or one record array; a sample may be empty."""
    record = np.zeros(4, [("sample", "i8"), ("tick", "u4"), ("neuron", "u2")])
    for name in ("sample", "tick", "neuron"):
        record[name] = GOOD[name]
    for content in (GOOD, {"events": record, "labels": np.arange(4)}):
        data = load(written(tmp_path, content), EVENTS)

        assert len(data) == len(content["labels"])
        assert data.inputs(0)["in"].tolist() == [(3, 1, 1), (5, 0, 1)]
        assert [len(data.inputs(i)["in"]) for i in range(len(data))] == [2, 1, 1, 0][: len(data)]


def test_counts_of_every_tick(tmp_path: Path) -> None:
    """`x` of shape (samples, ticks, neurons) for a port that takes events."""
    x = (np.arange(2 * 7 * SIZE).reshape(2, 7, SIZE) % 5 == 0).astype(np.float32)

    data = load(written(tmp_path, {"x": x}), EVENTS)

    assert data.labels is None
    assert np.array_equal(to_dense(data.inputs(1)["in"], 7, SIZE), x[1])


def test_the_host_encodes_frames_as_the_device_would(tmp_path: Path) -> None:
    """Encoding on the host gives the integers of semantics 4."""
    from spikelet.converters.encoding import encode

    x = np.random.default_rng(0).integers(0, 256, (3, SIZE)).astype(np.uint8)
    for encoder in (Encoder.RATE, Encoder.POISSON, Encoder.LATENCY):
        encoding = Encoding(encoder=encoder, ticks=10, gain=200, seed=5)

        data = load(written(tmp_path, {"x": x}), EVENTS, encoding=encoding)

        port = replace(EVENTS.inputs[0], encoder=encoder, gain=200, seed=5)
        assert np.array_equal(to_dense(data.inputs(2)["in"], 10, SIZE), encode(port, x, 10)[2])


def test_the_first_samples(tmp_path: Path) -> None:
    """`take` cuts samples and labels; 0 and None keep all."""
    data = load(written(tmp_path, GOOD), EVENTS)
    first = data.take(2)

    assert (len(first), len(data.take(0)), len(data.take(None)), len(data.take(9))) == (2, 3, 3, 3)
    assert first.labels is not None
    assert first.labels.tolist() == [0, 1]
    with pytest.raises(IndexError):
        first.inputs(2)


def test_without_a_window_a_sample_lasts_to_its_last_event(tmp_path: Path) -> None:
    """Unless the file or the caller says how long."""
    endless = replace(EVENTS, ticks_per_sample=0)

    assert [load(written(tmp_path, GOOD), endless).ticks_of(i) for i in range(3)] == [6, 1, 10]
    assert load(written(tmp_path, {**GOOD, "ticks": np.int64(20)}), endless).ticks_of(0) == 20
    assert load(written(tmp_path, GOOD), endless, ticks=30).ticks_of(0) == 30


def changed(**changes: Any) -> dict[str, Any]:
    """The good events with other arrays; None leaves one out."""
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not None}


BAD_EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "no tick": (changed(tick=None), "no tick"),
    "nothing": ({"z": np.zeros(3)}, "frames x and labels y, or events"),
    "float ticks": (changed(tick=np.array([3.0, 5.0, 0.0, 9.0])), "tick is float64"),
    "nan": (changed(neuron=np.array([np.nan, 0, 1, 2])), "neuron is float64"),
    "text": (changed(neuron=np.array(["a", "b", "c", "d"])), "neuron is <U1"),
    "objects": (changed(neuron=np.array([1, None, 2, 2], object)), "Python objects"),
    "objects in records": ({"events": np.zeros(2, [("sample", "O")])}, "Python objects"),
    "lengths": (changed(tick=np.array([3, 5])), "tick has shape (2,)"),
    "two axes": (changed(**{k: GOOD[k][:, None] for k in ("sample", "tick", "neuron")}), "shape (4, 1)"),
    "ticks descend": (changed(tick=np.array([5, 3, 0, 9])), "sort events"),
    "samples descend": (changed(sample=np.array([0, 2, 1, 2])), "sort events"),
    "negative tick": (changed(tick=np.array([-1, 5, 0, 9])), "tick -1"),
    "late tick": (changed(tick=np.array([3, 5, 0, 10])), "tick 10; allowed: 0 to 9"),
    "neuron": (changed(neuron=np.array([1, 0, 2, SIZE])), f"neuron {SIZE}; allowed: 0 to {SIZE - 1}"),
    "sample": (changed(sample=np.array([0, 0, 1, 3])), "sample 3; allowed: 0 to 2"),
    "huge sample": (changed(sample=np.array([0, 0, 1, 2**60]), labels=None), f"sample {2**60}"),
    "huge number": (changed(tick=np.array([0, 0, 0, 2**64 - 1], np.uint64)), "too large"),
    "value 0": (changed(value=np.array([1, 0, 1, 1])), "value 0"),
    "value": (changed(value=np.array([1, 2, 1, 1])), "value 2; allowed: -1 to 1"),
    "labels": (changed(labels=np.array([0.5, 1, 2])), "labels is float64"),
    "negative label": (changed(labels=np.array([0, -1, 2])), "from -1"),
    "no samples": (changed(**{k: v[:0] for k, v in GOOD.items()}), "no samples"),
    "no counts": ({"x": np.zeros((0, 5, SIZE)), "y": np.zeros(0, int)}, "no samples"),
    "frames": ({"x": np.zeros((3, SIZE), np.uint8)}, "--encoder rate"),
    "wide": ({"x": np.zeros((3, 5, SIZE + 1))}, f"(samples, ticks, {SIZE})"),
    "long": ({"x": np.zeros((3, 11, SIZE))}, "window is 10 ticks"),
    "different samples": ({"x": np.zeros((3, 5, SIZE)), "y": np.array([1, 2])}, "number of samples: [2, 3]"),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_events_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    """One DataError that says where and what is allowed."""
    content, text = BAD_EVENTS[name]

    with pytest.raises(DataError) as caught:
        load(written(tmp_path, content), EVENTS)

    assert text in str(caught.value)


BAD_FRAMES: dict[str, tuple[Any, str]] = {
    "nan": (np.full((2, FRAMES.inputs[0].size), np.nan), "NaN"),
    "parts": (np.full((2, FRAMES.inputs[0].size), 0.5), "multiply by 255"),
    "negative": (np.full((2, FRAMES.inputs[0].size), -1), "0 to 255"),
    "above": (np.full((2, FRAMES.inputs[0].size), 256), "0 to 255"),
    "narrow": (np.zeros((2, 1)), "the model takes"),
    "none": (np.zeros((0, FRAMES.inputs[0].size), np.uint8), "no samples"),
    "one frame": (np.zeros(5), "(samples, ...)"),
    "complex": (np.zeros((2, 3), complex), "holds"),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_frames_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    """One DataError that says what to do."""
    x, text = BAD_FRAMES[name]

    with pytest.raises(DataError) as caught:
        load(written(tmp_path, {"x": x}), FRAMES)

    assert text in str(caught.value)


def test_labels_are_needed_to_judge(tmp_path: Path) -> None:
    """`labelled` refuses a file without; events are no frames."""
    with pytest.raises(DataError, match="no labels"):
        load(written(tmp_path, changed(labels=None)), EVENTS, labelled=True)
    with pytest.raises(DataError, match="needs an array x"):
        load(written(tmp_path, GOOD), FRAMES)
    with pytest.raises(DataError, match="how many ticks"):
        load(written(tmp_path, {"x": np.zeros((1, 3))}), replace(FRAMES, ticks_per_sample=0))


def test_too_much_in_a_tick_is_found_before_it_is_pushed(tmp_path: Path) -> None:
    """Events of one neuron add; a tick's sum has the port's limit."""
    port = replace(EVENTS.inputs[0], max_sum=2)
    model: Model = replace(EVENTS, inputs=(port,))
    at_once = {"sample": np.zeros(3, int), "tick": np.zeros(3, int), "labels": np.array([0])}

    with pytest.raises(DataError, match="more than 2 spikes"):
        load(written(tmp_path, {**at_once, "neuron": np.arange(3)}), model).inputs(0)
    with pytest.raises(DataError, match="a value of 3"):
        load(written(tmp_path, {**at_once, "neuron": np.ones(3, int)}), model).inputs(0)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    """A file that ends early is a DataError, wherever it ends; so is one with a flipped byte, or it reads the same."""
    whole = written(tmp_path, GOOD).read_bytes()
    cut = tmp_path / "cut.npz"
    for length in range(0, len(whole), 7):
        cut.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut"):
            load(cut, EVENTS)
    for at in range(0, len(whole), 11):
        cut.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            data = load(cut, EVENTS)
        except DataError:
            continue
        assert data.inputs(0)["in"].tolist() == [(3, 1, 1), (5, 0, 1)]


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that claims 8 TB in a file of some bytes, and a real array above the limit."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**20, 2**20)})
    file = tmp_path / "bomb.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    with pytest.raises(DataError, match="the limit is"):
        load(file, EVENTS)

    monkeypatch.setattr(arrays, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="split the data set"):
        load(written(tmp_path, GOOD), EVENTS)


def test_other_files_are_no_data_sets(tmp_path: Path) -> None:
    """Missing, a folder, text, an .npy file, and an archive of something else."""
    (tmp_path / "text.npz").write_text("sample,tick\n")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("x.npy", "hello")

    for name in ("none.npz", ".", "text.npz", "one.npy", "zip.npz"):
        with pytest.raises(DataError, match=r"no such file|no \.npz file"):
            load(tmp_path / name, EVENTS)


def test_several_inputs_have_prefixed_arrays(tmp_path: Path) -> None:
    """`left.x`, `right.sample` ...; all are needed, with as many samples."""
    port = EVENTS.inputs[0]
    model = replace(EVENTS, inputs=(replace(port, name="left"), replace(port, name="right")))
    x = np.zeros((3, 4, SIZE), np.uint8)
    x[2, 3, 1] = 1
    content = {"left.x": x, **{f"right.{k}": v for k, v in GOOD.items() if k != "labels"}, "labels": np.arange(3)}

    data = load(written(tmp_path, content), model)

    assert data.inputs(2)["left"].tolist() == [(3, 1, 1)]
    assert data.inputs(2)["right"].tolist() == [(9, 2, 1)]
    with pytest.raises(DataError, match="input 'right'"):
        load(written(tmp_path, {"left.x": x}), model)
