"""Makes tests/golden/nir/: small networks exported by their framework, and what the framework makes of random input.

    python tests/golden/make_nir.py FRAMEWORK

needs the framework named (snntorch, spikingjelly, norse, sinabs, rockpool or spyx) and nir. Making
the files again gives the same arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent / "nir"
TICKS, INPUTS, HIDDEN, OUTPUTS = 60, 12, 16, 5
Array = npt.NDArray[np.float32]
#: What a framework gave: the graph, then by layer spikes and (where it keeps them) potentials, (ticks, size).
Made = tuple[nir.NIRGraph, dict[str, Array]]


def weights(case: str) -> tuple[Array, Array, Array, Array, Array]:
    """Input and weights of a case, the same for each run and machine.

    Weights are multiples of 1/64 that 8 bits hold, so that conversion loses nothing of them.
    """
    generator = np.random.default_rng(sum(case.encode()))
    x = (generator.random((TICKS, INPUTS)) < 0.3).astype(np.float32)
    first = on_grid(generator.normal(0.15, 0.45, (HIDDEN, INPUTS)))
    second = on_grid(generator.normal(0.1, 0.5, (OUTPUTS, HIDDEN)))
    biases = on_grid(generator.normal(0.03, 0.05, HIDDEN + OUTPUTS))
    return x, first, biases[:HIDDEN], second, biases[HIDDEN:]


def on_grid(values: npt.NDArray[np.float64]) -> Array:
    """Multiples of 1/64."""
    return (np.clip(np.rint(values * 64), -127, 127) / 64).astype(np.float32)


def per_neuron(case: str, n: int, low: float, high: float) -> Array:
    """A parameter for each neuron."""
    return np.random.default_rng(sum(case.encode()) + n).uniform(low, high, n).astype(np.float32)


def linears(case: str) -> tuple[Any, Any, Any]:
    """Input and two torch Linear layers."""
    import torch

    x, w1, b1, w2, b2 = weights(case)
    layers = []
    for w, b in ((w1, b1), (w2, b2)):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
        layers.append(layer)
    return torch.tensor(x), layers[0], layers[1]


def snntorch_cases() -> Iterator[tuple[str, Made]]:
    """Leaky and Synaptic with each kind of reset, delayed as is the default."""
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    def neuron(case: str, n: int, reset: str) -> Any:
        beta = torch.tensor(per_neuron(case, n, 0.7, 0.95))
        one = {"threshold": torch.ones(n), "reset_mechanism": reset, "init_hidden": True}
        if "synaptic" in case:
            return snn.Synaptic(alpha=torch.tensor(per_neuron(case + "a", n, 0.4, 0.8)), beta=beta, **one)
        return snn.Leaky(beta=beta, **one)

    for kind in ("leaky", "synaptic"):
        for reset in ("zero", "subtract", "none"):
            case = f"snntorch_{kind}_{reset}"
            x, fc1, fc2 = linears(case)
            a, b = neuron(case, HIDDEN, reset), neuron(case, OUTPUTS, reset)
            net = torch.nn.Sequential(fc1, a, fc2, b)
            graph = export_to_nir(net, x[:1], ignore_dims=[0])
            for layer in (a, b):
                layer.reset_mem()
            rows = []
            for t in range(TICKS):
                z1 = a(fc1(x[t : t + 1]))
                z2 = b(fc2(z1))
                rows.append([z1, z2, a.mem, b.mem])
            yield case, (graph, collect(rows))

    yield from snntorch_recurrent()
    yield snntorch_conv()


def snntorch_recurrent() -> Iterator[tuple[str, Made]]:
    """RLeaky and RSynaptic, all to all (with bias) and one to one, before a layer without recurrence."""
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    for kind, wiring, reset in (
        ("rleaky", "all", "zero"),
        ("rleaky", "all", "subtract"),
        ("rleaky", "one", "subtract"),
        ("rsynaptic", "all", "subtract"),
        ("rsynaptic", "one", "zero"),
    ):
        case = f"snntorch_{kind}_{wiring}_{reset}"
        x, fc1, fc2 = linears(case)
        generator = np.random.default_rng(sum(case.encode()) + 1)
        decays = {"beta": torch.tensor(per_neuron(case, HIDDEN, 0.7, 0.95))}
        if kind == "rsynaptic":
            decays["alpha"] = torch.tensor(per_neuron(case + "a", HIDDEN, 0.4, 0.8))
        back = on_grid(generator.normal(-0.05, 0.3, (HIDDEN, HIDDEN) if wiring == "all" else HIDDEN))
        feeds: dict[str, Any] = {"all_to_all": True, "linear_features": HIDDEN}
        if wiring == "one":
            feeds = {"all_to_all": False, "V": torch.tensor(back)}
        one = {"reset_mechanism": reset, "init_hidden": True}
        layer = {"rleaky": snn.RLeaky, "rsynaptic": snn.RSynaptic}[kind]
        a = layer(**decays, **feeds, **one, threshold=torch.ones(HIDDEN))
        if wiring == "all":
            a.recurrent.weight.data = torch.tensor(back)
            a.recurrent.bias.data = torch.tensor(on_grid(generator.normal(0.05, 0.05, HIDDEN)))
        b = snn.Leaky(beta=torch.tensor(per_neuron(case, OUTPUTS, 0.7, 0.95)), threshold=torch.ones(OUTPUTS), **one)
        graph = export_to_nir(torch.nn.Sequential(fc1, a, fc2, b), x[:1], ignore_dims=[0])
        for layer in (a, b):
            layer.reset_mem()
        rows = []
        for t in range(TICKS):
            z1 = a(fc1(x[t : t + 1]))
            z2 = b(fc2(z1))
            rows.append([z1, z2, a.mem, b.mem])
        yield case, (graph, collect(rows))


def images(case: str) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Input of two channels of 8 x 8, weights and biases of two convolutions, weights of a last layer."""
    generator = np.random.default_rng(sum(case.encode()))
    x = (generator.random((TICKS, 2, 8, 8)) < 0.15).astype(np.float32)
    first = on_grid(generator.normal(0.15, 0.4, (4, 2, 3, 3)))
    second = on_grid(generator.normal(0.1, 0.4, (6, 2, 3, 3)))
    biases = on_grid(generator.normal(0.0, 0.05, 10))
    return x, first, biases[:4], second, biases[4:], on_grid(generator.normal(0.1, 0.3, (OUTPUTS, 24)))


def convolutions(case: str) -> tuple[Any, list[Any]]:
    """Input, two torch convolutions (the second with stride and groups) and a Linear layer."""
    import torch

    x, w1, b1, w2, b2, w3 = images(case)
    layers: list[Any] = [
        torch.nn.Conv2d(2, 4, 3, padding=1),
        torch.nn.Conv2d(4, 6, 3, stride=2, padding=(1, 1), groups=2),
        torch.nn.Linear(24, OUTPUTS, bias=False),
    ]
    for layer, w, b in zip(layers, (w1, w2, w3), (b1, b2, None), strict=True):
        layer.weight.data = torch.tensor(w)
        if b is not None:
            layer.bias.data = torch.tensor(b)
    return torch.tensor(x), layers


def snntorch_conv() -> tuple[str, Made]:
    """Leaky layers of images, with average pooling in between."""
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    case = "snntorch_conv"
    x, (conv1, conv2, fc) = convolutions(case)
    shapes = ((4, 8, 8), (6, 2, 2), (OUTPUTS,))
    neurons = [
        snn.Leaky(
            beta=torch.tensor(per_neuron(case, int(np.prod(shape)), 0.7, 0.95)).reshape(shape),
            threshold=torch.ones(shape),
            reset_mechanism="subtract",
            init_hidden=True,
        )
        for shape in shapes
    ]
    pool, flat = torch.nn.AvgPool2d(2), torch.nn.Flatten()
    net = torch.nn.Sequential(conv1, neurons[0], pool, conv2, neurons[1], flat, fc, neurons[2])
    graph = export_to_nir(net, x[:1], ignore_dims=[0])
    for layer in neurons:
        layer.reset_mem()
    rows = []
    for t in range(TICKS):
        z1 = neurons[0](conv1(x[t : t + 1]))
        z2 = neurons[1](conv2(pool(z1)))
        z3 = neurons[2](fc(flat(z2)))
        rows.append([z1, z2, z3, *(layer.mem for layer in neurons)])
    return case, (graph, {**collect(rows), "x": x.reshape(TICKS, -1).numpy()})


def spikingjelly_cases() -> Iterator[tuple[str, Made]]:
    """All neurons that its exporter knows; hard reset is all that it can write."""
    import torch
    from spikingjelly.activation_based import functional, neuron
    from spikingjelly.activation_based.nir_exchange import to_nir

    kinds: dict[str, Callable[[], Any]] = {
        "lif_input": lambda: neuron.LIFNode(tau=4.0, decay_input=True, v_reset=0.0, v_threshold=0.3),
        "lif_v_reset": lambda: neuron.LIFNode(tau=6.0, decay_input=False, v_reset=-0.25),
        "plif": lambda: neuron.ParametricLIFNode(init_tau=3.0, decay_input=False),
        "if": lambda: neuron.IFNode(v_threshold=1.5),
        "cuba": lambda: neuron.CUBALIFNode(c_decay=0.5, v_decay=0.8, v_threshold=1.0),
    }
    for kind, make in kinds.items():
        case = f"spikingjelly_{kind}"
        x, fc1, fc2 = linears(case)
        a, b = make(), make()
        net = torch.nn.Sequential(fc1, a, fc2, b)
        graph = to_nir.export_to_nir(net, x[:1], dt=1e-4)
        functional.reset_net(net)
        rows = []
        for t in range(TICKS):
            z1 = a(fc1(x[t : t + 1]))
            z2 = b(fc2(z1))
            rows.append([z1, z2, a.v, b.v])
        yield case, (graph, collect(rows))


def norse_cases() -> Iterator[tuple[str, Made]]:
    """LIFBoxCell with both resets, LIFCell and IAFCell at their dt of 1 ms, and one file with true seconds."""
    import norse.torch as norse
    import torch
    from norse.torch.functional import reset as resets

    def box(case: str, n: int) -> Any:
        p = norse.LIFBoxParameters(
            tau_mem_inv=torch.tensor(1 / per_neuron(case, n, 0.005, 0.02)),
            v_leak=torch.full((n,), 0.05),
            v_th=torch.full((n,), 0.3),
            v_reset=torch.full((n,), -0.1),
            reset_method=resets.reset_subtract if "subtract" in case else resets.reset_value,
        )
        return norse.LIFBoxCell(p)

    def current(case: str, n: int) -> Any:
        p = norse.LIFParameters(
            tau_mem_inv=torch.tensor(1 / per_neuron(case, n, 0.005, 0.02)),
            tau_syn_inv=torch.tensor(1 / per_neuron(case + "s", n, 0.003, 0.01)),
            v_leak=torch.zeros(n),
            v_th=torch.full((n,), 0.6),
            v_reset=torch.zeros(n),
        )
        return norse.LIFCell(p)

    def whole(_: str, n: int) -> Any:
        return norse.IAFCell(norse.IAFParameters(v_th=torch.full((n,), 1.5), v_reset=torch.zeros(n)))

    for case, make, dt in (
        ("norse_box", box, 1e-3),
        ("norse_box_subtract", box, 1e-3),
        ("norse_box_seconds", box, 1.0),
        ("norse_lif", current, 1e-3),
        ("norse_iaf", whole, 1e-3),
    ):
        x, fc1, fc2 = linears(case)
        a, b = make(case, HIDDEN), make(case, OUTPUTS)
        graph = norse.to_nir(norse.SequentialState(fc1, a, fc2, b), x[0], dt=dt)
        rows, sa, sb = [], None, None
        for t in range(TICKS):
            z1, sa = a(fc1(x[t]), sa)
            z2, sb = b(fc2(z1), sb)
            rows.append([z1, z2, sa.v, sb.v])
        yield case, (graph, collect(rows))


def sinabs_cases() -> Iterator[tuple[str, Made]]:
    """LIF and IAF, one or several spikes, normalised input or not."""
    import sinabs.activation as act
    import sinabs.layers as sl
    import torch
    from sinabs.nir import to_nir

    def lif(n: int, case: str) -> Any:
        tau = torch.tensor(per_neuron(case, n, 5.0, 20.0))
        if "norm" in case:
            return sl.LIFSqueeze(batch_size=1, tau_mem=tau, spike_threshold=torch.full((n,), 0.15), record_states=True)
        if "single" in case:
            single = {"spike_fn": act.SingleSpike, "reset_fn": act.MembraneReset()}
            return sl.LIFSqueeze(
                batch_size=1, tau_mem=tau, norm_input=False, spike_threshold=torch.ones(n), record_states=True, **single
            )
        return sl.IAFSqueeze(
            batch_size=1, spike_threshold=torch.ones(n), min_v_mem=-1.0 if "min" in case else None, record_states=True
        )

    for case in ("sinabs_lif_norm", "sinabs_lif_single", "sinabs_iaf", "sinabs_iaf_min"):
        x, fc1, fc2 = linears(case)
        a, b = lif(HIDDEN, case), lif(OUTPUTS, case)
        net = torch.nn.Sequential(fc1, a, fc2, b)
        with torch.no_grad():
            z1 = a(fc1(x))
            z2 = b(fc2(z1))
        spikes = {"z1": z1, "z2": z2, "v1": a.recordings["v_mem"][0], "v2": b.recordings["v_mem"][0]}
        graph = to_nir(net, x[:1])
        yield case, (graph, {name: value.detach().numpy().astype(np.float32) for name, value in spikes.items()})
    yield sinabs_conv()


def sinabs_conv() -> tuple[str, Made]:
    """IAF layers of images that fire several times a step, with sum pooling in between."""
    import sinabs.layers as sl
    import torch
    from sinabs.nir import to_nir

    case = "sinabs_conv"
    x, (conv1, conv2, fc) = convolutions(case)
    neurons = [sl.IAFSqueeze(batch_size=1, min_v_mem=-1.0, record_states=True) for _ in range(3)]
    pool, flat = sl.SumPool2d(2), torch.nn.Flatten()
    net = torch.nn.Sequential(conv1, neurons[0], pool, conv2, neurons[1], flat, fc, neurons[2])
    with torch.no_grad():
        z1 = neurons[0](conv1(x))
        z2 = neurons[1](conv2(pool(z1)))
        z3 = neurons[2](fc(flat(z2)))
    found = {f"z{i + 1}": z for i, z in enumerate((z1, z2, z3))}
    found |= {f"v{i + 1}": layer.recordings["v_mem"][0] for i, layer in enumerate(neurons)}
    graph = to_nir(net, x[:1])
    # Its exporter writes None, which nir cannot store, and counts the batch axis in Flatten and Input.
    for name, shape in (("0", (8, 8)), ("3", (4, 4))):
        graph.nodes[name].input_shape = shape
    arrays = {name: value.detach().numpy().astype(np.float32).reshape(TICKS, -1) for name, value in found.items()}
    return case, (graph, {**arrays, "x": x.reshape(TICKS, -1).numpy()})


def rockpool_cases() -> Iterator[tuple[str, Made]]:
    """LIFTorch, which fires several times a tick."""
    import torch
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir

    case = "rockpool_lif"
    x, fc1, fc2 = linears(case)
    parts = []
    for linear, n in ((fc1, HIDDEN), (fc2, OUTPUTS)):
        shape = (linear.weight.shape[1], n)
        layer = LinearTorch(shape, has_bias=True, weight=linear.weight.data.T, bias=linear.bias.data)
        tau = torch.tensor(per_neuron(case, n, 0.005, 0.02)), torch.tensor(per_neuron(case + "s", n, 0.003, 0.01))
        lif = LIFTorch(
            (n, n),
            tau_mem=tau[0],
            tau_syn=tau[1][:, None],
            bias=torch.zeros(n),
            threshold=torch.full((n,), 7.5),
            dt=1e-3,
        )
        parts += [layer, lif]
    net = Sequential(*parts)
    graph = to_nir(net, x[None, :1])
    net = net.reset_state()
    a, b = parts[1], parts[3]
    with torch.no_grad():
        z1, _, first = a(parts[0](x[None])[0], record=True)
        z2, _, second = b(parts[2](z1)[0], record=True)
    spikes = {"z1": z1[0], "z2": z2[0], "v1": first["vmem"][0], "v2": second["vmem"][0]}
    yield case, (graph, {name: value.detach().numpy().astype(np.float32) for name, value in spikes.items()})


def spyx_cases() -> Iterator[tuple[str, Made]]:
    """All neurons without recurrence that its exporter knows."""
    import jax.numpy as jnp
    from flax import nnx
    from spyx import nir as spyx_nir
    from spyx import nn

    for kind in ("if", "lif", "cuba", "psu"):
        case = f"spyx_{kind}"
        x, w1, b1, w2, b2 = weights(case)
        rngs = nnx.Rngs(0)
        layers = []
        for w, b in ((w1, b1), (w2, b2)):
            linear = nnx.Linear(w.shape[1], w.shape[0], rngs=rngs)
            linear.kernel[...], linear.bias[...] = jnp.array(w.T), jnp.array(b)
            n = (w.shape[0],)
            cell = {"if": nn.IF, "lif": nn.LIF, "cuba": nn.CuBaLIF, "psu": nn.PSU_LIF}[kind]
            neuron = cell(n, threshold=1.0) if kind == "if" else cell(n, threshold=1.0, rngs=rngs)
            if kind != "if":
                neuron.beta[...] = jnp.array(per_neuron(case, w.shape[0], 0.6, 0.95))
            if kind == "cuba":
                neuron.alpha[...] = jnp.array(per_neuron(case + "a", w.shape[0], 0.4, 0.8))
            layers += [linear, neuron]
        graph = spyx_nir.to_nir(nn.Sequential(*layers), {"input": np.array([INPUTS])}, {"output": np.array([OUTPUTS])})
        states = [layers[1].initial_state(1), layers[3].initial_state(1)]
        rows = []
        for t in range(TICKS):
            z1, states[0] = layers[1](layers[0](jnp.array(x[t : t + 1])), states[0])
            z2, states[1] = layers[3](layers[2](z1), states[1])
            rows.append([z1, z2])
        yield case, (graph, collect(rows))

    yield from spyx_recurrent()


def spyx_recurrent() -> Iterator[tuple[str, Made]]:
    """Recurrent neurons, which its exporter writes as graphs inside the graph."""
    import jax.numpy as jnp
    from flax import nnx
    from spyx import nir as spyx_nir
    from spyx import nn

    for kind, cell in (("rif", nn.RIF), ("rlif", nn.RLIF), ("rcuba", nn.RCuBaLIF)):
        case = f"spyx_{kind}"
        x, w1, b1, w2, b2 = weights(case)
        rngs = nnx.Rngs(0)
        linears = [nnx.Linear(w.shape[1], w.shape[0], rngs=rngs) for w in (w1, w2)]
        for linear, w, b in zip(linears, (w1, w2), (b1, b2), strict=True):
            linear.kernel[...], linear.bias[...] = jnp.array(w.T), jnp.array(b)
        first, last = cell((HIDDEN,), threshold=1.0, rngs=rngs), nn.LIF((OUTPUTS,), threshold=1.0, rngs=rngs)
        generator = np.random.default_rng(sum(case.encode()) + 1)
        first.recurrent_w[...] = jnp.array(on_grid(generator.normal(-0.1, 0.2, (HIDDEN, HIDDEN))))
        last.beta[...] = jnp.array(per_neuron(case, OUTPUTS, 0.6, 0.95))
        if kind != "rif":
            first.beta = nnx.Param(jnp.array(per_neuron(case, HIDDEN, 0.6, 0.95)))
        if kind == "rcuba":
            first.alpha = nnx.Param(jnp.array(per_neuron(case + "a", HIDDEN, 0.4, 0.8)))
        net = nn.Sequential(linears[0], first, linears[1], last)
        graph = spyx_nir.to_nir(net, {"input": np.array([INPUTS])}, {"output": np.array([OUTPUTS])})
        states = [first.initial_state(1), last.initial_state(1)]
        rows = []
        for t in range(TICKS):
            z1, states[0] = first(linears[0](jnp.array(x[t : t + 1])), states[0])
            z2, states[1] = last(linears[1](z1), states[1])
            rows.append([z1, z2])
        yield case, (graph, collect(rows))


def collect(rows: list[list[Any]]) -> dict[str, Array]:
    """Tensors by tick as arrays (ticks, size): spikes of all layers, then potentials of all or none."""
    names = {2: ["z1", "z2"], 4: ["z1", "z2", "v1", "v2"], 6: ["z1", "z2", "z3", "v1", "v2", "v3"]}[len(rows[0])]
    columns = zip(*rows, strict=True)
    return {
        name: np.stack(
            [np.asarray(getattr(value, "detach", lambda v=value: v)()).reshape(-1) for value in column]
        ).astype(np.float32)
        for name, column in zip(names, columns, strict=True)
    }


CASES: dict[str, Callable[[], Iterator[tuple[str, Made]]]] = {
    "snntorch": snntorch_cases,
    "spikingjelly": spikingjelly_cases,
    "norse": norse_cases,
    "sinabs": sinabs_cases,
    "rockpool": rockpool_cases,
    "spyx": spyx_cases,
}


def main(framework: str) -> None:
    """Make all cases of a framework."""
    HERE.mkdir(exist_ok=True)
    made_by = ", ".join(f"{name} {version(name)}" for name in (framework, "nir"))
    for case, (graph, arrays) in CASES[framework]():
        nir.write(HERE / f"{case}.nir", graph, compression=None)
        x = arrays.pop("x", weights(case)[0]).astype(np.uint8)
        z = {name: value.astype(np.uint8) for name, value in arrays.items() if name.startswith("z")}
        v = {name: value for name, value in arrays.items() if name.startswith("v") and value.shape[1] < 100}
        np.savez_compressed(HERE / f"{case}.npz", x=x, **z, **v, made_by=np.array(made_by))
        print(case, {name: int(value.sum()) for name, value in z.items()}, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
