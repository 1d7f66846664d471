# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which images are held out of training: a share of each class, at random or the last of each series."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

_NUMBERED = re.compile(r"(.*?)(\d*)", re.DOTALL)


def stratified_split(labels: Tensor, share: float, seed: int, groups: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Divide positions so that every class gives the same share.

    A class of two or more images gives at least one image to each part; a class of one image stays in the first part.
    Groups stay together: a class may then give a little more or less, or nothing where all its images are one group.

    Args:
        labels: int64 ``(M,)``.
        share: of each class that goes to the second part, in (0, 1).
        seed: the same seed gives the same parts.
        groups: int64 ``(M,)``; images of the same number belong together. Groups of one image change nothing.

    Returns:
        Positions of the first and of the second part, each in rising order.
    """
    _check_share(share)
    generator = torch.Generator().manual_seed(seed)
    second = torch.zeros(len(labels), dtype=torch.bool)
    for label in torch.unique(labels).tolist():
        own = torch.nonzero(labels == label).flatten()
        n = min(max(1, round(share * len(own))), len(own) - 1)
        shuffled = own[torch.randperm(len(own), generator=generator)]
        second[shuffled[:n] if groups is None else _whole_groups(shuffled, groups, n)] = True
    return _parts(second, groups)


def last_split(
    labels: Tensor, paths: Sequence[str], share: float, groups: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Divide positions so that the last photos of every series go to the second part.

    Photos taken one after the other show the same shelf, lamp and hand. Divided at random, a validation photo has its
    twins among the training photos, and every figure is too good. A series is what shares a class and a file name up
    to its last number; each gives its last photos in the order of that number.

    Args:
        labels: int64 ``(M,)``.
        paths: ``M`` file names.
        share: of each class that goes to the second part, in (0, 1); at least one photo and never all of them.
        groups: as in :func:`stratified_split`.

    Returns:
        Positions of the first and of the second part, each in rising order.
    """
    _check_share(share)
    second = torch.zeros(len(labels), dtype=torch.bool)
    for label in torch.unique(labels).tolist():
        series: dict[str, list[tuple[int, str, int]]] = {}
        for position in torch.nonzero(labels == label).flatten().tolist():
            name = Path(paths[position]).stem
            stem, number = _NUMBERED.fullmatch(name).groups()  # type: ignore[union-attr]  # matches any name
            series.setdefault(stem, []).append((int(number or 0), name, position))
        seen = 0
        chosen: list[int] = []
        for stem in sorted(series):
            # Shares of short series are rounded together: many series of one photo give some of them.
            seen += len(series[stem])
            wanted = round(share * seen) - len(chosen)
            chosen += [position for _, _, position in sorted(series[stem])[len(series[stem]) - wanted :]]
        if not chosen and seen > 1:
            chosen = [sorted(series[max(series)])[-1][2]]
        second[chosen[: max(seen - 1, 0)]] = True
    return _parts(second, groups)


def _check_share(share: float) -> None:
    if not 0.0 < share < 1.0:
        raise ValueError(f"the share must lie in (0, 1), not {share}")


def _parts(second: Tensor, groups: Tensor | None) -> tuple[Tensor, Tensor]:
    if groups is not None and len(groups):
        # Of a group only some images may have been taken: then it goes to the first part.
        torn = torch.zeros(int(groups.max()) + 1, dtype=torch.bool)
        torn[groups[~second]] = True
        second &= ~torn[groups]
    return torch.nonzero(~second).flatten(), torch.nonzero(second).flatten()


def _whole_groups(shuffled: Tensor, groups: Tensor, wanted: int) -> Tensor:
    """The first whole groups of about this many positions; never all positions."""
    chosen: list[int] = []
    taken: set[int] = set()
    numbers = groups[shuffled].tolist()
    members: dict[int, list[int]] = {}
    for position, number in zip(shuffled.tolist(), numbers, strict=True):
        members.setdefault(number, []).append(position)
    for number in numbers:
        own = members[number]
        if number not in taken and len(chosen) + len(own) <= wanted:
            taken.add(number)
            chosen += own
    if not chosen and len(members) > 1:
        chosen = min(members.values(), key=len)
    return torch.tensor(chosen, dtype=torch.int64)
