"""The two checks of choices in csrc/engine: the one of all, and the small one of a model that needs few."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from spikelet.codes import code
from spikelet.layout import FLAG_BITS
from spikelet.model import PARAMETERS

CSRC = Path(__file__).resolve().parents[2] / "csrc"
#: What lif_tick_plain_s32 can do.
PLAIN_CHOICES = ("bias_to_v", "fires", "reset_kind", "reset_next", "reset_before_leak")
PLAIN_PARAMETERS = ("decay_v", "fire_above", "reset", "bias", "v_min", "v_init")
_SHIM = """
#include "build.h"
int ask(int plain, uint32_t flags, uint32_t parameters);
int ask(int plain, uint32_t flags, uint32_t parameters)
{
    struct spkl_walk walk = {0};
    struct spkl_population p = {0};
    struct spkl_population_record record = {.kind = 1, .flags = flags, .max_count = 1};

    p.lif.flags = flags;
    return plain ? spkl_check_choices_plain(&walk, &record, &p, parameters)
                 : spkl_check_choices_any(&walk, &record, &p, parameters);
}
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Both checks, built for this machine."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    folder = tmp_path_factory.mktemp("choices")
    (folder / "shim.c").write_text(_SHIM)
    kernels = CSRC / "kernels"
    files = [folder / "shim.c", *(CSRC / "engine").glob("*.c"), *(kernels / "ref").glob("*.c"), kernels / "all.c"]
    words = ["cc", "-std=c99", "-shared", "-fPIC", f"-I{CSRC / 'include'}", f"-I{CSRC / 'engine'}", *map(str, files)]
    subprocess.run([*words, "-o", str(folder / "choices.so")], check=True, timeout=60)
    return ctypes.CDLL(str(folder / "choices.so"))


def test_both_checks_say_the_same_of_what_the_small_one_knows(ask: ctypes.CDLL) -> None:
    """All combinations of plain choices with all combinations of plain parameters: same codes."""
    ranges = [range(1 << FLAG_BITS[name][1]) for name in PLAIN_CHOICES]
    bits = [1 << PARAMETERS.index(name) for name in PLAIN_PARAMETERS]
    found = set()
    for values in itertools.product(*ranges):
        flags = sum(value << FLAG_BITS[name][0] for name, value in zip(PLAIN_CHOICES, values, strict=True))
        for chosen in itertools.product((0, 1), repeat=len(bits)):
            parameters = sum(bit * there for bit, there in zip(bits, chosen, strict=True))
            said = ask.ask(1, flags, parameters)
            found.add(said)
            assert said == ask.ask(0, flags, parameters), (flags, parameters)

    assert found == {0, code("IMAGE_POPULATION")}


def test_the_small_check_refuses_what_it_does_not_know(ask: ctypes.CDLL) -> None:
    """Image 8: NO_KERNEL for any other bit of flags, and any other parameter."""
    known = {FLAG_BITS[name][0] + i for name in PLAIN_CHOICES for i in range(FLAG_BITS[name][1])}
    for bit in set(range(32)) - known:
        assert ask.ask(1, 1 << bit | 1 << FLAG_BITS["fires"][0], 0) == code("NO_KERNEL")
    for name in set(PARAMETERS) - set(PLAIN_PARAMETERS):
        assert ask.ask(1, 0, 1 << PARAMETERS.index(name)) == code("NO_KERNEL")
