# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compressed pictures: limits by their header, strict decoding. Node, replay and photo folders read through here."""

from cac_core.pictures.errors import PictureError, check_file_size, check_size
from cac_core.pictures.files import check_file, claimed_pixels
from cac_core.pictures.jpeg import decode_jpeg
from cac_core.pictures.png import decode_png

__all__ = [
    "PictureError",
    "check_file",
    "check_file_size",
    "check_size",
    "claimed_pixels",
    "decode_jpeg",
    "decode_png",
]
