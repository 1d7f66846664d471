# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The result of an experiment: rows, their JSON and their Markdown table."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from cac_core.benchmark.measures import mean_and_std
from cac_core.benchmark.paper_values import PaperValue
from cac_core.reports.page import plot, render_page
from cac_core.support.files import write_atomically


@dataclass(frozen=True)
class TableRow:
    """One line of a table.

    Attributes:
        dataset: name.
        family: split family of our values.
        method: for people.
        trials: per trial, what was measured; empty for a value that is only quoted.
        measure: which of those the table is about.
        percent: whether it is printed in percent.
        paper: the paper's value.
        further: further measures to print, by name.
        details: what else identifies the row (loss, score, …).
    """

    dataset: str
    family: str
    method: str
    trials: tuple[dict[str, Any], ...]
    measure: str
    percent: bool = True
    paper: PaperValue | str | None = None
    further: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def values(self, measure: str | None = None) -> list[float]:
        """One value per trial."""
        return [trial[measure or self.measure] for trial in self.trials]

    def text(self, measure: str | None = None) -> str:
        """Mean ± std as printed; a dash without trials."""
        if not self.trials:
            return "–"
        scale, digits = (100.0, 2) if self.percent else (1.0, 3)
        mean, std = (scale * v for v in mean_and_std(self.values(measure)))
        return f"{mean:.{digits}f}" if math.isnan(std) else f"{mean:.{digits}f} ± {std:.{digits}f}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; NaN becomes None."""
        mean, std = mean_and_std(self.values())
        paper = self.paper._asdict() if isinstance(self.paper, PaperValue) else self.paper
        content = {
            "dataset": self.dataset,
            "family": self.family,
            "method": self.method,
            **self.details,
            "measure": self.measure,
            "mean": mean,
            "std": std,
            "paper": paper,
            "trials": list(self.trials),
        }
        cleaned: dict[str, Any] = _without_nan(content)
        return cleaned


@dataclass(frozen=True)
class Result:
    """What an experiment gives.

    Attributes:
        title: for people.
        rows: of the table.
        figure: to look at.
        notes: sentences below the table.
    """

    title: str
    rows: tuple[TableRow, ...]
    figure: go.Figure
    notes: tuple[str, ...] = ()


NAMES = {
    "auroc": "AUROC %",
    "accuracy": "accuracy %",
    "oscr": "OSCR %",
    "bhattacharyya": "Bhattacharyya coefficient",
    "ccr_at_fpr_1": "CCR at 1 % FPR",
    "ccr_at_fpr_5": "CCR at 5 % FPR",
    "ccr_at_fpr_10": "CCR at 10 % FPR",
}


def markdown(result: Result, settings: dict[str, Any]) -> str:
    """The table with what it was made with."""
    first = result.rows[0]
    columns = [
        "dataset", "splits", "method", "trials", NAMES[first.measure],
        *(NAMES[name] for name in first.further), "paper (its splits)",
    ]  # fmt: skip
    lines = [f"# {result.title}", "", _line(columns), _line(["---"] * len(columns))]
    for row in result.rows:
        trials = " ".join(str(trial["trial"]) for trial in row.trials) or "quoted"
        further = [row.text(name) for name in row.further]
        paper = "–" if row.paper is None else str(row.paper)
        lines.append(_line([row.dataset, row.family, row.method, trials, row.text(), *further, paper]))
    lines += ["", "Mean ± sample standard deviation over the trials; – where there is no value.", ""]
    if result.notes:
        lines += [*result.notes, ""]
    given = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in settings.items()}
    lines += ["Settings: " + ", ".join(f"{k} {v}" for k, v in given.items() if v not in (None, "")) + ".", ""]
    return "\n".join(lines)


def write(result: Result, settings: dict[str, Any], times: dict[str, Any], folder: Path, name: str) -> list[Path]:
    """Write results.json, the Markdown table, the figure and, apart from them, the times.

    results.json holds no time and no place, so that the same seed gives the same file.
    """
    content: dict[str, Any] = {"experiment": name, "title": result.title, "settings": settings}
    content |= {"rows": [row.to_dict() for row in result.rows], "notes": list(result.notes)}
    figure = plot("figure", result.title, result.figure)
    page = render_page("experiment.html.j2", [figure], title=result.title, notes=result.notes)
    files = {
        folder / "results.json": _json(content),
        folder / f"{name}.md": markdown(result, settings),
        folder / f"{name}.html": page,
        folder / "times.json": _json(times),
    }
    for path, text in files.items():
        write_atomically(path, text.encode())
    return list(files)


def _json(content: Any) -> str:
    return json.dumps(_without_nan(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
