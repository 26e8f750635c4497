"""bench scaling: slopes, the table, the picture."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spikelet import bench_scaling as module
from spikelet.bench_scaling import CURVES, Curve, Point, Scaling, slope
from spikelet.svg_scaling import picture
from support.command_line import spikelet
from support.tools import need_compiler

FOUND = Scaling(
    core="M4",
    compiler="some-gcc 1.0",
    flags="-O2",
    emulator="some 1.0",
    curves=[
        Curve(name, [Point(x, 80 if "rest" in name else 50 + 3 * x, 9 * x if x < 5000 else None) for x in xs])
        for name, xs in CURVES.items()
    ],
)


@pytest.mark.parametrize(("power", "factor"), [(0, 80), (1, 3), (2, 5)])
def test_a_slope_is_the_exponent_of_growth(power: int, factor: int) -> None:
    """Of exact powers; flat is 0, and never -0."""
    found = slope([(2**i, factor * 2 ** (i * power)) for i in range(8)])

    assert found == pytest.approx(power, abs=1e-3)
    assert f"{found:.2f}" == f"{power}.00"


def test_a_slope_is_of_the_last_points() -> None:
    """What is there once does not flatten it."""
    assert slope([(1, 1000), (2, 1000), (4, 1000), (8, 8), (16, 16), (32, 32), (64, 64)]) == pytest.approx(1)


def test_the_picture_has_a_plot_for_each_curve() -> None:
    """And a point for each count; the same counts give the same bytes."""
    root = ElementTree.fromstring(picture(FOUND))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    dots = [e for e in root.iter("{http://www.w3.org/2000/svg}circle") if len(e)]

    assert set(CURVES) <= set(texts)
    assert len(dots) == sum((p.plain is not None) + 1 for curve in FOUND.curves for p in curve.points)
    assert picture(FOUND) == picture(FOUND)


def test_the_command_prints_slopes_and_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that is there is not overwritten unasked."""
    monkeypatch.setattr("spikelet.cli.bench_scaling.count", lambda *_, **__: FOUND)
    svg = tmp_path / "scaling.svg"
    shown = spikelet("bench", "scaling", "--svg", svg)

    assert shown.exit_code == 0
    assert svg.read_text() == picture(FOUND)
    (row,) = [line.split() for line in shown.stdout.splitlines() if "neurons at rest" in line]
    assert row[5:8] == ["80", "80", "0.00"]
    assert "again: spikelet bench scaling --core M4" in shown.stdout
    assert spikelet("bench", "scaling", "--svg", svg).exit_code == 1
    assert json.loads(spikelet("bench", "scaling", "--json").stdout)["slopes"]["neurons at rest"]["ours"] == 0


@pytest.mark.slow
def test_a_network_at_rest_is_flat() -> None:
    """Against neurons and against time; plain C is not, and what is busy grows no faster than its work."""
    pytest.importorskip("unicorn", reason="no Unicorn: pip install unicorn")
    need_compiler("arm", "gcc")
    found = {curve.name: curve for curve in module.count("M4").curves}

    for name in ("neurons at rest", "idle ticks"):
        assert len({point.ours for point in found[name].points}) == 1
        assert found[name].plain > 0.9
    assert all(curve.ours <= 1.01 for curve in found.values())
