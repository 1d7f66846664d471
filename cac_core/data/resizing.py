# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Many frames are read and resized at once, into one array."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from cac_core.preprocessing import Frame, Preprocessing, resize
from cac_core.support import console
from cac_core.support.errors import DataError


def frames_to_images(
    frames: Iterable[Callable[[], Frame]], preprocessing: Preprocessing, description: str, total: int
) -> tuple[NDArray[np.uint8], list[OSError | None]]:
    """Read and resize many frames in several threads (decoding and resizing release Python's lock).

    Returns:
        uint8 ``(M, S, S, C)``, and per frame None or why it could not be read (its pixels are then undefined).
    """
    size = preprocessing.image_size
    _check_memory(total * size * size * preprocessing.channels, total, size)
    images = np.empty((total, size, size, preprocessing.channels), dtype=np.uint8)
    failures: list[OSError | None] = [None] * total

    def work(job: tuple[int, Callable[[], Frame]]) -> None:
        i, read = job
        try:
            images[i] = resize(read(), preprocessing)
        except OSError as error:
            failures[i] = error

    with ThreadPoolExecutor(max_workers=min(32, os.cpu_count() or 1)) as pool:
        for _ in console.track(pool.map(work, enumerate(frames)), description, total=total):
            pass
    return images, failures


def _check_memory(needed: int, total: int, size: int) -> None:
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.8 * present:
        raise DataError(
            f"{total} images of {size}x{size} pixels need {needed / 1e9:.0f} GB and this machine has "
            f"{present / 1e9:.0f} GB of memory: set a smaller preprocessing.image_size or use fewer images."
        )
