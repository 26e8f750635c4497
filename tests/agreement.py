"""Performs the same calls on two runners and compares everything that can be seen of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.errors import EngineError
from spikelet.model import Model
from spikelet.runner import Runner, Variable
from strategies import Call

__all__ = ["assert_agreement", "perform", "view"]


def perform(runner: Runner, call: Call) -> Any:
    """What a call gives: a result, or the code with which it is refused."""
    try:
        match call.name:
            case "push":
                return runner.push(call.events, call.port)
            case "push_frame":
                return runner.push_frame(np.frombuffer(call.frame, np.uint8), call.port)
            case "advance":
                return runner.advance(call.ticks)
            case "take":
                return runner.take(call.port).tolist()
            case _:
                return runner.reset()
    except EngineError as error:
        return ("refused", error.code)


def view(runner: Runner) -> dict[str, Any]:
    """Every state variable, score and statistic, as plain Python values."""
    model = runner.model
    seen: dict[str, Any] = {"tick": runner.tick_number, "stats": runner.stats()}
    for index, population in enumerate(model.populations):
        for variable in Variable:
            seen[f"{population.name}.{variable.name}"] = runner.probe(index, variable).tolist()
    for index, port in enumerate(model.outputs):
        seen[f"{port.name}.scores"] = runner.scores(index).tolist()
    return seen


def assert_agreement(one: Runner, other: Runner, calls: list[Call]) -> None:
    """Both give the same results and look the same, before and after every tick."""
    assert view(one) == view(other)
    for number, call in enumerate(calls):
        ticks = [Call(name="advance", ticks=1)] * call.ticks if call.name == "advance" else [call]
        for step in ticks:
            expected, actual = perform(one, step), perform(other, step)
            assert expected == actual, f"call {number}: {step}"
            expected, actual = view(one), view(other)
            different = [name for name in expected if expected[name] != actual[name]]
            assert not different, f"call {number}: {step}: {[(n, expected[n], actual[n]) for n in different]}"


def same_model(one: Model, other: Model) -> bool:
    """Whether two models are equal in everything, arrays included."""
    return _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tolist())
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return (type(value).__name__, value)
