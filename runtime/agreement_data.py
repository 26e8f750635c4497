"""A verification as data for JSON, and its verdict in one sentence."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.verify import Verification

__all__ = ["data_of", "predictions_of", "verdict"]


def predictions_of(result: Verification) -> dict[str, npt.NDArray[np.int64]]:
    """Predictions by where they were made."""
    found = {} if result.float_predictions is None else {"float": result.float_predictions}
    return {**found, "reference": result.predictions, **{c.runner: c.predictions for c in result.comparisons}}


def verdict(result: Verification) -> tuple[str, str]:
    """A word (good, warn or bad) and a sentence."""
    where = ", ".join(comparison.runner for comparison in result.comparisons)
    if not result.identical:
        wrong = next(c for c in result.comparisons if c.first is not None)
        return "bad", f"Integers are NOT identical: {wrong.runner} first differs at {wrong.first}."
    same = (
        f"All integers are identical on the reference and on {where}" if where else "Nothing ran beside the reference"
    )
    if not result.layers:
        return "good" if where else "warn", f"{same}; no float network was given to compare with."
    spikes = [layer.spikes_equal for layer in result.layers if layer.fires]
    near = (
        f"at least {100 * _short_of_all(min(spikes)):.2f} % of the ticks of each layer are as in the float network"
        if spikes
        else ""
    )
    equal = ""
    if result.float_predictions is not None and np.any(result.predictions >= 0):
        count = int(np.sum(result.float_predictions == result.predictions))
        equal = f"{count} of {result.samples} predictions agree with the float network"
    said = " and ".join(part for part in (near, equal) if part) or "the float network was compared by its potentials"
    serious = sum(advice.serious for advice in result.advice)
    warned = f" {serious} warning{'s' if serious > 1 else ''} below." if serious else ""
    return "warn" if serious else "good", f"{same}; {said}.{warned}"


def _short_of_all(part: float) -> float:
    """A part that is not everything is not shown as everything."""
    return part if part == 1 else min(part, 0.9999)


def data_of(result: Verification) -> dict[str, Any]:
    """The result for machines."""
    level, sentence = verdict(result)
    return {
        "verdict": sentence,
        "level": level,
        "samples": result.samples,
        "ticks": result.ticks,
        "identical": result.identical,
        "layers": [asdict(layer) for layer in result.layers],
        "populations": [asdict(activity) for activity in result.activities],
        "inputs": [asdict(port) for port in result.inputs],
        "advice": [asdict(advice) for advice in result.advice],
        "comparisons": [
            {
                "on": c.runner,
                "identical": c.identical,
                "words": dict(c.words),
                "unequal": dict(c.unequal),
                "first": asdict(c.first) if c.first is not None else None,
            }
            for c in result.comparisons
        ],
        "accuracy": {name: _accuracy(result, predictions) for name, predictions in predictions_of(result).items()},
        "predictions": {name: predictions.tolist() for name, predictions in predictions_of(result).items()},
        "labels": result.labels.tolist() if result.labels is not None else None,
    }


def _accuracy(result: Verification, predictions: npt.NDArray[np.int64]) -> float | None:
    """Part of the predictions that are right; None without labels or without a decoder."""
    if result.labels is None or not np.any(predictions >= 0):
        return None
    return float(np.mean(predictions == result.labels))
