"""NIR files that are refused: each by one clear error, and none by reading what it only claims to hold."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

from spikelet.converters.frontends import hdf5
from spikelet.converters.frontends.nir import MAX_EDGES, MAX_NODES
from spikelet.converters.pipeline import convert
from spikelet.errors import ConvertError
from support.nir_networks import affine, chain, edit, graph_of, lif, written

Edit = Callable[[h5py.File], Any]


def good(folder: Path) -> Path:
    """A file that can be converted."""
    return written(folder, chain(affine(4, 3), lif(4), n_in=3, n_out=4))


def refused(file: Path, **said: Any) -> str:
    """The message of the refusal."""
    with pytest.raises(ConvertError) as caught:
        convert(file, **{"framework": "nir", "dt": 1e-3, **said})
    assert caught.value.exit_code == 3
    return str(caught.value)


def put(name: str, value: Any) -> Edit:
    """Replace a member."""

    def run(h: h5py.File) -> None:
        del h[name]
        h[name] = value

    return run


def filled(name: str, value: float) -> Edit:
    """Set one element of a member."""

    def run(h: h5py.File) -> None:
        h[name][0] = value

    return run


def huge(h: h5py.File) -> None:
    """A weight of 2^40 elements that takes no place in the file."""
    del h["node/nodes/0/weight"]
    h["node/nodes/0"].create_dataset("weight", shape=(2**20, 2**20), dtype="f4", chunks=(64, 64))


def external_data(h: h5py.File) -> None:
    """Numbers kept in another file."""
    del h["node/nodes/0/bias"]
    h["node/nodes/0"].create_dataset("bias", shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)])


def virtual_data(h: h5py.File) -> None:
    """Numbers that another file's dataset is a view of."""
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(4,))
    del h["node/nodes/0/bias"]
    h["node/nodes/0"].create_virtual_dataset("bias", layout)


def endless(h: h5py.File) -> None:
    """A group that holds itself."""
    h["node/nodes/again"] = h["node"]


def no_string(h: h5py.File) -> None:
    """Text as a list of bytes of any length: the HDF5 library crashes on some such types."""
    del h["node/nodes/1/type"]
    h["node/nodes/1"].create_dataset("type", shape=(), dtype=h5py.vlen_dtype(np.uint8))


CASES: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "NaN in a weight": (filled("node/nodes/0/weight", np.nan), ("0: weight", "nan")),
    "infinite threshold": (filled("node/nodes/1/v_threshold", np.inf), ("1: v_threshold", "inf")),
    "snnTorch with beta 1": (filled("node/nodes/1/tau", np.inf), ("1: tau", "beta = 1")),
    "tau of 0": (filled("node/nodes/1/tau", 0.0), ("1: tau", "above 0")),
    "missing field": (lambda h: h.__delitem__("node/nodes/1/v_threshold"), ("1: v_threshold", "nothing", "v_leak")),
    "missing weight": (lambda h: h.__delitem__("node/nodes/0/weight"), ("0: weight", "nothing")),
    "text for numbers": (put("node/nodes/0/bias", "hello"), ("0: bias", "real numbers")),
    "a group for numbers": (lambda h: h.move("node/nodes/0/bias", "x") or h.create_group("node/nodes/0/bias"),
                            ("0: bias", "a group")),
    "bias of another size": (put("node/nodes/0/bias", np.zeros(5)), ("0: bias", "(5,)", "(4,)")),
    "weight of one axis": (put("node/nodes/0/weight", np.zeros(12)), ("0: weight", "two axes")),
    "weights that do not fit": (put("node/nodes/0/weight", np.zeros((4, 7))), ("0: shape", "(3,)", "(7,)")),
    "parameters that differ in shape": (put("node/nodes/1/r", np.zeros(3)), ("1: shape", "(3,)", "(4,)")),
    "input of another shape": (put("node/nodes/input/shape", np.array([3, 2])), ("0: shape", "(3, 2)")),
    "negative shape": (put("node/nodes/input/shape", np.array([-3])), ("input: shape", "-3")),
    "gigantic input": (put("node/nodes/input/shape", np.array([2**40])), ("input: shape", "33554432")),
    "gigantic weights": (huge, ("0: weight", "(1048576, 1048576)", "not read")),
    "unknown kind": (put("node/nodes/1/type", "Izhikevich"), ("1: kind", "Izhikevich", "CubaLIF")),
    "kind that is no text": (put("node/nodes/1/type", 5), ("1: type", "string")),
    "edge to nowhere": (put("node/edges", [[b"input", b"9"]]), ("edges", "'9'", "input")),
    "edge twice": (put("node/edges", [[b"input", b"0"]] * 2), ("edges", "twice")),
    "edges of three": (put("node/edges", [[b"input", b"0", b"1"]]), ("edges", "(n, 2)")),
    "no edges": (lambda h: h.__delitem__("node/edges"), ("edges", "nothing")),
    "nothing into a layer": (put("node/edges", [[b"1", b"output"], [b"0", b"1"]]), ("0: edges", "no edge into it")),
    "no input": (put("node/nodes/input/type", "Output"), ("nodes", "no Input")),
    "no output": (put("node/nodes/output/type", "Input"), ("nodes", "no Output")),
    "cycle": (put("node/edges", [[b"input", b"0"], [b"0", b"1"], [b"1", b"1"], [b"1", b"output"]]),
              ("cycle_delay='feedback'", "1->1")),
    "a field of another kind": (lambda h: h.__setitem__("node/nodes/1/tau_syn", np.ones(4)),
                                ("1: tau_syn", "a field that LIF does not have", "v_threshold")),
    "a field of a graph": (lambda h: h.__setitem__("node/recurrent", 1), ("node: recurrent", "NIRGraph")),
    "parameters for fewer neurons": (
        lambda h: [put(f"node/nodes/1/{name}", np.ones(3))(h) for name in ("tau", "r", "v_leak", "v_threshold",
                                                                           "v_reset")],
        ("1: shape", "(4,)", "(3,)"),
    ),
    "no graph": (put("node/type", "LIF"), ("type", "NIRGraph")),
    "soft link": (lambda h: h.__setitem__("node/nodes/0/extra", h5py.SoftLink("/node/edges")), ("extra", "soft link")),
    "external link": (lambda h: h.__setitem__("node/nodes/2", h5py.ExternalLink("/etc/hosts", "/")),
                      ("2: link", "an external link")),
    "external data": (external_data, ("0: bias", "another file")),
    "virtual data": (virtual_data, ("0: bias", "another file")),
    "text of a strange type": (no_string, ("1: type", "a string")),
    "a name that is no text": (lambda h: h["node/nodes/1"].create_group(b"\xff\xfe"), ("1: found a member", "UTF-8")),
    "a number of no network": (filled("node/nodes/1/v_threshold", 1e38), ("1: v_threshold", "1e+38", "1e+30")),
    "graph in itself": (endless, ("nested", "16")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_file_is_refused_by_name_and_left_as_it_was(name: str, tmp_path: Path) -> None:
    """The message says where, what was found and what is allowed; nothing of the file changes."""
    change, expected = CASES[name]
    file = good(tmp_path)
    with h5py.File(file, "r+") as h:
        change(h)
    before = file.read_bytes()

    message = refused(file)

    for part in expected:
        assert part in message
    assert before == file.read_bytes()


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    """Text, an empty file, a folder and nothing at all."""
    text = tmp_path / "a.nir"
    text.write_text("weights: 5")
    empty = tmp_path / "b.nir"
    empty.write_bytes(b"")

    assert "HDF5" in refused(text)
    assert "HDF5" in refused(empty)
    assert "a folder" in refused(tmp_path)
    assert "no such file" in refused(tmp_path / "c.nir")


def test_a_heap_that_the_library_would_walk_for_ever_is_refused(tmp_path: Path) -> None:
    """Strings are kept in heaps; an object of no bytes keeps HDF5 in one place."""
    file = good(tmp_path)
    image = bytearray(file.read_bytes())
    first = image.index(b"GCOL") + 16
    image[first : first + 16] = bytes(16)
    file.write_bytes(image)

    assert "a heap object of 0 bytes" in refused(file)


def test_every_truncation_and_many_flipped_bits_end_in_a_convert_error_or_a_model(tmp_path: Path) -> None:
    """No damage ends in another exception than the one that says what is wrong."""
    whole = good(tmp_path).read_bytes()
    damaged = tmp_path / "damaged.nir"
    generator = np.random.default_rng(9)
    cut = [whole[:n] for n in range(0, len(whole), len(whole) // 40)]
    flipped = []
    for bit in generator.integers(0, 8 * len(whole), 150):
        image = bytearray(whole)
        image[bit // 8] ^= 1 << (bit % 8)
        flipped.append(bytes(image))
    refusals = 0
    for image in cut + flipped:
        damaged.write_bytes(image)
        try:
            convert(damaged, framework="nir", dt=1e-3)
        except ConvertError:
            refusals += 1

    assert refusals >= len(cut)


def test_all_numbers_of_a_file_count_against_one_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Many bearable arrays are refused like one that is too large."""
    file = good(tmp_path)
    monkeypatch.setattr(hdf5, "MAX_ELEMENTS", 30)

    assert "at most 30" in refused(file)


def conv(**changes: Any) -> nir.Conv2d:
    """A convolution of 4 channels of 8 x 8 into 6."""
    values = {"weight": np.ones((6, 4, 3, 3), np.float32), "stride": 1, "padding": 0, "dilation": 1, "groups": 1,
              "bias": np.zeros(6, np.float32), **changes}  # fmt: skip
    node = nir.Conv2d(input_shape=None, **values)
    node.input_shape = (8, 8)
    return node


def pool(kernel: Any = (2, 2), stride: Any = (2, 2), padding: Any = (0, 0)) -> nir.SumPool2d:
    """Windows of 2 x 2."""
    return nir.SumPool2d(np.array(kernel), np.array(stride), np.array(padding))


LAYERS: dict[str, tuple[nir.NIRNode, tuple[str, ...]]] = {
    "stride 0": (conv(stride=(0, 1)), ("layer: stride", "0, 1", "from 1 to 65535")),
    "negative stride": (conv(stride=-1), ("layer: stride", "-1, -1")),
    "huge stride": (conv(stride=2**20), ("layer: stride", "65535")),
    "stride that is no whole number": (conv(stride=(1.5, 1.0)), ("layer: stride", "1.5, 1")),
    "three strides": (conv(stride=(1, 1, 1)), ("layer: stride", "2 whole numbers")),
    "negative padding": (conv(padding=(-1, 0)), ("layer: padding", "-1, 0", "from 0")),
    "huge padding": (conv(padding=2**20), ("layer: padding", "65535")),
    "padding that makes a huge map": (conv(padding=5000), ("layer: shape", "neurons")),
    "dilation 0": (conv(dilation=0), ("layer: dilation", "from 1")),
    "dilation beyond the image": (conv(dilation=4), ("layer: shape", "smaller than the kernel")),
    "same with a stride": (conv(padding="same", stride=2), ("layer: padding", "'same' with a stride")),
    "groups 0": (conv(groups=0), ("layer: groups", "from 1")),
    "negative groups": (conv(groups=-2), ("layer: groups", "-2")),
    "groups that do not divide": (conv(groups=4), ("layer: groups", "4 with 6 output channels", "divisor")),
    "groups of another input": (conv(groups=2), ("layer: shape", "(4, 8, 8)", "(8, 8, 8)")),
    "bias of another size": (conv(bias=np.zeros(4)), ("layer: bias", "(4,)", "(6,)")),
    "weights of an image": (conv(weight=np.ones((6, 4, 3))), ("layer: weight", "(6, 4, 3)", "ky, kx")),
    "no kernel": (conv(weight=np.ones((6, 4, 0, 3))), ("layer: weight", "(6, 4, 0, 3)")),
    "a kernel larger than the image": (conv(weight=np.ones((6, 4, 9, 9))), ("layer: shape", "smaller than the kernel")),
    "window 0": (pool(kernel=(0, 2)), ("layer: kernel_size", "0, 2")),
    "window larger than the image": (pool(kernel=(9, 9)), ("layer: shape", "smaller than the window")),
    "negative stride of a pool": (pool(stride=(-2, 2)), ("layer: stride", "-2, 2")),
    "padding as large as the window": (pool(padding=(2, 0)), ("layer: padding", "(2, 0)", "less than the window")),
    "negative delay": (nir.Delay(np.full((4, 8, 8), -0.001)), ("layer: delay", "-0.001", "0 or above")),
    "a delay of hours": (nir.Delay(np.full((4, 8, 8), 3600.0)), ("layer: delay", "3.6e+06 ticks", "65535")),
    "a delay between ticks": (nir.Delay(np.full((4, 8, 8), 0.0015)), ("layer: delay", "1.5 ticks", "delay_rounding")),
    "delays for other neurons": (nir.Delay(np.full((4, 8), 0.001)), ("layer: shape", "(4, 8, 8)", "(4, 8)")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_makes_no_sense_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """Path and field, what was found, what is allowed."""
    node, parts = LAYERS[name]
    graph = graph_of("input layer, layer output", input=(4, 8, 8), layer=node, output=1)

    message = refused(edit(written(tmp_path, graph), {"node/nodes/output/shape": None}))

    for part in parts:
        assert part in message


def test_a_padding_that_is_no_known_word_is_refused(tmp_path: Path) -> None:
    """nir itself refuses to write it."""
    graph = graph_of("input layer, layer output", input=(4, 8, 8), layer=conv(), output=(6, 6, 6))
    file = edit(written(tmp_path, graph), {"node/nodes/layer/padding": "reflect"})

    assert "layer: padding: found 'reflect'; allowed: numbers, 'same' or 'valid'" in refused(file)


def test_a_convolution_over_a_vector_is_refused(tmp_path: Path) -> None:
    """Shapes say channels first."""
    graph = graph_of("input layer, layer output", input=256, layer=conv(), output=(6, 6, 6))
    file = edit(written(tmp_path, graph), {"node/nodes/layer/input_shape": None})

    assert "layer: shape: found an input of shape (256,)" in refused(file)


def test_a_network_of_thousands_of_nodes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The limit is named; graphs inside count."""
    few = {f"n{i}": nir.Threshold(np.ones(1)) for i in range(MAX_NODES // 2)}
    inner = nir.NIRGraph({**few, "i": nir.Input(np.array([1])), "o": nir.Output(np.array([1]))}, [], type_check=False)
    nodes = {"input": nir.Input(np.array([1])), "a": inner, "b": inner, "output": nir.Output(np.array([1]))}

    message = refused(written(tmp_path, nir.NIRGraph(nodes, [], type_check=False)))

    assert f"found more than {MAX_NODES}; allowed: up to {MAX_NODES} in a file" in message


def test_more_edges_than_the_limit_are_refused(tmp_path: Path) -> None:
    """As the nodes."""
    file = good(tmp_path)
    edit(file, {"node/edges": np.full((MAX_EDGES + 1, 2), b"0")})

    assert f"edges: found {MAX_EDGES + 1}; allowed: up to {MAX_EDGES}" in refused(file)


def test_a_group_with_very_many_members_is_not_walked(tmp_path: Path) -> None:
    """Where a node has seven fields, thousands are an attack."""
    file = good(tmp_path)
    with h5py.File(file, "r+") as h:
        for i in range(4100):
            h["node/nodes/1"].create_group(f"g{i}")

    assert "4106 members; allowed: at most 4096" in refused(file)


def test_potentials_cannot_feed_a_layer(tmp_path: Path) -> None:
    """A readout in the middle would need graded events."""
    li = nir.LI(tau=np.full(4, 0.01), r=np.ones(4), v_leak=np.zeros(4))
    file = written(tmp_path, chain(affine(4, 3), li, affine(4, 4), lif(4), n_in=3, n_out=4))

    assert "1: edges: found a population that never fires feeds 3" in refused(file)


def test_two_nodes_of_one_path_are_refused(tmp_path: Path) -> None:
    """ "a.b" may be a name, or b in a."""
    inner = chain(lif(4), n_in=4, n_out=4)
    nodes = {"input": nir.Input(np.array([4])), "a": inner, "a.0": lif(4), "output": nir.Output(np.array([4]))}
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "a"), ("a", "a.0"), ("a.0", "output")]))

    assert "two nodes of this path" in refused(file)


@pytest.mark.parametrize("kind", ["Input", "Output"])
def test_a_graph_inside_with_two_inputs_or_outputs_is_refused(kind: str, tmp_path: Path) -> None:
    """NIR's edges name graphs, not their inputs: the message says what to do instead."""
    two = {"Input": "i l, j l, l o", "Output": "i l, l o, l j"}[kind]
    inner = graph_of(two, i=4, j=4, l=lif(4), o=4)
    nodes = {"input": nir.Input(np.array([4])), "a": inner, "output": nir.Output(np.array([4]))}
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "a"), ("a", "output")], type_check=False))

    message = refused(file)

    assert f"a: nodes: found 2 nodes of kind {kind}" in message
    assert "make it several graphs, or put its nodes into the outer one" in message


def test_a_layer_above_65535_neurons_is_refused(tmp_path: Path) -> None:
    """Events number neurons with 16 bits."""
    n = 65536
    nodes = {"input": nir.Input(np.array([1])), "fc": nir.Linear(np.ones((n, 1), np.float32)), "lif": lif(n)}
    nodes["output"] = nir.Output(np.array([n]))
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "fc"), ("fc", "lif"), ("lif", "output")]))

    assert "65535" in refused(file)


def test_a_flatten_over_axes_that_are_not_there_is_refused(tmp_path: Path) -> None:
    """Axes are counted without a batch."""
    nodes = {"input": nir.Input(np.array([3])), "flat": nir.Flatten({"input": np.array([3])}, 0, -1), "lif": lif(3)}
    nodes["output"] = nir.Output(np.array([3]))
    names = list(nodes)
    file = written(tmp_path, nir.NIRGraph(nodes, list(pairwise(names))))
    edit(file, {"node/nodes/flat/start_dim": 2})

    assert "flat: shape: found axes 2 to -1" in refused(file)


def test_weights_that_a_small_file_implies_are_not_made(tmp_path: Path) -> None:
    """40,000 inputs into 40,000 neurons through one: refused before 13 GB are asked for."""
    nodes = [nir.Linear(np.ones((1, 40000), np.float32)), nir.Linear(np.ones((40000, 1), np.float32)), lif(40000)]
    file = written(tmp_path, chain(*nodes, n_in=40000, n_out=40000))

    assert "40000 x 40000 between two populations" in refused(file)
