# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images with labels as two tensors in memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cac_core.decision import UNKNOWN


@dataclass(frozen=True)
class LabelledImages:
    """Images that went through :func:`cac_core.preprocessing.resize` once and stay in memory.

    Attributes:
        images: uint8 ``(M, S, S, C)``.
        labels: int64 ``(M,)``, index into ``class_names``; -1 = unknown.
        class_names: the known classes in index order.
        paths: where each image came from, ``M`` entries.
        problems: one sentence for each file that was skipped or looks wrong.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    paths: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def subset(self, indices: Tensor | Sequence[int]) -> "LabelledImages":
        """The images at these positions, in this order; the problems stay with the whole."""
        chosen = torch.as_tensor(indices, dtype=torch.int64)
        paths = tuple(self.paths[i] for i in chosen.tolist())
        return replace(self, images=self.images[chosen], labels=self.labels[chosen], paths=paths, problems=())

    def with_mirrored(self) -> "LabelledImages":
        """These images, then the mirror image of each."""
        return joined(self, replace(self, images=self.images.flip(2), problems=()))

    def counts(self) -> dict[str, int]:
        """Images per known class; unknown images are not counted."""
        known = self.labels[self.labels != UNKNOWN]
        counted = torch.bincount(known, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, counted, strict=True))

    def fingerprint(self) -> str:
        """Hex digest that changes with any pixel, label, class name or the order."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((tuple(self.images.shape), self.class_names)).encode())
        digest.update(self.labels.numpy().tobytes())
        digest.update(self.images.contiguous().numpy().data)
        return digest.hexdigest()


def joined(first: LabelledImages, *others: LabelledImages) -> LabelledImages:
    """All images in one, with all paths and problems; the classes are those of the first."""
    parts = (first, *others)
    return LabelledImages(
        torch.cat([part.images for part in parts]),
        torch.cat([part.labels for part in parts]),
        first.class_names,
        tuple(path for part in parts for path in part.paths),
        tuple(problem for part in parts for problem in part.problems),
    )
