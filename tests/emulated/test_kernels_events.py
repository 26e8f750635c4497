"""Kernels of convolutions, sparse rows, few bits and neurons without leak, of every set on its own core."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.instructions.machine import CORES, kernel_file

from spikelet import _data
from spikelet.model import V_MAX, LifChoices, Population, ResetKind
from spikelet.reference_lif import Lif
from spikelet.rows import pack
from support.kernel_sets import EmulatedKernel, HostKernel, Int32Array, Kernel, LifState
from support.tools import COMPILERS

HOST = ("ref", "packed", "host")
PLACES = [*((core, compiler) for core in CORES for compiler in COMPILERS), *((name, "") for name in HOST)]
Get = Callable[[str], Kernel]
#: Layouts of few bits: bits, smallest and largest weight.
LAYOUTS = {1: (4, -8, 7), 2: (2, -2, 1), 3: (1, -1, 1)}


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Get:
    """Gives kernels of a core or of a set by name; skips what a set does not have, and C of a core built before."""
    where, compiler = request.param
    known: dict[str, Kernel] = {}

    def get(name: str) -> Kernel:
        if name not in known and where in CORES:
            if compiler != COMPILERS[0] and kernel_file(where, name).suffix == ".c" and where != "M4":
                pytest.skip("C, built by the first compiler")
            known[name] = EmulatedKernel(where, name, compiler)
        elif name not in known:
            if not (_data.path("csrc") / "kernels" / where / f"{name}.c").exists():
                pytest.skip(f"{where} has no {name}")
            known[name] = HostKernel(tmp_path_factory.mktemp("kernels"), where, name)
        return known[name]

    return get


def _sums(rng: np.random.Generator, n: int) -> Int32Array:
    return rng.integers(-(2**29), 2**29, n).astype(np.int32)


def test_runs_of_every_length_are_added_at_every_alignment(kernel: Get) -> None:
    """Lengths around every unrolling, rows at all places in a word, one run and several."""
    added, rng = kernel("add_runs_s8_s32"), np.random.default_rng(1)
    for n, shift in product([*range(1, 36), 47, 48, 49, 64, 80, 100], range(4)):
        for n_runs, acc_step, row_step in ((1, 0, 0), (3, 120, 104), (2, -110, 108)):
            acc = _sums(rng, 400)
            row = rng.integers(-128, 128, row_step * n_runs + n).astype(np.int8)
            begin = 0 if acc_step >= 0 else -acc_step * (n_runs - 1)
            expected = acc.copy()
            for k in range(n_runs):
                to, of = begin + k * acc_step, k * row_step
                expected[to : to + n] += row[of : of + n]
            runs = struct.pack("<IIii", n, n_runs, acc_step, row_step)
            inputs = [(row.tobytes(), shift), (runs, 0)]
            found = added.on_sums(acc, inputs, lambda to, at, begin=begin: [to + 4 * begin, at[0], at[1]])
            assert expected.tolist() == found.tolist(), (n, shift, n_runs)


def _halves(sums: npt.NDArray[np.int16]) -> Int32Array:
    """Words as add_pixel_s8_s16 has them: of four, 0 and 2 before 1 and 3."""
    return sums.reshape(-1, 2, 2).swapaxes(1, 2).copy().reshape(-1).view(np.int32)


def test_events_of_a_pixel_are_added_to_sums_of_16_bits(kernel: Get) -> None:
    """Runs of all widths and numbers, up to the largest sums; it stops at another pixel, before it or behind it."""
    added, rng = kernel("add_pixel_s8_s16"), np.random.default_rng(8)
    for n, n_runs, contiguous in product((16, 32, 48, 64, 112), (1, 2, 3, 4), (True, False)):
        sums_step, row_step = int(rng.choice([-128, 160])), n if contiguous else n + 8
        channels, first, width = int(rng.integers(1, 9)), int(rng.integers(0, 60000)), 160 * n_runs + 112
        step = row_step * n_runs + 4
        weights = rng.choice([-128, 127, *range(-3, 4)], step * channels).astype(np.int8)
        events = rng.integers(0, channels, int(rng.integers(0, 20)))
        for other in ([], [first + channels, first], [65535], [first - 1] if first else []):
            neurons = np.array([*(first + events), *other], np.uint16)
            begin = 0 if sums_step > 0 else -sums_step * (n_runs - 1)
            sums = rng.integers(-20000, 20000, -(-width // 16) * 16).astype(np.int16)
            expected = sums.copy()
            for event, k in product(events, range(n_runs)):
                of = event * step + k * row_step
                expected[begin + k * sums_step :][:n] += weights[of : of + n]

            def pixel(at: Sequence[int], rows: tuple[int, ...], end: int = 2 * neurons.size) -> bytes:
                pad = "4x" if added.word == "Q" else ""
                where = (at[-1], at[0], *rows[:3], at[1], at[1] + end, *rows[3:])
                return struct.pack(f"<2{added.word}3I{pad}2{added.word}2I2i", *where)

            rows = (step, first, channels, n, n_runs, 2 * (sums_step - n), row_step - n)
            acc, stopped = _halves(sums), list[int]()
            # The address of the sums comes before all others: _CANARY, then acc.
            place = added.base + 16 + 2 * begin
            inputs = [
                (weights.tobytes(), 0),
                (neurons.tobytes(), 2),
                (lambda at, rows=rows, place=place, pixel=pixel: pixel([*at, place], rows), 0),
            ]
            found = added.on_sums(acc, inputs, lambda _, at: [at[2]], returned=stopped)
            assert _halves(expected).tolist() == found.tolist(), (n, n_runs, contiguous)


def test_sums_of_16_bits_are_widened_where_they_are(kernel: Get) -> None:
    """All multiples of 16 up to 160, of extreme values too."""
    widened, rng = kernel("widen_pixels_s16_s32"), np.random.default_rng(9)
    for n in range(16, 161, 16):
        sums = rng.choice([-32768, 32767, -1, 0, 1, 255, -256, 4660], n).astype(np.int16)
        acc = np.concatenate([_halves(sums), rng.integers(-(2**31), 2**31, n // 2).astype(np.int32)])
        found = widened.on_sums(acc, [], lambda to, _, n=n: [to, n])
        assert sums.tolist() == found.tolist(), n


def test_multiplied_rows_are_added_at_every_alignment(kernel: Get) -> None:
    """All lengths up to 40, values of either sign."""
    added, rng = kernel("add_row_times_s8_s32"), np.random.default_rng(2)
    for n, shift in product(range(1, 41), range(4)):
        acc, row = _sums(rng, n), rng.integers(-128, 128, n).astype(np.int8)
        times = int(rng.choice([1, -1, 2, 7, 32767, -32768]))
        found = added.on_sums(acc, [(row.tobytes(), shift)], lambda to, at, n=n, times=times: [to, at[0], n, times])
        assert (acc + times * row.astype(np.int32)).tolist() == found.tolist(), (n, shift)


def test_pairs_are_added_where_their_gaps_lead(kernel: Get) -> None:
    """All numbers of pairs up to 40; gaps of 0 add to one sum twice, weights of 0 make way."""
    added, rng = kernel("add_pairs_s8_s32"), np.random.default_rng(3)
    for n, shift in product(range(41), (0, 2)):
        gaps = rng.integers(0, 256, n) * (rng.random(n) < 0.8)
        weights = rng.integers(-128, 128, n).astype(np.int8) * (rng.random(n) < 0.9)
        acc = _sums(rng, int(gaps.sum()) + 1)
        times = int(rng.choice([1, 1, -3, 32767]))
        pairs = np.stack([gaps.astype(np.uint8), weights.astype(np.int8).view(np.uint8)], axis=1).tobytes()
        expected = acc.copy()
        np.add.at(expected, np.cumsum(gaps), times * weights.astype(np.int32))
        found = added.on_sums(acc, [(pairs, shift)], lambda to, at, n=n, times=times: [to, at[0], n, times])
        assert expected.tolist() == found.tolist(), n


def test_blocks_of_four_are_added_where_their_gaps_lead(kernel: Get) -> None:
    """Rows of all lengths around every unrolling, also empty ones; events from none on, of a row twice; any gaps."""
    added, rng = kernel("add_blocks4_s8_s32"), np.random.default_rng(4)
    lengths = np.array([0, *range(14), 31, 32, 40, 0])
    start = np.concatenate([[0], np.cumsum(lengths)])
    for n_events, shift in ((0, 0), (1, 1), (1, 3), (5, 2), (len(lengths), 0), (40, 1)):
        for order in np.arange(len(lengths))[:, None] if n_events == 1 else [rng.integers(0, len(lengths), n_events)]:
            gaps = rng.integers(0, 256, start[-1]) * (rng.random(start[-1]) < 0.3)
            weights = rng.choice([-128, -1, 0, 1, 127, 85, -86], (start[-1], 4)).astype(np.int8)
            acc = _sums(rng, 4 * max(int((gaps[a:b] + 1).sum()) for a, b in pairwise(start)) + 1)
            expected = acc.copy()
            for row in order:
                own = slice(start[row], start[row + 1])
                at = 4 * (np.cumsum(gaps[own] + 1) - 1)
                expected[(at[:, None] + np.arange(4)).ravel()] += weights[own].ravel().astype(np.int32)
            inputs = [
                (weights.tobytes(), 0),
                (gaps.astype(np.uint8).tobytes(), shift),
                (start.astype("<u4").tobytes(), 4),
                (lambda at: struct.pack(f"<3{added.word}", *at[:3]), 0),
                (order.astype("<u2").tobytes(), 2),
            ]
            n, blocks = len(order), list[int]()
            found = added.on_sums(acc, inputs, lambda to, at, n=n: [to, at[3], at[4], n], returned=blocks)
            assert expected.tolist() == found.tolist(), order
            assert [int(lengths[order].sum())] == blocks


def _weights(rng: np.random.Generator, layout: int, shape: tuple[int, int]) -> npt.NDArray[np.int8]:
    bits, low, high = LAYOUTS[layout]
    if bits == 1:
        return (2 * rng.integers(0, 2, shape) - 1).astype(np.int8)
    kind = int(rng.integers(4))
    weights = rng.integers(low, high, shape, endpoint=True)
    return (np.full(shape, (low, high)[kind % 2]) if kind > 1 else weights).astype(np.int8)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_of_few_bits_are_added_exactly(kernel: Get, layout: int) -> None:
    """All widths, also those that end inside a word; up to the most rows of a call, of the extreme weights too."""
    added, rng = kernel(f"add_rows_u{LAYOUTS[layout][0]}_s32"), np.random.default_rng(layout)
    for n in [*range(1, 20), 31, 32, 33, 63, 64, 65, 100]:
        for n_rows in (0, 1, 2, 16, 17, 18, 35, 85, 86, 171, 254, 255):
            weights = _weights(rng, layout, (16, n))
            rows, acc = pack(layout, weights), _sums(rng, n)
            order = rng.integers(0, 16, n_rows)
            expected = acc + weights[order].sum(axis=0, dtype=np.int32)
            size = struct.calcsize(added.word)
            blob = bytes(_at(added, acc, rows, order))
            _, after = added.call(blob, [added.base, added.base + 4 * n + 16 + -(4 * n) % 8, n_rows, n])
            assert expected.tolist() == np.frombuffer(after, np.int32, n).tolist(), (n, n_rows)
            assert after[4 * n : 4 * n + 16] == _CANARY
            assert after[-rows.size :] == rows.tobytes()
            assert size in {4, 8}


_CANARY = b"\xc7" * 16


def _at(kernel: Kernel, acc: Int32Array, rows: npt.NDArray[np.uint8], order: npt.NDArray[np.int64]) -> bytes:
    """Sums, a canary, pointers to rows with free places behind them, rows."""
    head = acc.tobytes() + _CANARY + bytes(-(4 * acc.size) % 8)
    size = struct.calcsize(kernel.word)
    first = kernel.base + len(head) + size * (len(order) + 8)
    places = struct.pack(f"<{len(order)}{kernel.word}", *(first + int(row) * rows.shape[1] for row in order))
    return head + places + b"\xff" * (8 * size) + rows.tobytes()


@pytest.mark.parametrize("layout", [0, *LAYOUTS])
def test_codes_of_a_row_are_added_from_any_on(kernel: Get, layout: int) -> None:
    """Codes in the middle of a byte, in the middle of a row, with values."""
    added, rng = kernel("add_codes_s32"), np.random.default_rng(7)
    for _ in range(60):
        first, n = int(rng.integers(0, 40)), int(rng.integers(1, 40))
        if layout == 0:
            weights = rng.integers(-128, 128, (1, first + n)).astype(np.int8)
        else:
            weights = _weights(rng, layout, (1, first + n))
        acc, times = _sums(rng, n), int(rng.choice([1, -1, 5, 32767]))

        def codes(at: object, first: int = first) -> bytes:
            return struct.pack(f"<{added.word}II", at[0], first, layout)  # type: ignore[index]

        inputs = [(pack(layout, weights).tobytes(), 0), (codes, 0)]
        found = added.on_sums(acc, inputs, lambda to, at, n=n, times=times: [to, at[1], n, times])
        assert (acc + times * weights[0, first:].astype(np.int32)).tolist() == found.tolist(), (first, n)


def _without_leak(rng: np.random.Generator, n: int, style: str) -> tuple[Population, Int32Array, Int32Array]:
    """A population without leak, its membranes and sums, within the bound of the kernel."""
    frac = int(rng.integers(0, 12))
    limit = V_MAX if style == "large" else 2 ** (frac + 8)
    kind = ResetKind(int(rng.integers(3)))
    several = bool(rng.integers(2))

    def values(low: int, high: int) -> Int32Array:
        return rng.integers(low, high, 1 if rng.random() < 0.5 else n, endpoint=True).astype(np.int32)

    parameters = {}
    if rng.random() < 0.95:
        parameters["fire_above"] = values(-limit // 4 if rng.random() < 0.2 else 0, limit)
    if rng.random() < 0.7:
        parameters["v_min"] = values(-limit, 0)
    if kind is not ResetKind.NONE and rng.random() < 0.9:
        parameters["reset"] = values(0 if kind is ResetKind.SUBTRACT else -limit, limit)
    if several and rng.random() < 0.9:
        parameters["count_by"] = values(1, max(1, limit // int(rng.choice([1, 4, 50]))))
    most = V_MAX >> frac if style == "large" else 600
    given = rng.integers(-most, most, n, endpoint=True).astype(np.int32)
    v = rng.integers(-limit, limit, n, endpoint=True).astype(np.int64)
    above = parameters.get("fire_above", np.array([V_MAX])).astype(np.int64)
    if style == "edge":
        given = ((above - v >> frac) + rng.integers(-1, 2, n)).clip(-most, most).astype(np.int32)
    if style == "still":
        given[:] = 0
        v = np.where(np.arange(n) == rng.integers(0, 2 * n), v, np.minimum(v, above))
    v = np.maximum(np.clip(v, -V_MAX, V_MAX), parameters.get("v_min", np.array([-V_MAX])))
    choices = LifChoices(reset_kind=kind, several=several)
    most_spikes = int(rng.choice([1, 3, 32767])) if several else 1
    made = Population(name="p", size=n, frac=frac, choices=choices, parameters=parameters, max_count=most_spikes)
    return made, v.astype(np.int32), given


@pytest.mark.parametrize("style", ["usual", "large", "edge", "still"])
def test_the_tick_without_leak_equals_the_reference(kernel: Get, style: str) -> None:
    """State, events, counts, `changed`, and whether a v stays above its threshold."""
    tick, rng = kernel("lif_tick_if_s32"), np.random.default_rng(9)
    for _ in range(300):
        population, v, given = _without_leak(rng, int(rng.integers(1, 30)), style)
        reference = Lif(population)
        reference.v = v.astype(np.int64)
        reference.update(given.astype(np.int64), any_event=False)
        above = population.parameters.get("fire_above", np.array([V_MAX]))
        fired = np.flatnonzero(reference.z)
        expected = LifState(
            v=reference.v.tolist(),
            fired=fired.tolist(),
            changed=reference.v.tolist() != v.tolist(),
            values=reference.z[fired].tolist() if population.choices.several else None,
            awake=bool(np.any(reference.v > above)),
        )

        assert expected == tick.lif_tick(population, v, given, tells_awake=True), population
