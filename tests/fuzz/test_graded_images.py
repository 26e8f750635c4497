"""Runs the fuzz target of graded networks under ASan and UBSan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bad_images.graded_builders import GradedPatch, good_graded_image, image_of_kind
from paths import ROOT
from spikelet.graded.image import encode
from spikelet.graded.model import LayerKind
from support import fuzzing
from support.graded_networks import corpus as random_networks
from support.graded_sources import INCLUDES, graded_sources

pytestmark = pytest.mark.slow

#: Bytes. Images beyond are no seeds.
LONGEST = 16384
#: The first bits of an input's mode: take the image as it is; give it its length and CRC.
RAW, REPAIRED = 0, 1


def images() -> list[bytes]:
    """Images of every kind of layer."""
    return [
        good_graded_image(),
        *(image_of_kind(kind) for kind in LayerKind),
        *(encode(model) for model in random_networks(120)),
    ]


def seed(mode: int, image: bytes, script: bytes) -> bytes:
    """An input as the target reads it."""
    return bytes([mode]) + len(image).to_bytes(3, "little") + image + script


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good images with random inputs, most without META, so that a read beyond DATA is nearer to the image's end."""
    folder = tmp_path_factory.mktemp("graded") / "corpus"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for index, image in enumerate(images()):
        if len(image) < LONGEST - 1000:
            mode = (RAW, REPAIRED)[index % 2]
            short = image if mode == RAW else GradedPatch(image).done()
            (folder / f"seed{index}").write_bytes(seed(mode, short, rng.bytes(1000)))
    return folder


@pytest.fixture(scope="module", params=["ref", "packed"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine of graded networks with all kinds of layers, and a set of portable kernels."""
    place = tmp_path_factory.mktemp("graded_fuzz") / request.param
    return fuzzing.build(place, [*graded_sources(request.param), ROOT / "tests" / "fuzz" / "graded_fuzz.c"], INCLUDES)


def test_the_seeds_reach_every_function(target: Path, corpus: Path) -> None:
    """Otherwise the search would say little: images are opened, networks run, and all layers are called."""
    said = fuzzing.run(target, corpus, ["-runs=0", "-print_coverage=1", f"-max_len={LONGEST}"], 60)
    lines = [line for line in said.splitlines() if str(ROOT / "csrc") in line]

    assert any(line.startswith("COVERED_FUNC") and "spkl_run_softmax_s16" in line for line in lines)
    assert not [line for line in lines if line.startswith("UNCOVERED_FUNC")]


def test_no_graded_image_harms_the_engine(target: Path, corpus: Path) -> None:
    """Memory and arithmetic stay defined; layer by layer equals at once."""
    options = [f"-max_total_time={fuzzing.SECONDS}", f"-max_len={LONGEST}"]
    fuzzing.run(target, corpus, options, fuzzing.SECONDS)
