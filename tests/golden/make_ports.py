"""Writes ports.json: the hash, encoders and decoders, tick by tick.

Plain Python integers and nothing of spikelet: docs/reference/semantics.md 4 and 5 once more.
Run it to make the file again; a test sees that this gives no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("ports.json")
FRAME = [0, 1, 2, 63, 127, 128, 200, 254, 255]


def mix(x: int) -> int:
    """Semantics 4.1."""
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ (x >> 16)


def hashed(seed: int, purpose: int, index: int, tick: int) -> int:
    """Semantics 4.1."""
    return mix(mix((seed + 0x9E3779B9 * purpose) % 2**32 ^ index) ^ tick)


SEED = 0xDEADBEEF
#: With this gain the hash of neuron 1 (x = 1) in tick 0 equals its step, which is not below it.
EQUAL = hashed(SEED, 1, 1, 0) >> 16


def hashes() -> Iterator[list[int]]:
    """Arguments and hash."""
    for seed in (0, 1, 2**32 - 1):
        for purpose in (0, 1, 2):
            for index, tick in ((0, 0), (1, 0), (0, 1), (65535, 2**32 - 1), (784, 25)):
                yield [seed, purpose, index, tick, hashed(seed, purpose, index, tick)]


def value(given: dict[str, Any], i: int, tick: int) -> int:
    """The event's value of neuron i, 0 for none."""
    encoder, window = given["encoder"], given["window"]
    step = min(FRAME[i] * given["gain"], 65536)
    tau = tick % window
    if encoder == "rate":
        return int(((tau + 1) * step % 2**32 // 65536 - tau * step % 2**32 // 65536) % 65536)
    if encoder == "poisson":
        return 1 if hashed(given["seed"], 1, i, tick) // 65536 < step else 0
    if encoder == "latency":
        return 1 if step > 0 and tau == (65536 - step) * (window - 1) // 65536 else 0
    return int(step * given["max_value"] // 65536)


def encoders() -> Iterator[dict[str, Any]]:
    """Two samples of a window each, both with the same frame."""
    for encoder in ("rate", "poisson", "latency", "direct"):
        for gain, window in ((257, 8), (100, 5), (65536, 3), (0, 2), (256, 1), (EQUAL, 2)):
            given = {"encoder": encoder, "gain": gain, "window": window}
            given |= {"seed": SEED if encoder == "poisson" else 0, "max_value": 255 if encoder == "direct" else 1}
            rows = [[value(given, i, tick) for i in range(len(FRAME))] for tick in range(2 * window)]
            yield {"name": f"{encoder} gain {gain} window {window}", "given": given, "expected": rows}


def make() -> str:
    """The text of the file."""
    lines = ",\n".join(json.dumps(case) for case in encoders())
    known = json.dumps(list(hashes()))
    head = f'"made_by": "tests/golden/make_ports.py",\n"frame": {FRAME},\n"hashes": {known}'
    return f'{{{head},\n"encoders": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(make())
