"""Makes tests/golden/tflite/*.npz: what the interpreter gives for a few inputs of each .tflite file beside them.

    python tests/golden/make_tflite_expected.py [NAME ...]

needs the interpreter of support.tflite_interpreter.FOLLOWED. Each file has in0, in1, ... (the inputs of inferences
that follow each other), t3, t7, ... (every tensor of the file that an operator writes, by index; of large ones their
CRC-32 instead, c3, c7, ...) and made_by. Making the files again gives the same numbers.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from spikelet.converters.tflite import read_tflite
from support.tflite_interpreter import FOLLOWED, TfliteInterpreter, interpreter_version

FOLDER = Path(__file__).resolve().parent / "tflite"
INFERENCES = 4
#: Elements of a tensor of which only the CRC-32 is kept when there are more.
LARGE = 1000


def sample(rng: np.random.Generator, detail: dict[str, Any], number: int) -> Any:
    """An input: the first is dull, one has all values, others are nearer to the zero point."""
    shape, dtype = detail["shape"], detail["dtype"]
    if dtype == np.float32:
        return rng.normal(0.0, 1.0, shape).astype(np.float32)
    info, zero = np.iinfo(dtype), detail["quantization"][1]
    if number == 0:
        return np.full(shape, zero, dtype)
    if number == 1:
        return rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    near = zero + rng.normal(0.0, info.max / 5, shape)
    return np.clip(np.rint(near), info.min, info.max).astype(dtype)


def expected(path: Path) -> dict[str, Any]:
    """The arrays of a file."""
    graph = read_tflite(path).subgraphs[0]
    written = {index for operator in graph.operators for index in operator.outputs}
    rng = np.random.default_rng(len(graph.operators))
    interpreter = TfliteInterpreter(path)
    found: dict[str, list[Any]] = {}
    for number in range(INFERENCES):
        inputs = [sample(rng, detail, number) for detail in interpreter.input_details]
        interpreter.infer(*inputs)
        for port, values in enumerate(inputs):
            found.setdefault(f"in{port}", []).append(values)
        for index, values in interpreter.tensors().items():
            if index in written and values.size <= LARGE:
                found.setdefault(f"t{index}", []).append(values)
            elif index in written:
                found.setdefault(f"c{index}", []).append(np.uint32(zlib.crc32(values.tobytes())))
    return {name: np.stack(arrays) for name, arrays in found.items()}


def main(names: list[str]) -> None:
    """Write the files named, or all."""
    made_by = interpreter_version()
    if made_by != FOLLOWED:
        raise SystemExit(f"found {made_by}; allowed: {FOLLOWED}")
    for name in names or sorted(path.stem for path in FOLDER.glob("*.tflite")):
        arrays = expected(FOLDER / f"{name}.tflite")
        np.savez_compressed(FOLDER / f"{name}.npz", made_by=np.array(made_by), **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
