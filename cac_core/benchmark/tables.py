# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables 1 to 5 of the paper: which networks they need, and their rows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cac_core.benchmark import paper_values
from cac_core.benchmark.charts import comparison_chart
from cac_core.benchmark.measures import measure, overlap
from cac_core.benchmark.networks import NetworkSpec, Outputs
from cac_core.benchmark.paper_values import DATASETS, PaperValue
from cac_core.benchmark.results import Result, Row
from cac_core.benchmark.settings import Settings
from cac_core.benchmark.trials import DIGITS, TrialSpec
from cac_core.data import ClassSplit

Networks = Callable[[NetworkSpec], Outputs]
TRIALS = (0, 1, 2, 3, 4)

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

INFERRED = "The family behind the paper's values is inferred, not stated."


def trial_specs(settings: Settings, family: str, usual: tuple[str, ...] = DATASETS) -> list[TrialSpec]:
    """One spec per dataset and trial."""
    family = settings.family or family
    return [
        TrialSpec(settings.source.split(dataset, family, trial))
        for dataset in settings.datasets_or(usual)
        for trial in settings.trials_or(TRIALS)
    ]


def grouped(specs: list[TrialSpec]) -> Iterator[tuple[str, str, list[TrialSpec]]]:
    """Dataset, family and their trials."""
    for dataset in dict.fromkeys(spec.split.dataset for spec in specs):
        own = [spec for spec in specs if spec.split.dataset == dataset]
        yield dataset, own[0].split.family, own


def table1_networks(settings: Settings) -> list[NetworkSpec]:
    """CAC and cross-entropy, or the losses asked for."""
    losses = settings.losses or ("cac", "cross_entropy")
    return [settings.network(t, loss) for t in trial_specs(settings, "neal2018") for loss in losses]


def table1(settings: Settings, networks: Networks) -> Result:
    """AUROC of CAC beside the scores that others use."""
    losses = settings.losses or ("cac", "cross_entropy")
    rows = []
    for dataset, family, trials in grouped(trial_specs(settings, "neal2018")):
        for method, loss, score, name in TABLE1:
            if loss in losses:
                paper = paper_values.table1(name, dataset) if name else None
                details = {"loss": loss, "score": score}
                rows.append(_row(dataset, family, method, trials, loss, score, settings, networks, paper, details))
        for name in paper_values.QUOTED_ONLY:
            paper = paper_values.table1(name, dataset)
            if paper:
                rows.append(Row(dataset, paper.family, name, (), "auroc", True, paper, ("accuracy", "oscr")))
    notes = ("Rows without trials are quoted from the paper; those systems are not implemented here.",)
    return Result("Table 1: open-set AUROC", tuple(rows), comparison_chart(rows), notes)


def table2_networks(settings: Settings) -> list[NetworkSpec]:
    """Cross-entropy and CAC."""
    return [settings.network(t, loss) for t in trial_specs(settings, "neal2018") for loss in ("cross_entropy", "cac")]


def table2(settings: Settings, networks: Networks) -> Result:
    """Overlap of nearest-centre distances between known and unknown images."""
    rows = []
    for dataset, family, trials in grouped(trial_specs(settings, "neal2018")):
        for loss in ("cross_entropy", "cac"):
            values = tuple(
                {"trial": t.split.trial, "bhattacharyya": overlap(networks(settings.network(t, loss)))} for t in trials
            )
            paper = paper_values.table2(loss, dataset)
            rows.append(
                Row(dataset, family, LABELS[loss], values, "bhattacharyya", False, paper, details={"loss": loss})
            )
    notes = ("Over a shared histogram of 100 bins; the paper does not state its bins or its splits. Lower is better.",)
    title = "Table 2: overlap of distances to the nearest class centre"
    return Result(title, tuple(rows), comparison_chart(rows), notes)


OVERLAPPING = (13, 58)
"""CIFAR100 classes that show things of CIFAR10: bus and pickup truck."""

KNOWN_UNKNOWNS = tuple(c for c in range(0, 100, 2) if c not in OVERLAPPING)
UNKNOWN_CIFAR100 = tuple(c for c in range(1, 100, 2) if c not in OVERLAPPING)
TABLE3 = (
    ("Softmax", "cross_entropy", "max_softmax"),
    ("Objectosphere", "objectosphere", "scaled_softmax"),
    ("entropic open-set", "entropic", "max_softmax"),
    ("CAC", "cac", "gamma"),
)


def _table3_trials(settings: Settings) -> list[tuple[int, TrialSpec, tuple[str, ...]]]:
    """Trial number, images and the names of the unknown sets; the trials differ in their seed."""
    trials = settings.trials or (0,)
    if settings.datasets_or(("CIFAR10",)) == (DIGITS,):
        result: list[tuple[int, TrialSpec, tuple[str, ...]]] = []
        for t in trials:
            split = settings.source.split(DIGITS, settings.family or "neal2018", t)
            own = replace(split, unknown=())
            tested, helping = split.unknown[::2], split.unknown[1::2]
            result.append((t, TrialSpec(own, ((DIGITS, tested),), (DIGITS, helping)), ("other digits",)))
        return result
    split = ClassSplit("all classes", "CIFAR10", 0, tuple(range(10)), ())
    spec = TrialSpec(split, (("SVHN", ()), ("CIFAR100", UNKNOWN_CIFAR100)), ("CIFAR100", KNOWN_UNKNOWNS))
    return [(t, spec, ("SVHN", "CIFAR100")) for t in trials]


def _table3_network(settings: Settings, trial: int, spec: TrialSpec, loss: str) -> NetworkSpec:
    network = settings.network(spec, loss, backbone="resnet18")
    return replace(network, seed=settings.seed + trial, trial=replace(spec, split=replace(spec.split, trial=trial)))


def table3_networks(settings: Settings) -> list[NetworkSpec]:
    """ResNet-18 on all of CIFAR10."""
    trials = _table3_trials(settings)
    return [_table3_network(settings, t, spec, loss) for t, spec, _ in trials for _, loss, _ in TABLE3]


def table3(settings: Settings, networks: Networks) -> Result:
    """Correct classification rate at low false positive rates."""
    trials = _table3_trials(settings)
    rows = []
    for number, unknown in enumerate(trials[0][2], start=2):
        for method, loss, score in TABLE3:
            values = tuple(
                {"trial": t, **measure(networks(_table3_network(settings, t, spec, loss)), score, number)}
                for t, spec, _ in trials
            )
            quoted = paper_values.TABLE3.get((unknown, method))
            paper = None if quoted is None else " / ".join("N.R." if v is None else f"{v:g}" for v in quoted)
            split = trials[0][1].split
            rows.append(
                Row(
                    f"{split.dataset} against {unknown}",
                    split.family,
                    method,
                    values,
                    "ccr_at_fpr_1",
                    True,
                    paper,
                    ("ccr_at_fpr_5", "ccr_at_fpr_10", "accuracy"),
                    {"loss": loss, "score": score},
                )
            )
    notes = (
        "Known unknowns of Objectosphere and entropic open-set: training images of the even CIFAR100 classes; unknown "
        "test images: the odd ones (bus and pickup truck left out); on digits two unknown digits each. The paper's "
        "supplement has its own subsets. Trials differ in their seed. Paper: CCR at 1 / 5 / 10 % FPR.",
    )
    return Result("Table 3: correct classification rate", tuple(rows), comparison_chart(rows), notes)


def _losses_table(
    settings: Settings,
    networks: Networks,
    losses: tuple[str, ...],
    paper: Callable[[str, str], PaperValue | None],
    title: str,
    labels: dict[str, str],
) -> Result:
    rows = []
    for dataset, family, trials in grouped(trial_specs(settings, "cac2020")):
        for loss in losses:
            details = {"loss": loss, "score": "gamma"}
            value = paper(loss, dataset)
            rows.append(_row(dataset, family, labels[loss], trials, loss, "gamma", settings, networks, value, details))
    return Result(title, tuple(rows), comparison_chart(rows), (INFERRED, "Every network is scored by γ."))


TABLE4 = ("center", "tuplet", "anchor", "cac")
TABLE5 = ("center_learnt", "center", "cac_learnt", "cac")


def table4_networks(settings: Settings) -> list[NetworkSpec]:
    """The distance losses."""
    return [settings.network(t, loss) for t in trial_specs(settings, "cac2020") for loss in TABLE4]


def table4(settings: Settings, networks: Networks) -> Result:
    """Distance losses around the same anchored centres."""
    title = "Table 4: open-set AUROC of distance losses"
    return _losses_table(settings, networks, TABLE4, paper_values.table4, title, LABELS)


def table5_networks(settings: Settings) -> list[NetworkSpec]:
    """Center loss and CAC with both kinds of centres."""
    return [settings.network(t, loss) for t in trial_specs(settings, "cac2020") for loss in TABLE5]


def table5(settings: Settings, networks: Networks) -> Result:
    """Anchored against learnt centres."""
    title = "Table 5: open-set AUROC with learnt and with anchored centres"
    labels = {**LABELS, "cac": "CAC, anchored"}
    return _losses_table(settings, networks, TABLE5, paper_values.table5, title, labels)


def _row(
    dataset: str,
    family: str,
    method: str,
    trials: list[TrialSpec],
    loss: str,
    score: str,
    settings: Settings,
    networks: Networks,
    paper: PaperValue | None,
    details: dict[str, Any],
) -> Row:
    values = tuple({"trial": t.split.trial, **measure(networks(settings.network(t, loss)), score)} for t in trials)
    return Row(dataset, family, method, values, "auroc", True, paper, ("accuracy", "oscr"), details)
