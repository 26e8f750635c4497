"""The search for bits: it keeps to the loss, saves bytes where they cost least, and is the same every time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from spikelet.converters.precision import Loss, choose_bits, halves, loss_between, table

SIZES = {"a": 8000, "b": 400}
#: Points lost by bits: the small layer is the tender one.
COST = {"a": {8: 0.0, 4: 0.1, 2: 0.3, 1: 2.0}, "b": {8: 0.0, 4: 0.1, 2: 0.6, 1: 3.0}}


def bytes_of(bits: Mapping[str, int]) -> int:
    """Weights only."""
    return sum(SIZES[layer] * n // 8 for layer, n in bits.items())


def loss(bits: Mapping[str, int]) -> Loss:
    """Losses add."""
    return Loss(points=sum(COST[layer][n] for layer, n in bits.items()), error=0.1)


@pytest.mark.parametrize(
    ("max_loss", "expected"),
    [(0.0, (8, 8)), (0.15, (4, 8)), (0.35, (2, 8)), (0.45, (2, 4)), (1.0, (2, 2)), (2.2, (1, 4)), (9.0, (1, 1))],
)
def test_the_fewest_bytes_within_the_loss_are_found(max_loss: float, expected: tuple[int, int]) -> None:
    """What costs little for its bytes goes first."""
    found = choose_bits(loss, ["a", "b"], bytes_of, max_loss)

    assert expected == (found.bits["a"], found.bits["b"])
    assert found.chosen.searched.points <= max_loss
    assert found.chosen.bytes == bytes_of(found.bits)


def test_a_choice_that_fails_on_held_out_samples_goes_back() -> None:
    """To the last one that holds there."""
    found = choose_bits(loss, ["a", "b"], bytes_of, 1.0, check=lambda bits: Loss(points=2 * loss(bits).points, error=0))

    assert found.chosen.held_out is not None
    assert found.chosen.held_out.points <= 1.0
    assert found.bits == {"a": 2, "b": 4}


def test_the_widest_bits_stay_where_nothing_holds() -> None:
    """Even where they lose more than is allowed: there is nothing wider."""
    found = choose_bits(loss, ["a", "b"], bytes_of, 0.05, check=lambda _: Loss(points=5, error=0))

    assert found.bits == {"a": 8, "b": 8}


def test_few_evaluations_and_the_same_each_time() -> None:
    """At most 6 a layer and one."""
    calls = []

    def counted(bits: Mapping[str, int]) -> Loss:
        calls.append(dict(bits))
        return loss(bits)

    first = choose_bits(counted, ["a", "b"], bytes_of, 0.45)
    assert len(calls) <= 13
    assert first == choose_bits(loss, ["a", "b"], bytes_of, 0.45)


def test_a_table_shows_what_was_measured() -> None:
    """A head, then from most bytes to fewest, the choice marked."""
    head, *lines = table(choose_bits(loss, ["a", "b"], bytes_of, 0.45))

    assert head == ("a", "b", "bytes", "points lost", "held out", "")
    assert lines[0] == ("8", "8", "8400", "0.00", "", "")
    assert [line[:3] for line in lines if line[-1] == "chosen"] == [("2", "4", "2200")]
    sizes = [int(line[2]) for line in lines]
    assert sizes == sorted(sizes, reverse=True)


def test_loss_is_accuracy_with_labels_and_agreement_without() -> None:
    """Four samples."""
    reference, found, labels = np.array([0, 1, 2, 3]), np.array([0, 1, 0, 1]), np.array([0, 1, 2, 1])

    assert loss_between(found, reference).points == 50
    assert loss_between(found, reference, labels).points == 0
    with pytest.raises(ValueError, match="0 predictions"):
        loss_between(found[:0], reference)


def test_samples_are_split_by_chance_but_always_alike() -> None:
    """Every sample once; a sorted data set gives both parts of everything."""
    search, check = halves(300)

    assert len(search) == 200
    assert sorted([*search, *check]) == list(range(300))
    assert np.array_equal(search, halves(300)[0])
    assert np.sum(check < 150) > 30
    with pytest.raises(ValueError, match="two samples"):
        halves(1)


def test_no_layers_and_losses_below_0_are_refused() -> None:
    """With what was given."""
    with pytest.raises(ValueError, match="0 layers"):
        choose_bits(loss, [], bytes_of, 1.0)
    with pytest.raises(ValueError, match="max_loss=-1"):
        choose_bits(loss, ["a"], bytes_of, -1)
