"""The firmware's application, compiled for this machine, as a board."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spikelet.model import Model
from support import native_board
from support.native_board import NativeBoard
from support.random_models import random_model


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application as a shared library."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    return native_board.build(tmp_path_factory.mktemp("native") / "board.so")


@pytest.fixture
def board(library: Path) -> NativeBoard:
    """A board without a model."""
    return NativeBoard(library)


@pytest.fixture
def model() -> Model:
    """A model with input and output events."""
    return random_model(4, plain=True)
