# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All that decides what a network of a benchmark learns, and its name."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.recipes import Recipe, RecipeName, make_recipe
from cac_core.benchmark.trials import TrialSpec


@dataclass(frozen=True)
class NetworkSpec:
    """All that decides what a network learns.

    Attributes:
        trial: its images.
        loss: a name of :data:`cac_core.benchmark.loss_by_name.LOSSES`.
        recipe: how it is trained.
        seed: of the training.
        epochs: another number of epochs than the recipe's.
        backbone: the network.
        options: of the recipe: anchor_weight, anchor_magnitude, image_size.
        images: digest of a user's images.
        width: of the paper's network; the recipe's when not given.
    """

    trial: TrialSpec
    loss: str
    recipe: RecipeName = "paper"
    seed: int = 0
    epochs: int | None = None
    backbone: str = "paper"
    options: dict[str, Any] = field(default_factory=dict)
    images: str | None = None
    width: float | None = None

    @property
    def name(self) -> str:
        """File name without suffix; what recipe, seed, epochs or width change is no part of it: so it is noticed."""
        split = self.trial.split
        known = hashlib.blake2b(repr(asdict(self.trial)).encode(), digest_size=3).hexdigest()
        options = "".join(f"-{k}={v}" for k, v in sorted(self.options.items()))
        dataset = split.dataset.replace("/", "_")
        backbone = "" if self.backbone == "paper" else f"-{self.backbone.replace('/', '_')}"
        return f"{dataset}-{split.family}-{split.trial}-{known}-{self.loss}{backbone}{options}"

    @property
    def shared_weights(self) -> str | None:
        """Name of what equal trainings share: CIFAR+10 and CIFAR+50 have the same known classes in every trial."""
        split = self.trial.split
        if not split.dataset.startswith("CIFAR+"):
            return None
        identity = self.identity("")
        for key in ("dataset", "family", "trial", "unknown", "unknown_sets"):
            del identity[key]
        return "weights-" + hashlib.blake2b(json.dumps(identity).encode(), digest_size=6).hexdigest()

    def make_recipe(self) -> Recipe:
        """Its training configuration."""
        split = self.trial.split
        return make_recipe(
            self.recipe,
            split.dataset,
            seed=self.seed,
            epochs=self.epochs,
            backbone=self.backbone,
            width=self.width,
            **self.options,
        )

    def identity(self, precision: str) -> dict[str, Any]:
        """JSON-ready: everything that must be equal for finished results to be used."""
        recipe = self.make_recipe()
        config = recipe.config.to_dict()
        for key in ("out", "data", "resume", "device", "known_kept", "precision", "graph", "variants"):
            del config[key]
        del config["model"]["photo_statistics"]  # of pretrained weights, which no network of the paper has
        split = self.trial.split
        return {
            "dataset": split.dataset,
            "family": split.family,
            "trial": split.trial,
            "known": list(split.known),
            "unknown": list(split.unknown),
            "unknown_sets": [[name, list(classes)] for name, classes in self.trial.unknown_sets],
            "known_unknown": list(map(_listed, self.trial.known_unknown)) if self.trial.known_unknown else None,
            "loss": self.loss,
            "recipe": self.recipe,
            "strong": asdict(recipe.strong) if recipe.strong else None,
            "precision": precision,
            "images": self.images,
            "config": config,
        }


def network_of(
    config: BenchmarkConfig,
    trial: TrialSpec,
    loss: str,
    backbone: str = "paper",
    options: dict[str, float] | None = None,
) -> NetworkSpec:
    """A network with the settings of one command; ``backbone`` is what the table or figure usually has."""
    return NetworkSpec(
        trial,
        loss,
        "quick" if config.quick else config.recipe,
        config.seed,
        config.epochs,
        config.backbone or ("paper" if config.quick else backbone),
        options or {},
        config.source.fingerprint(trial.split.dataset),
        config.width,
    )


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
