"""Recurrent networks: which edge of a cycle takes a tick is a convention, or said, and never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from paths import data
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network, check, shapes, topological
from spikelet.converters.nodes import DelayLine, Input, Linear, Output
from spikelet.converters.nodes import Identity as Through
from spikelet.converters.pipeline import convert, lower
from spikelet.errors import ConvertError
from spikelet.image import encode
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.nir_networks import affine, chain, graph_of, lif, written

RANDOM = np.random.default_rng(13)
SAID: dict[str, Any] = {"framework": "nir", "dt": 1e-3}
TICKS, N = 60, 4
X = (RANDOM.random((TICKS, 3)) < 0.4).astype(float)
FC = affine(N, 3, seed=11)
REC = nir.Affine(weight=affine(N, N, seed=7).weight, bias=np.array([0.5, -0.5, 0.75, 1.0], np.float32))


def neurons(n: int = N) -> nir.LIF:
    """Half of the membrane stays for a tick."""
    return lif(n, tau=0.002, v_threshold=0.25)


def recurrent(**more: nir.NIRNode) -> nir.NIRGraph:
    """Input, a layer that feeds back to itself through weights with a bias, Output."""
    edges = "input fc, fc lif, lif rec, rec lif, lif output"
    return graph_of(edges, input=3, fc=FC, lif=neurons(), rec=REC, output=N, **more)


def oracle(*, bias_at_once: bool = True, ticks: int = 1) -> Any:
    """Spikes of the recurrent layer, written down tick by tick."""
    v, spikes = np.zeros(N), np.zeros((TICKS, N))
    for t in range(TICKS):
        back = REC.weight @ spikes[t - ticks] + REC.bias if t >= ticks else REC.bias * bias_at_once
        v = v + 0.5 * (FC.weight @ X[t] + FC.bias + back - v)
        spikes[t] = v > 0.25
        v = np.where(spikes[t], 0.0, v)
    return spikes


def spikes_of(file: Path, name: str = "lif", **said: Any) -> Any:
    """Spikes of a float run, the same before and after folding."""
    before = Floating(lower(file, until="discretise", **{**SAID, **said})).run(X[None]).spikes[name][0]
    after = Floating(lower(file, **{**SAID, **said})).run(X[None]).spikes[name][0]
    assert before.tolist() == after.tolist()
    return before


def refused(file: Path, **said: Any) -> str:
    """The message of the refusal."""
    with pytest.raises(ConvertError) as caught:
        lower(file, **{**SAID, **said})
    return str(caught.value)


def test_without_a_rule_conversion_stops_and_lists_what_can_be_said(tmp_path: Path) -> None:
    """NIR does not say where the time on a cycle is: with all other choices, in one message."""
    file = written(tmp_path, recurrent())

    message = refused(file)

    assert "no word about cycle_delay" in message
    assert "cycle_delay='feedback': what a population feeds back to itself takes one tick" in message
    for edge in ("lif->rec", "rec->lif"):
        assert edge in message
    with pytest.raises(ConvertError, match=r"cycle_delay[\s\S]*framework="):
        lower(file)


def test_feedback_takes_one_tick_and_its_bias_none(tmp_path: Path) -> None:
    """What snnTorch, Norse and sinabs do: W z_prev + bias, from the first tick."""
    file = written(tmp_path, recurrent())
    model = convert(file, **SAID, cycle_delay="feedback")

    result = Reference(model).run(X.astype(int), probe=[("lif", Variable.EVENTS)])

    assert oracle().tolist() == spikes_of(file, cycle_delay="feedback").tolist()
    assert oracle().astype(int).tolist() == result.probes["lif", Variable.EVENTS].tolist()
    assert oracle().any()
    assert oracle(bias_at_once=False).tolist() != oracle().tolist()


def test_an_edge_that_is_said_takes_the_tick(tmp_path: Path) -> None:
    """Behind the weights, the bias is late too."""
    file = written(tmp_path, recurrent())

    assert oracle().tolist() == spikes_of(file, cycle_delay="lif->rec").tolist()
    assert oracle(bias_at_once=False).tolist() == spikes_of(file, cycle_delay=" rec -> lif ").tolist()


def test_what_was_chosen_stands_in_the_model_and_gives_it_again(tmp_path: Path) -> None:
    """The record names the edges, also those that a rule chose."""
    file = written(tmp_path, recurrent())

    by_rule = convert(file, **SAID, cycle_delay="feedback")
    by_name = convert(file, **SAID, cycle_delay=["rec->lif"])

    assert by_rule.meta["choices"]["cycle_delay"] == {"cycle_delay": ["feedback: lif->rec"]}
    assert by_name.meta["choices"]["cycle_delay"] == {"cycle_delay": ["rec->lif"]}
    for model in (by_rule, by_name):
        again = convert(file, **SAID, **model.meta["choices"]["cycle_delay"])
        assert encode(model) == encode(again)


def test_a_delay_of_the_file_on_the_cycle_needs_no_rule(tmp_path: Path) -> None:
    """At least a tick for every neuron; one without leaves a cycle that takes no time."""
    wait = nir.Delay(np.full(N, 0.002, np.float32))
    edges = "input fc, fc lif, lif wait, wait rec, rec lif, lif output"
    graph = graph_of(edges, input=3, fc=FC, lif=neurons(), wait=wait, rec=REC, output=N)
    file = written(tmp_path, graph)
    assert oracle(ticks=2).tolist() == spikes_of(file).tolist()
    assert "cycle_delay" not in lower(file, **SAID).meta["choices"]

    graph.nodes["wait"] = nir.Delay(np.array([0.002, 0, 0.002, 0.002], np.float32))

    assert "cycle_delay" in refused(written(tmp_path, graph))


def pair() -> nir.NIRGraph:
    """Two populations that feed each other, and the first itself."""
    return graph_of(
        "input fc, fc a, a ab, ab b, b ba, ba a, a aa, aa a, b output",
        input=3, fc=FC, a=neurons(), b=neurons(3), ab=affine(3, N, seed=1), ba=affine(N, 3, seed=2), aa=REC, output=3,
    )  # fmt: skip


def test_a_cycle_through_two_populations_needs_its_edge_said(tmp_path: Path) -> None:
    """The framework's rule is about one population alone: the rest is named, with the edges that can be said."""
    file = written(tmp_path, pair())

    message = refused(file, cycle_delay="feedback")

    assert "a cycle that takes no time" in message
    for edge in ("a->ab", "ab->b", "b->ba", "ba->a"):
        assert edge in message
    assert "aa->a" not in message


def test_rules_and_edges_can_be_said_together(tmp_path: Path) -> None:
    """As a list or with commas, as on the command line; against loops."""
    file = written(tmp_path, pair())
    ab, ba = (pair().nodes[name] for name in ("ab", "ba"))
    va, vb, a, b = np.zeros(N), np.zeros(3), np.zeros((TICKS, N)), np.zeros((TICKS, 3))
    for t in range(TICKS):
        za, zb = (a[t - 1], b[t - 1]) if t else (np.zeros(N), np.zeros(3))
        back = REC.weight @ za + REC.bias + ba.weight @ zb + ba.bias
        va = va + 0.5 * (FC.weight @ X[t] + FC.bias + back - va)
        a[t] = va > 0.25
        va = np.where(a[t], 0.0, va)
        vb = vb + 0.5 * (ab.weight @ a[t] + ab.bias - vb)
        b[t] = vb > 0.25
        vb = np.where(b[t], 0.0, vb)

    for said in ("feedback, b->ba", ["b->ba", "feedback"], "a->aa,b -> ba"):
        assert a.tolist() == spikes_of(file, "a", cycle_delay=said).tolist()
        assert b.tolist() == spikes_of(file, "b", cycle_delay=said).tolist()
    assert a.any()
    assert b.any()


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("rec->fc", ("'rec->fc', which is no edge", "lif->rec, rec->lif")),
        ("input->fc", ("'input->fc', which is not on a cycle", "lif->rec, rec->lif")),
        (["lif->rec", "nothing"], ("'nothing', which is no edge",)),
    ],
)
def test_an_edge_that_is_on_no_cycle_is_refused(said: Any, parts: tuple[str, ...], tmp_path: Path) -> None:
    """With those that are."""
    message = refused(written(tmp_path, recurrent()), cycle_delay=said)

    for part in parts:
        assert part in message


def test_an_edge_said_for_a_network_without_cycles_is_refused(tmp_path: Path) -> None:
    """A rule is not: it has nothing to do."""
    file = written(tmp_path, chain(FC, neurons(), n_in=3, n_out=N))

    assert "there are none" in refused(file, cycle_delay="0->1")
    assert "cycle_delay" not in lower(file, **SAID, cycle_delay="feedback").meta["choices"]


def test_a_cycle_of_weights_alone_is_refused_by_its_name(tmp_path: Path) -> None:
    """No population on it feeds anything back."""
    edges = "input fc, fc w, w w2, w2 w, w lif, lif output"
    graph = graph_of(edges, input=3, fc=FC, w=REC, w2=affine(N, N, seed=3), lif=neurons(), output=N)

    message = refused(written(tmp_path, graph), cycle_delay="feedback")

    assert "w -> w2 -> w" in message or "w2 -> w -> w2" in message


def test_recurrence_in_and_around_a_graph_inside_is_the_same_as_a_flat_one(tmp_path: Path) -> None:
    """The cycle inside one graph, and one that leads through it."""
    edges = "input lif, lif rec, rec lif, lif output"
    inside = graph_of(edges, input=N, lif=neurons(), rec=REC, output=N)
    layer = graph_of("input lif, lif output", input=N, lif=neurons(), output=N)
    for folder, graph, rule in (
        ("in", graph_of("input fc, fc net, net output", input=3, fc=FC, net=inside, output=N), "net.lif->net.rec"),
        ("around", graph_of("input fc, fc net, net rec, rec net, net output", input=3, fc=FC, net=layer, rec=REC,
                            output=N), "net.lif->net.output"),
    ):  # fmt: skip
        (tmp_path / folder).mkdir()
        file = written(tmp_path / folder, graph)

        assert oracle().tolist() == spikes_of(file, "net.lif", cycle_delay="feedback").tolist()
        record = lower(file, **SAID, cycle_delay="feedback").meta["choices"]["cycle_delay"]
        assert record == {"cycle_delay": [f"feedback: {rule}"]}


def test_neurons_that_fire_one_tick_late_have_spent_the_tick_of_their_feedback(tmp_path: Path) -> None:
    """spyx's RLIF: z = v > threshold before the update; x + W z, the same z, and z leaves."""
    file = written(tmp_path, recurrent())
    v, emitted = np.zeros(N), np.zeros((TICKS, N))
    for t in range(TICKS):
        emitted[t] = v > 0.25
        v = np.where(emitted[t], 0.0, v)
        v = v + 0.5 * (FC.weight @ X[t] + FC.bias + REC.weight @ emitted[t] + REC.bias - v)
    said = {"fire_time": "next", "reset": "zero", "reset_place": "before_leak", "cycle_delay": "feedback"}

    for until in ("discretise", ""):
        outputs = Floating(lower(file, until=until, **SAID, **said)).run(X[None]).outputs["output"][0]
        assert emitted.tolist() == outputs.tolist()
    assert emitted.any()


def test_neurons_that_would_fire_before_the_first_tick_cannot_be_moved(tmp_path: Path) -> None:
    """A threshold below 0 makes a spike of the initial state, which there is no tick for."""
    graph = recurrent()
    graph.nodes["lif"].v_threshold = np.full(N, -0.5, np.float32)

    message = refused(written(tmp_path, graph), fire_time="next", reset_place="before_leak", cycle_delay="feedback")

    assert "lif: v_threshold" in message


def test_recurrent_layers_of_snntorch_have_a_reset_of_their_own(tmp_path: Path) -> None:
    """RLeaky's reset to zero swallows the input, Leaky's does not: two groups of conventions, both in the record."""
    one = {"tau": 1e-3, "r": 10.0}
    graph = graph_of(
        "input fc, fc a, a rec, rec a, a head, head b, b output",
        input=3, fc=FC, a=lif(N, **one), rec=REC, head=affine(2, N), b=lif(2, **one), output=2,
    )  # fmt: skip

    lowered = lower(written(tmp_path, graph), framework="snntorch", reset="zero", until="discretise")

    assert not lowered.nodes["a"].choices.reset_before_leak  # type: ignore[attr-defined]
    assert lowered.nodes["b"].choices.reset_before_leak  # type: ignore[attr-defined]
    choices = lowered.meta["choices"]
    assert choices["recurrent LIF"]["reset_place"] == "after_sum"
    assert choices["LIF"]["reset_place"] == "before_leak"
    assert choices["cycle_delay"] == {"cycle_delay": ["feedback: a->rec"]}


@pytest.mark.parametrize("framework", ["snntorch", "norse", "sinabs", "rockpool", "spyx"])
def test_frameworks_whose_recurrence_was_measured_need_nothing_said(framework: str, tmp_path: Path) -> None:
    """z_prev in snnTorch, Norse, sinabs and Rockpool; z in spyx, which fires late."""
    values = {"tau": 10.0, "r": 0.9} if framework == "spyx" else {"tau": 1.0, "r": 1.0}
    node: nir.NIRNode = lif(N, **values)
    if framework == "rockpool":
        fields = {"tau_mem": 0.01, "tau_syn": 0.005, "r": 9.0, "v_leak": 0, "w_in": 1, "v_threshold": 1, "v_reset": 0}
        node = nir.CubaLIF(**{name: np.full(N, value) for name, value in fields.items()})
    if framework == "snntorch":
        node = lif(N, tau=1e-3, r=10.0)
    graph = recurrent()
    graph.nodes["lif"] = node
    dt = {"dt": 0.5, "file_dt": 1.0} if framework == "norse" else {}

    lowered = lower(written(tmp_path, graph), framework=framework, defaults=True, **dt)

    assert lowered.meta["choices"]["cycle_delay"] == {"cycle_delay": ["feedback: lif->rec"]}


def test_the_braille_network_of_the_nir_paper_runs_as_rsynaptic_does() -> None:
    """A real recurrent file (snnTorch RSynaptic, all to all, reset subtract) against its equations: all spikes."""
    file = data("nir/braille_noDelay_noBias_subtract.nir")
    said: dict[str, Any] = {"framework": "snntorch", "reset": "subtract"}
    nodes = nir.read(file, type_check=False).nodes
    x = (np.random.default_rng(0).random((256, 12)) < 0.2).astype(float)
    fc1, fc2, rec = (nodes[name].weight.astype(float) for name in ("fc1", "fc2", "lif1.w_rec"))
    layers, states = [], {}
    for name, n in (("lif1.lif", 40), ("lif2", 7)):
        node = nodes[name]
        layers.append((name, 1 - 1 / node.w_in, 1 - 1 / node.r, node.v_threshold))
        states[name] = (np.zeros(n), np.zeros(n))
    spikes: dict[str, list[Any]] = {"lif1.lif": [], "lif2": []}
    for row in x:
        before = spikes["lif1.lif"][-1] if spikes["lif1.lif"] else np.zeros(40)
        given = fc1 @ row + rec @ before
        for name, alpha, beta, threshold in layers:
            i, v = states[name]
            reset = v > threshold
            i = alpha * i + given
            v = beta * v + i - reset * threshold
            states[name] = (i, v)
            spikes[name].append((v > threshold).astype(float))
            given = fc2 @ spikes[name][-1] if name == "lif1.lif" else given

    model = convert(file, **said)
    trace = Floating(lower(file, **said)).run(x[None])

    for name, found in spikes.items():
        assert np.array(found).tolist() == trace.spikes[name][0].tolist()
    assert [population.name for population in model.populations] == ["lif1.lif", "lif2"]
    assert model.meta["choices"]["cycle_delay"] == {"cycle_delay": ["feedback: lif1.lif->lif1.w_rec"]}


def test_shapes_are_found_and_checked_around_cycles(tmp_path: Path) -> None:
    """What enters a cycle, or a node that knows its own shape, tells the rest; an edge that does not fit is refused."""
    nodes = {"in": Input(shape=(2,)), "a": Through(), "w": Linear(weight=np.ones((2, 2))), "out": Output(shape=None)}
    edges = (("in", "a"), ("a", "w"), ("w", "a"), ("a", "out"))
    graph = recurrent()
    graph.nodes["rec"] = affine(N, N + 1)

    assert shapes(Network(nodes=nodes, edges=edges), "test") == {"in": (2,), "a": (2,), "w": (2,), "out": (2,)}
    assert "rec: shape: found an input of shape (4,) where (5,) is needed" in refused(
        written(tmp_path, graph), cycle_delay="feedback"
    )
    with pytest.raises(ConvertError, match="a: edges: found a cycle that no Input leads to"):
        check(
            Network(nodes={**nodes, "b": Through()}, edges=(("in", "out"), ("a", "b"), ("b", "a"), ("a", "w"))), "test"
        )


def test_the_order_of_a_network_with_delays_on_its_cycles_puts_them_first() -> None:
    """Lines of at least a tick need no input before they give; others do."""
    nodes = {
        "in": Input(shape=(1,)),
        "a": Through(),
        "line": DelayLine(ticks=np.array([1])),
        "b": Through(),
        "out": Output(shape=None),
    }
    edges = (("in", "a"), ("a", "line"), ("line", "b"), ("b", "a"), ("a", "out"))

    assert topological(Network(nodes=nodes, edges=edges)) == ["in", "line", "b", "a", "out"]
    with pytest.raises(ConvertError, match=r"b -> a -> line -> b|line -> b -> a -> line|a -> line -> b -> a"):
        topological(Network(nodes={**nodes, "line": DelayLine(ticks=np.array([0]))}, edges=edges))
