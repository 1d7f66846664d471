# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a training or an extension came to, as tables on the terminal."""

import shlex
from pathlib import Path

from cac_core.reports.metric_rows import metric_text, share_text
from cac_core.support import console
from cac_core.training.choices import images_behind
from cac_core.training.finishing import TrainingResult


def print_summary(result: TrainingResult) -> None:
    """Print the figures, the warnings and what to run next."""
    m = result.metrics
    figures = [
        ("accuracy on validation images", metric_text(m, "accuracy")),
        (f"known kept at the threshold ({m.known_images} images)", metric_text(m, "known_kept")),
    ]
    if m.unknown_images:
        figures += [
            ("AUROC known against unknown", metric_text(m, "auroc")),
            (f"unknown rejected ({m.unknown_images} images)", metric_text(m, "unknown_rejected")),
        ]
    console.out.print(console.table("Validation", ("", "share (95 % interval)"), figures))
    bundle = result.bundle
    data = bundle.training["data"]
    rows = [
        (name, str(data["train"][name]), str(data["validation"][name]), str(count))
        for name, count in zip(bundle.class_names, bundle.centre_counts.tolist(), strict=True)
    ]
    console.out.print(console.table("Images", ("class", "train", "validation", "behind the centre"), rows))
    own, strangers = list(data["validation"].values()), data.get("known_unknown", 0)
    choices: list[tuple[str, ...]] = [
        (
            f"{c['wanted']}{' (chosen)' if c['chosen'] else ''}",
            console.number(c["known_kept"]),
            f"{c['theta']:.4g}" + (f" to {c['theta_largest']:.4g}" if c["per_class"] else ""),
            share_text(c["kept"], m.known_images),
            share_text(c["kept_and_right"], m.known_images),
            share_text(c["least_kept"], images_behind(c["least_kept"], own)),
            share_text(c["false_accept"], strangers),
        )
        for c in bundle.training["thresholds"]
    ]
    columns: tuple[str, ...] = (
        "wanted",
        "known_kept",
        "θ",
        "known kept",
        "kept and right",
        "of the worst class",
        "known unknowns accepted",
    )
    if all(c["false_accept"] is None for c in bundle.training["thresholds"]):  # there are no known unknowns
        columns, choices = columns[:-1], [row[:-1] for row in choices]
    console.out.print(console.table("Thresholds, on validation images (95 % intervals)", columns, choices))
    for warning in result.warnings:
        console.warn(warning)
    path = result.path
    console.out.print(f"model    {path} ({bundle.model_id})", markup=False, highlight=False)
    page = path.with_name(path.name + ".run") / "report.html"
    if page.is_file():
        console.out.print(f"report   {page}", markup=False, highlight=False)
    console.out.print(f"logs     {path}.run", markup=False, highlight=False)
    console.out.print(
        "next     " + "\n     or  ".join(shlex.join(words) for words in next_commands(result.path)),
        markup=False,
        highlight=False,
    )


def next_commands(path: Path) -> tuple[tuple[str, ...], ...]:
    """What to run with a finished model, each as the words of a command line."""
    given = f"model_path:={path.absolute()}"
    return (
        ("ros2", "launch", "cac_ros", "classifier.launch.py", given),
        ("classifier_node", "--ros-args", "-p", given),
        ("python", "-m", "cac_core.evaluate", str(path), "--data.root", "TEST_PHOTOS"),
    )
