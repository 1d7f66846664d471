# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small image folders for tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


def write_photo(
    path: Path,
    colour: tuple[int, int, int] = (200, 40, 40),
    size: tuple[int, int] = (24, 20),
    seed: int = 0,
    **save: Any,
) -> Path:
    """One noisy picture of a colour; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-30, 31, (size[1], size[0], 3))
    Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(path, **save)
    return path


def write_folder(root: Path, names: Sequence[str] = ("red", "green", "blue"), count: int = 12) -> Path:
    """A folder of photos per colour."""
    for i, name in enumerate(names):
        for k in range(count):
            colour = COLOURS.get(name, (30 + 60 * i, 120, 220 - 60 * i))
            write_photo(root / name / f"{k:02d}.png", colour, (20 + k, 18 + 2 * i), seed=100 * i + k)
    return root
