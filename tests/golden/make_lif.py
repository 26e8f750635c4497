"""Writes lif.json: single neurons of the LIF family, tick by tick, for every choice.

Plain Python integers and nothing of spikelet: the third writing of docs/reference/semantics.md 3.
Run it to make the file again; a test sees that this gives no difference.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

V_MAX = 2**30 - 1
FILE = Path(__file__).with_name("lif.json")
TICKS = 16

Case = dict[str, Any]


class Draw:
    """A linear congruential generator, so that no library's random numbers stand in the file."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)


def clamp(x: int) -> int:
    """Semantics 1.1."""
    return max(-V_MAX, min(V_MAX, x))


def decayed(x: int, k: int, c: Case) -> int:
    """Semantics 1.4."""
    s = 12 if c.get("shift12") else 16
    rounding = c.get("rounding", 0)
    if rounding == 0:
        return (x * k) // 2**s
    if rounding == 1:
        size = (abs(x) * k) // 2**s
        return size if x >= 0 else -size
    return (x * k + 2 ** (s - 1)) // 2**s


def trace(c: Case, p: dict[str, int], frac: int, max_count: int, given: list[int]) -> dict[str, list[int]]:
    """What semantics 3.3 gives for the sums `given`."""
    one = 2**12 if c.get("shift12") else 2**16
    decay_v, decay_u, decay_a = (p.get(name, one) for name in ("decay_v", "decay_u", "decay_a"))
    fire_above, count_by = p.get("fire_above", V_MAX), p.get("count_by", 1)
    bias, reset_to = p.get("bias", 0), p.get("reset", 0)
    kind, mode = c.get("reset_kind", 0), c.get("refractory_mode", 0)
    v, u, a, r = p.get("v_init", 0), 0, 0, 0
    rows: dict[str, list[int]] = {"v": [], "u": [], "a": [], "r": [], "z": []}

    def count(x: int, th: int) -> int:
        if not c.get("fires") or x <= th:
            return 0
        if not c.get("several"):
            return 1
        return min(1 + (x - th - 1) // count_by, max_count)

    def reset(x: int, times: int, adapted: int) -> int:
        if kind == 0:
            return x
        if kind == 2:
            return reset_to
        return clamp(x - (reset_to + (adapted if c.get("reset_adapted") else 0)) * times)

    for total in given:
        x = clamp(total * 2**frac + (0 if c.get("bias_to_v") else bias))
        if not c.get("has_u"):
            i = x
        elif c.get("u_order", 0) == 0:
            u = clamp(decayed(u, decay_u, c) + x)
            i = u
        elif c["u_order"] == 1:
            u = decayed(clamp(u + x), decay_u, c)
            i = u
        elif c["u_order"] == 2:
            u = clamp(u + x)
            i = u
            u = decayed(u, decay_u, c)
        else:
            i = u
            u = clamp(decayed(u, decay_u, c) + x)
        if c.get("bias_to_v"):
            i = clamp(i + bias)
        quiet = r > 0
        if quiet:
            r -= 1
        if quiet and mode == 0:
            i = 0
        if c.get("has_a") and c.get("adapt_decay_first"):
            a = decayed(a, decay_a, c)
        th = clamp(fire_above + a)
        late = bool(c.get("test_previous") or c.get("reset_next"))
        earlier = count(v, th) if late else 0
        w = v
        if not (quiet and mode == 2):
            if earlier > 0 and c.get("reset_before_leak"):
                w = reset(w, earlier, a)
            w = (
                clamp(decayed(clamp(w + i), decay_v, c))
                if c.get("add_then_decay")
                else clamp(decayed(w, decay_v, c) + i)
            )
            if earlier > 0 and not c.get("reset_before_leak"):
                w = reset(w, earlier, a)
        if not c.get("fires") or quiet:
            z = 0
        elif c.get("test_previous"):
            z = earlier
        else:
            z = count(w, th)
        if z > 0 and not late:
            w = reset(w, z, a)
        v = max(w, p.get("v_min", -V_MAX))
        if z > 0 and c.get("has_refractory"):
            r = p.get("refractory", 0)
        if c.get("has_a"):
            if not c.get("adapt_decay_first"):
                a = decayed(a, decay_a, c)
            a = clamp(a + p.get("adapt_by", 0) * z)
        for name, value in (("v", v), ("u", u), ("a", a), ("r", r), ("z", z)):
            rows[name].append(value)
    return rows


def plans() -> Iterator[tuple[str, Case]]:
    """Every choice at least once, and together with what it meets in the formulas."""
    for order, to_v, rounding, shift12 in itertools.product(range(4), (0, 1), range(3), (0, 1)):
        yield "current", {"has_u": 1, "u_order": order, "bias_to_v": to_v, "rounding": rounding, "shift12": shift12}
    timings: list[Case] = [{}, {"reset_next": 1}, {"test_previous": 1}]
    timings += [{**timing, "reset_before_leak": 1} for timing in timings[1:]]
    for kind, timing, several, first in itertools.product(range(3), timings, (0, 1), (0, 1)):
        if kind == 0 and (timing.get("reset_next") or timing.get("reset_before_leak")):
            continue
        yield "reset", {"reset_kind": kind, **timing, "several": several, "add_then_decay": first}
    for mode, kind, several in itertools.product(range(3), (1, 2), (0, 1)):
        yield "refractory", {"has_refractory": 1, "refractory_mode": mode, "reset_kind": kind, "several": several}
    for first, adapted, previous, several in itertools.product((0, 1), (0, 1), (0, 1), (0, 1)):
        yield (
            "adapting",
            {
                "has_a": 1,
                "adapt_decay_first": first,
                "reset_adapted": adapted,
                "reset_kind": 1,
                "test_previous": previous,
                "several": several,
                "rounding": 2,
            },
        )


def case(name: str, c: Case, draw: Draw) -> Case:
    """One neuron with numbers that make it fire now and then."""
    choices = {key: value for key, value in {"fires": 1, **c}.items() if value}
    one = 2**12 if c.get("shift12") else 2**16
    frac = draw.between(2, 8)
    unit = 2**frac
    parameters = {"decay_v": draw.between(one // 2, one), "fire_above": draw.between(20, 60) * unit}
    parameters |= {"bias": draw.between(-3 * unit, 6 * unit), "v_min": -draw.between(20, 40) * unit}
    if c.get("has_u"):
        parameters["decay_u"] = draw.between(one // 4, one)
    if c.get("reset_kind") == 1:
        parameters["reset"] = draw.between(20, 60) * unit
    elif c.get("reset_kind") == 2:
        parameters["reset"] = draw.between(-10, 10) * unit
    if c.get("several"):
        parameters["count_by"] = draw.between(5, 30) * unit
    if c.get("has_refractory"):
        parameters["refractory"] = draw.between(1, 3)
    if c.get("has_a"):
        parameters |= {"decay_a": draw.between(one // 2, one), "adapt_by": draw.between(-5, 15) * unit}
    values = [draw.between(-1, 3) for _ in range(TICKS)]
    most = 3 if c.get("several") else 1
    return finished(name, choices, parameters, frac, max_count=most, weight=23, values=values)


def borders() -> Iterator[Case]:
    """Where numbers end, and where a comparison just holds or just does not."""
    plain = {"fires": 1, "reset_kind": 1}
    for over in (-1, 0, 1):
        numbers = {"fire_above": 30 - over, "reset": 30}
        yield finished(f"v {over:+d} from the threshold", plain, numbers, weight=10, values=[1] * 6)
    several = {**plain, "several": 1}
    for v in (20, 21, 24, 25, 26, 29, 30, 31, 100):
        numbers = {"fire_above": 20, "count_by": 5, "reset": 5, "v_init": v}
        yield finished(f"counts of {v}", several, numbers, max_count=4, values=[0] * 4)
    for weight in (127, -128):
        for rounding in range(3):
            name, values = f"saturates {weight} {rounding}", [32767, 32767, 0, -32767]
            yield finished(name, {**plain, "rounding": rounding}, {"decay_v": 65535}, 20, weight=weight, values=values)
        numbers = {"v_min": -V_MAX, "v_init": -V_MAX, "bias": -5, "fire_above": -V_MAX, "reset": V_MAX}
        choices, values = {**several, "bias_to_v": 1}, [32767, 1, -1, 0]
        name = f"all at their ends {weight}"
        yield finished(name, choices, numbers, 20, max_count=32767, weight=weight, values=values)
        name = f"the current saturates {weight}"
        numbers = {"v_init": -weight, "bias": weight}
        yield finished(name, {**plain, "bias_to_v": 1}, numbers, 20, weight=weight, values=[32767])
    adapting = {"fires": 1, "has_a": 1, "several": 1, "reset_kind": 1, "reset_adapted": 1}
    numbers = {"adapt_by": V_MAX, "fire_above": 5, "reset": V_MAX, "v_init": V_MAX, "bias": V_MAX}
    yield finished("adaptation saturates", adapting, numbers, max_count=32767, values=[0] * 6)
    numbers = {**numbers, "adapt_by": -V_MAX}
    yield finished("adaptation saturates below", adapting, numbers, max_count=32767, values=[0] * 6)
    yield finished("nothing is said", {"fires": 1}, {}, values=[1, 0, -1, 5])
    values = [1, 2, 0, -3, -3, 0, 1]
    yield finished("a readout", {}, {"decay_v": 60000, "bias": 3, "v_min": -4}, 4, weight=9, values=values)
    yield finished("a readout with current", {"has_u": 1, "u_order": 3}, {"decay_u": 30000}, 4, weight=9, values=values)
    numbers = {"decay_v": 0, "decay_u": 0, "fire_above": 72}
    yield finished("decays of 0", {"fires": 1, "has_u": 1, "u_order": 2}, numbers, 3, weight=9, values=[1, 0, 2, 0])


def finished(
    name: str,
    choices: Case,
    parameters: dict[str, int],
    frac: int = 0,
    *,
    max_count: int = 1,
    weight: int = 1,
    values: list[int],
) -> Case:
    """A case with its trace; columns of variables that the neuron does not have are left out."""
    rows = trace(choices, parameters, frac, max_count, [weight * value for value in values])
    for variable, choice in (("u", "has_u"), ("a", "has_a"), ("r", "has_refractory")):
        if not choices.get(choice):
            del rows[variable]
    given = {"choices": choices, "parameters": parameters, "frac": frac, "max_count": max_count, "weight": weight}
    return {"name": name, "given": {**given, "values": values}, "expected": rows}


def make() -> str:
    """The text of the file: one case a line."""
    draw = Draw(1)
    cases = [case(f"{name} {index}", choices, draw) for index, (name, choices) in enumerate(plans())]
    lines = ",\n".join(json.dumps(c) for c in [*cases, *borders()])
    return f'{{"made_by": "tests/golden/make_lif.py", "cases": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(make())
