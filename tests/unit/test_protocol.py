"""Frames of the wire protocol, on the host's side."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from spikelet import protocol
from spikelet.protocol import Command, FrameReader

PACKETS = st.binary(min_size=protocol.HEADER, max_size=protocol.PACKET_MAX)


@given(st.lists(PACKETS, max_size=4), st.integers(1, 300))
def test_packets_come_out_of_frames_as_they_went_in(packets: list[bytes], piece: int) -> None:
    """However the stream is cut into pieces."""
    stream = b"".join(protocol.encode(packet) for packet in packets)
    reader = FrameReader()
    found = [p for first in range(0, len(stream), piece) for p in reader.feed(stream[first : first + piece])]

    assert packets == found
    assert reader.damaged == 0


@given(PACKETS)
def test_a_frame_is_at_most_256_bytes_and_has_one_zero_at_its_end(packet: bytes) -> None:
    """Wire 1: the delimiter is found whatever the packet holds."""
    frame = protocol.encode(packet)

    assert len(frame) <= protocol.FRAME_MAX
    assert frame.index(0) == len(frame) - 1


def test_the_longest_packet_makes_the_longest_frame() -> None:
    """Wire 1: the sizes of the table belong together."""
    frame = protocol.encode(bytes([1] * protocol.PACKET_MAX))

    assert len(frame) == protocol.FRAME_MAX
    assert protocol.PACKET_MAX == protocol.HEADER + protocol.BODY_MAX


def test_every_flipped_bit_of_a_frame_is_found() -> None:
    """Nothing of a damaged frame gets through: no packet, or what COBS leaves fails its CRC."""
    frame = protocol.request(7, Command.ADVANCE, (25).to_bytes(4, "little"))
    for bit in range(8 * (len(frame) - 1)):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        reader = FrameReader()

        assert reader.feed(bytes(damaged)) == [], bit
        assert reader.damaged >= 1, bit


@given(st.binary(max_size=600).map(lambda noise: noise.replace(b"\0", b"")), PACKETS)
def test_the_next_delimiter_ends_any_noise(noise: bytes, packet: bytes) -> None:
    """Wire 1: after noise and a delimiter, frames come through again."""
    reader = FrameReader()
    reader.feed(noise + b"\0")

    assert reader.feed(protocol.encode(packet)) == [packet]


def test_noise_without_an_end_does_not_fill_the_memory() -> None:
    """A stream that is not ours is dropped, not gathered."""
    reader = FrameReader()
    for _ in range(100):
        reader.feed(b"\x55" * 1000)

    assert len(reader._bytes) <= 2 * protocol.FRAME_MAX


def test_a_packet_shorter_than_its_header_is_damaged() -> None:
    """A right CRC alone makes no packet."""
    reader = FrameReader()

    assert reader.feed(protocol.encode(b"abc")) == []
    assert reader.damaged == 1


def test_the_crc_is_that_of_zlib() -> None:
    """Wire 1: other programs can make frames."""
    assert protocol.encode(b"\1\1\1\1") == b"\x09\1\1\1\1" + zlib.crc32(b"\1\1\1\1").to_bytes(4, "little") + b"\0"
