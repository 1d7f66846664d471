# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.upgrade model.cac`` writes the newest format, for robots without PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.support import console
from cac_core.support.command import Command, run


@dataclass(frozen=True)
class UpgradeConfig:
    """Write a model file in the newest format, which brings its network as a graph: a robot needs no PyTorch for it.

    Attributes:
        model: the bundle, a .cac file.
        out: the file to write; the model's own name when omitted.
    """

    model: Path
    out: Path | None = None


COMMAND = Command(UpgradeConfig, "python -m cac_core.upgrade shop.cac --out shop2.cac", positional=("model",))


def main(words: Sequence[str] | None = None) -> int:
    """Upgrade as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load PyTorch: --help answers at once.
    from cac_core.bundle import load_bundle, save_bundle
    from cac_core.engines.bundle_graph import with_graph
    from cac_core.support.files import check_writable

    before = load_bundle(config.model)
    path = config.out or config.model
    check_writable(path, config.model.stat().st_size)
    with console.activity(f"converting {config.model.name}"):
        saved = save_bundle(with_graph(before), path)
    console.out.print(f"{path}  {before.model_id} → {saved.model_id}", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
