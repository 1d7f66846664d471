# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures 1 to 5 of the paper: which networks they need, their rows and their drawing."""

import random

from cac_core.benchmark import charts
from cac_core.benchmark.authors_values import DIGITS
from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.measures import mean_and_std, measure, overlap, scores_of
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.results import Result, TableRow
from cac_core.benchmark.rows import LABELS, TRIALS, Networks, auroc_row, grouped, measured, trial_specs
from cac_core.benchmark.tables import TABLE5
from cac_core.benchmark.trials import TrialSpec
from cac_core.centres import calibrate_centres
from cac_core.data import ClassSplit

BOTH = ("cross_entropy", "cac")

FIGURE1: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]] = {
    "CIFAR100": ((8, 13, 90), (3, 64), ("bicycle", "bus", "train")),
    DIGITS: ((0, 1, 2), (6, 8), ("0", "1", "2")),
}
"""Known and unknown classes of Figure 1 and the names of the known ones."""


def _figure1_spec(config: BenchmarkConfig) -> tuple[TrialSpec, tuple[str, ...]]:
    dataset = config.datasets_or(("CIFAR100",))[0]
    if dataset in FIGURE1:
        known, unknown, names = FIGURE1[dataset]
    else:  # the first classes of a trial
        split = config.source.split(dataset, config.family or "neal2018", 0)
        known, unknown, names = split.known[:3], split.unknown[:2], tuple(str(c) for c in split.known[:3])
    return TrialSpec(ClassSplit("figure 1", dataset, 0, tuple(known), tuple(unknown))), tuple(names)


def figure1_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """Three known classes, with cross-entropy and with CAC."""
    return [network_of(config, _figure1_spec(config)[0], loss) for loss in BOTH]


def figure1(config: BenchmarkConfig, networks: Networks) -> Result:
    """The three-dimensional logit space of three known classes."""
    spec, names = _figure1_spec(config)
    panels, rows = {}, []
    for loss in BOTH:
        o = networks(network_of(config, spec, loss))
        centres = calibrate_centres(o.train_logits, o.train_labels, o.anchors).centres
        panels[LABELS[loss]] = (o.test_logits.numpy(), o.test_labels.numpy(), centres.numpy())
        values = ({"trial": 0, "bhattacharyya": overlap(o)},)
        rows.append(
            TableRow(spec.split.dataset, spec.split.family, LABELS[loss], values, "bhattacharyya", False,
                details={"loss": loss})
        )  # fmt: skip
    chart = charts.logit_spaces(panels, names)
    notes = (f"Known: {', '.join(names)}. Lower means less overlap of known and unknown distances.",)
    return Result("Figure 1: logit space of three classes", tuple(rows), chart, notes)


def _figure2_spec(config: BenchmarkConfig) -> TrialSpec:
    return trial_specs(config, "neal2018", ("MNIST",))[0]


def figure2_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """One trial, with cross-entropy and with CAC."""
    return [network_of(config, _figure2_spec(config), loss) for loss in BOTH]


def figure2(config: BenchmarkConfig, networks: Networks) -> Result:
    """Histograms of the distance to the nearest centre."""
    spec = _figure2_spec(config)
    panels, rows = {}, []
    for loss in BOTH:
        o = networks(network_of(config, spec, loss))
        panels[LABELS[loss]] = scores_of(o, "nearest_distance")
        values = ({"trial": spec.split.trial, "bhattacharyya": overlap(o)},)
        rows.append(
            TableRow(spec.split.dataset, spec.split.family, LABELS[loss], values, "bhattacharyya", False,
                details={"loss": loss})
        )  # fmt: skip
    return Result("Figure 2: distances to the nearest class centre", tuple(rows), charts.distance_histograms(panels))


def figure3_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """Cross-entropy and CAC on every dataset."""
    return [network_of(config, t, loss) for t in trial_specs(config, "neal2018") for loss in BOTH]


def figure3(config: BenchmarkConfig, networks: Networks) -> Result:
    """Accuracy on known classes."""
    rows = []
    for dataset, family, trials in grouped(trial_specs(config, "neal2018")):
        for loss, score in (("cross_entropy", "max_softmax"), ("cac", "gamma")):
            values = measured(config, networks, trials, loss, score)
            details = {"loss": loss, "score": score}
            rows.append(TableRow(dataset, family, LABELS[loss], values, "accuracy", details=details))
    notes = ("The paper draws its values and does not print them.",)
    return Result("Figure 3: accuracy on known classes", tuple(rows), charts.comparison_chart(rows), notes)


def _figure4_specs(config: BenchmarkConfig) -> dict[int, list[TrialSpec]]:
    """By number of known classes; as many unknown ones make the openness 18.35 %."""
    dataset = config.datasets_or(("TinyImageNet",))[0]
    small = dataset == DIGITS
    total, sizes = (10, [2, 5]) if small else (200, [20, 40, 60, 80, 100])
    usual = TRIALS[:1] if small else TRIALS
    result = {}
    for size in sizes:
        specs = []
        for trial in config.trials or usual:
            order = list(range(total))
            random.Random(1000 * trial + size).shuffle(order)
            known, unknown = sorted(order[:size]), sorted(order[size : 2 * size])
            specs.append(TrialSpec(ClassSplit(f"random {size}", dataset, trial, tuple(known), tuple(unknown))))
        result[size] = specs
    return result


def figure4_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """Center loss and CAC with both kinds of centres, for each number of classes."""
    return [network_of(config, t, loss) for own in _figure4_specs(config).values() for t in own for loss in TABLE5]


def figure4(config: BenchmarkConfig, networks: Networks) -> Result:
    """AUROC over the number of known classes."""
    specs = _figure4_specs(config)
    labels = {**LABELS, "cac": "CAC, anchored"}
    rows: list[TableRow] = []
    series: charts.Series = {}
    for loss in TABLE5:
        points = []
        for size, own in specs.items():
            values = measured(config, networks, own, loss, "gamma")
            split = own[0].split
            details = {"loss": loss, "score": "gamma", "known_classes": size}
            method = f"{labels[loss]}, {size} known"
            rows.append(auroc_row(split.dataset, split.family, method, values, details=details))
            points.append(mean_and_std([100.0 * v for v in rows[-1].values()]))
        series[labels[loss]] = ([float(size) for size in specs], [p[0] for p in points], [p[1] for p in points])
    chart = charts.lines(series, "known classes", "AUROC %")
    notes = ("As many unknown as known classes, drawn at random: openness 18.35 %. The paper draws its values.",)
    return Result("Figure 4: AUROC over the number of known classes", tuple(rows), chart, notes)


FIGURE5_WEIGHTS = (0.05, 0.1, 0.2, 0.4, 0.8)
FIGURE5_MAGNITUDES = (5.0, 10.0, 15.0, 20.0)


def _figure5_points(config: BenchmarkConfig) -> tuple[TrialSpec, list[float], list[float]]:
    spec = trial_specs(config, "neal2018", ("TinyImageNet",))[0]
    if config.quick:
        return spec, [0.05, 0.1, 0.8], [5.0, 10.0, 20.0]
    return spec, list(FIGURE5_WEIGHTS), list(FIGURE5_MAGNITUDES)


def _figure5_network(config: BenchmarkConfig, spec: TrialSpec, weight: float, magnitude: float) -> NetworkSpec:
    options = {k: v for k, v, usual in (("anchor_weight", weight, 0.1), ("anchor_magnitude", magnitude, 10.0))
               if v != usual}  # fmt: skip
    return network_of(config, spec, "cac", options=options)


def figure5_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """CAC with other weights of the anchor term, and with other magnitudes."""
    spec, weights, magnitudes = _figure5_points(config)
    specs = [_figure5_network(config, spec, w, 10.0) for w in weights]
    specs += [_figure5_network(config, spec, 0.1, m) for m in magnitudes]
    return list({s.name: s for s in specs}.values())


def figure5(config: BenchmarkConfig, networks: Networks) -> Result:
    """Sensitivity to the anchor weight λ and the anchor magnitude α."""
    spec, weights, magnitudes = _figure5_points(config)
    rows: list[TableRow] = []
    panels: charts.Panels = {}
    for title, points in (
        ("anchor weight λ", [(w, 10.0) for w in weights]),
        ("anchor magnitude α", [(0.1, m) for m in magnitudes]),
    ):
        own = []
        for weight, magnitude in points:
            every = measure(networks(_figure5_network(config, spec, weight, magnitude)), "gamma")
            details = {"loss": "cac", "score": "gamma", "anchor_weight": weight, "anchor_magnitude": magnitude}
            values = ({"trial": spec.split.trial, **every},)
            method = f"λ = {weight:g}, α = {magnitude:g}"
            own.append(auroc_row(spec.split.dataset, spec.split.family, method, values, details=details))
        x = [w for w, _ in points] if title.startswith("anchor weight") else [m for _, m in points]
        panels[title] = {
            "AUROC": (x, [100.0 * row.values()[0] for row in own]),
            "accuracy": (x, [100.0 * row.values("accuracy")[0] for row in own]),
        }
        rows += own
    notes = ("One trial, as in the paper, which finds less than 4 % between 0.05 and 0.8 and between 5 and 20.",)
    chart = charts.sensitivity(panels, "%")
    return Result("Figure 5: sensitivity to the two hyperparameters", tuple(rows), chart, notes)
