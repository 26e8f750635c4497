"""`python -m spikelet` is the command line."""

from __future__ import annotations

from spikelet.cli import main

main()
