# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images with labels as two NumPy arrays: what is evaluated, also on a robot without PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cac_core.inference_equations import UNKNOWN


@dataclass(frozen=True)
class LabelledArrays:
    """Images that went through :func:`cac_core.preprocessing.resize` once and stay in memory.

    Attributes:
        images: uint8 ``(M, S, S, C)``.
        labels: int64 ``(M,)``, index into ``class_names``; -1 = unknown.
        class_names: the known classes in index order.
        paths: where each image came from, ``M`` entries.
        problems: one sentence for each file that was skipped or looks wrong.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    paths: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """Images per known class; unknown images are not counted."""
        known = self.labels[self.labels != UNKNOWN]
        counted = np.bincount(known, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, counted, strict=True))


def joined_arrays(parts: Sequence[LabelledArrays]) -> LabelledArrays:
    """All images in one, with all paths and problems; the classes are those of the first."""
    return LabelledArrays(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].class_names,
        tuple(path for part in parts for path in part.paths),
        tuple(problem for part in parts for problem in part.problems),
    )
