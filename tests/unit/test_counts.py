"""The record of counts: what grows is an error, what shrinks is news, the page is the record's."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("unicorn", reason="no Unicorn: pip install unicorn")

from benchmarks.counts import __main__ as command
from benchmarks.counts import page, record
from benchmarks.counts.record import Change, Key

LINE = Key("instructions", "M4", "some-gcc 1.0", "zero", "made up")
OTHER = Key("quiet tick", "M4", "some-gcc 1.0", "silent")


@pytest.mark.parametrize(("after", "fails"), [(1021, True), (1020, False), (1001, False), (999, False), (500, False)])
def test_a_line_fails_when_it_grows_by_more_than_two_percent(after: int, fails: bool) -> None:
    """Counts are exact: each change is told, and only growth is an error."""
    changes = record.compare({LINE: after, OTHER: 7}, {LINE: 1000, OTHER: 7})

    assert changes == [Change(LINE, 1000, after)]
    assert changes[0].fails == fails


def test_a_line_that_is_as_before_is_no_change() -> None:
    """Nor is one that the record has not."""
    assert record.compare({LINE: 5, OTHER: 7}, {LINE: 5}) == []


def test_the_report_names_the_line_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    """Growth comes first and gives the exit code."""
    code = command.report({LINE: 1100, OTHER: 90}, {LINE: 1000, OTHER: 100}, failing=True)
    first, second, last = capsys.readouterr().out.splitlines()

    assert code == 1
    assert first == "GREW: instructions | M4 | some-gcc 1.0 | zero | made up: 1,000 before, 1,100 now (+10.00 %)"
    assert second == "shrank: quiet tick | M4 | some-gcc 1.0 | silent | : 100 before, 90 now (-10.00 %)"
    assert last == "2 lines compared: 1 grew by more than 2 %, 2 differ"


def test_a_new_line_of_a_known_compiler_is_to_be_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise it would never be held against anything."""
    assert command.report({LINE: 5, OTHER: 7}, {LINE: 5}, failing=True) == 1
    assert "new: quiet tick" in capsys.readouterr().out


def test_another_compiler_is_not_compared_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Another version of a compiler makes other code."""
    other = Key("instructions", "M4", "some-gcc 2.0", "zero", "made up")

    assert command.report({other: 10_000}, {LINE: 5}, failing=True) == 0
    assert "the record has no lines of some-gcc 2.0" in capsys.readouterr().out


def test_the_record_is_written_and_read(tmp_path: Path) -> None:
    """Sorted, a line a count."""
    file = tmp_path / "counts.json"
    record.write({OTHER: 7, LINE: 5}, file)

    assert record.read(file) == {LINE: 5, OTHER: 7}
    assert len(file.read_text().splitlines()) == 4
    assert record.read(tmp_path / "none.json") == {}


def test_the_page_is_written_from_the_record() -> None:
    """Write it again with: python -m benchmarks.counts --update."""
    assert page.text(record.read()) == page.FILE.read_text()
