"""Runs CMSIS-NN's layers on a core."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from benchmarks.cmsis_nn.interpreter import MissingError
from benchmarks.cmsis_nn.layers import KINDS
from benchmarks.cmsis_nn.tflite_layers import FileLayer
from benchmarks.instructions.machine import BOARDS, CORES, linker_script, start
from benchmarks.instructions.machine_qemu import AGENT

from spikelet import board_files
from spikelet.compile import compile_all, keep
from spikelet.toolchain import cache_folder, digest, find

__all__ = ["Peer", "folder", "version"]

_HERE = Path(__file__).parent
_FOLDERS = ("ConvolutionFunctions", "FullyConnectedFunctions", "NNSupportFunctions", "TransposeFunctions")
_KIND = {"conv": "conv", "depthwise": "depthwise", "dense": "dense", "dot": "dense"}


def folder() -> Path:
    """Where CMSIS-NN's sources are: in SPIKELET_PEERS, or beside the project.

    Raises:
        MissingError: they are not there.
    """
    named = os.environ.get("SPIKELET_PEERS")
    peers = Path(named) if named else _HERE.parents[2] / "shared" / "peers"
    found = peers / "cmsis-nn"
    if not (found / "Include" / "arm_nnfunctions.h").exists():
        raise MissingError(f"{found} has no sources of CMSIS-NN: set SPIKELET_PEERS to the folder that holds cmsis-nn/")
    return found


def version() -> str:
    """Of CMSIS-NN.

    Raises:
        MissingError: its sources are not there.
    """
    header = (folder() / "Include" / "arm_nn_types.h").read_text()
    return f"CMSIS-NN {header.partition('Revision:')[2].split()[0]}"


class Peer:
    """CMSIS-NN on a core, built with the same compiler and flags as spikelet's layers."""

    def __init__(self, core: str, optimise: str) -> None:
        self.machine = start(core, _build(core, optimise), count=True)

    def run(
        self, made: FileLayer, given: npt.NDArray[np.int8], *, worst: bool = True
    ) -> tuple[npt.NDArray[np.int8], int, int]:
        """The outputs of a layer, and the instructions and cycles that they took, those of the call itself left out.

        `worst`: see Machine.cycles.
        """
        layer, kind, ram = made.layer, _KIND[made.layer.kind], self.machine.ram
        bias = layer.channels[:, 0].astype("<i4").tobytes()
        multipliers, shifts = (column.astype("<i4").tobytes() for column in made.classic.T)
        memory = bytearray(256)

        def put(data: bytes) -> int:
            memory.extend(bytes(-len(memory) % 16))
            memory.extend(data)
            return ram + len(memory) - len(data)

        n_out = int(np.prod(layer.out_shape))
        arrays = [put(given.tobytes()), put(made.weights.tobytes()), put(bias), put(multipliers), put(shifts)]
        arrays.append(put(bytes(n_out)))
        head = _geometry(made)
        self.machine.write(ram, struct.pack("<19i", *head))
        room = self.machine.call(f"bare_room_{kind}", ram)
        arrays += [put(bytes(room)), room]
        memory[: 4 * 27] = struct.pack("<19i8I", *head, *arrays)
        self.machine.write(ram, bytes(memory))
        if kind == "dense":
            assert self.machine.call("bare_begin_dense", ram) == 0
        self.machine.clear()
        failed = self.machine.call(f"bare_run_{kind}", ram)
        assert failed == 0, f"CMSIS-NN refuses the layer: {failed}"
        out = np.frombuffer(self.machine.read(arrays[5], n_out), np.int8).reshape(layer.out_shape)
        instructions, cycles = (
            sum(n for name, n in found.items() if not name.startswith("bare_"))
            for found in (self.machine.counts(), self.machine.cycles(worst=worst))
        )
        return out, instructions, cycles


def _geometry(made: FileLayer) -> list[int]:
    """The 19 numbers that struct task begins with."""
    p = dict(made.layer.parameters)
    if "rows" in p:
        rows, inputs, outputs = p["rows"], p["inputs"], p["outputs"]
        p |= dict.fromkeys(KINDS["conv"][:15], 1) | {"pad_y": 0, "pad_x": 0}
        p |= {"in_width": rows, "in_channels": inputs, "out_width": rows, "out_channels": outputs}
    return [p[name] for name in KINDS["conv"][:19]]


def _build(core: str, optimise: str) -> Path:
    """Link CMSIS-NN's layers of int8 for a core; comes from the cache if unchanged."""
    board = board_files.load(CORES[core])
    toolchain = find(board.arch, "gcc")
    peer, script = folder(), linker_script(core)
    files = [
        file
        for name in _FOLDERS
        for file in sorted((peer / "Source" / name).glob("*.c"))
        if not {"f16", "f32", "flt", "lstm"} & set(file.stem.split("_"))
    ]
    files += [_HERE / "cmsis.c", _HERE / "mem.c", *([] if core in BOARDS else [AGENT])]
    own = [*board.flags[toolchain.kind], f"-O{optimise}"]
    includes = [_HERE / "include", peer / "Include"]
    # CMSIS-NN loads words with memcpy, which must become one instruction.
    flags = [*own, "-std=gnu11", "-fbuiltin"]
    objects = compile_all(toolchain, files, flags=flags, includes=includes)
    roots = [f"bare_{what}_{kind}" for kind in ("conv", "depthwise", "dense") for what in ("run", "room")]
    roots.append("bare_begin_dense")
    own += ["-Wl,--gc-sections", f"-Wl,-e,{roots[0]}", *(f"-Wl,-u,{name}" for name in roots)]
    own += ["-nostartfiles", "-nodefaultlibs"]
    kept = cache_folder() / "bare" / digest(toolchain.version, script, *own, *map(str, objects))
    if not (kept / "peer.elf").exists():
        with TemporaryDirectory() as name:
            scratch = Path(name)
            (scratch / "bare.ld").write_text(script)
            toolchain.run([*own, "-T", scratch / "bare.ld", *objects, "-lgcc", "-o", scratch / "peer.elf"])
            keep(scratch, kept)
    return kept / "peer.elf"
