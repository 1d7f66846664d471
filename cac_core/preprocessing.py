# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a camera frame to the network's square: the only resize in the product, and the values of the normalisation.

Training, calibration, evaluation and the node all go through here with the values stored in the bundle, because a
different interpolation or crop shifts the rejection scores and with them the meaning of the threshold. The network
normalises its pixels itself (:func:`cac_core.model.normalise`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Fit = Literal["stretch", "crop", "pad"]
Interpolation = Literal["mipmap", "area", "linear", "cubic"]
ColourOrder = Literal["rgb", "bgr", "rgba", "bgra", "grey"]

_INTERPOLATION = {
    "mipmap": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
}
_TO_RGB = {
    "bgr": cv2.COLOR_BGR2RGB,
    "rgba": cv2.COLOR_RGBA2RGB,
    "bgra": cv2.COLOR_BGRA2RGB,
    "grey": cv2.COLOR_GRAY2RGB,
}
_TO_GREY = {
    "rgb": cv2.COLOR_RGB2GRAY,
    "bgr": cv2.COLOR_BGR2GRAY,
    "rgba": cv2.COLOR_RGBA2GRAY,
    "bgra": cv2.COLOR_BGRA2GRAY,
}


class Frame(NamedTuple):
    """An image as it came, without a copy.

    Attributes:
        pixels: uint8 ``(H, W)`` for grey, ``(H, W, 3)`` or ``(H, W, 4)`` otherwise; rows may be padded (a view).
        order: what the channels are.
    """

    pixels: NDArray[np.uint8]
    order: ColourOrder


@dataclass(frozen=True)
class Preprocessing:
    """How images become network input; part of the model.

    Attributes:
        image_size: side S of the square the network sees, in pixels.
        channels: 3 = RGB, 1 = grey.
        fit: what happens to a frame that is not square: ``stretch`` it, ``crop`` its centre, ``pad`` with black.
        interpolation: ``mipmap`` halves the frame by averages of 2×2 pixels while it is at least twice too large, then
            ``linear``: every pixel counts, as with ``area``, at an eighth of the time. ``area`` averages exactly.
            ``linear`` and ``cubic`` skip pixels of frames more than twice too large.
        mean: per channel, in units of [0, 1].
        std: per channel, in units of [0, 1].
    """

    image_size: int
    channels: int = 3
    fit: Fit = "crop"
    interpolation: Interpolation = "mipmap"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        """Check every value; raises ValueError with a sentence."""
        if not (isinstance(self.image_size, int) and self.image_size > 0):
            raise ValueError(f"image_size must be a positive whole number of pixels, not {self.image_size!r}")
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 (grey) or 3 (RGB), not {self.channels!r}")
        if self.fit not in ("stretch", "crop", "pad"):
            raise ValueError(f"fit must be stretch, crop or pad, not {self.fit!r}")
        if self.interpolation not in _INTERPOLATION:
            raise ValueError(f"interpolation must be one of {', '.join(_INTERPOLATION)}, not {self.interpolation!r}")
        object.__setattr__(self, "mean", tuple(float(v) for v in self.mean))
        object.__setattr__(self, "std", tuple(float(v) for v in self.std))
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(f"mean and std need {self.channels} values each, not {len(self.mean)} and {len(self.std)}")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and min(self.std) > 0):
            raise ValueError(f"mean must be finite and std positive, not {self.mean} and {self.std}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """Inverse of :meth:`to_dict`; raises ValueError or TypeError on anything else."""
        missing = sorted({f.name for f in fields(cls)} - values.keys())
        if missing:  # a default here could silently be another preprocessing than the model was trained with
            raise ValueError(f"preprocessing lacks {', '.join(missing)}")
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**arguments)


def resize(frame: Frame, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Resize a frame of any size to the network's square.

    Returns:
        uint8 ``(S, S, C)``, RGB or grey. Colours are reordered after the resize, when there is little left to move.
    """
    pixels = frame.pixels
    size = preprocessing.image_size
    height, width = pixels.shape[:2]
    if preprocessing.fit == "crop":
        pixels = centre_crop(pixels)
    if preprocessing.fit == "pad" and height != width:
        scale = size / max(height, width)
        h, w = max(1, round(height * scale)), max(1, round(width * scale))
        small = _scaled_to(pixels, w, h, preprocessing.interpolation)
        square = np.zeros((size, size, *pixels.shape[2:]), dtype=np.uint8)
        square[(size - h) // 2 : (size - h) // 2 + h, (size - w) // 2 : (size - w) // 2 + w] = small
    else:
        square = _scaled_to(pixels, size, size, preprocessing.interpolation)
    return _colour(square, frame.order, preprocessing.channels)


def centre_crop(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest square in the middle of ``(H, W[, C])``, a view."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _scaled_to(pixels: NDArray[np.uint8], width: int, height: int, interpolation: Interpolation) -> NDArray[np.uint8]:
    if interpolation == "mipmap":
        while pixels.shape[0] >= 2 * height and pixels.shape[1] >= 2 * width:
            h, w = pixels.shape[0] // 2, pixels.shape[1] // 2
            # An odd last row or column is left out: OpenCV is fast where every average is of whole pixels.
            pixels = cv2.resize(pixels[: 2 * h, : 2 * w], (w, h), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return cv2.resize(pixels, (width, height), interpolation=_INTERPOLATION[interpolation])  # type: ignore[return-value]


def _colour(pixels: NDArray[np.uint8], order: ColourOrder, channels: int) -> NDArray[np.uint8]:
    codes = _TO_RGB if channels == 3 else _TO_GREY
    if order in codes:
        pixels = cv2.cvtColor(pixels, codes[order])  # type: ignore[assignment]
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
