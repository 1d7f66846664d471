# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.train --data.root PHOTOS --out model.cac``."""

from collections.abc import Sequence

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.command import Command, run
from cac_core.support.options import Option
from cac_core.training import CHECKPOINT, TrainConfig, load_recipe, train
from cac_core.training.recipes import USUAL, recipe_names

NOTES = """\
Every option starts from a recipe. The recipe for photos fine-tunes a pretrained EfficientNet-Lite0 for 30 epochs, for
20 to 200 photos per object. --recipe FILE.yaml starts from a file of your own alone; --config changes the recipe.
--print-config shows what would be used.

more examples:
  python -m cac_core.train --data.root photos --data.unknown other_things --out model.cac
  python -m cac_core.train --data.root photos --model.backbone resnet18 --schedule.epochs 15 --out model.cac
  python -m cac_core.train --recipe digits --out digits.cac
  torchrun --nproc_per_node 2 -m cac_core.train --data.root photos --out model.cac
"""

RECIPE = Option("recipe", str, USUAL, f"where the options start: {', '.join(recipe_names())}, or a YAML file")

COMMAND = Command(
    TrainConfig,
    "python -m cac_core.train --data.root photos --out model.cac",
    notes=NOTES,
    start=(RECIPE, load_recipe),
)


def parse(words: Sequence[str] | None = None) -> TrainConfig:
    """Command line to configuration."""
    config = COMMAND.parse(words)
    if config.model.frozen == load_recipe().model.frozen and not config.model.backbone.startswith("efficientnet_lite"):
        config.model.frozen = []  # these are parts of another network
    return config


def main(words: Sequence[str] | None = None) -> int:
    """Train as the command line says."""
    config = parse(words)
    keep_freed_memory(all_of_it=True)
    try:
        result = train(config)
    except KeyboardInterrupt:
        if (config.run_folder / CHECKPOINT).is_file():
            console.warn("the same command goes on after the last whole epoch")
        raise
    if result is not None:
        from cac_core.training.summary_table import print_summary

        print_summary(result)
    return 0


if __name__ == "__main__":
    run(main)
