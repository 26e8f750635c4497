"""What the pages tell a reader to type works, and gives what they say.

A block behind `<!-- run -->` is run, each page in a fresh folder in which `examples` leads to the
checkout's. `<!-- run: needs X -->` skips the page's test from there on where X is not installed, and
`<!-- run: ends with N -->` expects an exit code. The lines of a block behind `<!-- shows -->` must be
in what the last run block printed; `...` in such a line stands for anything.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from paths import ROOT

ALL = [*sorted(ROOT.glob("*.md")), ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in ALL if "<!-- run" in page.read_text()]
_BLOCK = re.compile(r"^<!-- (run|shows)(?:: ([^>]*?))? -->\n+```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A marked block of a page."""

    verb: str
    condition: str
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The marked blocks of a page; every mark must be in front of a block."""
    text = page.read_text()
    found = [Block(*match) for match in _BLOCK.findall(text)]
    assert len(found) == len(re.findall(r"^<!-- (?:run|shows)\b", text, re.MULTILINE)), "a mark without a block"
    return found


def skip_unless(need: str) -> None:
    """Skip where something is not installed.

    Raises:
        ValueError: the page asks for something that is not known here.
    """
    if need == "emulator":
        missing = [name for name in ("unicorn", "ziglang") if importlib.util.find_spec(name) is None]
        hint = "pip install 'spikelet[emulator]'"
    elif need == "sweep":
        missing = [name for name in ("joblib", "distributed") if importlib.util.find_spec(name) is None]
        hint = "pip install 'spikelet[sweep]'"
    elif need == "snntorch":
        missing = [name for name in ("torch", "snntorch") if importlib.util.find_spec(name) is None]
        hint = "pip install torch snntorch"
    elif need == "../shared":
        folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
        missing, hint = [] if folder.is_dir() else [str(folder)], "set SPIKELET_DATA"
    elif need == "gcc":
        missing = [] if shutil.which("arm-none-eabi-gcc") else ["arm-none-eabi-gcc"]
        hint = "make tools"
    else:
        raise ValueError(f"unknown need: {need}")
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: {hint}")


def run(block: Block, folder: Path) -> str:
    """Run a block; returns what it printed.

    Raises:
        ValueError: the block is in another language.
    """
    commands = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    if block.language not in commands:
        raise ValueError(f"only {', '.join(commands)} can be run, not {block.language!r}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*commands[block.language], block.text],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    code = re.fullmatch(r"ends with (\d+)", block.condition)
    assert done.returncode == (int(code.group(1)) if code else 0), f"{block.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def plain(text: str) -> list[str]:
    """Lines without the spaces that make columns."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def is_in(line: str, printed: list[str]) -> bool:
    """Whether a line was printed; "..." stands for anything."""
    pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
    return any(pattern.fullmatch(other) for other in printed)


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    """What a page shows is compared, but for the places that it leaves open."""
    assert is_in("works in ... of RAM", ["a", "works in 2,544 B of RAM"])
    assert not is_in("works in ... of RAM", ["works in 2,544 B of flash", "it works in 2 B of RAM"])
    assert not is_in("a.c", ["abc"])


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """All marked blocks of a page, in order."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    printed: list[str] = []
    for block in blocks(page):
        if block.verb == "shows":
            assert [line for line in plain(block.text) if not is_in(line, printed)] == [], "\n".join(printed)
            continue
        if block.condition.startswith("needs "):
            skip_unless(block.condition.removeprefix("needs "))
        printed = plain(run(block, tmp_path))


def test_the_pages_that_promise_commands_are_run() -> None:
    """A page without marks is not tested; these have some."""
    names = {str(page.relative_to(ROOT)) for page in PAGES}

    assert {
        f"docs/how-to/{name}.md"
        for name in ("bench", "boards", "budget", "convert", "evaluate", "from-keras-to-a-board", "verify")
    } <= names
    assert {"README.md", "docs/tutorial/first-network.md"} <= names


@pytest.mark.parametrize("page", ALL, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Relative links name files of the checkout."""
    missing = [target for target, _ in _LINK.findall(page.read_text()) if not (page.parent / target).exists()]

    assert missing == []
