"""Opens pages in a real browser without a screen, where one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

__all__ = ["complaints", "screenshot"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def screenshot(file: Path, picture: Path, *, width: int = 1200, height: int = 1600) -> str:
    """Draw a page or an SVG file into a PNG; returns the browser's log. Skips where no browser is installed."""
    browser = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                browser, *_QUIET, "--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}",
                f"--screenshot={picture}", f"--window-size={width},{height}", file.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )  # fmt: skip
    return done.stderr


def complaints(log: str) -> list[str]:
    """What a page wrote to the console: errors of scripts, refused loads, broken markup."""
    return [line for line in log.splitlines() if re.search(r":CONSOLE[(:]", line)]
