# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recipes by name: one YAML file each, beside this file. A recipe holds a value for every setting of a part."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cac_core.support.errors import TrainingError, first_line

FOLDER = Path(__file__).parent
USUAL = "photos"
"""Where every training starts that names no other."""


def recipe_names() -> tuple[str, ...]:
    """The names there are."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@cache
def read_recipe(name: str) -> dict[str, Any]:
    """The values of a recipe by part: ``{"model": {"backbone": …}, …}``. Do not change what is returned.

    Args:
        name: one of :func:`recipe_names`, or the path of a YAML file.

    Raises:
        TrainingError: when there is no such recipe.
    """
    file = FOLDER / f"{name}.yaml" if name in recipe_names() else Path(name)
    if not file.is_file():
        raise TrainingError(
            f"there is no recipe {name!r}: choose from {', '.join(recipe_names())}, or give the path of a YAML file."
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"the recipe {file} is not a YAML file: {first_line(error)}.") from error
    if not isinstance(content, dict):
        raise TrainingError(f"the recipe {file} holds no settings.")
    return content
