# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Picture files of any format that is read, for a decoder that is not strict itself."""

from cac_core.pictures import jpeg, png
from cac_core.pictures.errors import check_file_size


def check_file(data: bytes) -> None:
    """Check a whole JPEG or PNG, and the size of any other file; raises PictureError for what is not read."""
    check_file_size(len(data))
    if data.startswith(jpeg.START):
        jpeg.check_jpeg(data)
    elif data.startswith(png.START):
        png.check_png(data)
