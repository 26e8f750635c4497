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

from paths import data
from spikelet.converters.frontends import hdf5
from spikelet.converters.frontends.nir import read_nir
from spikelet.converters.pipeline import convert
from spikelet.errors import ConvertError
from support.nir_networks import affine, chain, edit, lif, written

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
    "gigantic input": (put("node/nodes/input/shape", np.array([2**40])), ("input: shape", "65535")),
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
              ("1 -> 1", "a cycle")),
    "no graph": (put("node/type", "LIF"), ("type", "NIRGraph")),
    "soft link": (lambda h: h.__setitem__("node/nodes/0/extra", h5py.SoftLink("/node/edges")), ("extra", "SoftLink")),
    "external link": (lambda h: h.__setitem__("node/nodes/2", h5py.ExternalLink("/etc/hosts", "/")), ("ExternalLink",)),
    "external data": (external_data, ("0: bias", "another file")),
    "virtual data": (virtual_data, ("0: bias", "another file")),
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


def test_layers_that_are_not_supported_are_named_with_what_is(tmp_path: Path) -> None:
    """Convolution, pooling and delay come later; the message names node and kind."""
    kinds = {
        "Conv2d": nir.Conv2d((4, 4), np.ones((1, 1, 3, 3), np.float32), 1, 0, 1, 1, np.zeros(1, np.float32)),
        "SumPool2d": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "Delay": nir.Delay(np.ones(3, np.float32)),
    }
    for kind, node in kinds.items():
        nodes = {"input": nir.Input(np.array([1, 4, 4])), "layer": node, "output": nir.Output(np.array([1]))}
        graph = nir.NIRGraph(nodes, [("input", "layer"), ("layer", "output")], type_check=False)

        message = refused(written(tmp_path, graph))

        assert "layer: kind" in message
        assert kind in message
        assert "Affine, Linear" in message


def test_a_recurrent_network_is_refused_by_naming_the_cycle(tmp_path: Path) -> None:
    """Also across the border of a graph inside a graph."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([4])),
            "lif": lif(4),
            "w_rec": affine(4, 4),
            "output": nir.Output(np.array([4])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    nodes = {"input": nir.Input(np.array([3])), "fc": affine(4, 3), "rnn": inner, "output": nir.Output(np.array([4]))}
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "fc"), ("fc", "rnn"), ("rnn", "output")], type_check=False))

    message = refused(file)

    assert "rnn.lif -> rnn.w_rec -> rnn.lif" in message or "rnn.w_rec -> rnn.lif -> rnn.w_rec" in message
    assert "cycle" in message


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


def test_a_graph_inside_with_two_inputs_is_refused(tmp_path: Path) -> None:
    """NIR's edges name graphs, not their inputs."""
    inner = nir.NIRGraph(
        {"i": nir.Input(np.array([4])), "j": nir.Input(np.array([4])), "l": lif(4), "o": nir.Output(np.array([4]))},
        [("i", "l"), ("j", "l"), ("l", "o")],
    )
    nodes = {"input": nir.Input(np.array([4])), "a": inner, "output": nir.Output(np.array([4]))}
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "a"), ("a", "output")], type_check=False))

    assert "2 nodes of kind Input" in refused(file)


def test_a_layer_above_65535_neurons_is_refused(tmp_path: Path) -> None:
    """Events number neurons with 16 bits."""
    n = 65536
    nodes = {"input": nir.Input(np.array([1])), "fc": nir.Linear(np.ones((n, 1), np.float32)), "lif": lif(n)}
    nodes["output"] = nir.Output(np.array([n]))
    file = written(tmp_path, nir.NIRGraph(nodes, [("input", "fc"), ("fc", "lif"), ("lif", "output")]))

    assert "65535" in refused(file)


def test_the_published_networks_that_need_more_are_refused_by_the_layer() -> None:
    """The NIR paper's convolutional and recurrent networks: named, not half converted."""
    with pytest.raises(ConvertError, match="kind: found a node of kind Conv2d"):
        read_nir(data("nir/cnn_sinabs.nir"))
    with pytest.raises(ConvertError, match=r"lif1.*cycle"):
        convert(data("nir/braille_noDelay_noBias_subtract.nir"), framework="snntorch", reset="subtract")


def test_a_flatten_over_axes_that_are_not_there_is_refused(tmp_path: Path) -> None:
    """Axes are counted without a batch."""
    nodes = {"input": nir.Input(np.array([3])), "flat": nir.Flatten({"input": np.array([3])}, 0, -1), "lif": lif(3)}
    nodes["output"] = nir.Output(np.array([3]))
    names = list(nodes)
    file = written(tmp_path, nir.NIRGraph(nodes, list(pairwise(names))))
    edit(file, {"node/nodes/flat/start_dim": 2})

    assert "flat: shape: found axes 2 to -1" in refused(file)


@pytest.mark.parametrize(
    "nodes",
    [
        [lif(40000)],
        [nir.Linear(np.ones((1, 40000), np.float32)), nir.Linear(np.ones((40000, 1), np.float32)), lif(40000)],
    ],
    ids=["an identity", "a product"],
)
def test_weights_that_a_small_file_implies_are_not_made(nodes: list[nir.NIRNode], tmp_path: Path) -> None:
    """40,000 inputs into 40,000 neurons: refused before 13 GB are asked for."""
    file = written(tmp_path, chain(*nodes, n_in=40000, n_out=40000))

    assert "40000 x 40000 between two populations" in refused(file)
