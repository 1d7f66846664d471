# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What tables and figures share: their trials by dataset, and the row of a method."""

from collections.abc import Callable, Iterator
from typing import Any

from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.measures import measure
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.paper_values import DATASETS, PaperValue
from cac_core.benchmark.results import TableRow
from cac_core.benchmark.stored_networks import Outputs
from cac_core.benchmark.trials import TrialSpec

Networks = Callable[[NetworkSpec], Outputs]
TRIALS = (0, 1, 2, 3, 4)

LABELS = {
    "cac": "CAC",
    "tuplet": "tuplet term",
    "anchor": "anchor term",
    "center": "Center, anchored",
    "center_learnt": "Center, learnt",
    "cac_learnt": "CAC, learnt",
    "cross_entropy": "cross-entropy",
    "objectosphere": "Objectosphere",
    "entropic": "entropic open-set",
}


def trial_specs(config: BenchmarkConfig, family: str, usual: tuple[str, ...] = DATASETS) -> list[TrialSpec]:
    """One spec per dataset and trial."""
    family = config.family or family
    return [
        TrialSpec(config.source.split(dataset, family, trial))
        for dataset in config.datasets_or(usual)
        for trial in config.trials_or(TRIALS)
    ]


def grouped(specs: list[TrialSpec]) -> Iterator[tuple[str, str, list[TrialSpec]]]:
    """Dataset, family and their trials."""
    for dataset in dict.fromkeys(spec.split.dataset for spec in specs):
        own = [spec for spec in specs if spec.split.dataset == dataset]
        yield dataset, own[0].split.family, own


def measured(
    config: BenchmarkConfig, networks: Networks, trials: list[TrialSpec], loss: str, score: str
) -> tuple[dict[str, Any], ...]:
    """Every measure of one loss and score, per trial."""
    return tuple({"trial": t.split.trial, **measure(networks(network_of(config, t, loss)), score)} for t in trials)


def auroc_row(
    dataset: str,
    family: str,
    method: str,
    trials: tuple[dict[str, Any], ...],
    paper: PaperValue | None = None,
    details: dict[str, Any] | None = None,
) -> TableRow:
    """The AUROC of one method on one dataset, with accuracy and OSCR."""
    return TableRow(dataset, family, method, trials, "auroc", True, paper, ("accuracy", "oscr"), details or {})
