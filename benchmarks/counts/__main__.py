"""Counts everything that docs/reference/counts.json has lines of, and compares: python -m benchmarks.counts.

A line that grew by more than 2 % is an error (`make bench-check`); with --update the record is written instead.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed

from benchmarks.counts import page, record
from benchmarks.counts.jobs import SUBJECTS, jobs, run
from benchmarks.counts.record import Key


def main() -> None:
    """Count in processes of their own; print what differs."""
    parser = argparse.ArgumentParser(prog="benchmarks.counts", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a minute's worth, as in CI; needs no data")
    parser.add_argument("--subject", choices=sorted(SUBJECTS), action="append", help="only these; may be given again")
    parser.add_argument("--update", action="store_true", help="write the record and its page")
    options = parser.parse_args()
    found, left_out = _count(small=options.small, subjects=frozenset(options.subject or ()))
    for reason in sorted(left_out):
        print(f"left out: {reason}")
    recorded = record.read()
    if options.update:
        partly = options.small or options.subject or left_out
        record.write({**(recorded if partly else _of_others(recorded, found)), **found})
        page.FILE.write_text(page.text(record.read()))
    sys.exit(report(found, recorded, failing=not options.update))


def _count(*, small: bool, subjects: frozenset[str]) -> tuple[dict[Key, int], set[str]]:
    """All counts, and why some are left out."""
    found: dict[Key, int] = {}
    left_out: set[str] = set()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(run, job) for job in jobs(small=small, subjects=subjects)]
        for n, job in enumerate(as_completed(waiting), 1):
            result = job.result()
            found.update(result.counts)
            left_out |= {result.missing} - {""}
            if sys.stderr.isatty():
                print(f"\r{n} of {len(waiting)} ", end="", file=sys.stderr, flush=True)
    return found, left_out


def _of_others(recorded: Mapping[Key, int], found: Mapping[Key, int]) -> dict[Key, int]:
    """Lines of compilers that are not here; what this machine's no longer count is dropped."""
    here = {key.compiler for key in found}
    return {key: n for key, n in recorded.items() if key.compiler not in here}


def report(found: Mapping[Key, int], recorded: Mapping[Key, int], *, failing: bool) -> int:
    """Print what differs from the record; returns the exit code."""
    lines = list(_lines(found, recorded))
    print("\n".join(text for _, text in lines))
    return int(failing and any(fails for fails, _ in lines))


def _lines(found: Mapping[Key, int], recorded: Mapping[Key, int]) -> Iterator[tuple[bool, str]]:
    """What to say, and whether it is an error."""
    unknown = sorted({key.compiler for key in found} - {key.compiler for key in recorded})
    for compiler in unknown if recorded else ():
        yield False, f"not compared: the record has no lines of {compiler}"
    for key in sorted(found):
        if key not in recorded and key.compiler not in unknown:
            yield True, f"new: {key}: {found[key]:,}; keep it with python -m benchmarks.counts --update"
    changes = record.compare(found, recorded)
    for change in changes:
        word = "GREW" if change.fails else "grew a little" if change.share > 0 else "shrank"
        yield change.fails, f"{word}: {change}"
    compared = sum(key in recorded for key in found)
    grew = sum(change.fails for change in changes)
    yield False, f"{compared} lines compared: {grew} grew by more than {record.TOLERANCE} %, {len(changes)} differ"


if __name__ == "__main__":
    main()
