"""Golden and real .tflite networks, and what they are run on: vectors of the interpreter, real data."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paths import ROOT, data
from spikelet.converters.tflite import convert_tflite
from support.tflite_compare import Judge

__all__ = ["GOLDEN", "REAL", "golden_judge", "path_of", "real_inputs"]

GOLDEN = ROOT / "tests" / "golden" / "tflite"
REAL = {
    "kws01": "tflite/kws_ref_model.tflite",
    "ic01": "tflite/pretrainedResnet_quant.tflite",
    "vww01": "tflite/vww_96_int8.tflite",
}


def path_of(name: str) -> Path:
    """A golden file, or a real one; skips the test where the real ones are absent."""
    return data(REAL[name]) if name in REAL else GOLDEN / f"{name}.tflite"


def golden_judge(golden: Mapping[str, Any], number: int) -> Judge:
    """A judge who knows the vectors of an inference: all numbers of a tensor, or their CRC."""

    def judge(tensor: int, values: Any) -> None:
        if f"t{tensor}" in golden:
            expected = golden[f"t{tensor}"][number]
            np.testing.assert_array_equal(values.reshape(-1), expected.reshape(-1), err_msg=f"tensor {tensor}")
        elif f"c{tensor}" in golden:
            assert golden[f"c{tensor}"][number] == zlib.crc32(values.tobytes()), f"tensor {tensor}"

    return judge


def real_inputs(name: str) -> Iterator[Sequence[Any]]:
    """What inputs.npz has for a network, as its int8 input takes it."""
    stored = np.load(data("tflite/inputs.npz"))
    if name == "kws01":
        yield [stored["kws"]]
    if name in ("vww01", "ic01"):
        gray = stored["vww_gray"].astype(np.int64)
        if name == "ic01":
            # Boxes of 3 x 3 pixels, halves rounded up.
            gray = (gray.reshape(32, 3, 32, 3).sum(axis=(1, 3)) * 2 + 9) // 18
        yield [np.repeat((gray - 128).astype(np.int8)[None, :, :, None], 3, axis=3)]
    if name == "autoencoder":
        tensor = convert_tflite(path_of(name)).tensors[0]
        frames = stored["ad_logmel"]
        for first in range(len(frames) - 4):
            window = frames[first : first + 5].reshape(1, 640)
            q = np.rint(window / np.float32(tensor.scale)) + tensor.zero_point
            yield [np.clip(q, -128, 127).astype(np.int8)]
