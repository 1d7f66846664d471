# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.train --data.root PHOTOS --out model.cac``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.training import CHECKPOINT, TrainConfig, train

if TYPE_CHECKING:
    from cac_core.training.run import TrainingResult

PHOTOS = Path(__file__).parent / "training" / "recipes" / "photos.yaml"
"""Where options start for photos of one's own."""

EPILOGUE = """\
Without --config, options start from values for a few photos per object: pretrained EfficientNet-Lite0, fine-tuned for
30 epochs. With --config the file alone says where they start; so do --data.dataset digits and --model.backbone paper,
which begin with the values of the paper. --print_config shows what would be used.

examples:
  python -m cac_core.train --data.root photos --data.unknown other_things --out model.cac
  python -m cac_core.train --data.root photos --model.backbone resnet18 --schedule.epochs 15 --out model.cac
  python -m cac_core.train --config cac_core/training/recipes/digits.yaml --out digits.cac
  torchrun --nproc_per_node 2 -m cac_core.train --data.root photos --out model.cac
"""


def make_parser(start: Path | None = None) -> jsonargparse.ArgumentParser:
    """The parser; every option and help text comes from :class:`TrainConfig`.

    Args:
        start: YAML file with defaults that go before those of :class:`TrainConfig`.
    """
    parser = jsonargparse.ArgumentParser(
        prog="python -m cac_core.train",
        usage="%(prog)s [--config FILE.yaml] --data.root PHOTOS [--out MODEL.cac] [further options]",
        description="Train an open-set classifier with Class Anchor Clustering and save it as one file.",
        epilog=EPILOGUE,
        formatter_class=_Formatter,
        default_config_files=[str(start)] if start else None,
    )
    parser.add_argument("--config", action="config", help="YAML file with any of these options; later options win.")
    parser.add_class_arguments(TrainConfig, nested_key=None, as_group=False)
    return parser


class _Formatter(jsonargparse.DefaultHelpFormatter):
    """Keeps the lines of the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text == EPILOGUE else super()._fill_text(text, width, indent)


def parse(arguments: Sequence[str] | None = None) -> TrainConfig:
    """Command line to configuration."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    given = " ".join(arguments).replace("=", " ")
    elsewhere = any(text in given for text in ("--config ", "--data.dataset digits", "--model.backbone paper"))
    parser = make_parser(None if elsewhere else PHOTOS)
    values = parser.instantiate(parser.parse_args(arguments))
    config = TrainConfig(**{name: values[name] for name in TrainConfig.__dataclass_fields__})
    if not elsewhere and "--model.frozen" not in given and not config.model.backbone.startswith("efficientnet_lite"):
        config.model.frozen = []  # these are parts of another network
    return config


def report(result: "TrainingResult") -> None:
    """Print the figures, the warnings and what to run next."""
    m = result.metrics
    figures = [
        ("accuracy on validation images", console.number(m.accuracy)),
        (f"known kept at the threshold ({m.known_images} images)", console.number(m.known_kept)),
    ]
    if m.unknown_images:
        figures += [
            ("AUROC known against unknown", console.number(m.auroc)),
            (f"unknown rejected ({m.unknown_images} images)", console.number(m.unknown_rejected)),
        ]
    console.out.print(console.table("Validation", ("", "share"), figures))
    bundle = result.bundle
    data = bundle.training["data"]
    rows = [
        (name, str(data["train"][name]), str(data["validation"][name]), str(count))
        for name, count in zip(bundle.class_names, bundle.centre_counts.tolist(), strict=True)
    ]
    console.out.print(console.table("Images", ("class", "train", "validation", "behind the centre"), rows))
    n = console.number
    choices: list[tuple[str, ...]] = [
        (
            f"{c['wanted']}{' (chosen)' if c['chosen'] else ''}",
            n(c["known_kept"]),
            f"{c['theta']:.4g}" + (f" to {c['theta_largest']:.4g}" if c["per_class"] else ""),
            n(c["kept"]),
            n(c["kept_and_right"]),
            n(c["least_kept"]),
            n(c["false_accept"]),
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
    console.out.print(console.table("Thresholds, on validation images", columns, choices))
    for warning in result.warnings:
        console.warn(warning)
    path = result.path
    absolute = path.absolute()
    console.out.print(f"model    {path} ({bundle.model_id})", markup=False, highlight=False)
    page = path.with_name(path.name + ".run") / "report.html"
    if page.is_file():
        console.out.print(f"report   {page}", markup=False, highlight=False)
    console.out.print(f"logs     {path}.run", markup=False, highlight=False)
    console.out.print(
        "next     "
        f"ros2 launch cac_ros classifier.launch.py model_path:={absolute}\n"
        f"     or  classifier_node --ros-args -p model_path:={absolute}\n"
        f"     or  python -m cac_core.evaluate {path} --data.root TEST_PHOTOS",
        markup=False,
        highlight=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says."""
    config = parse(arguments)
    keep_freed_memory(all_of_it=True)
    try:
        result = train(config)
    except KeyboardInterrupt:
        if (config.run_folder / CHECKPOINT).is_file():
            console.warn("the same command goes on after the last whole epoch")
        raise
    if result is not None:
        report(result)
    return 0


if __name__ == "__main__":
    console.run_command(main)
