"""`spikelet doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from spikelet.cli.screen import json_option, print_json, say, table
from spikelet.doctor import examine

__all__ = ["command"]


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """Tell which compilers, emulators and serial ports are there, and what to install.

    Ends with 1 if something is missing that nothing works without.
    """
    found = examine()
    if as_json:
        print_json([{**asdict(finding), "is_there": finding.is_there} for finding in found])
    else:
        rows = [
            (
                "yes" if finding.is_there else "NO" if finding.needed else "no",
                finding.name,
                finding.purpose,
                finding.found if finding.is_there else finding.advice,
            )
            for finding in found
        ]
        table("", ("there", "what", "for", "version, or what to do"), rows)
        say(_verdict([finding.name for finding in found if finding.is_there]))
    if any(finding.needed and not finding.is_there for finding in found):
        raise SystemExit(1)


def _verdict(there: list[str]) -> str:
    """What can be done."""
    compilers = [name for name in there if name == "ziglang" or name.endswith("-gcc")]
    emulators = [name for name in there if name == "unicorn" or name.startswith("qemu")]
    if compilers and emulators:
        return "firmware can be built, and boards can be emulated: try spikelet demo"
    return "to build firmware and emulate boards: pip install 'spikelet[emulator]'"
