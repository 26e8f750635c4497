"""Which compiler the extension is built with."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from paths import ROOT


@pytest.fixture
def host_compiler() -> ModuleType:
    """The build's module, as a build loads it."""
    spec = importlib.util.spec_from_file_location("host_compiler", ROOT / "build_backend" / "host_compiler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def only(module: ModuleType, monkeypatch: pytest.MonkeyPatch, *commands: str) -> None:
    """Only these compilers work."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "x-cc -pthread" if name == "CC" else None)
    monkeypatch.setattr(module, "works", lambda command: command[0] in commands)


def test_the_compiler_of_python_is_taken_where_it_works(
    host_compiler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is replaced, and pip installs nothing more."""
    only(host_compiler, monkeypatch, "x-cc", "gcc")

    assert host_compiler.replacement() is None
    assert not host_compiler.needs_zig()


def test_another_compiler_is_taken_before_zig(host_compiler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python from elsewhere may name a compiler that is not here."""
    only(host_compiler, monkeypatch, "gcc", "clang")

    assert host_compiler.replacement() == ["gcc"]
    assert not host_compiler.needs_zig()


def test_zig_is_taken_where_there_is_no_compiler(host_compiler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this kind of processor, not for this one, and without debug traps."""
    only(host_compiler, monkeypatch)

    command = host_compiler.replacement()

    assert command[:4] == [sys.executable, "-m", "ziglang", "cc"]
    assert "-fno-sanitize=undefined" in command
    assert host_compiler.needs_zig()


def test_a_compiler_that_the_user_names_is_never_replaced(
    host_compiler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CC is what it says, even where it fails: the build then says so."""
    only(host_compiler, monkeypatch)
    monkeypatch.setenv("CC", "nothing")

    assert host_compiler.replacement() is None


def test_a_command_that_fails_does_not_work(host_compiler: ModuleType, tmp_path: Path) -> None:
    """It must compile and link, not only be there."""
    wrong = tmp_path / "cc"
    wrong.write_text("#!/bin/sh\nexit 1\n")
    wrong.chmod(0o755)

    assert not host_compiler.works((str(wrong),))
    assert not host_compiler.works((str(tmp_path / "missing"),))


def test_the_build_asks_pip_for_zig_only_then(host_compiler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """build_backend/spikelet_build.py, wheels and editable installs."""
    monkeypatch.setitem(sys.modules, "host_compiler", host_compiler)
    monkeypatch.syspath_prepend(str(ROOT / "build_backend"))
    spec = importlib.util.spec_from_file_location("spikelet_build", ROOT / "build_backend" / "spikelet_build.py")
    assert spec is not None
    assert spec.loader is not None
    backend = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backend)

    for needed in (True, False):
        monkeypatch.setattr(backend, "needs_zig", lambda needed=needed: needed)
        monkeypatch.setattr(backend.build_meta, "get_requires_for_build_wheel", lambda _: ["wheel"])
        monkeypatch.setattr(backend.build_meta, "get_requires_for_build_editable", lambda _: ["wheel"])
        expected = ["wheel", host_compiler.ZIG] if needed else ["wheel"]
        assert expected == backend.get_requires_for_build_wheel()
        assert expected == backend.get_requires_for_build_editable()
