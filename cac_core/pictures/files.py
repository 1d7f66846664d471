# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Picture files of any format that is read, for a decoder that is not strict itself."""

from cac_core.pictures import jpeg, png
from cac_core.pictures.errors import check_file_size


def claimed_pixels(data: bytes | memoryview) -> int:
    """Width times height by the header of a JPEG or PNG, unchecked; 0 for anything else. Takes microseconds."""
    if data[:2] == jpeg.START:
        return jpeg.claimed_pixels(data)
    return png.claimed_pixels(data) if data[:8] == png.START else 0


def check_file(data: bytes) -> None:
    """Check a whole JPEG or PNG, and the size of any other file; raises PictureError for what is not read."""
    check_file_size(len(data))
    if data.startswith(jpeg.START):
        jpeg.check_jpeg(data)
    elif data.startswith(png.START):
        png.check_png(data)
