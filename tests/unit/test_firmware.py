"""Building firmware: what is linked, how large it is, what does not fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from paths import ROOT
from spikelet import board_files, firmware, toolchain
from spikelet.converters import convert
from spikelet.converters.emit import image_source, kernel_names
from spikelet.errors import BoardError
from spikelet.firmware import build, engine_size
from spikelet.graded.model import GradedModel
from spikelet.parts import parts_of
from support.random_models import grown, random_model
from support.tools import COMPILERS, need_compiler

EVERY = [(b, c) for b in board_files.names() for c in COMPILERS]


@pytest.mark.parametrize(("name", "compiler"), EVERY, ids=map("-".join, EVERY))
def test_every_board_builds_without_a_warning(name: str, compiler: str) -> None:
    """All warnings are errors, for the firmware that takes any model and for one with a model."""
    board = board_files.load(name)
    need_compiler(board.arch, compiler)
    for model in (None, random_model(1)):
        made = build(name, model=model, compiler=compiler, strict=True)

        assert made.elf.read_bytes()[:4] == b"\x7fELF"
        assert 0 < made.flash.used <= made.flash.length
        assert board.stack < made.ram.used <= made.ram.length


def test_the_same_sources_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second build runs no compiler; another optimisation is another build."""
    need_compiler("arm", "zig")
    first = build("cortex-m4", compiler="zig")
    monkeypatch.setattr(toolchain.Toolchain, "run", lambda *_: pytest.fail("the compiler was run"))
    again = build("cortex-m4", compiler="zig")

    assert first.elf == again.elf
    copied = build("cortex-m4", compiler="zig", output=tmp_path / "out")
    assert copied.elf == tmp_path / "out" / "cortex-m4.elf"
    assert copied.elf.read_bytes() == first.elf.read_bytes()


def test_an_embedded_model_links_only_its_kernels() -> None:
    """A table with the kernels of the model; the others are not in the file."""
    need_compiler("arm", "zig")
    model = random_model(1, plain=True)
    # Files that hold more than their name, or what the firmware does not call.
    several: dict[str, tuple[str, ...]] = {
        "event_queue": ("push", "update_events"),
        "push_spikes": (),
        "copy_spikes": (),
    }
    wanted = {f"spkl_{function}" for name in kernel_names(model) for function in several.get(name, (name,))}
    every = {
        f"spkl_{name}" for name in ("lif_tick_any_s32", "encode_rate", "encode_poisson", "decode_first", "decode_last")
    }
    names = {s.name for s in build("cortex-m4", model=model, compiler="zig").symbols if s.function}
    all_names = {s.name for s in build("cortex-m4", compiler="zig").symbols if s.function}

    assert wanted <= names
    assert (every - wanted) & names == set()
    assert every <= all_names


def test_a_kernel_comes_from_the_first_set_that_has_it() -> None:
    """The order is the board's; what only ref has comes from ref."""
    board = board_files.load("cortex-m4")
    files = firmware._engine(board, parts_of(board, None, ""), "2")
    root = Path(firmware.data_path("csrc")) / "kernels"
    for name in (f.stem for f in (root / "ref").glob("*.c")):
        has = [s for s in board.kernels if list((root / s).glob(f"{name}.[cS]"))]
        (chosen,) = (f for f in files if f.stem == name)
        assert chosen.parent.name == has[0]


def test_the_small_build_takes_the_small_kernels() -> None:
    """Those for size come first, then `ref`; and the firmware is smaller."""
    need_compiler("arm", "gcc")
    board = board_files.load("cortex-m0")
    kernels = [f for f in firmware._engine(board, parts_of(board, None, ""), "s") if "kernels" in f.parts]
    model = random_model(1, plain=True)
    small, fast = (build("cortex-m0", model=model, compiler="gcc", optimise=o).sizes["text"] for o in ("s", "2"))

    assert {f.parent.name for f in kernels} == {"armv6m_small", "ref", "kernels"}
    assert small < fast


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_model_that_is_too_large_says_how_many_bytes_are_missing(compiler: str) -> None:
    """The figure is exact: with that much more flash it would fit."""
    need_compiler("arm", compiler)
    model = random_model(1, plain=True)
    board = board_files.load("cortex-m0")
    fits = build(board, model=model, compiler=compiler).flash
    shrunk = dataclasses.replace(board, slot=None, flash=dataclasses.replace(board.flash, length=fits.used - 12))
    with pytest.raises(BoardError, match=r"does not fit cortex-m0: 12 bytes of flash are missing"):
        build(shrunk, model=model, compiler=compiler)

    ram = build(board, model=model, compiler=compiler).ram
    shrunk = dataclasses.replace(board, ram=dataclasses.replace(board.ram, length=ram.used - 8))
    with pytest.raises(BoardError, match=r"does not fit cortex-m0: 8 bytes of RAM are missing"):
        build(shrunk, model=model, compiler=compiler)


def test_a_huge_model_is_refused_before_it_is_flashed() -> None:
    """An image larger than the whole flash."""
    need_compiler("arm", "zig")
    with pytest.raises(BoardError, match=r"the model \(an image of \d+ bytes\) does not fit microbit"):
        build("microbit", model=grown(random_model(1, plain=True), 20_000), compiler="zig")


def test_gcc_bounds_the_stack_and_says_why_zig_does_not() -> None:
    """The deepest way begins at main, and the bound is within what the board keeps."""
    need_compiler("arm", "gcc")
    need_compiler("arm", "zig")
    stack = build("cortex-m0", compiler="gcc").stack

    assert stack.bytes is not None, stack.reason
    assert stack.path[0] == "main"
    assert 100 < stack.bytes <= board_files.load("cortex-m0").stack
    assert build("cortex-m0", compiler="zig").stack.reason == "only gcc tells it"


def test_an_embedded_image_is_the_same_bytes() -> None:
    """Words of the C constant are the image, little-endian."""
    image = bytes(range(32))
    words = [int(w, 16) for w in image_source(image).replace("}", ",").split("{", 1)[1].split(",") if "0x" in w]

    assert b"".join(w.to_bytes(4, "little") for w in words) == image


def test_no_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip is enough; Debian's package is named too."""
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(BoardError, match=r"pip install 'spikelet\[emulator\]'.*gcc-arm-none-eabi"):
        build("cortex-m4")
    with pytest.raises(BoardError, match="gcc-riscv64-unknown-elf"):
        build("rv32imc", compiler="gcc")
    with pytest.raises(BoardError, match="there are auto, gcc and zig"):
        build("cortex-m4", compiler="tcc")


def test_the_engine_of_a_graded_network_is_linked_alone() -> None:
    """Loader, kinds of layers and kernels that the network needs, of one file; the small build is smaller."""
    need_compiler("arm", "gcc")
    model = convert(ROOT / "examples" / "digits_int8" / "digits_int8.tflite")
    assert isinstance(model, GradedModel)
    fast, small = (engine_size("cortex-m4", model, compiler="gcc", optimise=o) for o in ("2", "s"))

    assert {"spkl_graded_open", "spkl_graded_run", "spkl_run_conv_s8", "spkl_sum_list_u8_s32"} <= set(fast.by_symbol)
    assert not {"spkl_open", "spkl_run_conv_s16", "spkl_run_mean", "main"} & set(fast.by_symbol)
    assert 4000 < small.total < fast.total < 24_000
