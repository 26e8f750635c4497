"""Plans of the tensor memory: figures of real shapes, and of the planner that they are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikelet.converters.tflite import convert_tflite, parse_tflite, read_tflite
from spikelet.converters.tflite.bodies import bodies_of, least_memory
from spikelet.converters.tflite.elide import elide_copies, extents_of
from spikelet.converters.tflite.file import Operator, Subgraph, Tensor, TfliteFile
from spikelet.converters.tflite.lower import lower
from spikelet.converters.tflite.plan import plan
from spikelet.converters.tflite.provenance import reads_alike, trace
from spikelet.converters.tflite.tflm_plan import tflm_plan
from spikelet.graded.model import LayerKind
from support.tflite_network import Network

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "tflite"
GOLDEN = sorted(FOLDER.glob("*.tflite"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_no_plan_needs_more_than_the_greedy_one(path: Path) -> None:
    """Tensors and variables, of every golden file; tflm's variables lie beside its plan."""
    model = convert_tflite(path)
    peer = tflm_plan(read_tflite(path))

    assert model.memory <= peer.tensors + peer.variables
    assert model.meta["memory"]["least"] <= model.memory
    assert model.meta["memory"]["tflm_greedy"] == peer.tensors
    assert model.memory % 8 == 0


def chain(*layers: str) -> Network:
    """A map of 16 x 16 with 8 channels, and layers on it."""
    network = Network(1)
    x = network.input((1, 16, 16, 8), scale=0.02)
    for layer in layers:
        if layer == "pointwise":
            x = network.convolution(x, x.shape[3], (1, 1))
        elif layer == "depthwise":
            x = network.convolution(x, x.shape[3], (3, 3), groups=-1)
        elif layer == "wider":
            x = network.convolution(x, 2 * x.shape[3], (1, 1))
        elif layer == "half":
            x = network.convolution(x, x.shape[3], (3, 3), groups=-1, stride=(2, 2))
        else:
            x = network.rescaled("RELU", x, x.scale * 0.7)
    network.output(x)
    return network


def memory_of(network: Network) -> int:
    """Bytes of the plan."""
    return convert_tflite(parse_tflite(network.file.build())).memory


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # A pixel is read before it is written: in place.
        (["pointwise"], 2048),
        (["pointwise", "relu", "pointwise"], 2048),
        # A row of the output goes before the rows that are still read.
        (["depthwise"], 2048 + 128),
        # Twice as many channels, from the back of the memory to the front.
        (["wider"], 4096),
        # The output is a quarter; its first row lies before the row that is still read.
        (["half"], 2048),
        (["wider", "half", "pointwise"], 4096),
    ],
)
def test_outputs_lie_over_inputs_as_far_as_layers_allow(layers: list[str], expected: int) -> None:
    """Figures by hand."""
    assert memory_of(chain(*layers)) == expected


def test_a_residual_block_needs_two_maps_and_a_row() -> None:
    """The sum is made in place; between, one map goes through two convolutions."""
    network = Network(2)
    x = network.convolution(network.input((1, 8, 8, 4), scale=0.02), 16, (3, 3))
    y = network.convolution(x, 16, (3, 3))
    z = network.convolution(y, 16, (3, 3))
    network.output(network.add(x, z))

    # A 3 x 3 kernel is a row and a pixel behind.
    assert memory_of(network) <= 2 * 1024 + 8 * 16 + 16 + 8


def test_pieces_and_slices_are_no_copies() -> None:
    """Places inside of others; a copy stays where a place would not be a multiple of 4."""
    network = Network(3)
    a = network.input((1, 2, 3, 4), scale=0.02)
    b, c = network.convolution(a, 4, (1, 1)), None
    c = network.rescaled("QUANTIZE", b, b.scale * 1.3, 5)
    d = network.rescaled("QUANTIZE", c, b.scale, b.zero)
    whole = network.concatenate([b, d], 1)
    network.output(network.rescaled("RELU", network.slice(whole, [slice(None), slice(1, 3)]), 0.01))
    network.output(network.rescaled("RELU", network.slice(network.reshape(whole, (48,)), [slice(3, 7)]), 0.01))
    draft = lower(parse_tflite(network.file.build()), "pieces")
    elided = elide_copies(draft, grow_kept=False)

    assert sum(layer.kind is LayerKind.COPY for layer in draft.layers) == 4
    assert sum(layer.kind is LayerKind.COPY for layer in elided.layers) == 1
    assert reads_alike(
        trace(dict(enumerate(draft.layers)), draft, extents_of(draft)),
        trace({draft.layers.index(layer): layer for layer in elided.layers}, elided, extents_of(elided)),
    )


def test_a_piece_that_is_still_needed_as_it_was_stays_apart() -> None:
    """Twice the same piece: one of them is copied."""
    network = Network(4)
    x = network.rescaled("RELU", network.input((1, 2, 3, 4), scale=0.02), 0.01)
    network.output(network.rescaled("RELU", network.concatenate([x, x], 1), 0.02))
    draft = elide_copies(lower(parse_tflite(network.file.build()), "twice"), grow_kept=False)

    assert sum(layer.kind is LayerKind.COPY for layer in draft.layers) == 1


def test_the_trace_sees_a_plan_that_is_wrong() -> None:
    """Two values that live at the same time in the same bytes."""
    network = Network(5)
    x = network.input((1, 4, 4, 4), scale=0.02)
    a, b = network.convolution(x, 4, (1, 1)), network.convolution(x, 4, (3, 3))
    network.output(network.add(a, b))
    draft = lower(parse_tflite(network.file.build()), "wrong")
    layers = dict(enumerate(draft.layers))
    good = plan(draft)
    right = [(0, good.place(i), good.place(i) + value.bytes) for i, value in enumerate(good.draft.values)]
    wanted = trace(layers, draft, extents_of(draft))

    assert reads_alike(wanted, trace(layers, draft, right))
    same = [(0, 0, value.bytes) for value in draft.values]
    assert not reads_alike(wanted, trace(layers, draft, same))


def test_the_bound_is_reached_by_chains() -> None:
    """least_memory is what lives at the worst layer."""
    draft = elide_copies(lower(parse_tflite(chain("wider", "half").file.build()), "chain"), grow_kept=False)

    assert least_memory(bodies_of(draft)) == 4096


def tensor(index: int, size: int, data: np.ndarray[tuple[int, ...], np.dtype[np.int8]] | None = None) -> Tensor:
    """An int8 tensor of so many bytes."""
    return Tensor(index=index, name=f"t{index}", kind="INT8", shape=(size,), data=data)


def test_the_greedy_plan_by_hand() -> None:
    """The largest first, of equals the later one first; each as low as it is free."""
    # Times: t0 0..1, t1 1..2, t2 2..3, t3 3..3.  Sizes in bytes of multiples of 16: 48, 96, 48, 16.
    tensors = (tensor(0, 40), tensor(1, 90), tensor(2, 48), tensor(3, 1), tensor(4, 5, np.zeros(5, np.int8)))
    steps = [((0, 4), (1,)), ((1,), (2,)), ((2, -1), (3,))]
    operators = tuple(Operator(index=i, kind="RELU", inputs=a, outputs=b) for i, (a, b) in enumerate(steps))
    graph = Subgraph(name="main", tensors=tensors, operators=operators, inputs=(0,), outputs=(3,))

    # t1 at 0; t2 beside it at 96; t0 lives with t1 only: at 96 too; t3 lives with t2 only: at 0.
    assert tflm_plan(TfliteFile(subgraphs=(graph,), description="", sha256="")).tensors == 144


def test_the_greedy_plan_counts_reshapes_and_variables() -> None:
    """A reshape's result is a buffer of its own; variables lie elsewhere."""
    network = Network(6)
    x = network.input((1, 32), scale=0.02)
    network.output(network.rescaled("RELU", network.reshape(x, (32,)), 0.01))

    assert tflm_plan(parse_tflite(network.file.build())).tensors == 64
    assert memory_of(network) == 32
    assert tflm_plan(read_tflite(FOLDER / "streaming.tflite")).variables == 48 + 32 + 64
