# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a camera on a robot does to pictures: eleven kinds of corruption, each in five strengths.

Each is a function of RGB pixels ``(H, W, 3)`` uint8, a strength from 1 to 5, and a generator of random numbers. Sizes
are shares of the shorter side, so that large and small pictures suffer alike. The kinds follow Hendrycks and Dietterich
(ICLR 2019), with those added that robots meet: rotation, scale, occlusion, and the colour of the light.
"""

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Corruption = Callable[[Pixels, int, np.random.Generator], Pixels]

STRENGTHS = (1, 2, 3, 4, 5)


def _rounded(values: NDArray[np.floating]) -> Pixels:
    pixels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def _at(strength: int, *values: float) -> float:
    return values[strength - 1]


def darkness(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """Less light: every value times 0.75 down to 0.1."""
    return _rounded(pixels * _at(strength, 0.75, 0.5, 0.35, 0.2, 0.1))


def brightness(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """More light, until it saturates: every value times 1.25 to 3."""
    return _rounded(pixels * _at(strength, 1.25, 1.5, 1.9, 2.4, 3.0))


def contrast(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """Everything moves towards the mean."""
    mean = pixels.mean()
    return _rounded(mean + (pixels - mean) * _at(strength, 0.75, 0.5, 0.35, 0.2, 0.1))


def motion_blur(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """The camera moves in a straight line, by 2 to 15 % of the shorter side, in a random direction."""
    half = max(1, round(0.5 * _at(strength, 0.02, 0.04, 0.07, 0.1, 0.15) * min(pixels.shape[:2])))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), dtype=np.float32)  # odd, so that nothing is moved
    angle = generator.uniform(0, np.pi)
    step = half * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(int(v) for v in np.rint(half + sign * step)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return cast("Pixels", cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT))


def defocus(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """The lens is out of focus: a disc with a radius of 1 to 6 % of the shorter side."""
    radius = max(1, round(_at(strength, 0.01, 0.02, 0.03, 0.045, 0.06) * min(pixels.shape[:2])))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    return cast("Pixels", cv2.filter2D(pixels, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT))


def noise(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """Gaussian noise of the sensor, standard deviation 8 to 60 of 255."""
    return _rounded(pixels + generator.normal(0.0, _at(strength, 8, 16, 26, 40, 60), pixels.shape))


def jpeg(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """Compression, quality 40 down to 5."""
    quality = int(_at(strength, 40, 25, 15, 10, 5))
    encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cast("Pixels", cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1])


def fog(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """A light veil that is thicker in some places: smooth noise, mixed in with a share of 0.2 to 0.75."""
    height, width = pixels.shape[:2]
    cloud = cv2.resize(generator.random((4, 4), dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    share = _at(strength, 0.2, 0.35, 0.5, 0.62, 0.75) * (0.7 + 0.6 * np.clip(cloud, 0, 1))[..., np.newaxis]
    return _rounded(pixels * (1.0 - np.minimum(share, 1.0)) + 235.0 * np.minimum(share, 1.0))


def rotation(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """The camera is tilted to either side, by 10 to 90 degrees."""
    angle = _at(strength, 10, 20, 35, 60, 90) * generator.choice([-1, 1])
    return _warped(pixels, angle, 1.0)


def scale(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """The thing is farther away: 0.85 down to 0.35 of its size, with the picture mirrored around it."""
    return _warped(pixels, 0.0, _at(strength, 0.85, 0.7, 0.55, 0.45, 0.35))


def occlusion(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """A grey rectangle of 5 to 50 % of the area lies over some place."""
    height, width = pixels.shape[:2]
    side = _at(strength, 0.05, 0.12, 0.2, 0.33, 0.5) ** 0.5
    h, w = round(side * height), round(side * width)
    top, left = generator.integers(0, height - h + 1), generator.integers(0, width - w + 1)
    covered = pixels.copy()
    covered[top : top + h, left : left + w] = 127
    return covered


def colour_cast(pixels: Pixels, strength: int, generator: np.random.Generator) -> Pixels:
    """Warm or cold light: red and blue are weighed against each other, up to fourfold."""
    gain = _at(strength, 1.1, 1.25, 1.45, 1.7, 2.0)
    warm = generator.random() < 0.5
    return _rounded(pixels * ((gain, 1.0, 1.0 / gain) if warm else (1.0 / gain, 1.0, gain)))


def _warped(pixels: Pixels, angle: float, size: float) -> Pixels:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, size)
    return cast("Pixels", cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))


CORRUPTIONS: dict[str, Corruption] = {
    "darkness": darkness,
    "brightness": brightness,
    "contrast": contrast,
    "motion blur": motion_blur,
    "defocus": defocus,
    "noise": noise,
    "JPEG": jpeg,
    "fog": fog,
    "rotation": rotation,
    "scale": scale,
    "occlusion": occlusion,
    "colour cast": colour_cast,
}
"""Every kind by its name for readers."""
