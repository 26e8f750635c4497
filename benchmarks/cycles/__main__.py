"""Modelled cycles: the figures taken from manuals, and the model's error.

python -m benchmarks.cycles --folder prints where rp2040js is looked for, --write keeps both tables in
docs/explanation/cycles.md, nothing prints the error.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cycles import rp2040
from benchmarks.cycles.tables import TABLES, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "cycles.md"


def figures() -> Iterator[str]:
    """The tables of all cores, in Markdown."""
    for core, table in TABLES.items():
        yield f"**{core}**: {table.manual}. {table.note}".strip()
        yield ""
        yield "| instructions | cycles | section |"
        yield "| --- | --- | --- |"
        for row in rows(table):
            yield f"| {' | '.join(row)} |"
        yield ""


def errors() -> Iterator[str]:
    """The model's error, in Markdown.

    Raises:
        ValueError: rp2040js and Unicorn do not do the same.
    """
    yield "| program | instructions | cycles of rp2040js | modelled | error |"
    yield "| --- | --- | --- | --- | --- |"
    for seen in rp2040.measured():
        yield (
            f"| {seen.name} | {seen.instructions:,} | {seen.cycles:,} | {seen.modelled:,}"
            f" | {abs(seen.error) * 100:.2f} % |"
        )


def main() -> None:
    """Print, or write."""
    parser = argparse.ArgumentParser(prog="benchmarks.cycles", description=__doc__)
    parser.add_argument("--folder", action="store_true", help="print where rp2040js is looked for")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    if options.folder:
        print(rp2040.folder())
        return
    if missing := rp2040.missing():
        sys.exit(missing)
    found = list(errors())
    print("\n".join(found))
    if options.write:
        text = PAGE.read_text()
        for name, lines in (("figures", list(figures())), ("error", found)):
            marked = f"<!-- {name} -->\n" + "".join(f"{line}\n" for line in lines) + f"<!-- end of {name} -->"
            text = re.sub(rf"<!-- {name} -->.*?<!-- end of {name} -->", lambda _, m=marked: m, text, flags=re.DOTALL)
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
