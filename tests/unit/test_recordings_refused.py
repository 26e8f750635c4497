"""Nothing in a recording is trusted: what is wrong gives one DataError that says what and where."""

from __future__ import annotations

import builtins
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet import events
from spikelet.errors import DataError
from spikelet.recordings import FORMATS, Recording, compression, files
from support.recording_files import (
    EVENTS,
    WRITERS,
    aedat4_head,
    aedat31,
    dat,
    davis,
    dvs128,
    evt2,
    evt3,
    evts,
    nmnist,
)

EVT2_HEAD, EVT3_HEAD = b"% evt 2.0\n% geometry 34x34\n% end\n", b"% evt 3.0\n% geometry 34x34\n% end\n"


def packet31(*numbers: int) -> bytes:
    """A head of AEDAT 3.1 and the head of a packet."""
    head = aedat31(EVENTS)
    return head[: head.index(b"#!END-HEADER\r\n") + 14] + struct.pack("<hhiiiiii", *numbers)


def packet4(part: bytes, method: int = 0, stream: int = 0) -> bytes:
    """A file of AEDAT 4 with one packet."""
    return aedat4_head(method) + struct.pack("<ii", stream, len(part)) + part


def patched(content: bytes, at: int, code: str, value: int) -> bytes:
    """Content with a number written over it."""
    changed = bytearray(content)
    struct.pack_into(code, changed, at, value)
    return bytes(changed)


HEAD4 = aedat4_head()
PACKET = evts(EVENTS)
#: Format, content, what is said.
BAD: dict[str, tuple[str, bytes, str]] = {
    "n-mnist, cut": ("n-mnist", nmnist(EVENTS)[:-1], "record 6 at byte 30, 1 bytes are missing"),
    "n-mnist, pixel": ("n-mnist", nmnist([EVENTS[0], (9, 34, 0, 0)]), "event 1 (byte 5) has pixel x = 34, y = 0"),
    "dat, version": ("dat", b"% Version 3\n\x0c\x08", "version 3 of the .dat format"),
    "dat, triggers": ("dat", b"% Version 2\n\x0e\x08", "type 0x0e and 8 bytes at byte 12"),
    "dat, size": ("dat", b"% Version 2\n\x0c\x00", "0 bytes at byte 12"),
    "dat, only a header": ("dat", b"% Version 2\n", "header at byte 12, 2 bytes"),
    "dat, cut": ("dat", dat(EVENTS)[:-3], "record 6"),
    "dat, pixel": ("dat", dat([(0, 34, 0, 1)]), "the sensor has 34 x 34"),
    "dat, no size and no events": ("dat", b"% Version 2\n\x0c\x08", "size=(width, height)"),
    "dat, size 0": ("dat", dat(EVENTS, head="% Version 2\n% Height 0\n% Width 3\n"), "a sensor of 3 x 0"),
    "dat, huge size": ("dat", dat((), head=f"% Height {9**40}\n% Width 9\n"), "allowed: 1 to 65536"),
    "aedat 2, cut": ("aedat2", dvs128(EVENTS)[:-5], "5 bytes are missing"),
    "aedat 2, pixel": ("aedat2", davis([(0, 240, 0, 1)]), "x = 240"),
    "aedat 3.1, header": ("aedat3.1", b"#!AER-DAT3.1\r\n#Format: RAW\r\n", "no line #!END-HEADER"),
    "aedat 3.1, cut header": ("aedat3.1", b"#!AER-DAT3.1\r\n#Form", "inside the header at byte 14"),
    "aedat 3.1, format": ("aedat3.1", b"#!AER-DAT3.1\r\n#Format: X\r\n#!END-HEADER\r\n", "'Format: X'"),
    "aedat 3.1, more than capacity": ("aedat3.1", packet31(1, 1, 8, 4, 0, 1, 2, 2) + bytes(8), "2 of 1 events"),
    "aedat 3.1, negative": ("aedat3.1", packet31(1, 1, 8, 4, 0, -1, -1, 0), "-1 of -1 events"),
    "aedat 3.1, size 0": ("aedat3.1", packet31(1, 1, 0, 4, 0, 5, 5, 5), "events of 0 bytes"),
    "aedat 3.1, huge": ("aedat3.1", packet31(1, 1, 2**31 - 1, 4, 0, 2**31 - 1, 1, 1), "ends inside the packet"),
    "aedat 3.1, other events": ("aedat3.1", packet31(1, 1, 16, 4, 0, 1, 1, 1) + bytes(16), "events of 16 bytes"),
    "aedat 3.1, overflows": ("aedat3.1", packet31(1, 1, 8, 4, -1, 1, 1, 1) + bytes(8), "-1 overflows"),
    "aedat 3.1, time": ("aedat3.1", aedat31([(-5, 1, 1, 1)]), "time -5 us"),
    "aedat 3.1, cameras": (
        "aedat3.1",
        aedat31(EVENTS) + struct.pack("<hhiiiiii", 1, 2, 8, 4, 0, 1, 1, 1) + bytes(8),
        "2 cameras",
    ),
    "aedat 4, nothing": ("aedat4", b"#!AER-DAT4.0\r\n", "4 bytes are missing"),
    "aedat 4, huge head": ("aedat4", b"#!AER-DAT4.0\r\n\xff\xff\xff\xffIOHE", "inside the head"),
    "aedat 4, empty head": ("aedat4", b"#!AER-DAT4.0\r\n\0\0\0\0", "too few for its head"),
    "aedat 4, name": ("aedat4", HEAD4.replace(b"IOHE", b"IOHF"), "b'IOHF', not b'IOHE'"),
    "aedat 4, root": ("aedat4", patched(HEAD4, 18, "<I", 2**32 - 1), "outside its"),
    "aedat 4, fields": ("aedat4", patched(HEAD4, 38, "<i", -(2**31)), "outside its"),
    "aedat 4, field": ("aedat4", patched(HEAD4, 30, "<H", 65535), "outside its"),
    "aedat 4, text": ("aedat4", patched(HEAD4, 46, "<I", 2**32 - 1), "outside its"),
    "aedat 4, length of text": ("aedat4", patched(HEAD4, 58, "<I", 2**31), f"{2**31} entries of 1 bytes"),
    "aedat 4, method": ("aedat4", packet4(PACKET, method=7), "packed by method 7"),
    "aedat 4, table": ("aedat4", aedat4_head(table=10), "said to be at byte 10"),
    "aedat 4, table behind": ("aedat4", aedat4_head(table=2**62), f"byte {2**62}"),
    "aedat 4, no xml": ("aedat4", aedat4_head(xml="<dv"), "description of the streams is damaged"),
    "aedat 4, entities": (
        "aedat4",
        aedat4_head(xml='<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><dv>&c;</dv>'),
        "declarations",
    ),
    "aedat 4, encoding": ("aedat4", aedat4_head(xml='<?xml version="1.0" encoding="none"?><dv/>'), "is damaged"),
    "aedat 4, deep": ("aedat4", aedat4_head(xml="<a>" * 10**5 + "</a>" * 10**5), "0 streams of events"),
    "aedat 4, no events": ("aedat4", aedat4_head(kinds=("FRME",)), "0 streams of events"),
    "aedat 4, two streams": ("aedat4", aedat4_head(kinds=("EVTS", "EVTS")), "2 streams of events"),
    "aedat 4, number": ("aedat4", HEAD4.replace(b'name="0"', b'name="x"'), "numbered 'x'"),
    "aedat 4, size": ("aedat4", aedat4_head(width=0), "a sensor of 0 x 34"),
    "aedat 4, cut head of packet": ("aedat4", HEAD4 + b"\0\0\0", "the head of a packet"),
    "aedat 4, cut packet": ("aedat4", packet4(PACKET)[:-1], "1 bytes are missing"),
    "aedat 4, negative length": ("aedat4", HEAD4 + struct.pack("<ii", 0, -8), "has -8 bytes"),
    "aedat 4, other packet": ("aedat4", packet4(evts(EVENTS, b"FRME")), "b'FRME', not b'EVTS'"),
    "aedat 4, length of packet": ("aedat4", packet4(PACKET[:-1]), "says"),
    "aedat 4, count": ("aedat4", packet4(patched(PACKET, 28, "<I", 2**32 - 1)), "entries of 16 bytes"),
    "aedat 4, one too many": ("aedat4", packet4(patched(PACKET, 28, "<I", 8)), "8 entries of 16 bytes"),
    "aedat 4, no lz4": ("aedat4", packet4(PACKET, method=1), "cannot be unpacked with lz4"),
    "aedat 4, no zstd": ("aedat4", packet4(PACKET, method=3), "cannot be unpacked with zstd"),
    "aedat 4, negative pixel": ("aedat4", packet4(evts([(1, -1, 0, 1)])), "x = -1"),
    "aedat 4, negative time": ("aedat4", packet4(evts([(-1, 1, 0, 1)])), "time -1 us"),
    "aedat 4, late": ("aedat4", packet4(evts([(2**63 - 1, 1, 0, 1)])), f"time {2**63 - 1} us"),
    "evt 2, cut": ("evt2", evt2(EVENTS)[:-2], "2 bytes are missing"),
    "evt 2, cut header": ("evt2", b"% evt 2.0\n% e", "inside the header at byte 10"),
    "evt 2, word": ("evt2", EVT2_HEAD + b"\0\0\0\x80\0\0\0\x30", f"kind 0x3 at byte {len(EVT2_HEAD) + 4}"),
    "evt 2, pixel": ("evt2", evt2([(9, 34, 0, 1)]), f"(byte {len(evt2(())) + 4})"),
    "evt 3, cut": ("evt3", evt3(EVENTS)[:-1], "1 bytes are missing"),
    "evt 3, cut header": ("evt3", b"% evt 3.0\n% en", "inside the header at byte 10"),
    "evt 3, word": ("evt3", EVT3_HEAD + b"\0\x90", f"kind 0x9 at byte {len(EVT3_HEAD)}"),
    "evt 3, pixel": ("evt3", evt3([(9, 0, 34, 1)]), "y = 34"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_with_its_place(name: str) -> None:
    """One DataError, which begins with the file."""
    if name in ("aedat 4, no lz4", "aedat 4, no zstd"):
        pytest.importorskip("lz4" if "lz4" in name else "zstandard", reason="pip install 'spikelet[events]'")
    kind, content, text = BAD[name]

    with pytest.raises(DataError) as caught:
        FORMATS[kind]("it.raw", content, None)

    assert text in str(caught.value)
    assert str(caught.value).startswith("it.raw")


def rows(recording: Recording) -> list[tuple[int, ...]]:
    """Time, x, y, polarity of each event."""
    columns = (recording.t, recording.x, recording.y, recording.polarity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_was_cut_is_refused_or_gives_its_first_events(name: str) -> None:
    """Cut at each byte; only between two events can nobody tell."""
    kind, _, write, _ = WRITERS[name]
    whole = write(EVENTS)
    refused = 0
    for length in range(len(whole)):
        try:
            recording = FORMATS[kind]("it", whole[:length], (128, 128))
        except DataError as error:
            assert str(error).startswith("it")  # noqa: PT017
            refused += 1
            continue
        assert rows(recording) == list(EVENTS[: len(recording)])
    assert refused > 0.6 * len(whole) - 40


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_refused_or_read_and_never_crashes(name: str) -> None:
    """Each byte turned over, and set to its largest; a thousand random bodies behind the header."""
    kind, _, write, _ = WRITERS[name]
    whole = write(EVENTS)
    generator = np.random.default_rng(1)
    start = len(write(()))
    made = [
        whole[:at] + bytes([value]) + whole[at + 1 :] for at in range(len(whole)) for value in (whole[at] ^ 128, 255)
    ]
    made += [whole[:start] + generator.bytes(int(generator.integers(1, 200))) for _ in range(1000)]
    for content in made:
        try:
            recording = FORMATS[kind]("it", content, (34, 34))
        except DataError:
            continue
        assert len(recording) < 2000
        assert np.all(np.diff(recording.t) >= 0)
        assert not len(recording) or recording.x.max() < recording.width


def bomb(method: str) -> bytes:
    """Many zeros, packed."""
    zeros = bytes(2**20 + 2**16)
    if method == "lz4":
        return bytes(pytest.importorskip("lz4.frame", reason="pip install lz4").compress(zeros))
    return bytes(pytest.importorskip("zstandard", reason="pip install zstandard").ZstdCompressor().compress(zeros))


@pytest.mark.parametrize(("number", "method"), [(1, "lz4"), (3, "zstd")])
def test_a_packet_that_unpacks_to_too_much_is_refused(
    number: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is unpacked up to the limit and no further."""
    monkeypatch.setattr(compression, "MAX_PACKET", 2**20)

    with pytest.raises(DataError, match="unpacks to more than 1048576 bytes"):
        FORMATS["aedat4"]("it", packet4(bomb(method), number), None)


def test_packed_data_that_end_early_are_refused() -> None:
    """Also where the library gives what it has."""
    for number, method in ((1, "lz4"), (3, "zstd")):
        packed = bomb(method)
        with pytest.raises(DataError, match="the file is damaged"):
            FORMATS["aedat4"]("it", packet4(packed[: len(packed) // 2], number), None)


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to install."""
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in ("lz4", "zstandard"):
            raise ImportError(name)
        return real(name, *rest)

    for name in [name for name in sys.modules if name.split(".")[0] in ("lz4", "zstandard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    for number, method in ((1, "lz4"), (4, "zstd")):
        with pytest.raises(DataError, match=rf"{method}, which is not installed: pip install 'spikelet\[events\]'"):
            FORMATS["aedat4"]("it", packet4(PACKET, number), None)


def test_too_many_events_or_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before memory is taken for them."""
    monkeypatch.setattr(files, "MAX_EVENTS", 6)
    for name, (kind, _, write, _) in WRITERS.items():
        with pytest.raises(DataError, match="at most 6: cut the recording"):
            FORMATS[kind](name, write(EVENTS), (34, 34))
    vector = struct.pack("<5H", 0x8000, 0, 0x3000, 0x4FFF, 0x4FFF)
    with pytest.raises(DataError, match="24 events; at most 6"):
        FORMATS["evt3"]("it", EVT3_HEAD + vector, None)

    monkeypatch.setattr(files, "MAX_BYTES", 20)
    file = tmp_path / "it.bin"
    file.write_bytes(nmnist(EVENTS))
    with pytest.raises(DataError, match="more than 20 bytes"):
        events.load(file)


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    """Missing, a folder, a pipe, other files, other versions."""
    os.mkfifo(tmp_path / "pipe")
    contents = {
        "text.txt": b"hello",
        "empty.raw": b"",
        "a.aedat": b"#!AER-DAT1.0\r\n",
        "b.raw": b"% evt 2.1\n% end\n",
        "c.raw": b"% format EVT4;height=1\n% end\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    said = {
        "none.bin": "there is no such file",
        "": "not a plain file",
        "pipe": "not a plain file",
        "text.txt": "no recording that is known",
        "empty.raw": "no recording that is known",
        "a.aedat": "AEDAT '1.0'; allowed: 2.0, 3.1, 4.0",
        "b.raw": "EVT 2.1; allowed",
        "c.raw": "EVT 4; allowed",
        "nul\0.bin": "no such file",
    }
    for name, text in said.items():
        with pytest.raises(DataError) as caught:
            events.load(tmp_path / name)
        assert text in str(caught.value)
