"""Writes docs/reference/cli.md from the commands: PYTHONPATH=tests python -m support.cli_doc, at the project's root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from paths import ROOT
from spikelet.cli import COMMANDS, group
from spikelet.cli.graded_options import graded_data_options
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
    shared = {title: _shared(options) for title, (options, _) in _GROUPS.items()}
    parts = [_HEAD]
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        parts.append(_command(name, command, shared))
        parts += [_command(f"{name} {sub}", found, shared) for sub, found in _subcommands(command)]
    for title, (_, said) in _GROUPS.items():
        parts.append(f"## {title}\n\n{said}\n")
        parts.append(_table(list(shared[title].values())))
    return "\n".join(parts)


#: Options that several commands share: by the title of their section, with what it says.
_GROUPS: dict[str, tuple[Callable[..., Any], str]] = {
    "Conversion options": (
        conversion_options,
        "Of every command that takes a network; `convert()` has them as keywords. Of a .tflite file `--labels` is"
        " known, and of one of float32 `--calibration`, `--weights`, `--weight-bits` and `--max-loss`.",
    ),
    "Data options": (
        graded_data_options,
        "What is done with data that do not fit an int8 network as they are: [evaluate](../how-to/evaluate.md).",
    ),
}


def _shared(options: Callable[..., Any]) -> dict[str, click.Option]:
    """Options of a group, by name."""

    @click.command
    @options
    def none(**_: object) -> None:
        """Nothing."""

    return {p.name: p for p in none.params if isinstance(p, click.Option) and p.name}


def _subcommands(command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Names and commands of a group; none of another command."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield name, found


def _command(name: str, command: click.Command, shared: dict[str, dict[str, click.Option]]) -> str:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    own = [option for option in options if not any(option.name in group for group in shared.values())]
    usage = " ".join(a.make_metavar(click.Context(command)) for a in arguments)
    paragraphs = command.help or ""
    heading = "###" if " " in name else "##"
    called = "COMMAND ..." if isinstance(command, click.Group) else f"[OPTIONS] {usage}"
    lines = [f"{heading} {name}\n", f"    spikelet {name} {called}".rstrip() + "\n"]
    lines += [" ".join(part.split()) + "\n" for part in paragraphs.split("\n\n")]
    names = {option.name for option in options}
    taken = [f"[{title.lower()}](#{title.lower().replace(' ', '-')})" for title in shared if names & set(shared[title])]
    if taken:
        lines.append(f"Takes the {' and the '.join(taken)}.\n")
    return "\n".join([*lines, _table(own)] if own else lines)


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
