# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CAC beside cross-entropy on your own photos.

``python -m cac_core.benchmark.studies.photos --root … --test … --unknown …``

Trains the same network with the same recipe, once with the CAC loss and once with cross-entropy, for every seed, and
prints accuracy and AUROC of each score on test photos that nobody trained on or chose anything with. Cross-entropy
starts with a last layer of random weights, as usual: one that is fitted to the anchors leaves it next to nothing to
learn. Finished networks stay in the output folder: the same command goes on after an interruption.
"""

from collections.abc import Sequence

from cac_core.benchmark.studies.config import PhotosStudy
from cac_core.support.command import Command, run

COMMAND = Command(
    PhotosStudy,
    "python -m cac_core.benchmark.studies.photos --root photos --test test_photos --unknown other_things",
    aliases={"config": "recipe"},
)


def main(words: Sequence[str] | None = None) -> int:
    """Train, measure and print as the command line says."""
    values = COMMAND.parse(words)
    from cac_core.benchmark.studies.photos_networks import (
        run_study,  # only now: it loads PyTorch, and --help needs none
    )

    run_study(values)
    return 0


if __name__ == "__main__":
    run(main)
