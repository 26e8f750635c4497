"""Reading and writing image files, and the META section."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bad_images.builders import Patch, good_image, good_model
from bad_images.wide import wide_model
from spikelet._data import path as data_path
from spikelet.arena import state_size
from spikelet.codes import code, codes, sentence
from spikelet.errors import ImageError, ModelError, SpikeletError
from spikelet.image import crc_of, decode, encode, read, write
from spikelet.layout import HEADER, MODEL, SectionId

META = SectionId.META


def with_meta(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The good image with other META."""

    def changed(content: bytes) -> bytes:
        described = json.loads(content)
        result = change(described)
        return json.dumps(described if result is None else result).encode()

    return with_bytes(changed)


def with_bytes(change: Callable[[bytes], bytes]) -> bytes:
    """The good image with other bytes in META."""
    patch = Patch()
    entry = patch.entry(META)
    content = change(bytes(patch.data[entry["offset"] : entry["offset"] + entry["length"]]))
    return patch.resize(META, lambda _: content, count=len(content)).done()


def test_a_written_file_is_read_back(tmp_path: Path) -> None:
    """The file holds what encode gives, and nothing else is left in its folder."""
    path = tmp_path / "net.spkl"
    write(good_model(), path)

    assert path.read_bytes() == good_image()
    assert encode(read(path)) == good_image()
    assert [path] == list(tmp_path.iterdir())


def test_an_existing_file_is_overwritten_only_with_force(tmp_path: Path) -> None:
    """Nobody's file is lost by a wrong name."""
    path = tmp_path / "net.spkl"
    path.write_text("mine")
    with pytest.raises(SpikeletError, match=r"net\.spkl exists.*force"):
        write(good_model(), path)
    assert path.read_text() == "mine"

    write(good_model(), path, force=True)
    assert path.read_bytes() == good_image()


def test_a_model_that_is_refused_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Checks come before the first byte is written."""
    path = tmp_path / "net.spkl"
    path.write_text("mine")
    with pytest.raises(ModelError, match="ticks_per_sample"):
        write(dataclasses.replace(good_model(), ticks_per_sample=-1), path, force=True)

    assert path.read_text() == "mine"
    assert [path] == list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    """A missing folder is the caller's mistake, not a traceback."""
    with pytest.raises(SpikeletError, match=r"no/net\.spkl cannot be written: No such file"):
        write(good_model(), tmp_path / "no" / "net.spkl")


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    """A missing file, a folder, and a file that is no image."""
    text = tmp_path / "text.spkl"
    text.write_text("this is a text and no image at all")
    for path, expected in ((tmp_path / "no.spkl", "IMAGE_SIZE"), (tmp_path, "IMAGE_SIZE"), (text, "IMAGE_MAGIC")):
        with pytest.raises(ImageError, match=path.name) as refused:
            read(path)
        assert code(expected) == refused.value.code


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Image 1: at most 2^30 bytes (here of a file that takes no room on the disk)."""
    path = tmp_path / "huge.spkl"
    with path.open("wb") as file:
        file.truncate(2**30 + 4)
    with pytest.raises(ImageError, match=r"1073741828 bytes"):
        read(path)


def test_crc_of_takes_its_own_place_as_zero() -> None:
    """Image 1."""
    image = good_image()

    assert HEADER.unpack(image, 0)["crc"] == crc_of(image)
    assert crc_of(image) == crc_of(image[:12] + b"\xaa\xbb\xcc\xdd" + image[16:])


def test_the_image_names_the_size_of_the_state() -> None:
    """Image 3 and arena 1: computed here by hand from the table for one small population."""
    model = good_model()
    small = dataclasses.replace(
        model, populations=model.populations[:1], projections=model.projections[:1], inputs=model.inputs[:1], outputs=()
    )
    # head 16; population: 24 statistics, v 20 -> 24, count 8, neurons 10 -> 16; input of 10 events
    expected = 16 + (24 + 24 + 8 + 16) + (16 + 8 + 24 + 24 + 80)

    assert expected == state_size(small)
    image = good_image()
    assert MODEL.unpack(image, Patch().entry(SectionId.MODEL)["offset"])["state_size"] == state_size(model)


def test_histories_and_blocks_have_their_place_in_the_state() -> None:
    """Arena 1, by hand: what the wide model has beyond statistics, counts, neurons of events and ports."""
    model = wide_model()
    ports = 16 + (16 + 8 + 200 + 200 + 800) + (8 + 36 * 4 + 72 * 8) + (8 + 700 * 4 + 700 * 8)
    always = sum(8 + 24 + -(-2 * p.size // 8) * 8 for p in model.populations)
    expected = {
        "map": 8 + 36 * 4,  # 3 blocks of 16 in a word; v
        "line": 72 + 5 * 36 * 2 + 8,  # values; those of 5 ticks; place
        "single": 4 * 2 * 4 + 8,  # two words of each of 4 ticks; place
        "dense": 24 + (4 * 5 * 4 + 8),  # v; late sums of 4 ticks; their place
        "large": 8 + 700 * 4,  # one block; v
        "narrow": 8 + 38 * 4,  # 5 blocks in a word; v
    }

    assert state_size(model) == ports + always + sum(expected.values())


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("not JSON", lambda _: b"{"),
        ("not UTF-8", lambda content: content.replace(b"lif", b"l\xff\xff")),
        ("a number that is none", lambda content: content.replace(b'"meta":{}', b'"meta":{"x":NaN}')),
        ("nested too deeply", lambda content: content.replace(b"{}", b"[" * 100_000 + b"]" * 100_000)),
        ("empty", lambda _: b""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_meta_that_is_not_json_is_refused(what: str, change: Callable[[bytes], bytes]) -> None:
    """Image 8: the Python reader takes META only as its writer makes it."""
    with pytest.raises(ImageError, match="META") as refused:
        decode(with_bytes(change))
    assert code("IMAGE_SECTION") == refused.value.code, what


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a list", lambda _: []),
        ("a list of its keys", list),
        ("names in one string", lambda found: found.update(populations="abcdef")),
        ("a list for an input", lambda found: found["inputs"].__setitem__(0, ["name", "shape"])),
        ("an input's name that is a number", lambda found: found["inputs"][0].update(name=5)),
        ("nothing of inputs", lambda found: found.pop("inputs") and None),
        ("something unknown", lambda found: found.update(more=1)),
        ("too few names", lambda found: found["populations"].pop() and None),
        ("a name that is a number", lambda found: found.update(populations=[1, "b", "c", "d", "e", "f"])),
        ("a name twice", lambda found: found.update(populations=["a", "a", "c", "d", "e", "f"])),
        ("an input without shape", lambda found: found["inputs"][0].pop("shape") and None),
        ("a shape of another size", lambda found: found["inputs"][0].update(shape=[5])),
        ("a shape that overflows", lambda found: found["inputs"][0].update(shape=[2**32, 2**32])),
        ("a negative shape", lambda found: found["inputs"][0].update(shape=[-2, -3])),
        ("a shape that is true", lambda found: found["inputs"][0].update(shape=[6, True])),
        ("labels of another number", lambda found: found["outputs"][0].update(labels=["a"])),
        ("labels that are no names", lambda found: found["outputs"][0].update(labels=[1, 2, 3, 4, 5])),
        ("meta that is no object", lambda found: found.update(meta=[])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_meta_that_does_not_fit_the_records_is_refused(what: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Image 8: a name, shape or label for each record, and nothing else."""
    with pytest.raises(ImageError) as refused:
        decode(with_meta(change))
    assert code("IMAGE_SECTION") == refused.value.code, what


def test_meta_that_is_no_json_cannot_be_written() -> None:
    """encode says so instead of writing something that cannot be read."""
    for wrong in ({"x": {1, 2}}, {"x": float("nan")}, {1: "a", "b": 2}):
        with pytest.raises(ModelError, match="meta"):
            encode(dataclasses.replace(good_model(), meta=wrong))


def test_codes_have_sentences() -> None:
    """spkl_err.def is read whole: pinned values, no value twice."""
    assert code("IMAGE_CRC") == -13
    assert code("ENCODER") == -44
    assert len(set(codes().values())) == len(codes())
    assert len(codes()) == (data_path("csrc") / "include" / "spkl_err.def").read_text().count("\nSPKL_ERR(")
    assert sentence(-13) == "the image is damaged (its CRC differs)"
