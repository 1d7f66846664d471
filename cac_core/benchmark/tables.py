# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables 1, 2, 4 and 5 of the paper: which networks they need, and their rows."""

from collections.abc import Callable

from cac_core.benchmark import paper_values
from cac_core.benchmark.charts import comparison_chart
from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.measures import overlap
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.paper_values import PaperValue
from cac_core.benchmark.results import Result, TableRow
from cac_core.benchmark.rows import LABELS, Networks, auroc_row, grouped, measured, trial_specs
from cac_core.support.errors import TrainingError

TABLE1 = (
    ("CAC, γ", "cac", "gamma", "CAC"),
    ("CAC, nearest distance", "cac", "nearest_distance", None),
    ("CAC, largest logit", "cac", "max_logit", None),
    ("cross-entropy, softmax", "cross_entropy", "max_softmax", "Softmax"),
    ("cross-entropy, OpenMax", "cross_entropy", "openmax", "OpenMax"),
    ("cross-entropy, largest logit", "cross_entropy", "max_logit", None),
    ("cross-entropy, energy", "cross_entropy", "energy", None),
    ("Center loss, γ", "center", "gamma", None),
    ("Center loss, learnt centres, γ", "center_learnt", "gamma", None),
    ("CAC, learnt centres, γ", "cac_learnt", "gamma", None),
    ("tuplet term, γ", "tuplet", "gamma", None),
    ("anchor term, γ", "anchor", "gamma", None),
)
"""Method, loss, score and the paper's name for it."""

INFERRED = "The family behind the paper's values is inferred, not stated."


def table1_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """CAC and cross-entropy, or the losses asked for.

    Raises:
        TrainingError: for a loss that the table does not have.
    """
    offered = dict.fromkeys(loss for _, loss, _, _ in TABLE1)
    for name in config.losses:
        if name not in offered:
            raise TrainingError(f"table1 has no loss {name!r}; choose from {', '.join(offered)}.")
    losses = config.losses or ("cac", "cross_entropy")
    return [network_of(config, t, loss) for t in trial_specs(config, "neal2018") for loss in losses]


def table1(config: BenchmarkConfig, networks: Networks) -> Result:
    """AUROC of CAC beside the scores that others use."""
    losses = config.losses or ("cac", "cross_entropy")
    rows = []
    for dataset, family, trials in grouped(trial_specs(config, "neal2018")):
        for method, loss, score, name in TABLE1:
            if loss in losses:
                paper = paper_values.table1(name, dataset) if name else None
                details = {"loss": loss, "score": score}
                values = measured(config, networks, trials, loss, score)
                rows.append(auroc_row(dataset, family, method, values, paper, details))
        for name in paper_values.QUOTED_ONLY:
            paper = paper_values.table1(name, dataset)
            if paper:
                rows.append(auroc_row(dataset, paper.family, name, (), paper))
    notes = ("Rows without trials are quoted from the paper; those systems are not implemented here.",)
    return Result("Table 1: open-set AUROC", tuple(rows), comparison_chart(rows), notes)


def table2_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """Cross-entropy and CAC."""
    return [network_of(config, t, loss) for t in trial_specs(config, "neal2018") for loss in ("cross_entropy", "cac")]


def table2(config: BenchmarkConfig, networks: Networks) -> Result:
    """Overlap of nearest-centre distances between known and unknown images."""
    rows = []
    for dataset, family, trials in grouped(trial_specs(config, "neal2018")):
        for loss in ("cross_entropy", "cac"):
            values = tuple(
                {"trial": t.split.trial, "bhattacharyya": overlap(networks(network_of(config, t, loss)))}
                for t in trials
            )
            paper = paper_values.table2(loss, dataset)
            rows.append(
                TableRow(dataset, family, LABELS[loss], values, "bhattacharyya", False, paper, details={"loss": loss})
            )
    notes = ("Over a shared histogram of 100 bins; the paper does not state its bins or its splits. Lower is better.",)
    title = "Table 2: overlap of distances to the nearest class centre"
    return Result(title, tuple(rows), comparison_chart(rows), notes)


def _losses_table(
    config: BenchmarkConfig,
    networks: Networks,
    losses: tuple[str, ...],
    paper: Callable[[str, str], PaperValue | None],
    title: str,
    labels: dict[str, str],
) -> Result:
    rows = []
    for dataset, family, trials in grouped(trial_specs(config, "cac2020")):
        for loss in losses:
            details = {"loss": loss, "score": "gamma"}
            values = measured(config, networks, trials, loss, "gamma")
            rows.append(auroc_row(dataset, family, labels[loss], values, paper(loss, dataset), details))
    return Result(title, tuple(rows), comparison_chart(rows), (INFERRED, "Every network is scored by γ."))


TABLE4 = ("center", "tuplet", "anchor", "cac")
TABLE5 = ("center_learnt", "center", "cac_learnt", "cac")


def table4_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """The distance losses."""
    return [network_of(config, t, loss) for t in trial_specs(config, "cac2020") for loss in TABLE4]


def table4(config: BenchmarkConfig, networks: Networks) -> Result:
    """Distance losses around the same anchored centres."""
    title = "Table 4: open-set AUROC of distance losses"
    return _losses_table(config, networks, TABLE4, paper_values.table4, title, LABELS)


def table5_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """Center loss and CAC with both kinds of centres."""
    return [network_of(config, t, loss) for t in trial_specs(config, "cac2020") for loss in TABLE5]


def table5(config: BenchmarkConfig, networks: Networks) -> Result:
    """Anchored against learnt centres."""
    title = "Table 5: open-set AUROC with learnt and with anchored centres"
    labels = {**LABELS, "cac": "CAC, anchored"}
    return _losses_table(config, networks, TABLE5, paper_values.table5, title, labels)
