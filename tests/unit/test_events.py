"""What is accepted where events are."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.errors import DataError
from spikelet.events import EVENT, as_events, counts, from_dense, merge, to_dense


def test_dense_counts_become_events_and_back() -> None:
    """Zeros are no events; ticks come first, then neurons."""
    dense = np.array([[0, 2, 0], [0, 0, 0], [-1, 0, 32767]])
    events = from_dense(dense)

    assert events.tolist() == [(0, 1, 2), (2, 0, -1), (2, 2, 32767)]
    assert to_dense(events, 3, 3).tolist() == dense.tolist()


@pytest.mark.parametrize(
    ("dense", "words"),
    [
        (np.zeros(3), "shape"),
        (np.zeros((2, 65536)), "65536 neurons"),
        ([[0.5]], "whole numbers"),
        ([[np.nan]], "whole numbers"),
        ([[np.inf]], "whole numbers"),
        ([[32768]], "32767"),
        ([[-32768]], "32767"),
    ],
)
def test_dense_input_that_is_no_count_is_refused(dense: object, words: str) -> None:
    """Analogue input has to be encoded; nothing is rounded silently."""
    with pytest.raises(DataError, match=words):
        from_dense(np.asarray(dense))


def test_events_of_one_neuron_in_one_tick_are_added_up() -> None:
    """In any order; what adds up to 0 is no event."""
    events = np.array([(3, 1, 2), (0, 5, 1), (3, 1, -3), (3, 0, 1), (4, 0, 7), (4, 0, -7)], EVENT)

    assert merge(events).tolist() == [(0, 5, 1), (3, 0, 1), (3, 1, -1)]


def test_a_sum_beyond_int16_is_refused() -> None:
    """It is not cut off, and does not wrap."""
    with pytest.raises(DataError, match="32767"):
        merge(np.array([(0, 0, 32767), (0, 0, 1)], EVENT))


def test_records_without_values_have_value_1() -> None:
    """The form of most data sets; other fields do no harm."""
    records = np.array([(7, 2, 9.0), (1, 3, 9.0)], [("tick", "i8"), ("neuron", "i4"), ("more", "f8")])

    assert as_events(records).tolist() == [(1, 3, 1), (7, 2, 1)]
    assert as_events(np.zeros(0, EVENT)).tolist() == []


@pytest.mark.parametrize("row", [(-1, 0, 1), (2**32, 0, 1), (0, 65536, 1), (0, 0, 32768), (0.5, 0, 1)], ids=str)
def test_numbers_that_do_not_fit_an_event_are_refused(row: tuple[float, int, int]) -> None:
    """Semantics 1.3: nothing wraps on the way in."""
    records = np.array([row], [("tick", "f8"), ("neuron", "i8"), ("value", "i8")])
    with pytest.raises(DataError, match="whole numbers from"):
        as_events(records)


def test_missing_fields_are_named() -> None:
    """tick and neuron must be there."""
    with pytest.raises(DataError, match="missing: neuron"):
        as_events(np.zeros(1, [("tick", "u4")]))


def test_counts_add_values_of_each_neuron() -> None:
    """One number a neuron, 0 for the silent."""
    events = np.array([(0, 2, 3), (1, 2, 4), (1, 0, 1)], EVENT)

    assert counts(events, 4).tolist() == [1, 0, 7, 0]
