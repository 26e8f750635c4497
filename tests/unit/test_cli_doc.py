"""docs/reference/cli.md says what --help says."""

from __future__ import annotations

import re

from spikelet import errors
from spikelet.cli import COMMANDS
from spikelet.errors import SpikeletError
from support.cli_doc import PAGE, text


def test_the_page_is_what_the_commands_say() -> None:
    """Write it again with: python -m tests.support.cli_doc (PYTHONPATH=tests)."""
    assert PAGE.read_text() == text()


def test_every_command_has_a_section() -> None:
    """In the order of the list."""
    assert re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE)[: len(COMMANDS)] == list(COMMANDS)


def test_the_exit_codes_are_those_of_the_exceptions() -> None:
    """Of all classes that the commands can raise."""
    rows = dict(re.findall(r"^\| (\d+) \| (\w+Error) \|", PAGE.read_text(), re.MULTILINE))
    classes = {name: getattr(errors, name) for name in errors.__all__}

    assert {int(code): name for code, name in rows.items()} == {
        kind.exit_code: name
        for name, kind in classes.items()
        if name not in {"LearnError", "StoreError"} and kind.__base__ is not errors.BoardError
    }
    assert all(issubclass(kind, SpikeletError) for kind in classes.values())
