"""inspect --svg: every port, population and projection is in the picture, and what is special looks special."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.model import (
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
    ResetKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)
from spikelet.svg_network import draw_network
from support.browser import complaints, screenshot
from support.command_line import DIGITS, SAID, answer, convert_digits, spikelet

SVG = "{http://www.w3.org/2000/svg}"


def population(name: str, size: int) -> Population:
    """LIF neurons."""
    parameters = {"decay_v": np.array([60000], np.int32), "fire_above": np.array([500], np.int32)}
    return Population(name=name, size=size, frac=4, choices=LifChoices(reset_kind=ResetKind.SET), parameters=parameters)


def dense(source: int, target: int, shape: tuple[int, int], **changes: Any) -> Projection:
    """Random weights."""
    made = Projection(
        name=f"{source} > {target}",
        source=source,
        from_input=False,
        target=target,
        weights=np.random.default_rng(0).integers(-2, 2, shape).astype(np.int8),
    )
    return replace(made, **changes)


def everything() -> Model:
    """All kinds of projections and populations: a loop, a way back, a late one, a feed, a convolution, sparse rows."""
    image = SourceMap(channels=2, height=8, width=8, planar=True, pool=(2, 2))
    conv = Projection(
        name="conv",
        source=0,
        from_input=True,
        target=0,
        kind=ProjectionKind.CONV,
        bits=4,
        source_map=image,
        target_map=TargetMap(channels=3, height=4, width=4, kernel=(3, 3), pad=(1, 1)),
        weights=np.random.default_rng(1).integers(-3, 4, (3, 2, 3, 3)).astype(np.int8),
    )
    rows = SparseWeights(start=np.arange(49), targets=np.arange(48) % 10, values=np.ones(48, np.int8))
    line = Population(
        name="waits",
        size=48,
        frac=0,
        choices=LifChoices(),
        kind=PopulationKind.DELAY,
        parameters={"delay": np.array([7], np.int32)},
    )
    projections = (
        conv,
        replace(dense(2, 0, (10, 48)), name="back"),
        Projection(name="feed", source=0, from_input=False, target=1, weights=None, kind=ProjectionKind.FEED),
        Projection(name="sparse", source=0, from_input=False, target=2, weights=rows, kind=ProjectionKind.SPARSE),
        dense(1, 2, (48, 10), delays=np.arange(10, dtype=np.int32), name="late"),
        dense(2, 2, (10, 10), bits=2, name="loop"),
    )
    return Model(
        populations=(population("maps", 48), line, population("read </text>&", 10)),
        projections=projections,
        inputs=(InputPort(name="retina", size=128, shape=(2, 8, 8), max_sum=128, capacity=200),),
        outputs=(OutputPort(name="class", population=2, capacity=20, labels=tuple("abcdefghij")),),
    )


def words(text: str) -> list[str]:
    """All texts of a drawing."""
    return [element.text or "" for element in ET.fromstring(text).iter(f"{SVG}text")]


def test_every_part_is_named_with_its_size_and_kind() -> None:
    """Names, shapes, kinds, weights, bits and bytes."""
    found = words(draw_network(everything(), title="all.spkl"))

    for word in (
        "retina",
        "input, 2 × 8 × 8 = 128",
        "maps",
        "3 × 4 × 4 = 48 LIF",
        "waits",
        "48 delay line",
        "delay 7 ticks",
        "read </text>&",
        "class",
        "10 labels",
        "conv 3 × 2 × 3 × 3, pad 1, pool 2",
        "feed",
        "sparse",
        "late by 0 to 9 ticks",
        "dense 10 × 10",
    ):
        assert word in found, word
    assert any("100 weights of 2 bits" in word for word in found)
    assert any(word.startswith("all.spkl: 128-48-") for word in found)


def test_what_leads_back_or_comes_late_looks_different() -> None:
    """Classes of the edges and the legend; a model without such edges has no legend."""
    text = draw_network(everything(), title="all.spkl")
    edges = [e.get("class") for e in ET.fromstring(text).iter(f"{SVG}path") if str(e.get("class")).startswith("edge")]

    assert sorted(map(str, edges)) == ["edge ahead"] * 4 + ["edge back"] * 3 + ["edge late"] * 2
    assert {"back: one tick later", "late: its own delays"} <= set(words(text))


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    """From Python and from the command; no name but the file's."""
    assert draw_network(everything(), title="x") == draw_network(everything(), title="x")
    image = convert_digits(tmp_path)
    drawn = []
    for name in ("a.svg", "b.svg"):
        assert spikelet("inspect", image, "--svg", tmp_path / name).exit_code == 0
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]


def test_rates_come_from_the_host_engine(tmp_path: Path) -> None:
    """Events a tick as eval counts them; a network is drawn through conversion options."""
    file = tmp_path / "net.svg"
    data = DIGITS / "digits_test.npz"
    done = spikelet("inspect", DIGITS / "digits.nir", *SAID, "--svg", file, "--data", data, "--samples", 10)
    counted = answer("eval", DIGITS / "digits.nir", data, *SAID, "--samples", 10)
    found = words(file.read_text())

    assert done.exit_code == 0
    assert "drawn in" in done.stdout
    hidden = counted["populations"]["1"]["spikes"] / 25
    assert f"{hidden:.3g} events a tick" in found
    assert f"{100 * hidden / 96:.3g} % of neurons a tick" in found
    assert any("10 samples of digits_test.npz" in word for word in found)


def test_nothing_is_replaced_and_data_need_a_drawing(tmp_path: Path) -> None:
    """Said before anything is read."""
    file = tmp_path / "net.svg"
    file.write_text("old")
    network = (DIGITS / "digits.nir", *SAID)
    there = spikelet("inspect", *network, "--svg", file)
    alone = spikelet("inspect", *network, "--data", DIGITS / "digits_test.npz")
    nowhere = spikelet("inspect", *network, "--svg", tmp_path / "none" / "net.svg")

    assert [(r.exit_code, r.stdout) for r in (there, alone, nowhere)] == [(1, ""), (2, ""), (1, "")]
    assert "--force" in there.stderr
    assert file.read_text() == "old"
    assert spikelet("inspect", *network, "--svg", file, "--force").exit_code == 0
    assert file.read_text().startswith("<svg")


def test_a_network_is_shown_like_its_image(tmp_path: Path) -> None:
    """The same tables; an image has its choices in another order."""
    image = convert_digits(tmp_path)
    found = [spikelet("inspect", image).stdout, spikelet("inspect", DIGITS / "digits.nir", *SAID).stdout]

    assert sorted(found[0].splitlines()[1:]) == sorted(found[1].splitlines()[1:])
    assert "dense" in found[0]


@pytest.mark.parametrize("which", ["all", "digits"])
def test_a_browser_draws_it(which: str, tmp_path: Path) -> None:
    """As a file of its own."""
    file = tmp_path / "net.svg"
    if which == "all":
        file.write_text(draw_network(everything(), title="all.spkl"))
    else:
        spikelet("inspect", DIGITS / "digits.nir", *SAID, "--svg", file)

    assert complaints(screenshot(file, tmp_path / "net.png")) == []
    assert (tmp_path / "net.png").stat().st_size > 5_000
