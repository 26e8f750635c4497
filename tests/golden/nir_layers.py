"""Golden networks of make_nir.py with recurrence, convolutions and pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from nir_weights import HIDDEN, INPUTS, OUTPUTS, TICKS, Array, Made, collect, linears, on_grid, per_neuron, weights


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
    # Its exporter leaves None here, which nir cannot write.
    for name, shape in (("0", (8, 8)), ("3", (4, 4))):
        graph.nodes[name].input_shape = shape
    arrays = {name: value.detach().numpy().astype(np.float32).reshape(TICKS, -1) for name, value in found.items()}
    return case, (graph, {**arrays, "x": x.reshape(TICKS, -1).numpy()})


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
