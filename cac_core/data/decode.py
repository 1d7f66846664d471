# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Image files to 8-bit frames, whatever a phone or a camera wrote into them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cac_core.preprocessing import Frame

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".jfif", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp", ".avif"}
)
"""What is read as an image, in lower case."""

NOT_SUPPORTED = frozenset({".heic", ".heif", ".dng", ".cr2", ".nef", ".arw"})
"""Photos that Pillow cannot read; they are reported rather than overlooked."""


def read_image(path: Path) -> Frame:
    """Read one file: EXIF orientation applied, every colour mode brought to 8-bit grey or RGB.

    Palettes are resolved, CMYK becomes RGB, 16-bit values lose their low byte, transparent pixels become white, and of
    an animation the first picture counts.

    Raises:
        OSError: when the file is not an image, is cut off, or is damaged; the message is for the user.
    """
    if path.suffix.lower() in NOT_SUPPORTED:
        raise OSError(f"{path.suffix.lower()[1:].upper()} photos cannot be read here, convert them to JPEG")
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata of files it reads perfectly well.
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return _to_frame(image)
    except Exception as error:
        raise OSError(_reason(error)) from error


def _to_frame(image: Image.Image) -> Frame:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Frame(_deep_grey(image), "grey")
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    if image.mode in ("1", "L"):
        return Frame(np.array(image.convert("L")), "grey")
    return Frame(np.array(image.convert("RGB")), "rgb")


def _deep_grey(image: Image.Image) -> NDArray[np.uint8]:
    """More than 8 bits of grey: the high byte of 16; floats are taken as [0, 1] if they stay there."""
    values: NDArray[Any] = np.asarray(ImageOps.exif_transpose(image))
    if image.mode == "F":
        values = np.nan_to_num(values)
        scale = 255.0 if float(values.max(initial=0.0)) <= 1.0 else 1.0
        values = values * scale
    elif image.mode != "I" or int(values.max(initial=0)) > 255:
        values = values.clip(0, 65535).astype(np.uint32) >> 8
    eight: NDArray[np.uint8] = values.clip(0, 255).astype(np.uint8)
    return eight


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, Image.DecompressionBombError):
        return "too many pixels"
    return str(error).strip() or type(error).__name__
