"""Every file of every kernel set gives the bits of the semantics, on its own core."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.instructions.machine import CORES

from spikelet.model import V_MAX, LifChoices, Population, ResetKind
from spikelet.reference_lif import Lif
from support.kernel_sets import EmulatedKernel, HostKernel, Int32Array, Kernel, LifState, has_avx2
from support.tools import COMPILERS

#: Kernel sets that are built for this machine, with flags.
HOST = {
    "ref": ("ref", ()),
    "packed": ("packed", ()),
    "host": ("host", ()),
    "host without AVX2": ("host", ("-DSPKL_NO_AVX2",)),
    "host without vectors": ("host", ("-U__SSE2__",)),
}
#: The host's kernels with vectors of both widths, and with none.
VECTORS = [name for name in HOST if name.startswith("host")]
#: Sets that are small, all in assembly: their core.
SMALL = {"armv6m_small": "M0+"}
WIDTHS = range(4, 304, 4)
SOME_ROWS = [*range(18), 31, 32, 33, 64, 66, 127, 128, 253, 254, 255]


def _kernel(where: str, name: str, compiler: str, folder: pytest.TempPathFactory) -> Kernel:
    if where in CORES:
        return EmulatedKernel(where, name, compiler)
    if where in SMALL:
        return EmulatedKernel(SMALL[where], name, compiler, where)
    kernels, flags = HOST[where]
    return HostKernel(folder.mktemp("kernels"), kernels, name, flags)


PLACES = [*((core, compiler) for core in CORES for compiler in COMPILERS), *((name, "") for name in HOST)]


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def rows_kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """add_rows_u8_s32 of a core or of a set."""
    where, compiler = request.param
    return _kernel(where, "add_rows_u8_s32", compiler, tmp_path_factory)


PLAIN = [
    *(place for place in PLACES if place[0] in CORES or place[0] in {"ref", *VECTORS}),
    *((name, compiler) for name in SMALL for compiler in COMPILERS),
]


@pytest.fixture(scope="module", params=PLAIN, ids=lambda place: " ".join(place).strip())
def plain_kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """lif_tick_plain_s32 of a core or of a set."""
    where, compiler = request.param
    return _kernel(where, "lif_tick_plain_s32", compiler, tmp_path_factory)


def _check_rows(kernel: Kernel, rng: np.random.Generator, n: int, counts: list[int]) -> None:
    weights = rng.integers(0, 256, (64, n)).astype(np.uint8)
    order = rng.integers(0, 64, 255)
    acc = rng.integers(-(2**30), 2**30, n).astype(np.int32)
    sums = np.vstack([np.zeros(n, np.int64), np.cumsum(weights[order].astype(np.int64) - 128, axis=0)])
    for count in counts:
        expected = (acc + sums[count]).tolist()
        assert expected == kernel.add_rows(acc, weights, order[:count].tolist()).tolist(), f"{count} rows of {n}"


def test_rows_of_every_width_are_added_exactly(rows_kernel: Kernel) -> None:
    """All widths up to 300, for numbers of rows around every unrolling; nothing else is written."""
    rng = np.random.default_rng(1)
    for n in WIDTHS:
        _check_rows(rows_kernel, rng, n, SOME_ROWS)


def test_every_number_of_rows_is_added_exactly(rows_kernel: Kernel) -> None:
    """All numbers of rows up to the most of a call, for widths that use every block."""
    rng = np.random.default_rng(2)
    for n in (12, 28, 128):
        _check_rows(rows_kernel, rng, n, list(range(256)))


@pytest.mark.parametrize("value", [0, 255])
def test_the_largest_sums_stay_in_their_lanes(rows_kernel: Kernel, value: int) -> None:
    """255 rows of the extreme weight, in all lanes and in every fourth: no carry reaches a neighbour."""
    for n in (4, 8, 12, 48, 128):
        for lanes in (slice(None), *(slice(lane, None, 4) for lane in range(4))):
            weights = np.full((1, n), 128, np.uint8)
            weights[0, lanes] = value
            acc = np.zeros(n, np.int32)

            expected = (255 * (weights[0].astype(int) - 128)).tolist()
            assert expected == rows_kernel.add_rows(acc, weights, [0] * 255).tolist()


def _population(rng: np.random.Generator, n: int, style: str) -> tuple[Population, Int32Array, Int32Array]:
    """A plain population, its membranes, and the sums of a tick, within the bounds of the kernel."""
    frac = int(rng.integers(0, 15))
    large = style == "large"
    limit = V_MAX if large else 2 ** (frac + 10)
    late = bool(rng.integers(2))
    kind = ResetKind(int(rng.integers(3)))

    def values(low: int, high: int, single: float = 0.4) -> Int32Array:
        return rng.integers(low, high, 1 if rng.random() < single else n, endpoint=True).astype(np.int32)

    parameters = {"bias": values(-limit // 8, limit // 8)} if rng.random() < 0.7 else {}
    fires = rng.random() < 0.9
    if fires and rng.random() < 0.95:
        parameters["fire_above"] = values(-V_MAX if large else -limit // 4, limit)
    if rng.random() < 0.5:
        parameters["v_min"] = values(-limit, 0, 0.7)
    if fires and kind is not ResetKind.NONE and rng.random() < 0.9:
        parameters["reset"] = values(0 if kind is ResetKind.SUBTRACT else -limit, limit)
    decays = [65536, 65535, 58982, 32768, 32767, 0, int(rng.integers(32768, 65537)), int(rng.integers(0, 32768))]
    if rng.random() < 0.95:
        parameters["decay_v"] = np.array([rng.choice(decays, p=[0.1, 0.1, 0.2, 0.1, 0.1, 0.05, 0.25, 0.1])], np.int32)
    bias = parameters.get("bias", np.zeros(1, np.int32)).astype(np.int64)
    most = min(1000, V_MAX - limit // 8 >> frac) if not large else V_MAX - limit // 8 >> frac
    given = rng.integers(-most, most, n, endpoint=True).astype(np.int32)
    v = rng.integers(-limit, limit, n, endpoint=True).astype(np.int64)
    threshold = parameters.get("fire_above", np.array([V_MAX])).astype(np.int64)
    near = rng.random(n) < 0.3
    v = np.where(near, threshold + rng.integers(-1, 2, n), v)
    if style == "edge":
        there = v * int(parameters.get("decay_v", [65536])[0]) >> 16
        bias = np.clip(threshold - there - (given.astype(np.int64) << frac) + rng.integers(-1, 2, n), -limit, limit)
        parameters["bias"] = bias.astype(np.int32)
    if style == "still":
        parameters.pop("bias", None)
        given[:] = 0
        v = np.where(np.arange(n) == rng.integers(0, 2 * n), v, rng.integers(-9, 1, n))
    v = np.maximum(np.clip(v, -V_MAX, V_MAX), parameters.get("v_min", np.array([-V_MAX])))
    choices = LifChoices(
        fires=fires,
        reset_kind=kind if fires else ResetKind.NONE,
        reset_next=fires and late,
        reset_before_leak=fires and late and rng.random() < 0.3,
    )
    made = Population(name="p", size=n, frac=frac, choices=choices, parameters=parameters)
    return made, v.astype(np.int32), given


def _is_calm(population: Population, given: Int32Array) -> bool:
    """Whether no membrane can fall below the lowest value, from any other one."""
    parameters = population.parameters
    left = V_MAX * (65536 - int(parameters.get("decay_v", [65536])[0])) // 65536 - 1
    bias = parameters.get("bias", np.zeros(1)).astype(np.int64)
    left -= int(np.abs((given.astype(np.int64) << population.frac) + bias).max())
    if population.choices.reset_kind is ResetKind.SUBTRACT:
        left -= int(parameters.get("reset", np.zeros(1)).max())
    return left >= 0 and "v_min" not in parameters


@pytest.mark.parametrize("style", ["usual", "large", "edge", "still"])
def test_the_plain_tick_equals_the_reference(plain_kernel: Kernel, style: str) -> None:
    """State, events and `changed` of random populations: saturation, v_min, thresholds met exactly, all resets."""
    rng = np.random.default_rng(3)
    for _ in range(500):
        population, v, given = _population(rng, int(rng.integers(1, 60)), style)
        reference = Lif(population)
        reference.v = v.astype(np.int64)
        reference.update(given.astype(np.int64), any_event=False)
        asked = bool(rng.integers(2))
        calm = _is_calm(population, given) and bool(rng.integers(4))
        expected = LifState(
            v=reference.v.tolist(),
            fired=np.flatnonzero(reference.z).tolist(),
            changed=reference.v.tolist() != v.tolist() if asked else None,
        )

        assert expected == plain_kernel.lif_tick(population, v, given, asked=asked, calm=calm), population


@pytest.fixture(scope="module", params=VECTORS)
def vector_kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """lif_tick_plain_s32 of the host's set."""
    if request.param == "host" and not has_avx2():
        pytest.skip("this processor has no AVX2: its code is not run")
    return _kernel(request.param, "lif_tick_plain_s32", "", tmp_path_factory)


@pytest.mark.parametrize("style", ["usual", "large", "edge", "still"])
def test_vectors_of_neurons_equal_the_reference(vector_kernel: Kernel, style: str) -> None:
    """Sizes around a vector, a group of four and a word of 64 neurons; one neuron too large in any place."""
    rng = np.random.default_rng(5)
    sizes = [*range(1, 20), 31, 32, 33, 63, 64, 65, 66, 96, 100, 127, 128, 130, 191, 192, 200]
    for size in sizes * 6:
        population, v, given = _population(rng, size, style)
        if style == "usual" and rng.random() < 0.5:
            place = rng.integers(size)
            v[place] = rng.choice([-1, 1]) * int(rng.integers(2**29 - 2, V_MAX + 1))
            v = np.maximum(v, population.parameters.get("v_min", np.array([-V_MAX]))).astype(np.int32)
        reference = Lif(population)
        reference.v = v.astype(np.int64)
        reference.update(given.astype(np.int64), any_event=False)
        expected = LifState(
            v=reference.v.tolist(),
            fired=np.flatnonzero(reference.z).tolist(),
            changed=reference.v.tolist() != v.tolist(),
        )

        assert expected == vector_kernel.lif_tick(population, v, given), population
