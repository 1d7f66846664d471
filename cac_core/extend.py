# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Teach a trained model further classes: ``python -m cac_core.extend shop.cac --data.add NEW --data.rehearsal OLD``."""

import re
import sys
from collections.abc import Sequence
from typing import Any

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.training import ExtendConfig, extend
from cac_core.training.extension_config import OLD_SPELLINGS

EPILOGUE = "example: python -m cac_core.extend shop.cac --data.add new_photos --data.rehearsal photos --out shop2.cac"


def parse(arguments: Sequence[str] | None = None) -> ExtendConfig:
    """Command line to configuration."""
    import jsonargparse

    parser: Any = jsonargparse.ArgumentParser(
        prog="python -m cac_core.extend",
        description="Teach a trained model further classes without forgetting the old ones, and save a new model.",
        epilog=EPILOGUE,
    )
    parser.add_argument("--config", action="config", help="YAML file with any of these options; later options win.")
    parser.add_class_arguments(ExtendConfig, as_positional=True)
    given = sys.argv[1:] if arguments is None else arguments
    values = parser.instantiate(parser.parse_args([_new_spelling(argument) for argument in given]))
    return ExtendConfig(**{name: values[name] for name in ExtendConfig.__dataclass_fields__})


def _new_spelling(argument: str) -> str:
    option, rest = re.fullmatch("(?:--)?([^=]*)(.*)", argument, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"--{OLD_SPELLINGS[option]}{rest}" if option in OLD_SPELLINGS else argument


def main(arguments: Sequence[str] | None = None) -> int:
    """Extend as the command line says."""
    from cac_core.train import report

    config = parse(arguments)
    keep_freed_memory(all_of_it=True)
    done = extend(config)
    report(done.result)
    rows = [
        (name, *(console.number(share) for share in (each.accuracy, each.right, each.wrong)))
        for name, each in (("old model", done.before), ("new model", done.after))
    ]
    title = f"{done.old_images} validation images of the old classes"
    console.out.print(console.table(title, ("", "accuracy", "known and right", "known and wrong"), rows))
    console.out.print(f"learnt   {', '.join(done.added)}", markup=False, highlight=False)
    console.out.print(f"parent   {done.result.bundle.parent}", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    console.run_command(main)
