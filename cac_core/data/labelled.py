# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images with labels as two tensors in memory: what is trained on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from cac_core.data.folders import read_image_folder, read_unknown_folder
from cac_core.data.labelled_arrays import LabelledArrays, joined_arrays
from cac_core.preprocessing import Preprocessing


@dataclass(frozen=True)
class LabelledImages:
    """The tensors of :class:`cac_core.data.LabelledArrays`, in the same memory.

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

    @classmethod
    def of(cls, arrays: LabelledArrays) -> "LabelledImages":
        """The same images as tensors."""
        images, labels = torch.from_numpy(arrays.images), torch.from_numpy(arrays.labels)
        return cls(images, labels, arrays.class_names, arrays.paths, arrays.problems)

    def arrays(self) -> LabelledArrays:
        """The same images as NumPy arrays."""
        return LabelledArrays(self.images.numpy(), self.labels.numpy(), self.class_names, self.paths, self.problems)

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
        return self.arrays().counts()

    def fingerprint(self) -> str:
        """Hex digest that changes with any pixel, label, class name or the order."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((tuple(self.images.shape), self.class_names)).encode())
        digest.update(self.labels.numpy().tobytes())
        digest.update(self.images.contiguous().numpy().data)
        return digest.hexdigest()


def joined(first: LabelledImages, *others: LabelledImages) -> LabelledImages:
    """All images in one, with all paths and problems; the classes are those of the first."""
    return LabelledImages.of(joined_arrays([part.arrays() for part in (first, *others)]))


def load_image_folder(
    root: str | Path, preprocessing: Preprocessing, class_names: Sequence[str] | None = None
) -> LabelledImages:
    """:func:`cac_core.data.read_image_folder` for code that computes with PyTorch; raises what it raises."""
    return LabelledImages.of(read_image_folder(root, preprocessing, class_names))


def load_unknown_folder(root: str | Path, preprocessing: Preprocessing, class_names: Sequence[str]) -> LabelledImages:
    """:func:`cac_core.data.read_unknown_folder` for code that computes with PyTorch; raises what it raises."""
    return LabelledImages.of(read_unknown_folder(root, preprocessing, class_names))
