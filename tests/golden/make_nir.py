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
from nir_layers import sinabs_conv, snntorch_conv, snntorch_recurrent, spyx_recurrent
from nir_weights import HIDDEN, INPUTS, OUTPUTS, TICKS, Made, collect, linears, per_neuron, weights

HERE = Path(__file__).parent / "nir"


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
