"""Writes projections.json: what events bring by each kind of projection, how its weights are stored, delay lines.

Plain Python integers and nothing of spikelet: docs/reference/semantics.md 2.5, 2.6, 3.4 and 6, and
docs/reference/image.md 5.1 once more. Run it to make the file again; a test sees that this gives no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("projections.json")
TICKS = 6

Case = dict[str, Any]
Events = list[list[int]]


class Draw:
    """A linear congruential generator, so that no library's random numbers stand in the file."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)

    def weight(self, bits: int) -> int:
        """A weight of so many bits."""
        return 2 * self.between(0, 1) - 1 if bits == 1 else self.between(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def events(self, size: int) -> Events:
        """Some events (tick, neuron, value) of each tick but the last two."""
        return [
            [tick, self.between(0, size - 1), self.between(1, 5) * (2 * self.between(0, 1) - 1)]
            for tick in range(TICKS - 2)
            for _ in range(self.between(0, 4))
        ]


def place(m: Case, j: int) -> tuple[int, int, int] | None:
    """Channel, y and x of source neuron j behind the pool; None where it brings nothing."""
    if m["planar"]:
        c, y, x = j // (m["width"] * m["height"]), j // m["width"] % m["height"], j % m["width"]
    else:
        c, y, x = j % m["channels"], j // m["channels"] // m["width"], j // m["channels"] % m["width"]
    y, x = y // m["pool"][0], x // m["pool"][1]
    inside = y < m["height"] // m["pool"][0] and x < m["width"] // m["pool"][1]
    return (c, y, x) if inside else None


def brought(given: Case, j: int) -> list[tuple[int, int]]:
    """Target and weight of everything that an event of neuron j adds."""
    m, t, weights = given["source"], given["target"], given["weights"]
    at = place(m, j) if m else (j, 0, 0)
    if at is None:
        return []
    c, y, x = at
    if t is None:
        row = weights[(y * (m["width"] // m["pool"][1]) + x) * m["channels"] + c if m else j]
        return [(i, row[i]) for i in range(given["size"]) if given["kind"] == "dense" or row[i] != 0]
    found = []
    per_group, outs = m["channels"] // t["groups"], t["channels"] // t["groups"]
    for oc in range(c // per_group * outs, (c // per_group + 1) * outs):
        for oy in range(t["height"]):
            for ox in range(t["width"]):
                for ky in range(t["kernel"][0]):
                    for kx in range(t["kernel"][1]):
                        meets_y = oy * t["stride"][0] == y + t["pad"][0] - ky * t["dilation"][0]
                        meets_x = ox * t["stride"][1] == x + t["pad"][1] - kx * t["dilation"][1]
                        if meets_y and meets_x:
                            chunky = (oy * t["width"] + ox) * t["channels"] + oc
                            planar = (oc * t["height"] + oy) * t["width"] + ox
                            found.append((planar if t["planar"] else chunky, weights[oc][c % per_group][ky][kx]))
    return found


def stored(given: Case) -> str:
    """The bytes of the weights in an image, in hexadecimal digits."""
    t, bits, weights = given["target"], given["bits"], given["weights"]
    if given["kind"] == "sparse":
        return stored_pairs(weights)
    rows = weights
    if t is not None:
        per_group, outs = given["source"]["channels"] // t["groups"], t["channels"] // t["groups"]
        taps = [
            kx
            for first in range(t["stride"][1])
            for kx in reversed(range(t["kernel"][1]))
            if kx % t["stride"][1] == first
        ]
        rows = [
            [weights[c // per_group * outs + o][c % per_group][ky][kx] for kx in taps for o in range(outs)]
            for c in range(given["source"]["channels"])
            for ky in range(t["kernel"][0])
        ]
    return "".join(stored_row(row, bits, signed=t is not None) for row in rows)


def stored_row(row: list[int], bits: int, *, signed: bool) -> str:
    """Codes from the lowest bit on, the rest filled with the code of the padding."""
    if bits == 8:
        codes, padding = ([w % 256 for w in row], 0) if signed else ([w + 128 for w in row], 128)
    elif bits == 1:
        codes, padding = [(w + 1) // 2 for w in row], 0
    else:
        codes, padding = [w + 2 ** (bits - 1) for w in row], 2 ** (bits - 1)
    while len(codes) * bits % 32:
        codes.append(padding)
    number = sum(code << index * bits for index, code in enumerate(codes))
    return number.to_bytes(len(codes) * bits // 8, "little").hex()


def stored_pairs(weights: list[list[int]]) -> str:
    """Where rows begin, and pairs of gap and weight."""
    begins, content = [0], b""
    for row in weights:
        last = 0
        for i in (i for i, w in enumerate(row) if w):
            gap = i - last
            while gap > 255:
                content += bytes([255, 0])
                gap -= 255
            content += bytes([gap, row[i] % 256])
            last = i
        begins.append(len(content))
    whole = b"".join(begin.to_bytes(4, "little") for begin in begins) + content
    return (whole + bytes(-len(whole) % 4)).hex()


def finished(name: str, given: Case) -> Case:
    """A case with the sums of every tick, the weights added, and how the weights are stored."""
    sums = [[0] * given["size"] for _ in range(TICKS)]
    added = 0
    for tick, neuron, value in given["events"]:
        for target, weight in brought(given, neuron):
            due = tick + (given["delays"][target] if given["delays"] else 0)
            if due < TICKS:
                sums[due][target] += weight * value
            added += 1
    return {"name": name, "given": given, "expected": {"sums": sums, "synops": added, "stored": stored(given)}}


def source(channels: int, height: int, width: int, *, planar: bool = False, pool: tuple[int, int] = (1, 1)) -> Case:
    """A source map."""
    return {"channels": channels, "height": height, "width": width, "planar": planar, "pool": list(pool)}


def target(channels: int, height: int, width: int, kernel: tuple[int, int], **more: Any) -> Case:
    """A target map."""
    plain = {"planar": False, "groups": 1, "stride": [1, 1], "pad": [0, 0], "dilation": [1, 1]}
    return {"channels": channels, "height": height, "width": width, "kernel": list(kernel)} | plain | more


CONVS: dict[str, tuple[Case, Case]] = {
    "plain": (source(2, 4, 5), target(3, 3, 3, (2, 3))),
    "padded": (source(1, 4, 4), target(2, 4, 4, (3, 3), pad=[1, 1])),
    "cut off": (source(1, 5, 6), target(2, 2, 2, (2, 2), pad=[-1, -2])),
    "strided": (source(2, 5, 7), target(3, 2, 3, (3, 5), stride=[2, 3], pad=[1, 2])),
    "dilated": (source(1, 6, 7), target(2, 3, 3, (2, 3), dilation=[3, 2])),
    "groups": (source(4, 3, 3), target(6, 2, 2, (2, 2), groups=2)),
    "planar": (source(2, 3, 4, planar=True), target(3, 2, 2, (2, 3), planar=True)),
    "pooled": (source(2, 5, 7, pool=(2, 3)), target(3, 2, 2, (2, 2), pad=[1, 1])),
    "a stride beyond the kernel": (source(1, 4, 5), target(3, 2, 2, (1, 2), stride=[2, 3])),
}


def convs(draw: Draw) -> Iterator[Case]:
    """Convolutions, with every number of bits."""
    for name, (m, t) in CONVS.items():
        for bits in (8, 4, 2, 1):
            weights = [
                [[[draw.weight(bits) for _ in range(t["kernel"][1])] for _ in range(t["kernel"][0])] for _ in range(c)]
                for c in [m["channels"] // t["groups"]] * t["channels"]
            ]
            size = t["channels"] * t["height"] * t["width"]
            late = [draw.between(0, 2) for _ in range(size)] if bits == 4 else None
            events = draw.events(m["channels"] * m["height"] * m["width"])
            given = {"kind": "conv", "bits": bits, "source": m, "target": t, "size": size, "weights": weights}
            yield finished(f"conv {name}, {bits} bits", {**given, "delays": late, "events": events})


def rows(draw: Draw) -> Iterator[Case]:
    """Dense and sparse projections, with and without a map."""
    maps = {"no map": None, "a map": source(2, 3, 4), "a pool": source(2, 5, 4, planar=True, pool=(2, 3))}
    for name, m in maps.items():
        n_source = m["channels"] * m["height"] * m["width"] if m else 5
        n_rows = m["channels"] * (m["height"] // m["pool"][0]) * (m["width"] // m["pool"][1]) if m else 5
        for kind, bits, size in (
            ("dense", 8, 5),
            ("dense", 4, 11),
            ("dense", 2, 3),
            ("dense", 1, 33),
            ("sparse", 8, 600),
        ):
            few = kind == "sparse"
            weights = [
                [0 if few and draw.between(0, 199) else draw.weight(bits) for _ in range(size)] for _ in range(n_rows)
            ]
            late = [draw.between(0, 3) for _ in range(size)] if kind == "dense" and m is None else None
            given = {"kind": kind, "bits": bits, "source": m, "target": None, "size": size, "weights": weights}
            yield finished(f"{kind} {name}, {bits} bits", {**given, "delays": late, "events": draw.events(n_source)})


def lines(draw: Draw) -> Iterator[Case]:
    """Delay lines: what leaves in each tick."""
    for name, delay in (("one delay", [2]), ("no delay", [0]), ("a delay each", [0, 3, 1, 2])):
        events = draw.events(4)
        out = [[0] * 4 for _ in range(TICKS)]
        for tick, neuron, value in events:
            due = tick + (delay[neuron] if len(delay) > 1 else delay[0])
            if due < TICKS:
                out[due][neuron] += value
        yield {"name": name, "given": {"delay": delay, "size": 4, "events": events}, "expected": out}


def make() -> str:
    """The text of the file: one case a line."""
    draw = Draw(1)
    projections = ",\n".join(json.dumps(case) for case in [*convs(draw), *rows(draw)])
    delays = ",\n".join(json.dumps(case) for case in lines(draw))
    head = '"made_by": "tests/golden/make_projections.py"'
    return f'{{{head},\n"projections": [\n{projections}\n],\n"lines": [\n{delays}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(make())
