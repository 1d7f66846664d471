# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.extend shop.cac --data.add NEW --data.rehearsal OLD --out shop2.cac``."""

from collections.abc import Sequence

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.command import Command, run
from cac_core.support.names import listed
from cac_core.training import ExtendConfig, extend
from cac_core.training.extension_config import OLD_SPELLINGS

COMMAND = Command(
    ExtendConfig,
    "python -m cac_core.extend shop.cac --data.add new_photos --data.rehearsal photos --out shop2.cac",
    positional=("model",),
    aliases=OLD_SPELLINGS,
)


def main(words: Sequence[str] | None = None) -> int:
    """Extend as the command line says."""
    config = COMMAND.parse(words)
    keep_freed_memory(all_of_it=True)
    done = extend(config)
    from cac_core.training.summary_table import print_summary

    print_summary(done.result)
    rows = [
        (name, *(console.number(share) for share in (each.accuracy, each.right, each.wrong)))
        for name, each in (("old model", done.before), ("new model", done.after))
    ]
    title = f"{done.old_images} validation images of the old classes"
    console.out.print(console.table(title, ("", "accuracy", "known and right", "known and wrong"), rows))
    console.out.print(f"learnt   {listed(done.added)}", markup=False, highlight=False)
    console.out.print(f"parent   {done.result.bundle.parent}", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
