"""evaluate: the same numbers from every runner and every way of running."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikelet import Reference
from spikelet.datasets import DataSet, load
from spikelet.engine import Engine
from spikelet.errors import BoardError, DataError, SpikeletError
from spikelet.evaluate import evaluate
from spikelet.model import Decoder, Encoder, Model
from spikelet.runners import emulated, is_board, open_runner
from support.random_models import random_model


def frames(folder: Path, model: Model, samples: int = 70) -> DataSet:
    """Random frames with labels."""
    rng = np.random.default_rng(2)
    x = rng.integers(0, 256, (samples, model.inputs[0].size)).astype(np.uint8)
    np.savez(folder / "x.npz", x=x, y=rng.integers(0, 3, samples))
    return load(folder / "x.npz", model)


def events(folder: Path, model: Model) -> DataSet:
    """Random events of some samples, one of them empty."""
    rng = np.random.default_rng(3)
    n = 400
    sample = np.sort(rng.choice([0, 1, 3, 4], n))
    tick = np.concatenate([np.sort(rng.integers(0, 20, np.sum(sample == s))) for s in range(5)])
    np.savez(
        folder / "e.npz", sample=sample, tick=tick, neuron=rng.integers(0, model.inputs[0].size, n), y=np.arange(5) % 3
    )
    return load(folder / "e.npz", model)


def counting(model: Model) -> Model:
    """The model with a decoder on its first output."""
    fires = model.populations[model.outputs[0].population].choices.fires
    first = replace(model.outputs[0], decoder=Decoder.COUNT if fires else Decoder.LARGEST)
    return replace(model, outputs=(first, *model.outputs[1:]))


@pytest.mark.parametrize("seed", range(4))
def test_one_call_for_many_samples_counts_as_one_by_one(seed: int, tmp_path: Path) -> None:
    """The engine's run_samples, the engine sample by sample, and the reference: predictions, spikes, synops."""
    for made, make in ((random_model(seed, encoder=Encoder.RATE), frames), (big_queue(random_model(seed)), events)):
        model = counting(made)
        data = make(tmp_path, model)
        done: list[int] = []
        with Engine(model) as engine:
            quick = evaluate(engine, data, progress=done.append)
            slow = [engine.run(data.inputs(i), data.ticks_of(i)) for i in range(len(data))]
        expected = evaluate(Reference(model), data)

        assert sum(done) == len(data)
        assert quick.predictions.tolist() == expected.predictions.tolist() == [r.prediction for r in slow]
        assert quick.spikes.tolist() == expected.spikes.tolist()
        assert quick.synops.tolist() == expected.synops.tolist() == [[s.synops for s in r.stats] for r in slow]
        assert quick.counts.tolist() == expected.counts.tolist()


def big_queue(model: Model) -> Model:
    """The model with limits that random events keep."""
    port = replace(model.inputs[0], max_value=20, max_sum=2000, capacity=2000)
    return replace(model, inputs=(port,))


def test_accuracy_is_the_part_that_is_right(tmp_path: Path) -> None:
    """Against labels counted by hand; nan without labels."""
    model = counting(random_model(1, encoder=Encoder.RATE))
    data = frames(tmp_path, model, 20)
    found = evaluate(Reference(model), data)
    assert data.labels is not None

    assert found.correct == sum(a == b for a, b in zip(found.predictions, data.labels, strict=True))
    assert found.accuracy == found.correct / 20
    assert np.isnan(evaluate(Reference(model), replace(data, labels=None)).accuracy)


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    """A label that is no output, an output without a decoder."""
    model = counting(random_model(1, encoder=Encoder.RATE))
    data = frames(tmp_path, model, 4)
    silent = replace(model, outputs=(replace(model.outputs[0], decoder=Decoder.NONE),))

    with pytest.raises(DataError, match="a label 1000"):
        evaluate(Reference(model), replace(data, labels=np.full(4, 1000)))
    with pytest.raises(DataError, match="no decoder"):
        evaluate(Reference(silent), data)


def test_places_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """host, reference, emulator:BOARD, and ports; without its extension the host says what to do."""
    model = random_model(0)

    assert isinstance(open_runner("host", model), Engine)
    assert isinstance(open_runner("reference", model), Reference)
    assert emulated("emulator:cortex-m4") == "cortex-m4"
    assert [is_board(where) for where in ("host", "reference", "emulator:x", "/dev/x")] == [False, False, True, True]
    with pytest.raises(BoardError, match="emulator:cortex-m4"):
        open_runner("cortex-m4", model)
    with pytest.raises(BoardError, match="no board 'cortex-m5'"):
        open_runner("emulator:cortex-m5", model)
    monkeypatch.setitem(__import__("sys").modules, "spikelet.engine", None)
    with pytest.raises(SpikeletError, match="not built"):
        open_runner("host", model)
