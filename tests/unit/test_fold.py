"""Chains of linear nodes become one set of weights each, of the best form, and mean the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from spikelet.converters import convert, lower
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import (
    IF,
    Affine,
    Conv,
    Convolution,
    Delay,
    DelayLine,
    Dense,
    Flat,
    Flatten,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Pool,
    Scale,
    Sparse,
    size_of,
)
from spikelet.converters.passes.project import from_matrix, project
from spikelet.engine import Engine
from spikelet.errors import ConvertError
from spikelet.image import encode

RNG = np.random.default_rng(5)
SAID: dict[str, Any] = {"framework": "nir", "reset": "zero", "dt": 1e-3}


def conv(n_in: int, n_out: int, k: int, *, stride: int = 1, pad: int = 0, dilation: int = 1, groups: int = 1) -> Conv:
    """A convolution over two axes with random weights."""
    return Conv(
        weight=RNG.normal(size=(n_out, n_in // groups, k, k)),
        bias=np.zeros(n_out),
        stride=(stride, stride),
        padding=((pad, pad), (pad, pad)),
        dilation=(dilation, dilation),
        groups=groups,
        input_shape=None,
    )


def pool(k: int, *, stride: int = 0, pad: int = 0, average: bool = False) -> Pool:
    """A pool over k x k."""
    step = stride or k
    return Pool(kernel=(k, k), stride=(step, step), padding=(pad, pad), average=average)


def flat(shape: tuple[int, ...], *nodes: Node) -> tuple[list[Node], np.ndarray]:
    """A chain with its axes noted, and the product of its matrices."""
    chain: list[Node] = []
    total = csr_array(np.eye(size_of(shape)))
    for node in nodes:
        total = csr_array(total @ matrix_of(node, shape))
        chain.append(Flat(node=node, shape=shape) if isinstance(node, (Conv, Pool)) else node)
        shape = node.gives(shape)
    return chain, total.toarray()


def if_neurons(*shape: int) -> IF:
    """Neurons without leak, threshold 1."""
    return IF(r=np.full(shape, 1000.0), v_threshold=np.ones(shape), v_reset=np.zeros(shape))


def line(*nodes: tuple[str, Node]) -> Network:
    """A network of nodes one behind the other."""
    names = [name for name, _ in nodes]
    return Network(nodes=dict(nodes), edges=tuple(sorted(pairwise(names))))


PER_CHANNEL = np.repeat([0.5, 2.0, 3.0], 49)
CHAINS: dict[str, tuple[tuple[Node, ...], type[Node]]] = {
    "a convolution": ((conv(3, 4, 3),), Convolution),
    "stride, padding, dilation": ((conv(3, 4, 2, stride=2, pad=1, dilation=2),), Convolution),
    "depthwise": ((conv(3, 6, 3, groups=3),), Convolution),
    "a pool in front": ((pool(2), conv(3, 4, 2)), Convolution),
    "two pools in front": ((pool(2), pool(2), conv(3, 4, 1)), Convolution),
    "a mean in front": ((pool(3, average=True), conv(3, 4, 2, pad=1)), Convolution),
    "a pool behind": ((conv(3, 4, 3, pad=1), pool(2)), Convolution),
    "an overlapping mean behind": ((conv(3, 4, 2, stride=2, dilation=2), pool(2, stride=1, average=True)), Convolution),
    "a padded pool behind": ((conv(3, 4, 2), pool(2, pad=1)), Dense),
    "an overlapping pool in front": ((pool(2, stride=1, pad=1), conv(3, 2, 3)), Dense),
    "a pool alone": ((pool(3, stride=2, pad=1, average=True),), Convolution),
    "factors of channels": ((Scale(scale=PER_CHANNEL), conv(3, 4, 3)), Convolution),
    "factors of neurons": ((Scale(scale=RNG.normal(size=147)), conv(3, 4, 2)), Sparse),
    "a pool, then a matrix": ((pool(2), Linear(weight=RNG.normal(size=(5, 27)))), Dense),
    "a convolution, then a matrix": ((conv(3, 2, 3), Linear(weight=RNG.normal(size=(5, 50)))), Dense),
    "one factor each": ((Scale(scale=RNG.normal(size=147)),), Sparse),
    "nothing": ((), Sparse),
}


@pytest.mark.parametrize(("nodes", "form"), CHAINS.values(), ids=CHAINS)
def test_a_chain_becomes_weights_of_the_best_form(nodes: tuple[Node, ...], form: type[Node]) -> None:
    """Whatever the form is, its matrix is the product of the chain's."""
    shape = (3, 7, 7)
    chain, matrix = flat(shape, *nodes)
    made = project("p", chain, size_of(shape), "fast")

    assert isinstance(made, form)
    assert np.allclose(matrix, matrix_of(made, ()).toarray())


def test_pools_that_merge_neurons_are_folded_into_indices() -> None:
    """No weight is stored for them, and nothing is added twice."""
    chain, _ = flat((3, 7, 7), pool(2), Linear(weight=RNG.normal(size=(5, 27))))
    made = project("p", chain, 147, "fast")

    assert isinstance(made, Dense)
    assert made.weight.shape == (27, 5)
    assert made.source_map is not None
    assert made.source_map.pool == (2, 2)


@pytest.mark.parametrize(("density", "wish", "form"), [
    (0.05, "fast", Sparse), (0.2, "fast", Dense), (0.2, "small", Sparse), (0.6, "small", Dense),
])  # fmt: skip
def test_a_matrix_is_sparse_where_that_is_faster_or_smaller(density: float, wish: str, form: type[Node]) -> None:
    """The break-even is measured: docs/explanation/kernels.md."""
    matrix = random_array((40, 30), density=density, rng=RNG)

    assert isinstance(from_matrix("p", csr_array(matrix), wish), form)


def test_sparse_is_said_in_conversion() -> None:
    """Fewer bytes, the same network; another word is refused."""
    weight = np.where(RNG.random((30, 40)) < 0.2, RNG.normal(size=(30, 40)), 0.0)
    network = line(
        ("in", Input(shape=(40,))), ("fc", Linear(weight=weight)), ("p", if_neurons(30)), ("out", Output(shape=(30,)))
    )
    fast, small = (convert(network, sparse=wish, **SAID) for wish in ("fast", "small"))
    x = (RNG.random((20, 40)) < 0.2).astype(int)

    assert len(encode(small)) < len(encode(fast))
    assert Engine(small).run(x, 20).counts.tolist() == Engine(fast).run(x, 20).counts.tolist()
    with pytest.raises(ConvertError, match="sparse: found 'tiny'"):
        convert(network, sparse="tiny", **SAID)


def test_a_delay_moves_in_front_of_a_matrix() -> None:
    """All neurons alike: a delay line of the source."""
    network = line(
        ("in", Input(shape=(4,))), ("fc", Linear(weight=np.ones((3, 4)))), ("d", Delay(delay=np.full(3, 2e-3))),
        ("p", if_neurons(3)), ("out", Output(shape=(3,))),
    )  # fmt: skip
    lowered = lower(network, **SAID)

    assert [node.ticks.tolist() for _, node in lowered.of(DelayLine)] == [[2]]
    assert all(node.delays is None for _, node in lowered.of(Dense))


def test_delays_of_targets_stay_with_the_weights() -> None:
    """A delay for each target cannot move in front of a matrix."""
    network = line(
        ("in", Input(shape=(4,))), ("fc", Linear(weight=np.ones((3, 4)))),
        ("d", Delay(delay=np.array([0, 1e-3, 5e-3]))), ("p", if_neurons(3)), ("out", Output(shape=(3,))),
    )  # fmt: skip
    lowered = lower(network, **SAID)

    assert not list(lowered.of(DelayLine))
    assert [node.delays.tolist() for _, node in lowered.of(Dense) if node.delays is not None] == [[0, 1, 5]]


def test_a_delayed_bias_begins_late() -> None:
    """y(t) = x(t - d): before, there is nothing, the bias neither."""
    network = line(
        ("in", Input(shape=(1,))), ("fc", Affine(weight=np.zeros((2, 1)), bias=np.array([0.5, 0.25]))),
        ("d", Delay(delay=np.array([0, 3e-3]))), ("p", if_neurons(2)), ("out", Output(shape=(2,))),
    )  # fmt: skip
    trace = Floating(lower(network, **SAID)).run(np.zeros((1, 6, 1)))

    assert trace.v["p"][0, :, 0].tolist() == pytest.approx([0.5, 1.0, 0.0, 0.5, 1.0, 0.0])
    assert trace.v["p"][0, :, 1].tolist() == pytest.approx([0, 0, 0, 0.25, 0.5, 0.75])


def test_a_cycle_without_neurons_is_refused() -> None:
    """A linear feedback has no place to keep its sums."""
    network = Network(
        nodes={
            "in": Input(shape=(2,)), "a": Linear(weight=np.eye(2)), "d": Delay(delay=np.full(2, 1e-3)),
            "p": if_neurons(2), "out": Output(shape=(2,)),
        },
        edges=(("a", "d"), ("a", "p"), ("d", "a"), ("in", "a"), ("p", "out")),
    )  # fmt: skip
    with pytest.raises(ConvertError, match="without neurons"):
        lower(network, **SAID)


def test_a_population_beyond_16_bits_is_cut_by_channels() -> None:
    """Its parts have at most 65,535 neurons, and the network does the same."""
    first, second = conv(1, 24, 3, stride=2), conv(24, 2, 3, stride=8)
    shapes = [(1, 200, 66)]
    for node in (first, second):
        shapes.append(node.gives(shapes[-1]))
    network = line(
        ("in", Input(shape=shapes[0])), ("c1", first), ("p1", if_neurons(*shapes[1])), ("c2", second),
        ("p2", if_neurons(*shapes[2])), ("out", Output(shape=shapes[2])),
    )  # fmt: skip
    lowered = lower(network, **SAID)
    whole = lower(network, until="fold_gains", **SAID)
    x = (RNG.random((1, 3, 13200)) < 0.02).astype(float)

    assert [(path, node.size) for path, node in lowered.of(Neurons) if path != "p2"] == [
        ("p1[0]", 63360),
        ("p1[1]", 12672),
    ]
    assert np.allclose(Floating(whole).run(x).v["p2"], Floating(lowered).run(x).v["p2"])
    assert {type(node) for path, node in lowered.nodes.items() if ">" in path} == {Convolution}
    assert sum(p.size for p in convert(network, **SAID).populations) == 76032 + size_of(shapes[2])


def test_flatten_moves_nothing() -> None:
    """Neurons are numbered in C order on both sides."""
    network = line(
        ("in", Input(shape=(2, 3, 4))), ("f", Flatten(shape=None, start=0, end=-1)),
        ("fc", Linear(weight=np.arange(48.0).reshape(2, 24))), ("p", if_neurons(2)), ("out", Output(shape=(2,))),
    )  # fmt: skip
    weights = next(node for _, node in lower(network, **SAID).of(Dense))

    assert np.array_equal(weights.weight.T, np.arange(48.0).reshape(2, 24))
