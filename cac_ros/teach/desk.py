# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything the page does, without the page: the frames, the moves, the lessons, the models, the camera."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.predictor import Decision, Predictor
from cac_core.preprocessing import Frame
from cac_core.support.errors import CacError, DataError
from cac_core.support.files import UnwritableError
from cac_core.support.names import same_form
from cac_ros.teach.board import Board
from cac_ros.teach.collecting import Collector, take_in
from cac_ros.teach.harvested import scan
from cac_ros.teach.history import read_history
from cac_ros.teach.lesson_files import read_json, write_json
from cac_ros.teach.lessons import Lessons
from cac_ros.teach.moves import Moved, MoveLog
from cac_ros.teach.places import Places
from cac_ros.teach.plan import EXTEND, TRAIN, Plan, count_pictures, make_plan, photo_counts
from cac_ros.teach.view import View

CURRENT = "current.json"

MOST_PHOTOS = 200
"""Photos that can be taken at once."""

CLASS, OTHER, DISCARD = "class", "other", "discard"


class Desk:
    """What one page works on.

    Args:
        places: the folders.
        model: the model file to start from.
        lessons: starts the teaching.
        view: the node or a camera; None if there is neither.

    Raises:
        CacError: the model cannot be read, or the state cannot be written.
    """

    def __init__(self, places: Places, model: Path, lessons: Lessons, view: View | None = None) -> None:
        self.places = places
        self.view = view
        self.lessons = lessons
        self.log = MoveLog(places.state)
        self.log.resume()
        self._start = model.resolve()
        self._using = threading.Lock()
        self._bundle = load_bundle(self._start)
        self._first_id, self._first_names = self._bundle.model_id, self._bundle.class_names
        self._path = self._start
        earlier = Path(read_json(places.state / CURRENT).get("path", ""))
        if earlier.is_file() and earlier != self._start:
            with contextlib.suppress(CacError):
                self._bundle, self._path = load_bundle(earlier), earlier
        self.collector = Collector(places.state / "arrivals", self.log)
        self._take_back_arrivals()
        self.board = Board(places.harvest, self._bundle)
        self.board.start()

    def close(self) -> None:
        """End the threads. A lesson goes on."""
        self.collector.stop()
        self.board.close()
        if self.view is not None:
            self.view.close()

    @property
    def bundle(self) -> ModelBundle:
        """The model that the page looks with and teaches."""
        return self._bundle

    def state(self) -> dict[str, Any]:
        """Everything but the frames, JSON-ready."""
        counts = photo_counts(self.places.photos)
        known = [same_form(name) for name in self._bundle.class_names]
        lesson = self.lessons.state()
        plan = make_plan(self._bundle, counts)
        return {
            "model": {
                "id": self._bundle.model_id,
                "classes": known,
                "theta": float(self._bundle.thresholds.theta().min()),
            },
            "classes": [
                {"name": name, "photos": counts.get(name, 0), "known": name in known}
                for name in sorted({*known, *counts}, key=lambda name: (name not in known, name))
            ],
            "others": count_pictures(self.places.other),
            "undo": self.log.undoable(),
            "board": self.board.status,
            "plan": asdict(plan),
            "lesson": {**asdict(lesson), "going_on": lesson.going_on},
            "collection": asdict(self.collector.now),
            "view": asdict(self.view.status()) if self.view is not None else None,
            "models": self._models(),
        }

    def move(self, ids: Sequence[str], to: str, name: str = "") -> Moved:
        """Move frames of the harvest, each with its near-duplicates if the page asked for them.

        Args:
            ids: of frames; those that are gone are counted.
            to: class, other or discard.
            name: of the class.

        Raises:
            DataError: there is no such place, or the name cannot be that of a class.
            UnwritableError: nothing was moved.
        """
        folder, what = self._destination(to, name)
        frames = [frame for i in dict.fromkeys(ids) if (frame := self.board.frame(i)) is not None]
        if not frames:
            raise DataError("These frames are not there any more.")
        moved = self.log.move([frame.path for frame in frames], folder, what)
        self.board.forget([frame.id for frame in frames if not frame.path.exists()])
        return moved

    def undo(self) -> Moved | None:
        """Move the files of the last gesture back."""
        try:
            return self.log.undo()
        finally:
            self._take_back_arrivals()
            self.board.wake()

    def teach(self, kind: str = "") -> None:
        """Start a lesson.

        Args:
            kind: extend or train; empty = as proposed.

        Raises:
            BusyError: one goes on.
            DataError: it cannot be done; with the reason.
        """
        plan = make_plan(self._bundle, photo_counts(self.places.photos))
        if plan.problem:
            raise DataError(plan.problem)
        if kind not in ("", EXTEND, TRAIN):
            raise DataError("There are two ways to teach: extend and train.")
        if kind == EXTEND and not plan.new:
            raise DataError("There is no new class to add: label some frames first.")
        self.lessons.start(Plan(kind or plan.kind, plan.why, plan.new), self._path)

    def use(self, model_id: str) -> str:
        """Use a model on the page, and on the robot if there is one; returns what the node says.

        Raises:
            DataError: there is no such model, or the node does not use it. Then the page keeps its model too.
        """
        with self._using:
            paths = {model["model_id"]: Path(model["path"]) for model in read_history(self.places.state)}
            path = {**paths, self._first_id: self._start}.get(model_id)
            if path is None:
                raise DataError("There is no such model.")
            bundle = load_bundle(path)
            said = ""
            if self.view is not None:
                done, said = self.view.load_model(str(path))
                if not done and self.view.status().model_id != bundle.model_id:  # it may have swapped and gone
                    raise DataError(said)
            self._bundle, self._path = bundle, path
            self.board.use_model(bundle)
            with contextlib.suppress(UnwritableError):  # the page goes on; its next start begins with another model
                write_json(self.places.state / CURRENT, {"path": str(path)})
            return said

    def collect(self, name: str, wanted: int) -> None:
        """Take photos of the thing before the camera; raises DataError."""
        if self.view is None:
            raise DataError("There is no camera: start the page with --node or --camera.")
        if not 1 <= wanted <= MOST_PHOTOS:
            raise DataError(f"Between 1 and {MOST_PHOTOS} photos can be taken at once.")
        folder, what = self._destination(CLASS, name)
        self.collector.start(self.view, what, folder, wanted)

    def take_in(self, file_name: str, content: bytes, name: str) -> None:
        """Take a photo that was dropped onto the page, into a class or, without a name, among the unknown ones.

        Raises:
            DataError: it is no photo, or the name cannot be that of a class.
            UnwritableError: the disk is full, say.
        """
        folder, what = self._destination(CLASS, name) if name else (self.places.harvest, "dropped photos")
        path = take_in(self.collector.arrivals, file_name, content)
        if problem := self.log.move([path], folder, what).problem:
            raise DataError(problem)
        self.board.refresh()

    def set_threshold(self, theta: float) -> str:
        """Set the threshold of the robot; raises DataError."""
        if self.view is None:
            raise DataError("There is no node: start the page with --node.")
        done, said = self.view.set_threshold(theta)
        if not done:
            raise DataError(said)
        return said

    def decide(self) -> Callable[[Frame], Decision]:
        """Answers with the model in use, for a camera without a node."""
        kept: dict[str, Predictor] = {}

        def decide(frame: Frame) -> Decision:
            bundle = self._bundle
            if bundle.model_id not in kept:
                kept.clear()
                kept[bundle.model_id] = Predictor(bundle, device="cpu", threads=1)
            return kept[bundle.model_id].predict([frame])[0]

        return decide

    def _destination(self, to: str, name: str) -> tuple[Path, str]:
        if to == CLASS:
            folder = self.places.class_folder(name)
            return folder, same_form(folder.name)
        places = {OTHER: (self.places.other, "something else"), DISCARD: (self.places.discarded, "discarded")}
        if to not in places:
            raise DataError("Frames go to a class, to something else, or are discarded.")
        return places[to]

    def _models(self) -> list[dict[str, Any]]:
        """The first model and those that were taught, the newest first."""
        first = {
            "model_id": self._first_id,
            "path": str(self._start),
            "kind": "start",
            "classes": list(self._first_names),
            "missing": not self._start.is_file(),
        }
        models = [first, *read_history(self.places.state)]
        return [{**model, "current": model["model_id"] == self._bundle.model_id} for model in reversed(models)]

    def _take_back_arrivals(self) -> None:
        """Photos that no class has (any more), such as those of an undone gesture, are shown among the unknown ones."""
        paths = [frame.path for frame in scan(self.collector.arrivals)] if not self.collector.now.going_on else []
        if paths:
            self.log.put_away(paths, self.places.harvest)
