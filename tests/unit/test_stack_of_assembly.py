"""What assembly says of its stack, which no compiler tells."""

from __future__ import annotations

import re

from spikelet import _data
from spikelet.stack import OUTSIDE


def test_no_assembly_takes_more_stack_than_is_assumed() -> None:
    """A bound of a firmware's stack takes OUTSIDE bytes for each function that gcc tells nothing of."""
    csrc = _data.path("csrc")
    files = [file for file in csrc.rglob("*") if file.suffix in {".S", ".inc"}]
    said = {file: [int(n) for n in re.findall(r"Stack:[\s*]+(\d+)[\s*]+bytes", file.read_text())] for file in files}

    assert sum(map(len, said.values())) > 20
    assert {file for file, found in said.items() if max(found, default=0) > OUTSIDE} == set()
