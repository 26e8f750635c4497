"""doctor: what is there, what to install, and the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from spikelet import doctor
from spikelet.doctor import Finding, examine
from support.command_line import answer, spikelet


def test_everything_has_a_purpose_and_what_is_missing_has_advice() -> None:
    """Also that the engine, which these tests run, is there."""
    found = {finding.name: finding for finding in examine()}

    assert all(finding.purpose and (finding.is_there or finding.advice) for finding in found.values())
    assert found["the C engine"].is_there
    assert found["Python"].is_there
    assert {"ziglang", "unicorn", "arm-none-eabi-gcc", "qemu-system-arm", "snntorch"} <= set(found)


def test_a_tool_that_is_not_on_the_path_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the package to install, and without ending in an error."""
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    found = {finding.name: finding for finding in examine()}

    assert not found["qemu-system-arm"].is_there
    assert "apt-get install qemu-system-arm" in found["qemu-system-arm"].advice
    assert spikelet("doctor").exit_code == 0


def test_only_what_is_needed_makes_it_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, for people and for machines."""
    missing = Finding(name="x", purpose="y", found="", advice="z", needed=True)
    monkeypatch.setattr(doctor, "_LOOKS", (lambda: iter([missing]),))
    result = spikelet("doctor")

    assert result.exit_code == 1
    assert "pip install 'spikelet[emulator]'" in result.stdout
    assert json.loads(spikelet("doctor", "--json").stdout) == [
        {"name": "x", "purpose": "y", "found": "", "advice": "z", "needed": True, "is_there": False}
    ]


def test_a_cache_that_cannot_be_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "file" / "cache"))
    found = {finding.name: finding for finding in examine()}

    assert not found["cache folder"].is_there
    assert "SPIKELET_CACHE" in found["cache folder"].advice


def test_the_command_answers_machines() -> None:
    """A list of findings."""
    assert {entry["name"] for entry in answer("doctor")} == {finding.name for finding in examine()}
