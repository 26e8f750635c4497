"""A group whose commands are modules, loaded when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group of commands, each named `command` in a module of its own.

    Args:
        modules: what the name of a command is appended to.
        sentences: names in the order of use, with what the group's help says of them.
    """

    def __init__(self, *args: Any, modules: str, sentences: Mapping[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._modules, self._sentences = modules, sentences

    def list_commands(self, _: click.Context) -> list[str]:
        """See click."""
        return list(self._sentences)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """See click."""
        if cmd_name not in self._sentences:
            return None
        command: click.Command = importlib.import_module(f"{self._modules}{cmd_name}").command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._sentences.items()))
