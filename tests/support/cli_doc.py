"""Writes docs/reference/cli.md from the commands: PYTHONPATH=tests python -m support.cli_doc, at the project's root."""

from __future__ import annotations

import click

from paths import ROOT
from spikelet.cli import COMMANDS, group
from spikelet.cli.options import conversion_options

__all__ = ["PAGE", "text"]

PAGE = ROOT / "docs" / "reference" / "cli.md"

_HEAD = """# Command line

Written from `spikelet COMMAND --help` by `tests/support/cli_doc.py`; a test compares.

Results go to stdout, progress and errors to stderr. `--json` prints the result as JSON.
Nothing is overwritten without `--force`.
An error is one message that says what to do, and the exit code of its class:

| code | class | meaning |
| --- | --- | --- |
| 0 | | done |
| 1 | SpikeletError | failed, or what was compared differs |
| 2 | | wrong usage |
| 3 | ConvertError | the network cannot be converted as asked, or something is open |
| 4 | ModelError | a model contradicts itself |
| 5 | ImageError | not an image that can be trusted |
| 6 | EngineError | the engine refused a call |
| 7 | BoardError | unknown board, no compiler or emulator, or it does not fit |
| 8 | DeviceError | a port is missing or busy, a board is silent |
| 9 | DataError | a data set cannot be used |
| 12 | LimitError | a model takes more than was allowed (`check --max-...`) |
"""


def text() -> str:
    """The whole page."""
    shared = _shared()
    parts = [_HEAD]
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        parts.append(_command(name, command, shared))
    parts.append("## Conversion options\n\nOf every command that takes a network; `convert()` has them as keywords.\n")
    parts.append(_table(list(shared.values())))
    return "\n".join(parts)


def _shared() -> dict[str, click.Option]:
    """The conversion options, by name."""

    @click.command
    @conversion_options
    def none(**_: object) -> None:
        """Nothing."""

    return {p.name: p for p in none.params if isinstance(p, click.Option) and p.name}


def _command(name: str, command: click.Command, shared: dict[str, click.Option]) -> str:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    own = [option for option in options if option.name not in shared]
    usage = " ".join(a.make_metavar(click.Context(command)) for a in arguments)
    paragraphs = " ".join((command.help or "").split()) if "\n\n" not in (command.help or "") else command.help
    lines = [f"## {name}\n", f"    spikelet {name} [OPTIONS] {usage}".rstrip() + "\n"]
    lines += [" ".join(part.split()) + "\n" for part in (paragraphs or "").split("\n\n")]
    if len(own) < len(options):
        lines.append("Takes the [conversion options](#conversion-options).\n")
    lines.append(_table(own))
    return "\n".join(lines)


def _table(options: list[click.Option]) -> str:
    rows = ["| option | meaning |", "| --- | --- |"]
    for option in options:
        names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
        meaning = (option.help or "").replace("|", "\\|")
        if isinstance(option.type, click.Choice):
            words = ", ".join(f"`{choice}`" for choice in option.type.choices)
            meaning = f"{meaning} {words}." if meaning else f"{words}."
        shown = option.show_default and option.default not in (None, ())
        default = option.default
        if shown:
            said = " ".join(map(str, default)) if isinstance(default, tuple) else default
            meaning += f" Default: `{said}`."
        rows.append(f"| {names} | {meaning.strip()} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text())
