"""How a recording becomes the events of a network's input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paths import data
from spikelet import events
from spikelet.errors import DataError
from spikelet.events import EventArray
from spikelet.recordings import FORMATS, Recording
from support.recording_files import nmnist

#: Time [us], x, y, polarity.
MADE = [(100, 0, 0, 0), (150, 0, 0, 0), (199, 0, 0, 1), (200, 3, 2, 1), (399, 4, 5, 0), (400, 5, 5, 1)]


def recording(made: list[tuple[int, int, int, int]] = MADE, size: tuple[int, int] = (6, 6)) -> Recording:
    """A recording of 6 x 6 pixels."""
    return FORMATS["n-mnist"]("it.bin", nmnist(made), size)


def neuron(channel: int, y: int, x: int, height: int = 6, width: int = 6) -> int:
    """Number of a neuron."""
    return (channel * height + y) * width + x


def test_events_are_counted_for_each_neuron_and_tick() -> None:
    """Channel 0 is OFF, channel 1 is ON; tick 0 starts at the first event; neuron = (channel * H + y) * W + x."""
    assert recording().to_events(100).tolist() == [
        (0, neuron(0, 0, 0), 2),
        (0, neuron(1, 0, 0), 1),
        (1, neuron(1, 2, 3), 1),
        (2, neuron(0, 5, 4), 1),
        (3, neuron(1, 5, 5), 1),
    ]


def test_polarity_can_be_merged_or_one_alone() -> None:
    """One channel of both, or of ON or OFF events."""
    found = {p: recording().to_events(100, polarity=p)[["neuron", "value"]].tolist() for p in ("merge", "on", "off")}

    assert found == {
        "merge": [(0, 3), (neuron(0, 2, 3), 1), (neuron(0, 5, 4), 1), (neuron(0, 5, 5), 1)],
        "on": [(0, 1), (neuron(0, 2, 3), 1), (neuron(0, 5, 5), 1)],
        "off": [(0, 2), (neuron(0, 5, 4), 1)],
    }


def test_a_window_of_time() -> None:
    """What lies before the start or behind the last tick is left out."""
    found = recording().to_events(100, start_us=150, ticks=2)

    assert found.tolist() == [(0, 0, 1), (0, neuron(1, 0, 0), 1), (0, neuron(1, 2, 3), 1)]
    assert recording().to_events(100, start_us=0)["tick"].tolist() == [1, 1, 2, 3, 4]
    assert len(recording().to_events(100, start_us=10**9)) == 0


def test_squares_of_pixels_become_one_neuron() -> None:
    """Of a sensor that is no multiple, the last column and row are of smaller squares."""
    assert recording().to_events(10**6, downscale=4).tolist() == [
        (0, neuron(0, 0, 0, 2, 2), 2),
        (0, neuron(0, 1, 1, 2, 2), 1),
        (0, neuron(1, 0, 0, 2, 2), 2),
        (0, neuron(1, 1, 1, 2, 2), 1),
    ]
    assert recording().to_events(10**6, downscale=10**9, polarity="merge").tolist() == [(0, 0, 6)]


def test_pixels_outside_are_an_error_or_left_out() -> None:
    """`crop` says which; a shape may be larger than the sensor."""
    with pytest.raises(
        DataError, match=r"event 3 \(200 us\) has pixel x = 3, y = 2, outside 3 x 3; the sensor has 6 x 6"
    ):
        recording().to_events(100, shape=(2, 3, 3))

    assert recording().to_events(100, shape=(2, 3, 3), crop=True).tolist() == [(0, 0, 2), (0, 9, 1)]
    assert len(recording().to_events(100, shape=(2, 3, 3), ticks=1)) == 2
    assert recording().to_events(100, shape=(2, 7, 8))["neuron"].tolist()[-1] == neuron(1, 5, 5, 7, 8)


def test_no_events_give_no_events() -> None:
    """An empty recording."""
    assert recording([]).to_events(1000).tolist() == []


def test_a_count_beyond_int16_is_refused() -> None:
    """It says where, and that a shorter tick helps; the largest count is kept."""
    assert recording([(5, 1, 0, 1)] * 32767).to_events(10)["value"].tolist() == [32767]
    with pytest.raises(DataError, match="tick 0 has 32768 events of neuron 37; at most 32767: use a shorter tick"):
        recording([(5, 1, 0, 1)] * 32768).to_events(10)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "tick": ({"tick_us": 0}, "tick_us is 0"),
    "negative tick": ({"tick_us": -5}, "tick_us is -5"),
    "huge tick": ({"tick_us": 2**70}, "allowed: 1 to"),
    "downscale": ({"downscale": 0}, "downscale is 0"),
    "ticks": ({"ticks": 0}, "ticks is 0"),
    "start": ({"start_us": 2**63}, "start_us is"),
    "polarity": ({"polarity": "both"}, "allowed: split, merge, on, off"),
    "channels": ({"shape": (1, 6, 6)}, r"with polarity 'split' it is (2, rows, columns)"),
    "one channel": ({"shape": (2, 6, 6), "polarity": "on"}, r"it is (1, rows, columns)"),
    "shape": ({"shape": (36,)}, "rows, columns"),
    "no rows": ({"shape": (2, 0, 6)}, "rows, columns"),
    "large shape": ({"shape": (2, 200, 200)}, "2 x 200 x 200 neurons; a port has at most 65535"),
    "late": ({"tick_us": 1, "start_us": -(2**33)}, "at most 4294967295: use a longer tick"),
}


@pytest.mark.parametrize("name", BAD)
def test_arguments_out_of_range_are_refused(name: str) -> None:
    """A DataError that says what is allowed."""
    arguments, text = BAD[name]

    with pytest.raises(DataError) as caught:
        recording().to_events(**{"tick_us": 100, **arguments})

    assert text in str(caught.value)


def plain(made: Recording, tick_us: int) -> EventArray:
    """Counts by a loop over the events."""
    counts: dict[tuple[int, int], int] = {}
    for t, x, y, p in zip(made.t.tolist(), made.x.tolist(), made.y.tolist(), made.polarity.tolist(), strict=True):
        key = ((t - int(made.t[0])) // tick_us, neuron(p, y, x, 34, 34))
        counts[key] = counts.get(key, 0) + 1
    return np.array([(*key, count) for key, count in sorted(counts.items())], events.EVENT)


def test_a_real_recording_gives_what_a_loop_gives() -> None:
    """N-MNIST at 10 ms a tick: 315 events in the busiest tick, 5 of one neuron at most, none is lost."""
    made = events.load(data("events/sample_nmnist.bin"))

    found = made.to_events(10_000)

    assert np.array_equal(found, plain(made, 10_000))
    assert np.array_equal(found, events.merge(found))
    assert (int(found["value"].sum()), int(found["value"].max()), int(found["tick"][-1])) == (4325, 5, 31)
    assert int(events.to_dense(found, 32, 2 * 34 * 34).sum(axis=1).max()) == 315
