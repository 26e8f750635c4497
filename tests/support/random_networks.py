"""Random float networks of every node, as a file would hold them, and the choices that go with them.

Small, active, and of any mix: maps and vectors, one and two axes, branches and merges, graphs in graphs,
cycles, delays, all neuron kinds with all conventions. The same seed gives the same network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikelet.converters.graph import Network
from spikelet.converters.nodes import (
    IF,
    LI,
    LIF,
    Affine,
    Conv,
    CubaLI,
    CubaLIF,
    Delay,
    Flatten,
    Graph,
    Input,
    Integrator,
    Linear,
    Node,
    Output,
    Pool,
    Scale,
    Shape,
    Threshold,
    size_of,
)

__all__ = ["DT", "Made", "random_network"]

#: The tick of all random networks [s].
DT = 1e-3
#: Most neurons of a population, so that thousands of networks take minutes.
_MOST = 240
Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Made:
    """A network, and the keywords of convert() that say what its file leaves open."""

    network: Network
    said: dict[str, Any]


@dataclass
class _Draft:
    """A network as it grows."""

    rng: Rng
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    n: int = 0

    def flag(self, chance: float = 0.5) -> bool:
        return bool(self.rng.random() < chance)

    def pick(self, values: list[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def add(self, kind: str, node: Node, *sources: str) -> str:
        """A node with a name that says its kind."""
        path = f"{kind}{self.n}"
        self.n += 1
        self.nodes[path] = node
        self.edges += [(source, path) for source in sources]
        return path


def random_network(seed: int) -> Made:
    """A network of one to four populations."""
    rng = np.random.default_rng(seed)
    draft = _Draft(rng)
    said = _conventions(draft)
    ends: list[tuple[str, Shape]] = []
    for _ in range(2 if draft.flag(0.15) else 1):
        shape = _input_shape(draft)
        ends.append((draft.add("input", Input(shape=shape)), shape))
    path, shape = _merged_inputs(draft, ends)
    firing = [(path, shape)]
    for layer in range(int(rng.integers(1, 4))):
        path, shape = _layer(draft, path, shape, firing, said)
        firing.append((path, shape))
        if layer and draft.flag(0.1):
            draft.add("output", Output(shape=shape), path)
    path, shape = _last(draft, path, shape, said)
    draft.add("output", Output(shape=shape), path)
    network = Network(nodes=draft.nodes, edges=tuple(sorted(set(draft.edges))))
    return Made(network=_nested(draft, network), said=said)


def _conventions(draft: _Draft) -> dict[str, Any]:
    """Every choice of docs/explanation/conventions.md."""
    reset = draft.pick(["zero", "v_reset", "subtract", "none"])
    fire_time = draft.pick(["now", "now", "now", "next"])
    return {
        "dt": DT,
        "comparison": draft.pick([">", ">="]),
        "reset": reset,
        "reset_time": draft.pick(["now", "next"]),
        "reset_place": draft.pick(["before_leak", "after_sum"]),
        "fire_time": fire_time,
        "several": draft.flag(0.3),
        "u_order": draft.pick(["decay_add_use", "add_decay_use", "add_use_decay", "use_decay_add"]),
        "input_place": draft.pick(["after_leak", "before_leak"]),
        "decay": draft.pick(["euler", "exp"]),
        "v_gain": draft.pick(["one", "r", "norm"]),
        "u_gain": draft.pick(["one", "w_in"]),
        "v_init": draft.pick(["zero", "v_leak"]),
        "v_min": draft.pick(["none", "none", "-threshold"]),
        "cycle_delay": "feedback",
    }


def _input_shape(draft: _Draft) -> Shape:
    rng = draft.rng
    return draft.pick(
        [
            (int(rng.integers(4, 40)),),
            (int(rng.integers(1, 4)), int(rng.integers(5, 14))),
            (int(rng.integers(1, 4)), int(rng.integers(4, 9)), int(rng.integers(4, 9))),
            (2, 8, 8),
        ]
    )


def _merged_inputs(draft: _Draft, ends: list[tuple[str, Shape]]) -> tuple[str, Shape]:
    """One input as it is; two through a matrix each, into neurons."""
    if len(ends) == 1:
        return ends[0]
    n = int(draft.rng.integers(6, 24))
    parts = [_linear(draft, _flat(draft, path, shape), size_of(shape), n) for path, shape in ends]
    return draft.add("if", IF(r=_full((n,), 1 / DT), v_threshold=_full((n,), 1.0), v_reset=np.zeros(n)), *parts), (n,)


def _full(shape: Shape, value: float) -> np.ndarray:
    return np.full(shape, value)


def _flat(draft: _Draft, path: str, shape: Shape) -> str:
    if len(shape) == 1:
        return path
    return draft.add("flatten", Flatten(shape=shape, start=0, end=-1), path)


def _weights(draft: _Draft, shape: Shape, fan_in: int) -> np.ndarray:
    """More up than down, so that networks stay active; sometimes few, sometimes coarse."""
    rng = draft.rng
    weight = rng.normal(0.35, 1.0, shape) * 1.6 / np.sqrt(max(fan_in, 1))
    if draft.flag(0.2):
        weight[rng.random(shape) < 0.9] = 0.0
    if draft.flag(0.1):
        weight = np.rint(weight * 8) / 8
    return weight


def _linear(draft: _Draft, path: str, n_in: int, n_out: int) -> str:
    weight = _weights(draft, (n_out, n_in), n_in)
    if draft.flag():
        return draft.add("linear", Linear(weight=weight), path)
    return draft.add("affine", Affine(weight=weight, bias=draft.rng.normal(0, 0.05, n_out)), path)


def _conv(draft: _Draft, path: str, shape: Shape) -> tuple[str, Shape]:
    rng = draft.rng
    channels, axes = shape[0], shape[1:]
    groups = channels if draft.flag(0.2) else 1
    n_out = groups * int(rng.integers(1, 3)) if groups > 1 else int(rng.integers(1, 6))
    kernel = tuple(int(rng.integers(1, min(5, size) + 1)) for size in axes)
    stride = tuple(int(rng.integers(1, 3)) for _ in axes)
    room = [(size - 1) // (k - 1) if k > 1 else 3 for size, k in zip(axes, kernel, strict=True)]
    dilation = tuple(min(2, r) if draft.flag(0.2) else 1 for r in room)
    same = draft.flag(0.3)
    padding = []
    for k, d in zip(kernel, dilation, strict=True):
        total = d * (k - 1)
        before = total // 2 if same else int(rng.integers(0, 3))
        padding.append((before, total - before if same else before))
    if same:
        stride = tuple(1 for _ in axes)
    node = Conv(
        weight=_weights(draft, (n_out, channels // groups, *kernel), channels // groups * size_of(kernel)),
        bias=rng.normal(0, 0.05, n_out) if draft.flag() else np.zeros(n_out),
        stride=stride,
        padding=tuple(padding),
        dilation=dilation,
        groups=groups,
        input_shape=axes if draft.flag() else None,
    )
    out = node.gives(shape)
    if size_of(out) > _MOST:
        return path, shape
    return draft.add("conv", node, path), out


def _pool(draft: _Draft, path: str, shape: Shape) -> tuple[str, Shape]:
    rng = draft.rng
    kernel = tuple(int(rng.integers(1, min(3, size) + 1)) for size in shape[1:])
    usual = draft.flag(0.7)
    stride = kernel if usual else tuple(int(rng.integers(1, 3)) for _ in kernel)
    padding = (0, 0) if usual or min(kernel) < 2 else (1, 1)
    node = Pool(kernel=kernel, stride=stride, padding=padding, average=draft.flag())  # type: ignore[arg-type]
    return draft.add("pool", node, path), node.gives(shape)


def _scale(draft: _Draft, path: str, shape: Shape) -> str:
    scale = draft.rng.uniform(0.7, 1.5, shape)
    if len(shape) > 1 and draft.flag():
        scale = np.broadcast_to(scale.reshape(shape[0], -1)[:, :1], (shape[0], size_of(shape[1:]))).reshape(shape)
    return draft.add("scale", Scale(scale=np.array(scale)), path)


def _delay(draft: _Draft, path: str, shape: Shape, least: int = 0) -> str:
    ticks = draft.rng.integers(least, least + 5, shape if draft.flag() else (1,) * len(shape))
    return draft.add("delay", Delay(delay=np.broadcast_to(ticks, shape) * DT), path)


def _layer(
    draft: _Draft, path: str, shape: Shape, firing: list[tuple[str, Shape]], said: dict[str, Any]
) -> tuple[str, Shape]:
    """Linear nodes and neurons; now and then a second branch, a delay, a way back."""
    before = path
    if draft.flag(0.15):
        path = _delay(draft, path, shape)
    if len(shape) == 3 and draft.flag(0.4):
        path, shape = _pool(draft, path, shape)
    if len(shape) > 1 and draft.flag(0.75):
        path, shape = _conv(draft, path, shape)
        if len(shape) == 3 and draft.flag(0.25):
            path, shape = _pool(draft, path, shape)
    if path == before or (len(shape) == 1 and draft.flag()):
        n = int(draft.rng.integers(3, 30))
        path, shape = _linear(draft, _flat(draft, path, shape), size_of(shape), n), (n,)
    if draft.flag(0.15):
        path = _scale(draft, path, shape)
    if draft.flag(0.12):
        path = _delay(draft, path, shape)
    sources = [path]
    if draft.flag(0.2):
        sources.append(_branch(draft, firing, shape))
    neurons = draft.add(*_neurons(draft, shape, said), *sources)
    if draft.flag(0.3):
        _back(draft, neurons, shape)
    return neurons, shape


def _branch(draft: _Draft, firing: list[tuple[str, Shape]], shape: Shape) -> str:
    """A second way to a layer: past others, or, for a map, from one of its shape or an input of its own."""
    if len(shape) == 1:
        source, given = draft.pick(firing)
        return _linear(draft, _flat(draft, source, given), size_of(given), size_of(shape))
    same = [path for path, known in firing if known == shape]
    return _scale(draft, draft.pick(same) if same else draft.add("input", Input(shape=shape)), shape)


def _back(draft: _Draft, neurons: str, shape: Shape) -> None:
    """A cycle: through a matrix, a factor for each neuron, or a convolution, sometimes with a delay of its own."""
    path = neurons
    if draft.flag(0.3):
        path = _delay(draft, path, shape, least=1)
    if len(shape) == 1 and draft.flag(0.7):
        n = shape[0]
        path = draft.add("recurrent", Linear(weight=draft.rng.normal(-0.1, 0.5, (n, n)) / np.sqrt(n)), path)
    else:
        path = draft.add("recurrent", Scale(scale=draft.rng.normal(-0.1, 0.3, shape)), path)
    draft.edges.append((path, neurons))


def _values(draft: _Draft, shape: Shape, low: float, high: float) -> np.ndarray:
    if draft.flag():
        return np.full(shape, draft.rng.uniform(low, high))
    return draft.rng.uniform(low, high, shape)


def _neurons(draft: _Draft, shape: Shape, said: dict[str, Any]) -> tuple[str, Node]:
    """Neurons that fire, with time constants of a few ticks."""
    ticks = lambda low, high: _values(draft, shape, low, high) * DT  # noqa: E731
    threshold = _values(draft, shape, 0.6, 1.4)
    leak = _values(draft, shape, -0.2, 0.2) if draft.flag(0.3) else np.zeros(shape)
    reset = _values(draft, shape, -0.3, 0.2) if draft.flag() else np.zeros(shape)
    r = _values(draft, shape, 2.0, 6.0) if said["v_gain"] == "r" else np.ones(shape)
    w_in = _values(draft, shape, 1.0, 3.0)
    makers: list[Callable[[], tuple[str, Node]]] = [
        lambda: ("if", IF(r=np.full(shape, 1 / DT), v_threshold=threshold, v_reset=reset)),
        lambda: ("lif", LIF(tau=ticks(2, 30), r=r, v_leak=leak, v_threshold=threshold, v_reset=reset)),
        lambda: (
            "cubalif",
            CubaLIF(
                tau_syn=ticks(1.5, 10), tau_mem=ticks(2, 30), r=r, v_leak=leak, w_in=w_in,
                v_threshold=threshold, v_reset=reset,
            ),
        ),
        lambda: ("threshold", Threshold(threshold=threshold)),
    ]  # fmt: skip
    return draft.pick([makers[0], *makers[:3], makers[3]])()


def _last(draft: _Draft, path: str, shape: Shape, said: dict[str, Any]) -> tuple[str, Shape]:
    """The end: spikes, potentials of a readout, or a linear layer."""
    end = draft.pick(["spikes", "spikes", "li", "cubali", "i", "linear", "li threshold"])
    if end == "spikes":
        return path, shape
    n = int(draft.rng.integers(2, 9))
    path, shape = _linear(draft, _flat(draft, path, shape), size_of(shape), n), (n,)
    ticks = lambda low, high: _values(draft, shape, low, high) * DT  # noqa: E731
    if end in ("li", "li threshold"):
        path = draft.add("li", LI(tau=ticks(2, 20), r=np.full(n, 2.0), v_leak=np.zeros(n)), path)
    elif end == "cubali":
        path = draft.add(
            "cubali",
            CubaLI(tau_syn=ticks(2, 9), tau_mem=ticks(2, 20), r=np.full(n, 2.0), v_leak=np.zeros(n), w_in=np.ones(n)),
            path,
        )
    elif end == "i":
        path = draft.add("i", Integrator(r=np.full(n, 1 / DT)), path)
    if end == "li threshold":
        path = draft.add("threshold", Threshold(threshold=_values(draft, shape, 0.4, 0.9)), path)
    del said
    return path, shape


def _nested(draft: _Draft, network: Network) -> Network:
    """Now and then one neuron node, with its input and way back, goes into a graph of its own."""
    inside = [path for path in network.nodes if path.startswith(("lif", "cubalif"))]
    if not inside or not draft.flag(0.25):
        return network
    path = draft.pick(inside)
    back = [a for a, b in network.edges if b == path and a.startswith("recurrent") and (path, a) in network.edges]
    members = {path, *back}
    inner = {name: network.nodes[name] for name in sorted(members)}
    shape = network.nodes[path].takes()
    inner |= {"input": Input(shape=shape or ()), "output": Output(shape=shape)}
    own = [edge for edge in network.edges if set(edge) <= members]
    graph = Graph(
        network=Network(nodes=inner, edges=tuple(sorted([*own, ("input", path), (path, "output")])))
    )  # fmt: skip
    outer = {name: node for name, node in network.nodes.items() if name not in members}
    name = f"graph{draft.n}"
    renamed = [
        (name if a in members else a, name if b in members else b) for a, b in network.edges if not {a, b} <= members
    ]
    return Network(nodes={**outer, name: graph}, edges=tuple(sorted(set(renamed))))
