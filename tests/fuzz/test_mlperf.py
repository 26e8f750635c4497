"""Runs the fuzz target of the commands of MLPerf Tiny under ASan and UBSan."""

from __future__ import annotations

from pathlib import Path

import pytest

from paths import ROOT
from spikelet.converters import convert
from spikelet.graded.model import GradedModel
from support import fuzzing, native_mlperf

#: Inputs to begin with: commands done right, the three faults of the suite's own parser, and words of the language.
SEEDS = {
    "known": b"name%profile%timestamp%help%results%start%stop%print_detections%%",
    "infer": b"db load 64%" + b"".join(b"db " + bytes([48 + i]) * 32 + b"%" for i in range(4)) + b"infer 2 1%results%",
    "lone": b"%%%na",
    "large": b"db load 30000%" + b"db abcdef%" * 20,
    "bare": (b"db " + b"ff" * 31 + b"%") * 20,
    "print": b"db load 9%db 010203040506070809%db print%db 00%",
}
WORDS = ("db ", "load ", "print", "infer ", "results", "name", "profile", "timestamp", "help", "start", "%", " ", "ff")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ic01", "ad01"])
def test_nothing_on_the_line_harms_a_device(tmp_path: Path, task: str) -> None:
    """Memory and arithmetic stay defined, and every command is answered with whole lines and m-ready."""
    name = {"ic01": "examples/digits_int8/digits_int8", "ad01": "tests/golden/tflite/autoencoder"}[task]
    model = convert(ROOT / f"{name}.tflite")
    assert isinstance(model, GradedModel)
    (tmp_path / "corpus").mkdir()
    for seed, content in SEEDS.items():
        (tmp_path / "corpus" / seed).write_bytes(content)
    if task == "ad01":
        pieces = b"".join(b"db " + b"00" * 32 + b"%" for _ in range(80))
        (tmp_path / "corpus" / "floats").write_bytes(b"db load 2560%" + pieces + b"infer 1 0%")
    words = tmp_path / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    sources = [*native_mlperf.sources(tmp_path, model, task), ROOT / "tests" / "fuzz" / "mlperf_fuzz.c"]
    target = fuzzing.build(tmp_path / "mlperf_fuzz", sources, native_mlperf.includes())
    options = [f"-max_total_time={fuzzing.SECONDS}", "-max_len=8192", f"-dict={words}"]

    fuzzing.run(target, tmp_path / "corpus", options, fuzzing.SECONDS)
