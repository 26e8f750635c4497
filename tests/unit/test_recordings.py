"""Recordings of event cameras: every format is read as independent writers and readers have it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paths import data
from spikelet import events
from spikelet.recordings import FORMATS, Recording
from support.recording_files import EVENTS, WRITERS, aedat4, aedat31, dat, dvs128, evt2, evt3, nmnist


def rows(recording: Recording) -> list[tuple[int, ...]]:
    """Time, x, y, polarity of each event."""
    columns = (recording.t, recording.x, recording.y, recording.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def read(name: str, content: bytes, size: tuple[int, int] | None = None) -> Recording:
    """Read bytes in a format."""
    return FORMATS[name]("it", content, size)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_told_by_its_content_and_read(name: str, tmp_path: Path) -> None:
    """Times, pixels, polarities and the sensor's size; only N-MNIST needs the suffix."""
    kind, suffix, write, size = WRITERS[name]
    file = tmp_path / f"it{suffix if kind == 'n-mnist' else '.any'}"
    file.write_bytes(write(EVENTS))

    recording = events.load(file)

    assert rows(recording) == list(EVENTS)
    assert (recording.format, recording.source, len(recording)) == (kind, str(file), len(EVENTS))
    assert (recording.width, recording.height) == size
    types = [column.dtype for column in (recording.t, recording.x, recording.y, recording.polarity)]
    assert types == [np.int64, np.uint16, np.uint16, np.uint8]


@pytest.mark.parametrize("name", WRITERS)
def test_a_recording_may_have_no_events(name: str) -> None:
    """A camera that saw nothing move."""
    kind, _, write, size = WRITERS[name]

    recording = read(kind, write(()))

    assert rows(recording) == []
    assert (recording.width, recording.height) == size


def test_events_out_of_order_are_sorted_and_keep_the_order_of_one_time() -> None:
    """A stable sort by time."""
    mixed = [(9, 1, 0, 1), (3, 2, 0, 1), (9, 0, 0, 0), (3, 1, 0, 0)]

    assert rows(read("n-mnist", nmnist(mixed))) == [mixed[1], mixed[3], mixed[0], mixed[2]]


def test_nmnist_overflows_of_time_are_no_events() -> None:
    """A row of 240 marks them: all later times are 2^13 us later."""
    recording = read("n-mnist", nmnist([(5, 1, 1, 1), (0, 0, 240, 0), (2, 3, 3, 0), (1, 0, 240, 1), (1, 4, 4, 0)]))

    assert rows(recording) == [(5, 1, 1, 1), (8194, 3, 3, 0), (16385, 4, 4, 0)]


def test_times_that_wrap_go_on() -> None:
    """32 bits in .dat and AEDAT 2, 34 in EVT 2, 24 in EVT 3; overflows of AEDAT 3.1 count 2^31."""
    late, soon = (2**32 - 1, 1, 1, 1), (2, 1, 1, 0)
    for recording in (read("dat", dat([late, soon])), read("aedat2", dvs128([late, soon], head=""))):
        assert recording.t.tolist() == [2**32 - 1, 2**32 + 2]
    assert read("evt2", evt2([(2**34 - 1, 1, 1, 1), soon])).t.tolist() == [2**34 - 1, 2**34 + 2]
    assert read("evt3", evt3([(2**24 - 1, 1, 1, 1), soon, (2**24 - 9, 1, 1, 1), soon])).t.tolist() == [
        2**24 - 1,
        2**24 + 2,
        2**25 - 9,
        2**25 + 2,
    ]
    assert read("aedat3.1", aedat31([(7, 1, 1, 1)], over=3)).t.tolist() == [3 * 2**31 + 7]


def test_files_that_do_not_say_how_large_the_sensor_is() -> None:
    """The smallest that holds all events, or what the caller says; what the file says comes first."""
    headless = dat(EVENTS[:1] + EVENTS[3:5], head="% Version 2\n")

    sizes = [(r.width, r.height) for r in (read("dat", headless), read("dat", headless, (50, 40)))]

    assert sizes == [(14, 14), (50, 40)]
    assert read("dat", dat(EVENTS), (50, 40)).width == 34
    assert read("n-mnist", nmnist([(0, 239, 179, 1)]), (240, 180)).width == 240
    assert read("evt3", evt3(EVENTS, head="% evt 3.0\n% format EVT3;height=720;width=1280\n")).height == 720


def test_a_vector_of_evt3_goes_on_where_the_one_before_ended() -> None:
    """12 and 8 pixels of one polarity; single events between do not move the base, a new base does."""
    words = [0x8001, 0x6002, 7, 0x3800 | 20, 0x4801, 0x2009, 0x5081, 0x4002, 0x3005, 0x4001, 0x7123, 0xE001]
    content = b"% evt 3.0\n% end\n" + struct.pack(f"<{len(words)}H", *words)

    found = rows(read("evt3", content))

    t = 4096 + 2
    assert found == [(t, x, 7, p) for x, p in [(20, 1), (31, 1), (9, 0), (32, 1), (39, 1), (41, 1), (5, 0)]]


def test_a_new_high_time_of_evt3_starts_at_low_0_and_a_repeated_one_changes_nothing() -> None:
    """Else events between the two words would be 4096 us late."""
    words = [0x8001, 0x6FFF, 7, 0x2001, 0x8001, 0x2002, 0x8002, 0x2003, 0x6001, 0x2004]
    content = b"% evt 3.0\n% end\n" + struct.pack(f"<{len(words)}H", *words)

    assert read("evt3", content).t.tolist() == [8191, 8191, 8192, 8193]


@pytest.mark.parametrize("method", range(5))
def test_aedat4_packets_are_unpacked(method: int) -> None:
    """Not packed, lz4 and zstd."""
    pack: Any = bytes
    if method in (1, 2):
        pack = pytest.importorskip("lz4.frame", reason="pip install lz4").compress
    elif method in (3, 4):
        pack = pytest.importorskip("zstandard", reason="pip install zstandard").ZstdCompressor().compress

    assert rows(read("aedat4", aedat4(EVENTS, method, pack))) == list(EVENTS)


def test_nmnist_equals_a_plain_decoding() -> None:
    """A real recording: 4,325 events in 310 ms."""
    file = data("events/sample_nmnist.bin")
    raw = file.read_bytes()
    plain = []
    for at in range(0, len(raw), 5):
        x, y, a, b, c = raw[at : at + 5]
        plain.append(((a % 128) * 65536 + b * 256 + c, x, y, a // 128))

    recording = events.load(file)

    assert rows(recording) == plain
    assert (len(recording), recording.t[0], recording.t[-1]) == (4325, 654, 311175)
    assert (recording.width, recording.height) == (34, 34)


def test_dat_equals_another_reader() -> None:
    """A real recording, cut out of N-CARS: 2,009 events in 100 ms."""
    file = data("events/sample_ncars.dat")
    recording = events.load(file)

    assert (len(recording), recording.t[0], recording.t[-1]) == (2009, 0, 99952)
    assert (recording.width, recording.height) == (78, 42)
    theirs = pytest.importorskip("expelliarmus", reason="pip install expelliarmus").Wizard(encoding="dat").read(file)
    assert rows(recording) == theirs.tolist()


def test_evt2_equals_another_reader(tmp_path: Path) -> None:
    """2,000 events of this test's writer."""
    generator = np.random.default_rng(0)
    t = np.sort(generator.integers(0, 10**6, 2000))
    made = np.stack([t, *generator.integers(0, 34, (2, 2000)), generator.integers(0, 2, 2000)], axis=1).tolist()
    file = tmp_path / "it.raw"
    file.write_bytes(evt2(made))

    assert rows(events.load(file)) == [tuple(row) for row in made]
    theirs = pytest.importorskip("expelliarmus", reason="pip install expelliarmus").Wizard(encoding="evt2").read(file)
    assert theirs.tolist()[-2000:] == [tuple(row) for row in made]


def test_aedat4_equals_another_reader() -> None:
    """A real recording of a DVXplorer: 111,954 events in 590 ms, lz4."""
    pytest.importorskip("lz4", reason="pip install lz4")
    file = data("events/sample.aedat4")
    recording = events.load(file)

    assert (len(recording), recording.t[0], recording.t[-1]) == (111954, 1605537493718345, 1605537494308262)
    assert (recording.width, recording.height) == (320, 240)
    decoder = pytest.importorskip("aedat", reason="pip install aedat").Decoder(str(file))
    theirs = np.concatenate([packet["events"] for packet in decoder if "events" in packet])
    for column, name in ((recording.t, "t"), (recording.x, "x"), (recording.y, "y"), (recording.polarity, "on")):
        assert np.array_equal(column, theirs[name])
