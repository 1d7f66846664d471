# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a packet of H.264 or H.265 says of itself: its NAL units, and (H.264) the number of its picture.

A decoder makes up what a lost packet would have changed, and says nothing. The numbers tell of the loss.
Source: ITU-T H.264, 7.3.1 (NAL units), 7.3.2.1.1 (sequence parameters), 7.3.3 (slice header), 7.4.3 (frame_num).
"""

from collections.abc import Iterator
from typing import NamedTuple

_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}  # profiles with more fields
_SLICE, _KEY_SLICE, _SEQUENCE = 1, 5, 7


class PictureNumber(NamedTuple):
    """frame_num of a picture, whether others refer to it, and the number of bits of frame_num."""

    number: int
    is_reference: bool
    bits: int


def units(data: bytes) -> Iterator[bytes]:
    """The NAL units of Annex B data, without their start codes."""
    position = data.find(b"\x00\x00\x01")
    while position >= 0:
        end = data.find(b"\x00\x00\x01", position + 3)
        if unit := data[position + 3 : end if end >= 0 else len(data)]:
            yield unit
        position = end


class Numbers:
    """Follows the pictures of one H.264 stream."""

    def __init__(self) -> None:
        self._bits = 0  # of frame_num; 0 = not known, and nothing is checked
        self._last: PictureNumber | None = None

    def is_next(self, data: bytes) -> bool:
        """Whether no picture lies between the last one and this packet; True where that cannot be told."""
        try:
            found = self._read(data)
        except IndexError:  # it ends within a header; the decoder says so
            return True
        last, self._last = self._last, found
        if found is None or last is None or last.bits != found.bits or found.number == 0:
            return True
        expected = (last.number + last.is_reference) % (1 << found.bits)
        return found.number == expected

    def _read(self, data: bytes) -> PictureNumber | None:
        for unit in units(data):
            kind = unit[0] & 0x1F
            if kind == _SEQUENCE:
                self._bits = _bits_of_frame_num(unit)
            elif kind in (_SLICE, _KEY_SLICE) and self._bits:
                bits = _Bits(unit[1:40])
                for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
                    bits.golomb()
                return PictureNumber(bits.read(self._bits), bool(unit[0] >> 5 & 3), self._bits)
        return None


def _bits_of_frame_num(unit: bytes) -> int:
    bits = _Bits(unit[4:100])
    bits.golomb()  # seq_parameter_set_id
    if unit[1] in _WITH_CHROMA:
        if bits.golomb() == 3 and bits.read(1):  # chroma_format_idc, separate_colour_plane_flag
            return 0  # a slice then has a field more
        bits.golomb()  # bit_depth_luma_minus8
        bits.golomb()  # bit_depth_chroma_minus8
        bits.read(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.read(1):  # seq_scaling_matrix_present_flag
            return 0
    return bits.golomb() + 4  # log2_max_frame_num_minus4


class _Bits:
    """Bits of a NAL unit; raises IndexError behind its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\x00\x00\x03", b"\x00\x00")  # the byte that keeps start codes away
        self._position = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._position >> 3] >> (7 - self._position % 8) & 1
            self._position += 1
        return value

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)
