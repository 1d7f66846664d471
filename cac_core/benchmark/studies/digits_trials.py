# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The work of :mod:`cac_core.benchmark.studies.digits`: trials, their figures and the table."""

import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cac_core import equations
from cac_core.benchmark.studies.config import DigitsStudy
from cac_core.data import LabelledImages, load_digits_trial
from cac_core.evaluation import evaluate
from cac_core.inference_equations import UNKNOWN
from cac_core.metrics import auroc
from cac_core.model import build_model
from cac_core.predictor import Predictor
from cac_core.preprocessing import Preprocessing
from cac_core.support import console
from cac_core.training import TrainConfig, load_recipe, train
from cac_core.training.logits import compute_logits

HEADINGS = {
    "auroc": "AUROC (rejection score)",
    "auroc_distance": "AUROC, nearest distance",
    "auroc_logit": "AUROC, largest logit",
    "accuracy": "accuracy",
    "ccr_5": "CCR at 5 % FPR",
    "ccr_10": "CCR at 10 % FPR",
    "known_kept": "known kept",
    "unknown_rejected": "unknown rejected",
    "seconds": "training, seconds",
}


@dataclass(frozen=True)
class DigitsFigures:
    """Figures of one trial on its held-out digits; seconds are those of the training, from images to bundle."""

    auroc: float
    auroc_distance: float
    auroc_logit: float
    accuracy: float
    ccr_5: float
    ccr_10: float
    known_kept: float
    unknown_rejected: float
    seconds: float


def run_trial(config: TrainConfig) -> DigitsFigures:
    """Train one trial and evaluate it."""
    start = time.monotonic()
    result = train(config)
    seconds = time.monotonic() - start
    assert result is not None
    bundle = result.bundle
    test = load_digits_trial(config.data.family, config.data.trial, bundle.preprocessing).test
    m = evaluate(Predictor(bundle, engine="torch", device="cpu"), test.arrays()).metrics
    distance, logit = other_aurocs(
        build_model(bundle).backbone, torch.from_numpy(bundle.centres), test, bundle.preprocessing
    )
    return DigitsFigures(
        m.auroc,
        distance,
        logit,
        m.accuracy,
        m.ccr_at_fpr_5,
        m.ccr_at_fpr_10,
        m.known_kept,
        m.unknown_rejected,
        seconds,
    )


def other_aurocs(
    backbone: nn.Module, centres: torch.Tensor, test: LabelledImages, preprocessing: Preprocessing
) -> tuple[float, float]:
    """AUROC of the nearest distance and of the negative largest logit."""
    logits = compute_logits(backbone, test, preprocessing, torch.device("cpu"))
    unknown = (test.labels == UNKNOWN).numpy()
    nearest = equations.distances(logits, centres).min(dim=-1).values
    return auroc(nearest.numpy(), unknown), auroc(-logits.max(dim=-1).values.numpy(), unknown)


def run_study(options: DigitsStudy) -> None:
    """Run the trials and print the table."""
    recipe = replace(load_recipe(options.recipe), seed=options.seed)
    rows: dict[int, DigitsFigures] = {}
    with tempfile.TemporaryDirectory() as folder:
        for trial in options.trials:
            data = replace(recipe.data, family=options.family, trial=trial)
            rows[trial] = run_trial(replace(recipe, data=data, out=Path(folder, f"trial{trial}.cac")))
    lines = []
    for name, heading in HEADINGS.items():
        digits = 1 if name == "seconds" else 3
        values = np.array([asdict(row)[name] for row in rows.values()])
        spread = values.std(ddof=1) if len(values) > 1 else float("nan")
        mean = f"{console.number(values.mean(), digits)} ± {console.number(spread, digits)}"
        lines.append((heading, *(console.number(value, digits) for value in values), mean))
    title = f"scikit-learn digits, splits {options.family}, held-out digits, seed {options.seed}"
    console.out.print(console.table(title, ("trial", *map(str, rows), "mean ± std"), lines))
    if options.json:
        document = {
            "family": options.family,
            "seed": options.seed,
            "trials": {t: asdict(r) for t, r in rows.items()},
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
