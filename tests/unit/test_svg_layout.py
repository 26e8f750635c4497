"""Pictures of graphs: layers, no overlap, few crossings, edges that lead where they should."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from spikelet.svg import Svg, clean, number, short, width_of
from spikelet.svg_layout import Box, Layout, Line, layout

BOX = Box(width=100, height=50)


def line(source: int, target: int, *, back: bool = False) -> Line:
    """An edge with a label."""
    return Line(source=source, target=target, width=120, height=30, back=back)


def ways(n: int, seed: int) -> list[Line]:
    """A chain with branches and ways back."""
    rng = np.random.default_rng(seed)
    found = [line(i, i + 1) for i in range(n - 1)]
    for _ in range(n // 2):
        a, b = sorted(rng.choice(n, 2, replace=False).tolist())
        found.append(line(a, b) if rng.integers(2) else line(b, a, back=True))
    return found


def check(boxes: list[Box], lines: list[Line]) -> Layout:
    """What holds for every layout: inside the picture, nothing over something else, lines end at their boxes."""
    found = layout(boxes, lines)
    areas = [
        (at.x - b.width / 2, at.y - b.height / 2, at.x + b.width / 2 + b.beside, at.y + b.height / 2)
        for at, b in zip(found.boxes, boxes, strict=True)
    ]
    areas += [
        (x - one.width / 2, y - one.height / 2, x + one.width / 2, y + one.height / 2)
        for one, (x, y) in ((one, route.label) for one, route in zip(lines, found.routes, strict=True))
    ]
    for a, b in combinations(areas, 2):
        assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6, (a, b)
    assert min(area[0] for area in areas) >= -1e-6
    assert max(area[2] for area in areas) <= found.width + 1e-6
    assert max(area[3] for area in areas) <= found.height + 1e-6
    for one, route in zip(lines, found.routes, strict=True):
        source, target = found.boxes[one.source], found.boxes[one.target]
        down = -1 if one.back else 1
        assert abs(route.points[0][0] - source.x) <= 50
        assert abs(route.points[-1][0] - target.x) <= 50
        assert route.points[0][1] == pytest.approx(source.y + down * 25)
        assert route.points[-1][1] == pytest.approx(target.y - down * 25)
        assert len(route.points) % 2 == 0
        assert all(down * (b[1] - a[1]) >= -1e-6 for a, b in pairwise(route.points))
        assert (target.y > source.y) != one.back
    return found


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 40])
def test_nothing_overlaps_and_lines_lead_to_their_boxes(n: int) -> None:
    """Chains with branches and ways back, up to forty boxes."""
    for seed in range(4):
        check([BOX] * n, ways(n, seed))


def test_a_chain_is_straight() -> None:
    """Boxes below each other, lines without a bend."""
    found = check([BOX] * 5, [line(i, i + 1) for i in range(4)])

    assert len({round(at.x, 6) for at in found.boxes}) == 1
    assert all(len({round(x, 6) for x, _ in route.points}) == 1 for route in found.routes)


def test_branches_do_not_cross() -> None:
    """Two ways that are given crosswise are sorted."""
    lines = [line(0, 1), line(0, 2), line(1, 4), line(2, 3), line(3, 5), line(4, 5)]
    found = check([BOX] * 6, lines)

    assert (found.boxes[1].x < found.boxes[2].x) == (found.boxes[4].x < found.boxes[3].x)


def test_an_input_stands_above_what_it_feeds() -> None:
    """Not at the top, with a line through everything."""
    found = check([BOX] * 5, [line(0, 1), line(1, 2), line(2, 3), line(4, 3)])

    assert found.boxes[4].y == found.boxes[2].y


def test_the_same_graph_gives_the_same_places() -> None:
    """Twice the same."""
    assert layout([BOX] * 20, ways(20, 1)) == layout([BOX] * 20, ways(20, 1))


def test_room_for_a_loop_stays_free() -> None:
    """A box with room to its right keeps its neighbour away."""
    boxes = [BOX, Box(width=100, height=50, beside=150), BOX, BOX]
    found = check(boxes, [line(0, 1), line(0, 2), line(1, 3), line(2, 3)])

    assert abs(found.boxes[1].x - found.boxes[2].x) >= 100


def test_text_of_files_is_text() -> None:
    """Escaped, without what XML forbids or what turns text around."""
    svg = Svg(10, 10, title='<a>"\x00')
    svg.text(1, 2, "</text>&\u202e", cls='x"')
    svg.add("rect", x=-0.001, width=1 / 3, tip="<tip>")
    text = svg.inline()

    assert "&lt;/text&gt;&amp;?" in text
    assert 'class="x&quot;"' in text
    assert '<rect x="0" width="0.33"><title>&lt;tip&gt;</title></rect>' in text
    assert "<title>&lt;a&gt;&quot;?</title>" in text


def test_numbers_and_names_are_short() -> None:
    """Two decimals, no minus zero; names end in an ellipsis; wide letters count double."""
    assert [number(x) for x in (1.0, -0.004, 12.346)] == ["1", "0", "12.35"]
    assert short("abcdef", 4) == "abc…"
    assert clean("a\nb\u200b") == "a?b?"
    assert width_of("漢字", 10) > width_of("ii", 10) * 2
