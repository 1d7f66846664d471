# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables 1, 2, 4 and 5 of the paper: which networks they need, and their rows."""

from collections.abc import Callable
from typing import NamedTuple

from cac_core.benchmark import paper_values
from cac_core.benchmark.charts import comparison_chart
from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.measures import overlap
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.paper_values import PaperValue
from cac_core.benchmark.results import Result, TableRow
from cac_core.benchmark.rows import LABELS, Networks, auroc_row, grouped, measured, trial_specs
from cac_core.support.errors import TrainingError


class Method(NamedTuple):
    """A row of Table 1.

    Attributes:
        name: for readers.
        loss: what its network learns with, or the system that trains it.
        score: of that network.
        system: what ``--systems`` calls it.
        paper: the paper's name for it.
    """

    name: str
    loss: str
    score: str
    system: str = ""
    paper: str | None = None


TABLE1 = (
    Method("CAC, γ", "cac", "gamma", "cac", "CAC"),
    Method("CAC, nearest distance", "cac", "nearest_distance", "cac"),
    Method("CAC, largest logit", "cac", "max_logit", "cac"),
    Method("cross-entropy, softmax", "cross_entropy", "max_softmax", "softmax", "Softmax"),
    Method("cross-entropy, OpenMax", "cross_entropy", "openmax", "openmax", "OpenMax"),
    Method("cross-entropy, largest logit", "cross_entropy", "max_logit", "softmax"),
    Method("cross-entropy, energy", "cross_entropy", "energy", "softmax"),
    Method("C2AE", "c2ae", "reconstruction_error", "c2ae", "C2AE"),
    Method("CROSR", "crosr", "latent_openmax", "crosr", "CROSR"),
    Method("GFROR", "gfror", "max_logit", "gfror", "GFROR"),
    Method("GFROR, softmax", "gfror", "max_softmax", "gfror"),
    Method("OSRCI", "osrci", "open_class", "osrci", "OSRCI"),
    Method("G-OpenMax", "g-openmax", "open_class_openmax", "g-openmax", "G-OpenMax"),
    Method("ARPL", "arpl", "max_logit", "arpl"),
    Method("supervised contrastive, largest logit", "supcon", "max_logit", "supcon"),
    Method("Center loss, γ", "center", "gamma"),
    Method("Center loss, learnt centres, γ", "center_learnt", "gamma"),
    Method("CAC, learnt centres, γ", "cac_learnt", "gamma"),
    Method("tuplet term, γ", "tuplet", "gamma"),
    Method("anchor term, γ", "anchor", "gamma"),
)

INFERRED = "The family behind the paper's values is inferred, not stated."
USUAL_LOSSES = ("cac", "cross_entropy")


def table1_methods(config: BenchmarkConfig) -> list[Method]:
    """Rows of the systems and losses asked for; CAC and cross-entropy when nothing is.

    Raises:
        TrainingError: for a system or loss that the table does not have.
    """
    for option, names, offered in (
        ("system", config.systems, dict.fromkeys(method.system for method in TABLE1 if method.system)),
        ("loss", config.losses, dict.fromkeys(method.loss for method in TABLE1)),
    ):
        for name in names:
            if name not in offered:
                raise TrainingError(f"table1 has no {option} {name!r}; choose from {', '.join(offered)}.")
    losses = config.losses or (() if config.systems else USUAL_LOSSES)
    return [method for method in TABLE1 if method.system in config.systems or method.loss in losses]


def table1_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """One network for each loss or system of the rows, and trial."""
    losses = dict.fromkeys(method.loss for method in table1_methods(config))
    return [network_of(config, t, loss) for t in trial_specs(config, "neal2018") for loss in losses]


def table1(config: BenchmarkConfig, networks: Networks) -> Result:
    """AUROC of CAC beside the other systems; those that were not asked for are quoted."""
    methods = table1_methods(config)
    rows = []
    for dataset, family, trials in grouped(trial_specs(config, "neal2018")):
        for method in methods:
            paper = paper_values.table1(method.paper, dataset) if method.paper else None
            details = {"loss": method.loss, "score": method.score}
            values = measured(config, networks, trials, method.loss, method.score)
            rows.append(auroc_row(dataset, family, method.name, values, paper, details))
        for name in dict.fromkeys(method.paper for method in TABLE1 if method.paper and method not in methods):
            paper = paper_values.table1(name, dataset)
            if paper:
                rows.append(auroc_row(dataset, paper.family, name, (), paper))
    notes = ("Rows without trials are quoted from the paper: ask for those systems with --systems.",)
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
