"""Few bits layer by layer: what rounded layers send is what the next is fitted to."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from benchmarks.instructions.workload import NETWORKS
from benchmarks.lowbits import Case

from spikelet.converters.calibrate import agreement
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network
from spikelet.converters.lowbits import Rounded, round_codes
from spikelet.converters.lowbits_layers import LayerRounder, with_layers
from spikelet.converters.lowbits_moments import columns_of
from spikelet.converters.lowbits_search import Outputs, refine
from spikelet.converters.nodes import Convolution, Dense, Input, Neurons, Node, Output
from spikelet.model import LifChoices, ResetKind, SourceMap, TargetMap


def neurons(n: int, *, fires: bool = True, bias: float = 0.02, reset: ResetKind = ResetKind.SUBTRACT) -> Neurons:
    """Leaky neurons with threshold 1."""
    return Neurons(
        shape=(n,),
        choices=LifChoices(fires=fires, reset_kind=reset if fires else ResetKind.NONE),
        strict=True,
        decay_v=np.full(n, 0.9),
        decay_u=np.ones(n),
        gain=np.ones(n),
        threshold=np.ones(n),
        reset=np.ones(n) if fires and reset is ResetKind.SUBTRACT else np.zeros(n),
        count_by=np.ones(n),
        bias=np.full(n, bias),
        v_min=np.full(n, -np.inf),
        v_init=np.zeros(n),
        offset=np.zeros(n),
    )


def chain(*nodes: Node) -> Network:
    """Nodes one after the other: in, 0, 1, ..., out."""
    size = nodes[0].source_map.size if isinstance(nodes[0], Convolution) else len(nodes[0].weight)  # type: ignore[attr-defined]
    named = {"in": Input(shape=(size,)), **{str(i): node for i, node in enumerate(nodes)}, "out": Output(shape=None)}
    names = list(named)
    return Network(nodes=named, edges=tuple(pairwise(names)))


def events(seed: int, samples: int, size: int) -> dict[str, Any]:
    """Inputs that vary together: each sample has a smooth rate over the sources."""
    generator = np.random.default_rng(seed)
    rate = np.clip(np.cumsum(generator.normal(0, 0.15, (samples, 1, size)), axis=2) + 0.25, 0, 0.9)
    return {"in": (generator.random((samples, 12, size)) < rate).astype(float)}


def two_layers(**how: Any) -> Network:
    """40-24-6 neurons that fire now and then."""
    generator = np.random.default_rng(3)
    first, second = generator.normal(0.02, 0.15, (40, 24)), generator.normal(0.05, 0.25, (24, 6))
    return chain(Dense(weight=first), neurons(24, **how), Dense(weight=second), neurons(6, **how))


def rounded_alone(network: Network, bits: int) -> Network:
    """Every weight to the nearest code, the largest one the highest."""
    nodes = dict(network.nodes)
    for path, node in network.of(Dense):
        size = np.abs(node.weight)
        scale = size.mean(axis=0) if bits == 1 else size.max(axis=0) / (1 if bits == 2 else 2 ** (bits - 1) - 1)
        nodes[path] = replace(node, weight=round_codes(node.weight / scale, bits) * scale)
    return Network(nodes=nodes, edges=network.edges)


def alike(network: Network, other: Network, inputs: Any) -> float:
    """Mean part of equal cells, over the populations."""
    return float(np.mean(list(agreement(network, other, inputs)["spikes_equal"].values())))


@pytest.mark.parametrize("bits", [4, 2, 1])
@pytest.mark.parametrize("reset", [ResetKind.SUBTRACT, ResetKind.SET])
def test_spikes_are_nearer_to_the_float_network_than_with_nearest_codes(bits: int, reset: ResetKind) -> None:
    """On inputs that took no part."""
    network = two_layers(reset=reset)
    rounder = LayerRounder(network, events(1, 150, 40))

    found = with_layers(network, rounder.round({"1": bits, "3": bits}))

    fresh = events(2, 150, 40)
    assert alike(network, found, fresh) > alike(network, rounded_alone(network, bits), fresh)


def test_a_layer_is_fitted_to_what_the_rounded_one_before_it_sends() -> None:
    """Its codes differ from those that it gets alone."""
    network = two_layers()
    rounder = LayerRounder(network, events(1, 100, 40), trials=False)

    alone = rounder.round({"3": 4})["3"]
    behind = rounder.round({"1": 2, "3": 4})["3"]

    assert not np.array_equal(alone.codes["2"].weight, behind.codes["2"].weight)  # type: ignore[arg-type]


def test_bits_are_kept_to_and_results_are_the_same_each_time() -> None:
    """8, 4, 2 and 1; a second rounder, and the same one asked in another order."""
    network, inputs = two_layers(), events(1, 60, 40)
    first, second = LayerRounder(network, inputs), LayerRounder(network, inputs)
    second.round({"1": 1, "3": 8})

    for bits, most in ((8, 127), (4, 8), (2, 1), (1, 1)):
        a, b = (rounder.round({"1": bits, "3": bits}) for rounder in (first, second))
        for path, name in (("1", "0"), ("3", "2")):
            codes = a[path].codes[name].weight
            assert np.max(np.abs(codes)) <= most
            assert bits > 1 or np.all(codes != 0)
            assert codes.tobytes() == b[path].codes[name].weight.tobytes()
            assert a[path].scale.tobytes() == b[path].scale.tobytes()
            assert a[path].bias.tobytes() == b[path].bias.tobytes()


@pytest.mark.parametrize("trials", [False, True])
def test_neurons_without_a_bias_get_none(trials: bool) -> None:
    """A network that rests keeps resting; offset=True says otherwise."""
    network, inputs = two_layers(bias=0.0), events(1, 60, 40)

    plain = LayerRounder(network, inputs, trials=trials).round({"1": 2, "3": 2})
    shifted = LayerRounder(network, inputs, trials=trials, offset=True).round({"1": 2, "3": 2})

    assert not any(layer.bias.any() for layer in plain.values())
    assert all(layer.bias.any() for layer in shifted.values())


@pytest.mark.parametrize("bits", [4, 2, 1])
def test_weights_that_are_exact_stay_and_so_do_biases(bits: int) -> None:
    """The network comes back as it is."""
    generator = np.random.default_rng(5)
    codes = np.where(generator.random((10, 4)) < 0.5, -1.0, 1.0)
    network = chain(Dense(weight=codes * 0.25), neurons(4))

    layer = LayerRounder(network, events(1, 20, 10)).round({"1": bits})["1"]

    np.testing.assert_allclose(layer.codes["0"].weight * layer.scale, codes * 0.25)
    assert np.array_equal(layer.bias, network.nodes["1"].bias)  # type: ignore[attr-defined]


def test_potentials_that_are_compared_share_a_scale() -> None:
    """A readout."""
    network = chain(Dense(weight=np.random.default_rng(1).normal(size=(20, 5))), neurons(5, fires=False))

    layer = LayerRounder(network, events(1, 50, 20), compared=frozenset({"1"})).round({"1": 2})["1"]

    assert len(set(layer.scale.tolist())) == 1
    assert layer.scale.shape == (5,)


@pytest.mark.parametrize("one", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("pool", [(1, 1), (2, 2)])
def test_a_convolution_is_rounded_by_its_patches(groups: int, pool: tuple[int, int], one: bool) -> None:
    """One scale for each channel, and potentials nearer to the float network's than with nearest codes."""
    generator = np.random.default_rng(2)
    weight = generator.normal(0.05, 0.3, (4, 2 // groups, 3, 3))
    source = SourceMap(channels=2, height=12, width=12, planar=True, pool=pool)
    out = 12 // pool[0]
    target = TargetMap(channels=4, height=out, width=out, planar=True, groups=groups, kernel=(3, 3), pad=(1, 1))
    node = Convolution(weight=weight, source_map=source, target_map=target)
    network = chain(node, neurons(4 * out * out, fires=False))
    inputs = events(4, 30, 288)

    compared = frozenset({"1"}) if one else frozenset[str]()
    layer = LayerRounder(network, inputs, compared=compared).round({"1": 2})["1"]

    scale = layer.scale.reshape(4, -1)
    assert np.all(scale == scale[:, :1])
    assert one == (len(np.unique(scale)) == 1)
    assert layer.codes["0"].weight.shape == weight.shape
    size = np.abs(weight).max() if one else np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
    plain = Network(
        nodes={**network.nodes, "0": replace(node, weight=round_codes(weight / size, 2) * size)}, edges=network.edges
    )

    def error(other: Network) -> float:
        pairs = zip(Floating(network).ticks(inputs), Floating(other).ticks(inputs), strict=True)
        return float(np.mean([(a["1"] - b["1"]) ** 2 for a, b in pairs]))

    assert error(with_layers(network, {"1": layer})) < error(plain) / 2


def test_patches_and_weights_give_what_the_convolution_gives() -> None:
    """The matrices of a grouped convolution with stride, and the way back."""
    weight = np.random.default_rng(2).normal(size=(6, 2, 3, 3))
    source = SourceMap(channels=4, height=7, width=5, planar=True)
    target = TargetMap(
        channels=6, height=4, width=3, planar=True, groups=2, kernel=(3, 3), stride=(2, 2), pad=(1, 1)
    )  # fmt: skip
    network = chain(
        Convolution(weight=weight, source_map=source, target_map=target), neurons(72, fires=False, bias=0.0)
    )  # fmt: skip
    columns = columns_of(network, "1")
    assert columns is not None
    x = np.random.default_rng(3).normal(size=(2, 140))

    parts = [
        rows @ matrix for rows, matrix in zip(columns.rows([x]), columns.weights, strict=True)
    ]  # (samples * positions, channels of the group)

    expected = next(Floating(network).ticks({"in": x[:, None]}))["0"].reshape(2, 6, 12)
    found = np.concatenate([part.reshape(2, 12, 3).transpose(0, 2, 1) for part in parts], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.array_equal(columns.split(network, columns.weights)["0"].weight, weight)  # type: ignore[arg-type]


def test_without_data_moments_are_estimated_from_the_weights() -> None:
    """And biases stay."""
    network = two_layers()

    layers = LayerRounder(network, None).round({"1": 4, "3": 4})

    assert alike(network, with_layers(network, layers), events(2, 50, 40)) > 0.8
    assert np.array_equal(layers["1"].bias, network.nodes["1"].bias)  # type: ignore[attr-defined]


def test_only_populations_with_matrices_are_offered() -> None:
    """Others are refused by name."""
    network = two_layers()

    assert LayerRounder(network, None).paths == ("1", "3")
    with pytest.raises(ValueError, match="no weights to round into 7; only 1, 3"):
        LayerRounder(network, None).round({"7": 4})


@pytest.mark.parametrize("bits", [2, 1])
def test_trials_only_bring_outputs_nearer(bits: int) -> None:
    """Counts of the outputs, from codes that are far off."""
    network, generator = two_layers(), np.random.default_rng(7)
    node = network.nodes["3"]
    assert isinstance(node, Neurons)
    given = (generator.random((12, 80, 24)) < 0.3).astype(float)

    def counts(weight: Any, bias: Any) -> Any:
        run = chain(Dense(weight=weight), replace(node, bias=bias))
        return np.sum([values["1"] for values in Floating(run).ticks({"in": given.transpose(1, 0, 2)})], axis=0)

    wanted = counts(network.nodes["2"].weight, node.bias)  # type: ignore[attr-defined]
    start = Rounded(codes=np.where(generator.random((24, 6)) < 0.5, -1, 1).astype(np.int8), scale=np.full(6, 0.2))

    found, bias = refine(node, start, node.bias, Outputs(given=given, counts=wanted), bits=bits, offset=True)

    before, after = (np.mean(c.argmax(axis=1) == wanted.argmax(axis=1)) for c in (
        counts(start.weight, node.bias), counts(found.weight, bias)
    ))  # fmt: skip
    assert after > before
    assert np.max(np.abs(found.codes)) == 1
    assert bits == 2 or np.all(found.codes != 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_digits_lose_little_in_four_bits_and_in_ternary(name: str) -> None:
    """At most 0.7 and 2.5 points of 5,000 held-out digits, with 1,000 images of the training set to round by."""
    case = Case(name, 1000)
    rounder = LayerRounder(case.network, case.inputs)

    for bits, most in ((4, 0.7), (2, 2.5)):
        accuracy, _ = case.measured(with_layers(case.network, rounder.round(dict.fromkeys(rounder.paths, bits))))
        assert case.accuracy - accuracy <= most
