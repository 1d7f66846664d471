# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every model that the page knows: where it came from, when, from which photos, and how good it is."""

import json
from pathlib import Path
from typing import Any

from cac_core.support.appending import append_whole
from cac_core.support.files import sentence_about

HISTORY = "history.jsonl"


def add_to_history(state: Path, result: dict[str, Any]) -> None:
    """Append a model.

    Args:
        state: the page's folder.
        result: of its lesson; the photos that changed sides stay in the lesson's own file.

    Raises:
        UnwritableError: the disk is full, say.
    """
    kept = {key: value for key, value in result.items() if key != "changed"}
    with sentence_about(state / HISTORY):
        append_whole(state / HISTORY, json.dumps(kept).encode() + b"\n", durable=True)


def read_history(state: Path) -> list[dict[str, Any]]:
    """All models in the order of their teaching; those whose file is gone say so with ``missing``."""
    models: list[dict[str, Any]] = []
    try:
        lines = (state / HISTORY).read_bytes().split(b"\n")
    except OSError:
        return []
    for line in lines:
        try:
            model = json.loads(line)
            models.append({**model, "missing": not Path(model["path"]).is_file()})
        except (ValueError, TypeError, KeyError):
            continue
    return models
