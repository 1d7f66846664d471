# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model before and after, on photos that neither was trained on: figures, confusions, photos that changed sides."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.data import LabelledArrays
from cac_core.inference_equations import UNKNOWN, decide
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.support.names import same_form

MOST_PHOTOS = 60
"""Photos that changed sides of which the page shows so many."""

_BATCH = 64


@dataclass(frozen=True)
class Figures:
    """Shares of photos; None without photos.

    Attributes:
        images: number of photos.
        accuracy: nearest to the centre of their class, whatever the threshold says.
        right: known, and of their class.
        wrong: known, and of another class. All others are unknown.
    """

    images: int
    accuracy: float | None
    right: float | None
    wrong: float | None


def compare(before: ModelBundle, after: ModelBundle, photos: LabelledArrays) -> dict[str, Any]:
    """What two models make of the same photos.

    Args:
        before: the model that was there.
        after: the new one.
        photos: of all classes of the new model, through the preprocessing of both.

    Returns:
        JSON-ready: figures of old and new classes, confusions, photos that changed sides.
    """
    names = [same_form(name) for name in photos.class_names]
    truth = [names[label] for label in photos.labels.tolist()]
    first, second = (_verdicts(bundle, photos.images) for bundle in (before, after))
    known = set(map(same_form, before.class_names))
    old = np.array([name in known for name in truth], bool)
    return {
        "old": {"before": _figures(first, truth, old), "after": _figures(second, truth, old)},
        "new": {"before": _figures(first, truth, ~old), "after": _figures(second, truth, ~old)},
        "confusions": _confusions(first, second, truth),
        "changed": _changed(first, second, truth, photos.paths),
    }


@dataclass(frozen=True)
class _Verdicts:
    """Per photo: the nearest class, and what is answered (empty = unknown)."""

    nearest: list[str]
    said: list[str]


def _verdicts(bundle: ModelBundle, images: NDArray[np.uint8]) -> _Verdicts:
    predictor = Predictor(bundle, device="cpu")
    pixels = images if images.shape[-1] == 3 else images[..., 0]
    order = "rgb" if images.shape[-1] == 3 else "grey"
    nearest: list[str] = []
    said: list[str] = []
    names = [*map(same_form, bundle.class_names), ""]  # index -1 is the last one
    for start in range(0, len(pixels), _BATCH):
        frames = [Frame(image, order) for image in pixels[start : start + _BATCH]]  # type: ignore[arg-type]
        gamma = predictor.rejection_scores(frames)
        nearest += [names[i] for i in gamma.argmin(axis=1).tolist()]
        said += [names[i] if i != UNKNOWN else "" for i in decide(gamma, predictor.theta()).tolist()]
    return _Verdicts(nearest, said)


def _figures(verdicts: _Verdicts, truth: list[str], which: NDArray[np.bool_]) -> dict[str, Any]:
    chosen = np.flatnonzero(which).tolist()
    if not chosen:
        return asdict(Figures(0, None, None, None))
    count = len(chosen)
    accuracy = sum(verdicts.nearest[i] == truth[i] for i in chosen) / count
    right = sum(verdicts.said[i] == truth[i] for i in chosen) / count
    wrong = sum(verdicts.said[i] not in ("", truth[i]) for i in chosen) / count
    return asdict(Figures(count, accuracy, right, wrong))


def _confusions(first: _Verdicts, second: _Verdicts, truth: list[str]) -> list[dict[str, Any]]:
    """Pairs of classes that are taken for each other, the most frequent of the new model first."""
    before, after = (
        Counter((name, said) for name, said in zip(truth, each.said, strict=True) if said not in ("", name))
        for each in (first, second)
    )
    pairs = sorted({*before, *after}, key=lambda pair: (-after[pair], -before[pair], pair))
    return [{"class": pair[0], "said": pair[1], "before": before[pair], "after": after[pair]} for pair in pairs[:20]]


def _changed(first: _Verdicts, second: _Verdicts, truth: list[str], paths: tuple[str, ...]) -> list[dict[str, Any]]:
    """Photos that another answer is given for, those that got worse first."""
    found = [
        {
            "path": path,
            "class": name,
            "before": before,
            "after": after,
            "worse": _worth(after, name) < _worth(before, name),
        }
        for path, name, before, after in zip(paths, truth, first.said, second.said, strict=True)
        if before != after
    ]
    return sorted(found, key=lambda each: not each["worse"])[:MOST_PHOTOS]


def _worth(said: str, truth: str) -> int:
    """Right is better than unknown, and unknown is better than wrong."""
    return 2 if said == truth else 0 if said else 1
