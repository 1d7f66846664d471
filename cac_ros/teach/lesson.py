# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A teaching in a process of its own: ``python -m cac_ros.teach.lesson FOLDER``. The page starts it.

It goes on when the browser, or the page's program, ends. The model file appears when it is whole, or not at all.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.support.errors import CacError
from cac_core.support.names import same_form
from cac_core.training import ExtendConfig, ExtendData, TrainConfig, extend, load_recipe, train
from cac_ros.teach.history import add_to_history
from cac_ros.teach.lesson_files import (
    CANCELLED,
    DONE,
    FAILED,
    RESULT,
    RUNNING,
    TASK,
    TURN,
    WAITING,
    held,
    read_json,
    say_status,
    write_json,
)
from cac_ros.teach.places import folders_in
from cac_ros.teach.plan import EXTEND, count_pictures

if TYPE_CHECKING:
    from cac_core.data import LabelledImages

_RECIPE_PARTS = ("preprocessing", "model", "loss", "augment", "optimiser", "schedule")


NICENESS = 5
"""How much a lesson stands back behind the node, which answers frames meanwhile."""


class CancelledError(Exception):
    """Somebody asked for the end."""


def main(folder: Path) -> int:
    """Teach as the task in a folder says; returns the exit status."""
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, _cancel)
    signal.signal(signal.SIGINT, _cancel)
    task = read_json(folder / TASK)
    state = Path(task["state"])
    started = time.time()
    common = {"started": started, "kind": task["kind"], "new": task["new"], "out": task["out"]}
    try:
        say_status(folder, state=WAITING, **common)
        with held(state / TURN, wait=True):
            say_status(folder, state=RUNNING, **common)
            result = _teach(task, folder)
            result["seconds"] = time.time() - started
            write_json(folder / RESULT, result)
            add_to_history(state, result)
        say_status(folder, state=DONE, ended=time.time(), **common)
    except CancelledError:
        _clean(task)
        say_status(folder, state=CANCELLED, ended=time.time(), **common)
    except CacError as error:
        _clean(task)
        say_status(folder, state=FAILED, problem=str(error), ended=time.time(), **common)
        sys.stderr.write(f"error: {error}\n")
        return 2
    except Exception as error:
        _clean(task)
        say_status(folder, state=FAILED, problem=f"{type(error).__name__}: {error}", ended=time.time(), **common)
        raise
    return 0


def _cancel(_signal: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one end is enough, and it shall be a clean one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise CancelledError


def _teach(task: dict[str, Any], folder: Path) -> dict[str, Any]:
    before = load_bundle(task["model"])
    sys.stderr.write("reading the photos\n")
    out = Path(task["out"])
    held_out = _extend(task, folder, before, out) if task["kind"] == EXTEND else _train(task, before, out)
    after = load_bundle(out)
    from cac_ros.teach.comparison import compare

    sys.stderr.write("comparing the models before and after\n")
    return {
        "model_id": after.model_id,
        "path": str(out),
        "parent": before.model_id,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "kind": task["kind"],
        "classes": list(after.class_names),
        "added": task["new"],
        "photos": {each.name: count_pictures(each) for each in folders_in(Path(task["photos"]))},
        "theta": float(after.thresholds.theta().min()),
        **compare(before, after, held_out.arrays()),
    }


def _extend(task: dict[str, Any], folder: Path, before: ModelBundle, out: Path) -> "LabelledImages":
    from cac_core.training.extension_config import training_of
    from cac_core.training.extension_data import load_extension_data

    data = _views(Path(task["photos"]), {same_form(name) for name in before.class_names}, folder)
    config = ExtendConfig(Path(task["model"]), out, data, device=task["device"], threads=task["threads"], resume=False)
    extend(config)
    return load_extension_data(data, before, training_of(config, before)).validation


def _views(photos: Path, known: set[str], folder: Path) -> ExtendData:
    """Two folders of links: the new classes, and those that the model knows."""
    parts = {"add": folder / "add", "rehearsal": folder / "rehearsal"}
    for place in parts.values():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    for each in folders_in(photos):
        if count_pictures(each):
            place = parts["rehearsal" if same_form(each.name) in known else "add"]
            (place / each.name).symlink_to(each.resolve(), target_is_directory=True)
    return ExtendData(parts["add"], parts["rehearsal"])


def _train(task: dict[str, Any], before: ModelBundle, out: Path) -> "LabelledImages":
    from cac_core.training.sources import load_training_data

    config = training_like(before, Path(task["photos"]), Path(task["other"]), out)
    config = replace(config, device=task["device"], threads=task["threads"], resume=False)
    train(config)
    return load_training_data(config).validation


def training_like(before: ModelBundle, photos: Path, other: Path, out: Path) -> TrainConfig:
    """A training with the settings of a model's own, on these photos."""
    config = replace(load_recipe(), out=out)
    earlier: dict[str, Any] = before.training.get("config", {})
    for part in _RECIPE_PARTS:
        usual = getattr(config, part)
        values = {key: value for key, value in earlier.get(part, {}).items() if hasattr(usual, key)}
        if values:
            config = replace(config, **{part: replace(usual, **values)})
    data = {key: earlier["data"][key] for key in ("validation_share", "validation") if key in earlier.get("data", {})}
    config.data = replace(config.data, dataset="folder", root=photos, **data)
    if count_pictures(other):
        config.data.known_unknown = other
    config.known_kept = before.thresholds.known_kept
    config.seed = int(earlier.get("seed", 0))
    return config


def _clean(task: dict[str, Any]) -> None:
    """Leave everything as it was."""
    out = Path(task["out"])
    with contextlib.suppress(OSError):
        out.unlink(missing_ok=True)
    shutil.rmtree(out.with_name(out.name + ".run"), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
