"""The float run of a network: the recurrence of semantics 3.3 with real numbers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from spikelet.converters.floating import Floating
from spikelet.converters.frontends.nir import read_nir
from spikelet.converters.graph import Network
from spikelet.converters.nodes import (
    Convolution,
    DelayLine,
    Dense,
    Identity,
    Input,
    Neurons,
    Node,
    Output,
    Scale,
    Sparse,
)
from spikelet.converters.pipeline import lower
from spikelet.errors import ConvertError, DataError
from spikelet.model import LifChoices, ResetKind, SourceMap, TargetMap, UOrder
from support.nir_networks import affine, chain, lif, written


def one(choices: LifChoices, **values: float) -> Network:
    """One neuron behind one input."""
    plain = {"decay_v": 0.5, "decay_u": 0.5, "gain": 1, "threshold": 1, "reset": 0, "count_by": 1, "bias": 0,
             "v_min": -np.inf, "v_init": 0, "offset": 0}  # fmt: skip
    arrays = {name: np.array([value], float) for name, value in {**plain, **values}.items()}
    return Network(
        nodes={"in": Input(shape=(1,)), "n": Neurons(shape=(1,), choices=choices, strict=True, **arrays),
               "out": Output(shape=None)},
        edges=(("in", "n"), ("n", "out")),
    )  # fmt: skip


def run(choices: LifChoices, x: list[float], **values: float) -> tuple[list[float], list[float]]:
    """Potentials and counts of one neuron."""
    trace = Floating(one(choices, **values)).run(np.array(x, float)[None, :, None])
    return trace.v["n"][0, :, 0].tolist(), trace.outputs["out"][0, :, 0].tolist()


SUBTRACT = {"reset_kind": ResetKind.SUBTRACT}
SET = {"reset_kind": ResetKind.SET}
CASES: dict[str, tuple[dict[str, Any], dict[str, float], list[float], list[float], list[float]]] = {
    # choices, values, input, v, spikes
    "set now": (SET, {}, [1, 1, 0, 3], [1, 0, 0, 0], [0, 1, 0, 1]),
    "subtract now": (SUBTRACT, {"reset": 1}, [1, 1, 0, 3], [1, 0.5, 0.25, 2.125], [0, 1, 0, 1]),
    "subtract next": ({**SUBTRACT, "reset_next": True}, {"reset": 1}, [1, 1, 0, 0], [1, 1.5, -0.25, -0.125],
                      [0, 1, 0, 0]),
    "set next before leak": ({**SET, "reset_next": True, "reset_before_leak": True}, {}, [3, 0.5, 0], [3, 0.5, 0.25],
                             [1, 0, 0]),
    "set next on the sum": ({**SET, "reset_next": True}, {}, [3, 0.5, 0], [3, 0, 0], [1, 0, 0]),
    "fire next": ({**SUBTRACT, "test_previous": True}, {"reset": 1}, [3, 0, 0], [3, 0.5, 0.25], [0, 1, 0]),
    "several": ({**SUBTRACT, "several": True}, {"reset": 1}, [3.5, 0, 0], [0.5, 0.25, 0.125], [3, 0, 0]),
    "several, whole": ({**SUBTRACT, "several": True}, {"reset": 1}, [3, 0], [1, 0.5], [2, 0]),
    "several, by a hair": ({**SUBTRACT, "several": True}, {"reset": 1, "threshold": 2.46, "count_by": 2.75},
                           [float(np.nextafter(2.46, 3))], [float(np.nextafter(2.46, 3)) - 1], [1]),
    "input before leak": ({"add_then_decay": True, "fires": False}, {"threshold": np.inf}, [2, 2], [1, 1.5], [1, 1.5]),
    "clamp": (SET, {"v_min": -1}, [-3, 0], [-1, -0.5], [0, 0]),
    "bias and gain": (SET, {"bias": 0.25, "gain": 0.5}, [1, 0], [0.75, 0.625], [0, 0]),
    "offset": (SET, {"offset": 2, "v_init": 1}, [0, 0], [2.5, 2.25], [0, 0]),
    "readout": ({"fires": False}, {"threshold": np.inf, "offset": 1}, [4, 0], [5, 3], [5, 3]),
    "decay add use": ({"has_u": True, "u_order": UOrder.DECAY_ADD_USE, "fires": False}, {}, [4, 0], [4, 4], [4, 4]),
    "add decay use": ({"has_u": True, "u_order": UOrder.ADD_DECAY_USE, "fires": False}, {}, [4, 0], [2, 2], [2, 2]),
    "add use decay": ({"has_u": True, "u_order": UOrder.ADD_USE_DECAY, "fires": False}, {}, [4, 0], [4, 4], [4, 4]),
    "use decay add": ({"has_u": True, "u_order": UOrder.USE_DECAY_ADD, "fires": False}, {}, [4, 0, 0], [0, 4, 4],
                      [0, 4, 4]),
    "bias to v": ({"has_u": True, "bias_to_v": True, "fires": False}, {"bias": 1}, [4, 0], [5, 5.5], [5, 5.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_choice_does_what_the_semantics_say(name: str) -> None:
    """Worked out by hand."""
    choices, values, x, v, z = CASES[name]

    assert (v, z) == run(LifChoices(**choices), x, **values)


def test_v_equal_to_the_threshold_fires_only_without_strict(tmp_path: Path) -> None:
    """> and >= differ there alone."""
    file = written(tmp_path, chain(lif(1, tau=2.0**-10), n_in=1, n_out=1))
    x = np.ones((1, 1, 1))
    counts = {
        comparison: Floating(lower(file, framework="nir", dt=2.0**-10, comparison=comparison))
        .run(x)
        .outputs["output"]
        .sum()
        for comparison in (">", ">=")
    }

    assert counts == {">": 0.0, ">=": 1.0}


def test_samples_run_side_by_side_as_they_do_alone(tmp_path: Path) -> None:
    """A batch is only faster."""
    file = written(tmp_path, chain(affine(4, 3), lif(4, v_threshold=0.3), affine(2, 4), lif(2), n_in=3, n_out=2))
    x = (np.random.default_rng(0).random((5, 30, 3)) < 0.4).astype(float)
    floating = Floating(lower(file, framework="nir", dt=1e-3))

    together = floating.run(x)

    for i in range(5):
        alone = floating.run(x[i : i + 1])
        for path in ("1", "3"):
            np.testing.assert_allclose(together.v[path][i], alone.v[path][0], rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 5, 4), (5, 3), (1, 5, 3, 1)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    """With the shape that is needed."""
    floating = Floating(lower(written(tmp_path, chain(lif(3), n_in=3, n_out=3)), framework="nir", dt=1e-3))

    with pytest.raises(DataError, match=r"takes shape \(samples, ticks, 3\)"):
        floating.run(np.zeros(shape))


def test_a_missing_input_is_refused() -> None:
    """A mapping names all inputs."""
    with pytest.raises(DataError, match="inputs in"):
        Floating(one(LifChoices())).run({"other": np.zeros((1, 1, 1))})


RANDOM = np.random.default_rng(4)


def through(node: Node, x: Any) -> Any:
    """What a node between Input and Output makes of values (samples, ticks, size)."""
    network = Network(
        nodes={"in": Input(shape=(x.shape[2],)), "node": node, "out": Output(shape=None)},
        edges=(("in", "node"), ("node", "out")),
    )
    return Floating(network).run(x).outputs["out"]


def late(x: Any, ticks: list[int]) -> Any:
    """Each element some ticks later, zeros before."""
    result = np.zeros_like(x)
    for i, n in enumerate(ticks):
        result[:, n:, i] = x[:, : x.shape[1] - n, i]
    return result


@pytest.mark.parametrize("ticks", [[0], [1], [7], [0, 1, 2, 5], [3, 3, 1, 1], [40, 0, 19, 20]], ids=str)
def test_a_delay_line_gives_what_came_so_many_ticks_before(ticks: list[int]) -> None:
    """One number for all elements or one each, zeros in the beginning, again after a reset."""
    x = RANDOM.normal(size=(2, 20, 4))
    expected = late(x, np.broadcast_to(np.minimum(ticks, 20), 4).tolist())
    line = DelayLine(ticks=np.array(ticks))

    assert expected.tolist() == through(line, x).tolist()


def test_a_delay_line_of_another_size_is_refused() -> None:
    """Ticks are those of all elements, or one number."""
    with pytest.raises(ConvertError, match="delays of 3 elements"):
        through(DelayLine(ticks=np.array([1, 2, 3])), np.zeros((1, 2, 4)))


@pytest.mark.parametrize("ticks", [1, 3])
def test_a_cycle_through_a_delay_line_takes_its_ticks(ticks: int) -> None:
    """y(t) = x(t) + y(t - ticks) / 2."""
    network = Network(
        nodes={"in": Input(shape=(1,)), "y": Identity(), "line": DelayLine(ticks=np.array([ticks])),
               "half": Scale(scale=np.array(0.5)), "out": Output(shape=None)},
        edges=(("half", "y"), ("in", "y"), ("line", "half"), ("y", "line"), ("y", "out")),
    )  # fmt: skip
    x = RANDOM.normal(size=(3, 12, 1))
    expected = x.copy()
    for t in range(ticks, 12):
        expected[:, t] += expected[:, t - ticks] / 2
    floating = Floating(network)

    for _ in range(2):
        np.testing.assert_allclose(floating.run(x).outputs["out"], expected, atol=1e-12)


def test_projections_of_every_form_are_run_with_delays_of_their_targets() -> None:
    """Rows behind a sum pool, a convolution of planar maps, sparse rows."""
    x = RANDOM.normal(size=(2, 9, 16))
    maps = x.reshape(2, 9, 1, 4, 4)
    source = SourceMap(channels=1, height=4, width=4, planar=True, pool=(2, 2))
    sums = maps.reshape(2, 9, 2, 2, 2, 2).sum(axis=(3, 5)).reshape(2, 9, 4)
    weight, ticks = RANDOM.normal(size=(4, 3)), [0, 2, 1]
    dense = Dense(weight=weight, source_map=source, delays=np.array(ticks))
    sparse = Sparse(weight=csr_array(np.where(RANDOM.random((16, 3)) < 0.3, 1.5, 0)), delays=np.array(ticks))
    kernel = RANDOM.normal(size=(2, 1, 2, 2))
    target = TargetMap(channels=2, height=3, width=3, planar=True, kernel=(2, 2))
    whole = SourceMap(channels=1, height=4, width=4, planar=True)
    windows = np.lib.stride_tricks.sliding_window_view(maps[:, :, 0], (2, 2), axis=(2, 3))
    expected = np.einsum("stijyx,oyx->stoij", windows, kernel[:, 0]).reshape(2, 9, 18)

    np.testing.assert_allclose(through(dense, x), late(sums @ weight, ticks), atol=1e-12)
    np.testing.assert_allclose(through(sparse, x), late(x @ sparse.weight.toarray(), ticks), atol=1e-12)
    np.testing.assert_allclose(
        through(Convolution(weight=kernel, source_map=whole, target_map=target), x), expected, atol=1e-12
    )


def test_a_long_stream_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    """4,000 neurons for 400 ticks, kept by nobody: 13 MB would be held by a trace."""
    floating = Floating(lower(written(tmp_path, chain(lif(4000), n_in=4000, n_out=4000)), framework="nir", dt=1e-3))
    x = np.broadcast_to(np.ones((1, 1, 4000)), (1, 400, 4000))
    peaks = []
    tracemalloc.start()
    for tick, _ in enumerate(floating.ticks(x)):
        if tick in (50, 399):
            peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()

    assert peaks[1] < peaks[0] + 100_000


def test_a_network_in_continuous_time_does_not_run(tmp_path: Path) -> None:
    """A bug of the caller, not of the network."""
    network = read_nir(written(tmp_path, chain(lif(3), n_in=3, n_out=3)))

    with pytest.raises(TypeError, match="discretise"):
        Floating(network)
