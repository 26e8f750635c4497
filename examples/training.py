"""What the example scripts share: input coding, two frameworks, training, evaluation and files.

A network is Linear, neurons, Linear, neurons. Its input is the runtime's `rate` code and its answer is
the output that fired most often. torch is needed here; a framework is imported only when it is used.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = [
    "FRAMEWORKS",
    "Evaluation",
    "Network",
    "Settings",
    "add_training_arguments",
    "build",
    "count_events",
    "evaluate",
    "export",
    "reference",
    "train",
    "validation_accuracy",
]

Bytes = NDArray[np.uint8]

BETA = 0.9
THRESHOLD = 1.0
FILE_DT = 1e-4  # [s]; what both exporters assume, NIR does not store it


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The shape of a network and how it is trained.

    Args:
        inputs, hidden, outputs: sizes of the three layers.
        reset: "zero" or "subtract", what a neuron does after it fired.
        ticks: length of a sample [ticks].
        epochs: passes over the training set.
        batch: samples of one step.
        rate: Adam's step size at the start; it falls to 0 along a cosine.
        decay: AdamW's weight decay.
        spike_cost: loss of one hidden spike, so that the network stays sparse.
        shift: largest random move of a training image along each axis [pixels].
        seed: of the weights, the order of the samples and the moves.
    """

    inputs: int
    hidden: int
    outputs: int = 10
    reset: str = "zero"
    ticks: int = 25
    epochs: int
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.01
    spike_cost: float = 0.0
    shift: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One training framework, seen through the four things that differ.

    Args:
        package: its name in the package index.
        neurons: (size, reset) -> a layer of leaky neurons, one tick a call.
        clear: puts a layer of neurons back to its state before the first tick.
        to_nir: (layers, settings) -> the NIR graph.
    """

    package: str
    neurons: Callable[[int, str], Any]
    clear: Callable[[Any], None]
    to_nir: Callable[[Any, Settings], nir.NIRGraph]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network in training: its layers, its framework and its settings."""

    layers: nn.Sequential
    framework: Framework
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the framework itself answers.

    Args:
        prediction: the output with most spikes, the lowest index of equals, uint8, shape (N,).
        output_spikes: spikes of each output over the sample, uint8, shape (N, outputs).
        hidden_spikes: spikes of all hidden neurons over the sample, int64, shape (N,).
    """

    prediction: Bytes
    output_spikes: Bytes
    hidden_spikes: NDArray[np.int64]

    def accuracy(self, labels: Bytes) -> float:
        """Give the share of right predictions, 0 .. 1."""
        return float(np.mean(self.prediction == labels))


def _snntorch_neurons(size: int, reset: str) -> Any:
    """Build snnTorch's Leaky with its default, delayed reset.

    beta and threshold have the layer's shape because the NIR export needs them so.
    """
    import snntorch

    return snntorch.Leaky(
        beta=torch.full((size,), BETA),
        threshold=torch.full((size,), THRESHOLD),
        init_hidden=True,
        reset_mechanism=reset,
    )


def _snntorch_to_nir(layers: Any, settings: Settings) -> nir.NIRGraph:
    """Export with snnTorch; the reset kind is not in the file."""
    from snntorch.export_nir import export_to_nir

    return export_to_nir(layers, torch.zeros(1, settings.inputs), ignore_dims=[0])


def _spikingjelly_neurons(size: int, reset: str) -> Any:
    """Build SpikingJelly's LIFNode with the same decay and unit gain; any size fits."""
    del size
    from spikingjelly.activation_based import neuron, surrogate

    return neuron.LIFNode(
        tau=1.0 / (1.0 - BETA),
        decay_input=False,
        v_threshold=THRESHOLD,
        v_reset=0.0 if reset == "zero" else None,
        surrogate_function=surrogate.ATan(),
    )


def _spikingjelly_to_nir(layers: Any, settings: Settings) -> nir.NIRGraph:
    """Export with SpikingJelly, or by hand where it refuses (reset "subtract")."""
    if settings.reset == "subtract":
        return _soft_reset_to_nir(layers, settings)
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    return export_to_nir(layers, torch.zeros(1, settings.inputs), dt=FILE_DT)


def _soft_reset_to_nir(layers: Any, settings: Settings) -> nir.NIRGraph:
    """Write what SpikingJelly's export would, but for the reset, which NIR cannot hold."""
    tau = 1.0 / (1.0 - BETA)
    nodes: dict[str, nir.NIRNode] = {"input_1": nir.Input(input_type=np.array([settings.inputs]))}
    sizes = (settings.hidden, settings.hidden, settings.outputs, settings.outputs)
    for place, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
        if isinstance(layer, nn.Linear):
            node = nir.Affine(layer.weight.detach().numpy(), layer.bias.detach().numpy())
        else:
            node = nir.LIF(
                tau=np.full(size, tau * FILE_DT),
                r=np.full(size, tau),
                v_leak=np.zeros(size),
                v_threshold=np.full(size, THRESHOLD),
                v_reset=np.zeros(size),
            )
        nodes[f"_{place}"] = node
    nodes["output"] = nir.Output(output_type=np.array([settings.outputs]))
    names = list(nodes)
    return nir.NIRGraph(nodes=nodes, edges=list(itertools.pairwise(names)))


FRAMEWORKS = {
    "snntorch": Framework(
        package="snntorch",
        neurons=_snntorch_neurons,
        clear=lambda neurons: neurons.reset_mem(),
        to_nir=_snntorch_to_nir,
    ),
    "spikingjelly": Framework(
        package="spikingjelly",
        neurons=_spikingjelly_neurons,
        clear=lambda neurons: neurons.reset(),
        to_nir=_spikingjelly_to_nir,
    ),
}


def add_training_arguments(parser: argparse.ArgumentParser, settings: Settings) -> None:
    """Add the options both scripts have; the defaults are those of settings."""
    parser.add_argument("--epochs", type=int, default=settings.epochs, help="passes over the training set")
    parser.add_argument("--seed", type=int, default=settings.seed, help="of weights, order and moves")
    parser.add_argument("--validate", action="store_true", help="hold out a fifth of the training set, write nothing")


def build(framework: str, settings: Settings) -> Network:
    """Build an untrained network; the same settings give the same weights."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(settings.seed)
    chosen = FRAMEWORKS[framework]
    layers = nn.Sequential(
        nn.Linear(settings.inputs, settings.hidden),
        chosen.neurons(settings.hidden, settings.reset),
        nn.Linear(settings.hidden, settings.outputs),
        chosen.neurons(settings.outputs, settings.reset),
    )
    return Network(layers=layers, framework=chosen, settings=settings)


def _rate_table(ticks: int) -> Bytes:
    """Give the events of every pixel value in every tick: the runtime's `rate` encoder, in integers.

    Returns:
        uint8, shape (ticks, 256); 1 where a pixel of that value gives an event.
    """
    step = np.minimum(np.arange(256) * 257, 65536)
    passed = (np.arange(ticks + 1)[:, None] * step) >> 16
    return np.diff(passed, axis=0).astype(np.uint8)


def count_events(images: Bytes, ticks: int) -> NDArray[np.int64]:
    """Count the input events of each image over a sample, int64, shape (N,)."""
    counts: NDArray[np.int64] = _rate_table(ticks).sum(axis=0, dtype=np.int64)[images].sum(axis=1)
    return counts


def _forward(network: Network, images: Bytes) -> tuple[Any, Any]:
    """Run a batch through all ticks.

    Returns:
        Spikes of all hidden neurons together, float32, shape (B,), and of each output, shape (B, outputs).
    """
    into_hidden, hidden_neurons, into_output, output_neurons = network.layers
    network.framework.clear(hidden_neurons)
    network.framework.clear(output_neurons)
    events = torch.from_numpy(_rate_table(network.settings.ticks)[:, images].astype(np.float32))
    hidden_spikes = torch.zeros(len(images))
    output_spikes = torch.zeros(len(images), network.settings.outputs)
    for tick in events:
        hidden = hidden_neurons(into_hidden(tick))
        hidden_spikes = hidden_spikes + hidden.sum(dim=1)
        output_spikes = output_spikes + output_neurons(into_output(hidden))
    return hidden_spikes, output_spikes


def _moved(images: Bytes, shift: int, random: np.random.Generator) -> Bytes:
    """Move each square image by up to shift pixels along both axes; what enters is black."""
    if shift == 0:
        return images
    side = round(images.shape[1] ** 0.5)
    padded = np.pad(images.reshape(-1, side, side), ((0, 0), (shift, shift), (shift, shift)))
    top, left = random.integers(0, 2 * shift + 1, size=(2, len(images)))
    rows = top[:, None, None] + np.arange(side)[None, :, None]
    columns = left[:, None, None] + np.arange(side)[None, None, :]
    moved: Bytes = padded[np.arange(len(images))[:, None, None], rows, columns]
    return moved.reshape(images.shape)


def _batches(count: int, size: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Give the indices of one epoch in random order, without a short last batch."""
    order = random.permutation(count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def train(network: Network, images: Bytes, labels: Bytes) -> None:
    """Train in place with AdamW on the cross entropy of the output spike counts.

    Args:
        network: from build().
        images: pixels 0 .. 255, uint8, shape (N, inputs).
        labels: uint8, shape (N,).
    """
    settings = network.settings
    random = np.random.default_rng(settings.seed)
    optimizer = torch.optim.AdamW(network.layers.parameters(), lr=settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    network.layers.train()
    for epoch in range(settings.epochs):
        losses = []
        for chosen in _batches(len(images), settings.batch, random):
            batch = _moved(images[chosen], settings.shift, random)
            hidden_spikes, output_spikes = _forward(network, batch)
            target = torch.from_numpy(labels[chosen].astype(np.int64))
            loss = nn.functional.cross_entropy(output_spikes, target) + settings.spike_cost * hidden_spikes.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        print(f"epoch {epoch + 1:3d} of {settings.epochs}: loss {np.mean(losses):.4f}", flush=True)


def evaluate(network: Network, images: Bytes, batch: int = 250) -> Evaluation:
    """Run the framework in evaluation mode, in float32."""
    network.layers.eval()
    hidden, output = [], []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            hidden_spikes, output_spikes = _forward(network, images[start : start + batch])
            hidden.append(hidden_spikes.numpy().astype(np.int64))
            output.append(output_spikes.numpy().astype(np.uint8))
    counts = np.concatenate(output)
    return Evaluation(
        prediction=counts.argmax(axis=1).astype(np.uint8),
        output_spikes=counts,
        hidden_spikes=np.concatenate(hidden),
    )


def validation_accuracy(network: Network, images: Bytes, labels: Bytes) -> float:
    """Train on four fifths of the training set, drawn at random, and give the accuracy on the rest.

    Hyperparameters are chosen by this figure; the test set takes no part. The draw is random because a
    training set may be sorted by label, as mnist/train10k.npz is; it is the same for every seed.
    """
    kept, held_out = np.split(np.random.default_rng(0).permutation(len(images)), [len(images) * 4 // 5])
    train(network, images[kept], labels[kept])
    found = evaluate(network, images[held_out])
    accuracy = found.accuracy(labels[held_out])
    print(f"validation accuracy {accuracy:.4f}, hidden spikes {found.hidden_spikes.mean():.1f}")
    return accuracy


def export(network: Network, path: Path) -> None:
    """Write the trained network as a .nir file.

    The edges are sorted: the exporters collect them in sets, so their order changes from run to run.
    """
    network.layers.eval()
    for layer in network.layers:
        if not isinstance(layer, nn.Linear):
            network.framework.clear(layer)
    graph = network.framework.to_nir(network.layers, network.settings)
    graph.edges = sorted(graph.edges)
    nir.write(str(path), graph)


def reference(network: Network, images: Bytes, labels: Bytes, script: str) -> dict[str, Any]:
    """Evaluate on the test set, print the figures and give them as arrays to store.

    Args:
        network: trained.
        images: uint8, shape (N, inputs).
        labels: uint8, shape (N,).
        script: the command that made this, for `made_by`.

    Returns:
        framework_prediction, framework_output_spikes, framework_accuracy and made_by, for np.savez_compressed.
    """
    found = evaluate(network, images)
    accuracy = found.accuracy(labels)
    events = count_events(images, network.settings.ticks).mean()
    print(f"test accuracy {accuracy:.4f} of {len(labels)} samples")
    print(f"a sample has {events:.1f} input events and {found.hidden_spikes.mean():.1f} hidden spikes")
    packages = [f"{name} {version(name)}" for name in (network.framework.package, "torch", "nir")]
    return {
        "framework_prediction": found.prediction,
        "framework_output_spikes": found.output_spikes,
        "framework_accuracy": accuracy,
        "made_by": f"{script}; {', '.join(packages)}",
    }
