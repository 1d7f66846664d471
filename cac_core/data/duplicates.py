# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Likely duplicates: the same photo saved twice, resized, or taken again without moving.

A photo in training and again in validation makes every figure too good, and one in two classes is a wrong label.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

GRID = 8
MOST_BITS = 10
"""Of 128 bits that two images may differ in; unrelated ones differ in about 64."""

MOST_DIFFERENCE = 6.0
"""Mean difference of two 8x8 colour thumbnails, in grey levels: pictures without structure hash alike."""

FEW = 50_000
"""Up to so many images every pair is compared; among more, those that agree in a part of the hash."""

BLOCK = 2048


class Looks(NamedTuple):
    """What images are compared by.

    Attributes:
        hashes: signs ``(M, 128)``.
        thumbnails: ``(M, C, 8, 8)``, grey levels.
    """

    hashes: Tensor
    thumbnails: Tensor


def looks(images: Tensor) -> Looks:
    """What images, uint8 ``(M, S, S, C)``, are compared by."""
    return Looks(_hashes(images), _cells(images, GRID, GRID))


def find_duplicates(images: Tensor) -> Tensor:
    """Pairs of images that show the same picture.

    Two must agree in the hash (which of neighbouring cells is lighter, along rows and columns: 128 bits), which
    recompression, scaling and exposure hardly change, and in their thumbnails.

    Args:
        images: uint8 ``(M, S, S, C)``.

    Returns:
        int64 ``(P, 2)``, positions ``i < j``, in rising order. The pairs are the same however many images there are.
    """
    if len(images) < 2:
        return torch.empty(0, 2, dtype=torch.int64)
    own = looks(images)
    return _pairs(own, own, later_only=True) if len(images) <= FEW else _pairs_by_parts(own)


def find_shared(first: Looks, second: Looks) -> Tensor:
    """Pairs of an image of one set and an image of another that show the same picture: int64 ``(P, 2)``."""
    return _pairs(first, second, later_only=False)


def duplicate_groups(pairs: Tensor, count: int) -> Tensor:
    """The group of each image ``(count,)``: images that are linked by pairs, directly or not, share one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = torch.ones(len(pairs)).numpy()
    graph = coo_matrix((ones, (pairs[:, 0].numpy(), pairs[:, 1].numpy())), shape=(count, count))
    return torch.from_numpy(connected_components(graph, directed=False)[1]).long()


def _pairs(first: Looks, second: Looks, later_only: bool) -> Tensor:
    """Pairs ``(P, 2)`` that look alike; only those ``i < j`` when both sets are one."""
    found = []
    for start in range(0, len(first.hashes), BLOCK):
        rows, skipped = first.hashes[start : start + BLOCK], start if later_only else 0
        different = (rows.shape[1] - rows @ second.hashes[skipped:].T) / 2
        i, j = torch.nonzero(different <= MOST_BITS, as_tuple=True)
        i, j = i + start, j + skipped
        if later_only:
            later = j > i
            i, j = i[later], j[later]
        # In parts: a thousand equal images make half a million pairs.
        for a, b in zip(torch.split(i, BLOCK), torch.split(j, BLOCK), strict=True):
            close = (first.thumbnails[a] - second.thumbnails[b]).abs().flatten(1).mean(dim=1) <= MOST_DIFFERENCE
            found.append(torch.stack([a[close], b[close]], dim=1))
    return torch.cat(found) if found else torch.empty(0, 2, dtype=torch.int64)


def _pairs_by_parts(images: Looks) -> Tensor:
    """The pairs of :func:`_pairs` without comparing all: O(M) images are compared with those that share a part.

    Of eleven parts of a hash, ten differing bits leave at least one as it is. So every pair shares a part (Norouzi,
    Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", CVPR 2012).
    """
    bits = (images.hashes > 0).long()
    found = [torch.empty(0, 2, dtype=torch.int64)]
    for part in torch.tensor_split(torch.arange(bits.shape[1]), MOST_BITS + 1):
        values = (bits[:, part] << torch.arange(len(part))).sum(dim=1)
        order = torch.argsort(values, stable=True)
        sizes = torch.unique_consecutive(values[order], return_counts=True)[1]
        for members in torch.split(order, sizes.tolist()):
            if len(members) > 1:
                own = Looks(images.hashes[members], images.thumbnails[members])
                found.append(members[_pairs(own, own, later_only=True)])
    pairs: Tensor = torch.unique(torch.cat(found), dim=0)
    return pairs


def _hashes(images: Tensor) -> Tensor:
    """Signs ``(M, 128)`` of the gradients between neighbouring cells of the grey image."""
    along_rows = _cells(images, GRID, GRID + 1).mean(dim=1).diff(dim=2)
    along_columns = _cells(images, GRID + 1, GRID).mean(dim=1).diff(dim=1)
    gradients = torch.cat([along_rows.flatten(1), along_columns.flatten(1)], dim=1)
    return torch.where(gradients > 0, 1.0, -1.0)


def _cells(images: Tensor, height: int, width: int) -> Tensor:
    """Means ``(M, C, height, width)`` of the cells of a grid."""
    parts = [
        F.adaptive_avg_pool2d(part.permute(0, 3, 1, 2).float(), (height, width))
        for part in torch.split(images, BLOCK // 8)
    ]
    return torch.cat(parts)
