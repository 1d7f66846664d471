# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image files to 8-bit frames, whatever a phone or a camera wrote into them."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cac_core.pictures import check_file, check_size
from cac_core.pictures.faint import FaintFrame, is_faint
from cac_core.preprocessing import Frame
from cac_core.support import limits
from cac_core.support.names import one_line
from cac_core.support.regular_files import UnreadableFileError, read_regular_file

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".jfif", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp", ".avif"}
)
"""What is read as an image, in lower case."""

NOT_SUPPORTED = frozenset({".heic", ".heif", ".dng", ".cr2", ".nef", ".arw"})
"""Photos that Pillow cannot read; they are reported rather than overlooked."""

_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # a suffix says little: files are renamed
_TILE_SIDES = 322, 323  # tags of a TIFF: a tile is decoded as a whole, and can be larger than the picture


def read_image(path: Path) -> Frame:
    """Read one file: EXIF orientation applied, every colour mode brought to 8-bit grey or RGB.

    Palettes are resolved, CMYK becomes RGB, 16-bit values lose their low byte, transparent pixels become white, and of
    an animation the first picture counts.

    Raises:
        OSError: when the file is not an image, is cut off, is damaged, or is beyond a limit; the message is for the
            user. How much damage each format shows is measured in ``docs/reliability.md``.
    """
    if path.suffix.lower() in NOT_SUPPORTED:
        raise OSError(f"{path.suffix.lower()[1:].upper()} photos cannot be read here, convert them to JPEG")
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata of files it reads perfectly well.
            warnings.simplefilter("ignore")
            data = read_regular_file(path, limits.PICTURE_BYTES)
            check_file(data)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _check_size(image, len(data))
                return _to_frame(image)
    except UnreadableFileError as error:
        raise OSError(str(error).replace(one_line(str(path)), "it", 1)) from error
    except Exception as error:
        raise OSError(_reason(error)) from error


def _check_size(image: Image.Image, file_bytes: int) -> None:
    """Refuse by its header what is too large; raises PictureError."""
    pixel_bytes = {"I": 4, "F": 4}.get(image.mode, len(image.getbands()) * (2 if ";16" in image.mode else 1))
    width, height = image.size
    check_size(width, height, file_bytes, pixel_bytes)
    tags = getattr(image, "tag_v2", {})
    if all(tag in tags for tag in _TILE_SIDES):
        width, height = (int(tags[tag]) for tag in _TILE_SIDES)
        check_size(width, height, file_bytes, pixel_bytes)


def _to_frame(image: Image.Image) -> Frame:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey(image)
    ImageOps.exif_transpose(image, in_place=True)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    if image.mode in ("1", "L"):
        return Frame(np.array(image.convert("L")), "grey")
    return Frame(np.array(image if image.mode == "RGB" else image.convert("RGB")), "rgb")  # a copy costs memory


def _deep_grey(image: Image.Image) -> Frame:
    """More than 8 bits of grey: the high byte of 16; floats are taken as [0, 1] if they stay there."""
    kind = Frame
    values: NDArray[Any] = np.asarray(ImageOps.exif_transpose(image))
    if image.mode == "F":
        values = np.nan_to_num(values)
        scale = 255.0 if float(values.max(initial=0.0)) <= 1.0 else 1.0
        values = values * scale
    elif image.mode != "I" or int(values.max(initial=0)) > 255:
        values = values.clip(0, 65535).astype(np.uint16)
        kind = FaintFrame if is_faint(values) else Frame
        values = values >> 8
    return kind(values.clip(0, 255).astype(np.uint8), "grey")


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has too many pixels; the limit is {limits.PICTURE_PIXELS:,}"
    return str(error).strip() or type(error).__name__
