"""The C kernels that define a tick equal the numpy reference, one by one and word by word."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paths import ROOT
from spikelet import toolchain
from spikelet.encoders import encode_tick
from spikelet.image_reader import CHOICE_TYPES
from spikelet.model import V_MAX, Encoder, InputPort, LifChoices, Population, RefractoryMode, ResetKind
from spikelet.reference_lif import Lif
from spikelet.rules import absent_value
from strategies import REGIMES, Chance, population
from support.c_kernels import CKernels, Ticked, Words, library
from support.tools import COMPILERS, need_compiler

GOLDEN = ROOT / "tests" / "golden"
LIF = json.loads((GOLDEN / "lif.json").read_text())["cases"]
PORTS = json.loads((GOLDEN / "ports.json").read_text())
#: The reference kernels, and what this machine runs.
SETS = {"ref": ["ref"], "host": ["host", "packed", "ref"]}
SEARCH = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
IN_MAX = 2**30
#: Choices that lif_tick_plain_s32 has: others make a population not plain.
PLAIN = {"fires", "reset_kind", "reset_next", "reset_before_leak", "bias_to_v"}


@pytest.fixture(scope="module", params=SETS)
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CKernels:
    """All kernels, the first set that has one."""
    return library(tmp_path_factory.mktemp("kernels") / "kernels.so", SETS[request.param])


@pytest.fixture(autouse=True)
def _defined(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No kernel does what C does not define."""
    yield
    assert "runtime error" not in capfd.readouterr().err


def numbers(p: Population, name: str) -> Words:
    """A parameter for each neuron."""
    value = p.parameters.get(name, np.array([absent_value(name, p.choices)]))
    return np.broadcast_to(value.astype(np.int64), (p.size,))


def some(rng: np.random.Generator, size: int, *places: int) -> Words:
    """Numbers of any size, and numbers at and beside these places."""
    wide = rng.integers(-(2**30), 2**30, size) >> rng.integers(0, 31, size)
    near = rng.choice(np.array(places), size) + rng.integers(-1, 2, size)
    return np.where(rng.random(size) < 0.5, wide, near)


def state_of(rng: np.random.Generator, p: Population) -> dict[str, Words]:
    """State words within their ranges, often at a threshold or at an end."""
    threshold = numbers(p, "fire_above")
    v = some(rng, p.size, 0, V_MAX, -V_MAX)
    v = np.where(rng.random(p.size) < 0.3, threshold + rng.integers(-1, 2, p.size), v)
    u, a = (some(rng, p.size, 0, V_MAX, -V_MAX).clip(-V_MAX, V_MAX) for _ in range(2))
    c = p.choices
    return {
        "v": np.maximum(v.clip(-V_MAX, V_MAX), numbers(p, "v_min")),
        "u": u if c.has_u else np.zeros_like(u),
        "a": np.where(rng.random(p.size) < 0.3, 0, a) if c.has_a else np.zeros_like(a),
        "r": rng.integers(0, 3, p.size) if c.has_refractory else np.zeros_like(a),
    }


def sums_of(rng: np.random.Generator, p: Population, state: dict[str, Words]) -> Words:
    """Sums of a tick: any, small ones, and such that v comes near its threshold."""
    wide = some(rng, p.size, 0, 1, IN_MAX - 1, 1 - IN_MAX)
    close = numbers(p, "fire_above") - state["v"] - numbers(p, "bias") >> p.frac
    found: Words = np.where(rng.random(p.size) < 0.4, close, wide).clip(-IN_MAX, IN_MAX)
    return found


def reference(p: Population, state: dict[str, Words], sums: Words) -> Ticked:
    """The tick in numpy."""
    lif = Lif(p)
    lif.v, lif.u, lif.a, lif.r = (state[word].copy() for word in "vuar")
    lif.update(sums, any_event=False)
    after = {"v": lif.v, "u": lif.u, "a": lif.a, "r": lif.r}
    there = {"v": True, "u": p.choices.has_u, "a": p.choices.has_a, "r": p.choices.has_refractory}
    return Ticked(
        words={word: after[word].tolist() for word, is_there in there.items() if is_there},
        z=lif.z.tolist(),
        changed=any(after[word].tolist() != state[word].tolist() for word in there),
    )


def room(p: Population) -> int:
    """The largest |in| for which the plain kernel may update a population; -1: none."""
    plain = all(getattr(p.choices, name) == value for name, value in as_none().items() if name not in PLAIN)
    if not plain or numbers(p, "decay_v").min() != numbers(p, "decay_v").max():
        return -1
    return int(V_MAX - np.abs(numbers(p, "bias")).max()) >> p.frac


def as_none() -> dict[str, Any]:
    """Choices of which none was made."""
    none = LifChoices()
    return {name: getattr(none, name) for name in LifChoices.__slots__}


def widened(rng: np.random.Generator, p: Population) -> Population:
    """The population with thresholds, and what v is set to, anywhere in their ranges."""
    names = ["fire_above"] * p.choices.fires + ["reset"] * (p.choices.reset_kind is ResetKind.SET)
    wide = {name: some(rng, p.size, 0, V_MAX, -V_MAX).clip(-V_MAX, V_MAX).astype(np.int32) for name in names}
    return dataclasses.replace(p, parameters={**p.parameters, **wide})


def neurons(chance: Chance) -> tuple[Population, dict[str, Words], list[Words]]:
    """A population, its state, and the sums of some ticks."""
    p = population(chance, "p", chance.integer(1, 9), chance.pick(REGIMES))
    rng = chance.rng()
    p = widened(rng, p) if chance.flag(3) else p
    state = state_of(rng, p)
    if chance.flag(6):
        rest = {name: array for name, array in p.parameters.items() if name != "bias"}
        p, zero = dataclasses.replace(p, parameters=rest), np.zeros(p.size, np.int64)
        return p, dict.fromkeys("uar", zero) | {"v": np.maximum(zero - 1, numbers(p, "v_min"))}, [zero]
    return p, state, [sums_of(rng, p, state) for _ in range(chance.integer(1, 4))]


def assert_equal_ticks(kernels: CKernels, p: Population, state: dict[str, Words], ticks: list[Words]) -> None:
    """The kernels equal the reference tick by tick."""
    for sums in ticks:
        expected = reference(p, state, sums)
        assert expected == kernels.lif_tick("any", p, state, sums, values=True)
        if max(expected.z) <= 1:
            assert expected == kernels.lif_tick("any", p, state, sums, values=False)
        if (most := room(p)) >= 0:
            fitting = sums.clip(-most, most)
            assert reference(p, state, fitting) == kernels.lif_tick("plain", p, state, fitting, values=False)
        state = state | {word: np.array(after, np.int64) for word, after in expected.words.items()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Population, dict[str, Words], list[Words]]:
    """See neurons."""
    return neurons(Chance(lambda low, high: draw(st.integers(low, high))))


@SEARCH
@given(case=cases())
def test_a_tick_equals_the_reference(kernels: CKernels, case: tuple[Population, dict[str, Words], list[Words]]) -> None:
    """Semantics 3.3 for every choice: state words, events, `changed`; `in` is zeroed, nothing else is written."""
    assert_equal_ticks(kernels, *case)


def test_ticks_meet_every_border(kernels: CKernels) -> None:
    """The same neurons each time: the ends of v, u and a, v at its threshold, counts, refractory ticks, no change."""
    seen: Counter[str] = Counter()
    for seed in range(400):
        rng = np.random.default_rng(seed)
        chance = Chance(lambda low, high, rng=rng: int(rng.integers(low, high, endpoint=True)))  # type: ignore[misc]
        p, state, ticks = neurons(chance)
        assert_equal_ticks(kernels, p, state, ticks)
        after = reference(p, state, ticks[0])
        words = {word: np.array(values) for word, values in after.words.items()}
        seen["plain"] += room(p) >= 0
        seen["v met its threshold"] += p.choices.fires and bool(np.any(words["v"] == numbers(p, "fire_above")))
        seen["v at v_min"] += "v_min" in p.parameters and bool(np.any(words["v"] == numbers(p, "v_min")))
        for word in "vua":
            for name, end in (("upper", V_MAX), ("lower", -V_MAX)):
                seen[f"{word} at its {name} end"] += word in words and bool(np.any(words[word] == end))
        lowest = numbers(p, "fire_above") + state["a"]
        seen["threshold at its lower end"] += p.choices.has_a and bool(np.any(lowest < -V_MAX))
        seen["several"] += max(after.z) > 1
        seen["most"] += p.max_count > 1 and max(after.z) == p.max_count
        seen["no change"] += not after.changed
        for mode in RefractoryMode:
            seen[mode.name] += p.choices.refractory_mode is mode and bool(np.any(state["r"] > 0))

    assert {name: count for name, count in seen.items() if count < 5} == {}


@pytest.mark.parametrize("case", LIF, ids=lambda case: case["name"])
def test_a_neuron_gives_the_golden_trace(kernels: CKernels, case: dict[str, Any]) -> None:
    """Vectors from plain Python integers."""
    had = case["given"]
    choices = {name: CHOICE_TYPES.get(name, bool)(value) for name, value in had["choices"].items()}
    p = Population(
        name="p",
        size=1,
        frac=had["frac"],
        choices=LifChoices(**{"fires": False, **choices}),
        parameters={name: np.array([value], np.int32) for name, value in had["parameters"].items()},
        max_count=had["max_count"],
    )
    state = {"v": numbers(p, "v_init"), **{word: np.zeros(1, np.int64) for word in "uar"}}
    actual: dict[str, list[int]] = {name: [] for name in case["expected"]}
    for value in had["values"]:
        ticked = kernels.lif_tick("any", p, state, np.array([had["weight"] * value]), values=True)
        state = state | {word: np.array(after) for word, after in ticked.words.items()}
        for name, trace in actual.items():
            trace.append(ticked.z[0] if name == "z" else int(state[name][0]))

    assert case["expected"] == actual


def port_of(encoder: Encoder, size: int, **fields: int) -> InputPort:
    """An input port with an encoder."""
    largest = fields.pop("max_value", 1)
    return InputPort(
        name="in",
        size=size,
        shape=(size,),
        encoder=encoder,
        max_value=largest,
        max_sum=size * largest,
        capacity=size,
        **fields,
    )


@SEARCH
@given(data=st.data())
def test_an_encoder_equals_the_reference(kernels: CKernels, data: st.DataObject) -> None:
    """Semantics 4, for ticks up to the wrap and all gains."""
    chance = Chance(lambda low, high: data.draw(st.integers(low, high)))
    encoder = chance.pick([e for e in Encoder if e is not Encoder.EVENTS])
    size = chance.integer(1, 70)
    port = port_of(
        encoder,
        size,
        gain=chance.pick([0, 1, 64, 257, 65535, 65536, chance.integer(0, 65536)]),
        seed=chance.integer(0, 2**32 - 1) if encoder is Encoder.POISSON else 0,
        max_value=chance.integer(1, 255) if encoder is Encoder.DIRECT else 1,
    )
    frame = chance.rng().choice(np.array([0, 1, 127, 128, 254, 255, chance.integer(0, 255)]), size).astype(np.uint8)
    window = chance.pick([1, 25, 65535, chance.integer(1, 65535)])
    step = min(int(frame[0]) * port.gain, 65536)
    when = (65536 - step) * (window - 1) >> 16
    sample_tick = when if encoder is Encoder.LATENCY else chance.pick([0, 24, 2**32 - 1, chance.integer(0, 2**32 - 1)])
    time = {"tick": chance.integer(0, 2**32 - 1), "sample_tick": sample_tick, "window": window}

    assert encode_tick(port, frame, **time).tolist() == kernels.encode(port, frame, **time)


@pytest.mark.parametrize("case", PORTS["encoders"], ids=lambda case: case["name"])
def test_an_encoder_makes_the_golden_events(kernels: CKernels, case: dict[str, Any]) -> None:
    """Vectors from plain Python integers; two samples long."""
    had = case["given"]
    frame = np.array(PORTS["frame"], np.uint8)
    fields = {name: had[name] for name in ("gain", "seed", "max_value")}
    port = port_of(Encoder[had["encoder"].upper()], len(frame), **fields)
    window = had["window"]
    actual = [
        kernels.encode(port, frame, tick=tick, sample_tick=tick % window, window=window) for tick in range(2 * window)
    ]

    assert case["expected"] == actual


@SEARCH
@given(seed=st.integers(0, 2**32), sample_tick=st.sampled_from([0, 1, 24, 2**31 - 3, 2**31 - 2, 2**31 - 1, 2**32 - 1]))
def test_a_decoder_gives_the_scores_of_the_semantics(kernels: CKernels, seed: int, sample_tick: int) -> None:
    """Semantics 5 in plain Python, with scores at their ends; without an array of values all are 1."""
    rng = np.random.default_rng(seed)
    n, largest = int(rng.integers(1, 20)), 2**31 - 1
    values = bool(rng.integers(2))
    z = np.where(rng.random(n) < 0.5, rng.choice(np.array([1, 5, 32767]), n) if values else 1, 0)
    v = some(rng, n, 0, V_MAX, -V_MAX).clip(-V_MAX, V_MAX)
    scores = rng.choice(np.array([0, 1, largest - 1, largest]), n).tolist()
    potentials = [score - largest - 1 for score in scores]
    arrival = largest - min(sample_tick, largest - 1)
    expected = {
        "count": [min(score + int(count), largest) for score, count in zip(scores, z, strict=True)],
        "last": v.tolist(),
        "largest": [max(score, int(potential)) for score, potential in zip(potentials, v, strict=True)],
        "first": [arrival if count and score == 0 else score for score, count in zip(scores, z, strict=True)],
    }

    for name, wanted in expected.items():
        before = potentials if name == "largest" else scores
        assert wanted == kernels.decode(name, before, z, v, sample_tick=sample_tick, values=values), name


def test_graded_events_are_added_exactly(kernels: CKernels) -> None:
    """acc += value (weight) of each event, for the extreme values and weights, and for widths of 4 to 64."""
    rng = np.random.default_rng(1)
    for n in range(4, 68, 4):
        for value in (1, -1, 2, -3, 255, 32767, -32767):
            rows = rng.choice(np.array([0, 1, 127, 128, 129, 255]), (3, n)).astype(np.uint8)
            sums = rng.integers(-(2**29), 2**29, n)
            neurons, events = np.array([0, 2, 0]), [value, -value, 3]
            expected = (sums + np.array(events) @ (rows[neurons].astype(np.int64) - 128)).tolist()

            assert expected == kernels.add_graded(sums, rows, neurons, events)


#: Does not compile where a right shift of a negative number is not arithmetic.
_SHIFTS = "char is_arithmetic[((-5 >> 1) == -3 && (-5LL >> 33) == -1) ? 1 : -1];\n"


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("arch", ["arm", "riscv"])
def test_right_shifts_are_arithmetic(arch: str, compiler: str, tmp_path: Path) -> None:
    """C leaves it to the compiler; spkl_fixed.h relies on it."""
    need_compiler(arch, compiler)
    source = tmp_path / "shifts.c"
    source.write_text(_SHIFTS)
    toolchain.find(arch, compiler).run(["-std=c99", "-c", "-o", tmp_path / "shifts.o", source])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_right_shifts_are_arithmetic_on_this_machine(compiler: str, tmp_path: Path) -> None:
    """As above."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}: apt-get install {compiler}")
    source = tmp_path / "shifts.c"
    source.write_text(_SHIFTS)
    words = [compiler, "-std=c99", "-c", "-o", str(tmp_path / "shifts.o"), str(source)]
    assert subprocess.run(words, check=False).returncode == 0
