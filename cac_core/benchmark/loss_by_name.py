# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every loss of the benchmark by name."""

from cac_core.benchmark.baseline_losses import (
    AnchorLoss,
    CenterLoss,
    CrossEntropy,
    LearntCACLoss,
    ObjectosphereLoss,
    TupletLoss,
)
from cac_core.benchmark.recipes import Recipe
from cac_core.losses import CACLoss

LOSSES = (
    "cac",
    "tuplet",
    "anchor",
    "center",
    "center_learnt",
    "cac_learnt",
    "cross_entropy",
    "objectosphere",
    "entropic",
)
"""Every loss by name."""

CHOSEN_BY_ANCHOR_LOSS = ("cac", "anchor")
"""The authors' rule "lowest validation anchor loss" chooses their weights; the other losses use their own value."""


def make_loss(name: str, num_classes: int, recipe: Recipe) -> CACLoss:
    """A loss by name with the recipe's λ, α and label smoothing."""
    weight, magnitude = recipe.config.loss.anchor_weight, recipe.config.loss.anchor_magnitude
    smoothing = recipe.strong.label_smoothing if recipe.strong else 0.0
    if name == "cac":
        return CACLoss(num_classes, weight, magnitude, label_smoothing=smoothing)
    if name == "tuplet":
        return TupletLoss(num_classes, weight, magnitude)
    if name == "anchor":
        return AnchorLoss(num_classes, weight, magnitude)
    if name in ("center", "center_learnt"):
        return CenterLoss(num_classes, anchor_magnitude=magnitude, learnt=name == "center_learnt")
    if name == "cac_learnt":
        return LearntCACLoss(num_classes, weight)
    if name == "cross_entropy":
        return CrossEntropy(num_classes, smoothing)
    if name in ("objectosphere", "entropic"):
        return ObjectosphereLoss(num_classes, weight=0.0 if name == "entropic" else 0.01)
    raise ValueError(f"there is no loss {name!r}; choose one of {', '.join(LOSSES)}")
