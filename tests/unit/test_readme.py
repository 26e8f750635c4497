"""The figures of README.md are those that are measured here."""

from __future__ import annotations

import pytest
from benchmarks import readme

from paths import ROOT


def test_the_measured_table_is_what_the_benchmarks_say() -> None:
    """Write the rows again with: python -m benchmarks.readme."""
    pytest.importorskip("unicorn", reason="no Unicorn: pip install unicorn")
    text = (ROOT / "README.md").read_text()
    found = list(readme.rows())

    assert found
    assert [row for row in found if row not in text] == []
