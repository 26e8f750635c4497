"""Runs the command line inside the test's process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from paths import ROOT
from spikelet.cli import group

__all__ = ["DIGITS", "SAID", "answer", "convert_digits", "spikelet"]

DIGITS = ROOT / "examples" / "digits"
#: How the digits network was made.
SAID = ("--framework", "snntorch", "--reset", "zero", "--encoder", "rate", "--ticks-per-sample", "25")


def spikelet(*words: object) -> Result:
    """Run a command; an exception that is no answer of the command line fails the test."""
    result = CliRunner().invoke(group, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def answer(*words: object) -> Any:
    """Run a command with --json that must succeed; returns the data."""
    result = spikelet(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def convert_digits(folder: Path) -> Path:
    """The image of the digits example."""
    image = folder / "digits.spkl"
    result = spikelet("convert", DIGITS / "digits.nir", "-o", image, *SAID)
    assert result.exit_code == 0, result.stderr
    return image
