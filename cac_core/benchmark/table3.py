# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Table 3 of the paper: ResNet-18 with known unknowns, correct classification rates at low false positive rates."""

from dataclasses import replace

from cac_core.benchmark import paper_values
from cac_core.benchmark.authors_values import DIGITS
from cac_core.benchmark.charts import comparison_chart
from cac_core.benchmark.config import BenchmarkConfig
from cac_core.benchmark.measures import measure
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.results import Result, TableRow
from cac_core.benchmark.rows import Networks
from cac_core.benchmark.trials import TrialSpec
from cac_core.data import ClassSplit

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


def _table3_trials(config: BenchmarkConfig) -> list[tuple[int, TrialSpec, tuple[str, ...]]]:
    """Trial number, images and the names of the unknown sets; the trials differ in their seed."""
    trials = config.trials or (0,)
    if config.datasets_or(("CIFAR10",)) == (DIGITS,):
        result: list[tuple[int, TrialSpec, tuple[str, ...]]] = []
        for t in trials:
            split = config.source.split(DIGITS, config.family or "neal2018", t)
            own = replace(split, unknown=())
            tested, helping = split.unknown[::2], split.unknown[1::2]
            result.append((t, TrialSpec(own, ((DIGITS, tested),), (DIGITS, helping)), ("other digits",)))
        return result
    split = ClassSplit("all classes", "CIFAR10", 0, tuple(range(10)), ())
    spec = TrialSpec(split, (("SVHN", ()), ("CIFAR100", UNKNOWN_CIFAR100)), ("CIFAR100", KNOWN_UNKNOWNS))
    return [(t, spec, ("SVHN", "CIFAR100")) for t in trials]


def _table3_network(config: BenchmarkConfig, trial: int, spec: TrialSpec, loss: str) -> NetworkSpec:
    network = network_of(config, spec, loss, backbone="resnet18")
    return replace(network, seed=config.seed + trial, trial=replace(spec, split=replace(spec.split, trial=trial)))


def table3_networks(config: BenchmarkConfig) -> list[NetworkSpec]:
    """ResNet-18 on all of CIFAR10."""
    trials = _table3_trials(config)
    return [_table3_network(config, t, spec, loss) for t, spec, _ in trials for _, loss, _ in TABLE3]


def table3(config: BenchmarkConfig, networks: Networks) -> Result:
    """Correct classification rate at low false positive rates."""
    trials = _table3_trials(config)
    rows = []
    for number, unknown in enumerate(trials[0][2], start=2):
        for method, loss, score in TABLE3:
            values = tuple(
                {"trial": t, **measure(networks(_table3_network(config, t, spec, loss)), score, number)}
                for t, spec, _ in trials
            )
            quoted = paper_values.TABLE3.get((unknown, method))
            paper = None if quoted is None else " / ".join("N.R." if v is None else f"{v:g}" for v in quoted)
            split = trials[0][1].split
            rows.append(
                TableRow(
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
