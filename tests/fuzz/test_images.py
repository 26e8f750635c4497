"""Runs the fuzz target of images, and of the networks that they make, under ASan and UBSan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bad_images.builders import Patch, good_image
from bad_images.wide import wide_image
from paths import ROOT
from spikelet.demo import demo_model
from spikelet.image import encode
from spikelet.layout import SectionId
from spikelet.model import Projection, ProjectionKind, SourceMap, TargetMap
from strategies import corpus as random_networks
from support import fuzzing
from support.graded_sources import is_graded_kernel
from support.map_models import map_model
from support.random_models import random_model
from support.small_networks import join, network, sums

pytestmark = pytest.mark.slow

#: Bytes. Images beyond are no seeds.
LONGEST = 16384
#: The first bits of an input's mode: take the image as it is; give it its length, state_size and CRC; and begin
#: shortly before the tick number wraps.
RAW, REPAIRED, NEAR_WRAP = 0, 1, 4


def images() -> list[bytes]:
    """Images of every kind of record, and the network of the demo."""
    models = [demo_model(), *(model for model, _ in random_networks(60)), *(random_model(seed) for seed in range(4))]
    maps = [encode(map_model(seed, value)) for seed in range(4) for value in (1, 300)]
    few_bits = [join("in", 0, np.full((30, 40), -1, np.int8), bits=bits) for bits in (4, 2, 1)]
    models += [
        network([sums("out", 40)], [projection], 30, max_sum) for projection in few_bits for max_sum in (1, 2, 9)
    ]
    models += [network([sums("out", 16 * 9)], [_wide_convolution()], 18)] * 4
    ends = [Patch().field(SectionId.OUTPUTS, 1, "gap", gap).done() for gap in (1, 1000)]
    return [good_image(), *ends, wide_image(), *maps, *(encode(model) for model in models)]


def _wide_convolution() -> Projection:
    """Of as many channels as are summed in 16 bits where many spikes come."""
    return join(
        "in",
        0,
        np.full((16, 2, 3, 3), -128, np.int8),
        kind=ProjectionKind.CONV,
        source_map=SourceMap(channels=2, height=3, width=3),
        target_map=TargetMap(channels=16, height=3, width=3, kernel=(3, 3), pad=(1, 1)),
    )


def without_meta(image: bytes) -> bytes:
    """The image that ends behind its arrays, so that a read beyond them is beyond the image."""
    patch = Patch()
    patch.data = bytearray(image)
    return patch.drop_section(SectionId.META).done()


def seed(mode: int, image: bytes, script: bytes) -> bytes:
    """An input as the target reads it."""
    return bytes([mode]) + len(image).to_bytes(3, "little") + image + script


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good images with random calls."""
    folder = tmp_path_factory.mktemp("images") / "corpus"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for index, image in enumerate(images()):
        if len(image) < LONGEST - 1000:
            mode = (RAW, REPAIRED)[index % 2] | (NEAR_WRAP, 0, 0)[index % 3]
            short = image if mode & REPAIRED == RAW else without_meta(image)
            (folder / f"seed{index}").write_bytes(seed(mode, short, rng.bytes(1000)))
    return folder


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine, without the small ways that only a model's own table has, and kernels of any little-endian core."""
    csrc = ROOT / "csrc"
    files = {file.name: file for name in ("ref", "packed") for file in (csrc / "kernels" / name).glob("*.c")}
    kernels = [file for file in files.values() if not is_graded_kernel(file)]
    engine = [file for file in (csrc / "engine").glob("*.c") if file.stem != "plain"]
    sources = [*engine, *kernels, csrc / "kernels" / "all.c"]
    flags = [f"-I{csrc / folder}" for folder in ("include", "engine")] + [
        "-Wl,--wrap=spkl_build",
        "-Wl,--wrap=spkl_pixels_pay",
    ]
    place = tmp_path_factory.mktemp("image_fuzz") / "image_fuzz"
    return fuzzing.build(place, [*sorted(sources), ROOT / "tests" / "fuzz" / "image_fuzz.c"], flags)


def test_the_seeds_reach_every_function(target: Path, corpus: Path) -> None:
    """Otherwise the search would say little: images are opened, networks run, and all kernels are called."""
    said = fuzzing.run(target, corpus, ["-runs=0", "-print_coverage=1", f"-max_len={LONGEST}"], 60)
    lines = [line for line in said.splitlines() if str(ROOT / "csrc") in line]

    assert any(line.startswith("COVERED_FUNC") and "spkl_lif_tick_any_s32" in line for line in lines)
    assert not [line for line in lines if line.startswith("UNCOVERED_FUNC")]


def test_no_image_and_no_call_harms_the_engine(target: Path, corpus: Path) -> None:
    """Memory and arithmetic stay defined, n ticks at once equal n single ticks, results keep their ranges."""
    options = [f"-max_total_time={fuzzing.SECONDS}", f"-max_len={LONGEST}"]
    fuzzing.run(target, corpus, options, fuzzing.SECONDS)
