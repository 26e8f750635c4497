"""Run mypy --strict over the packages under their installed names.

runtime/ is the package spikelet and converters/ is spikelet.converters; mypy reads folders as they
are, so it is given a folder of links in that shape.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKS = ROOT / "build" / "typing" / "spikelet"


def main() -> int:
    """Lay the links, run mypy, give back its exit code."""
    LINKS.mkdir(parents=True, exist_ok=True)
    for old in LINKS.iterdir():
        old.unlink()
    for entry in sorted((ROOT / "runtime").iterdir()):
        if entry.suffix in {".py", ".pyi", ".typed"} or (entry / "__init__.py").exists():
            (LINKS / entry.name).symlink_to(entry)
    (LINKS / "converters").symlink_to(ROOT / "converters")
    return subprocess.run([sys.executable, "-m", "mypy", "-p", "spikelet"], cwd=LINKS.parent, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
