# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluates one recording after the other; what a worker does."""

from __future__ import annotations

import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2

from cac_core.predictor import Predictor
from cac_core.support.errors import CacError, EngineError
from cac_ros.bags.message import BagError
from cac_ros.bags.reader import Bag
from cac_ros.fleet.bag_result import BagResult, WorstFrame, frames_of
from cac_ros.fleet.errors import PassingError
from cac_ros.fleet.identity import identity_of
from cac_ros.fleet.opening import open_recording
from cac_ros.fleet.scenes import Scenes
from cac_ros.fleet.task import Outcome, Settings, Task
from cac_ros.replay.answers_bag import AnswersBag
from cac_ros.replay.labels import Labels, check_span, parse_labels, read_label_topic
from cac_ros.replay.offline import Answered, classify
from cac_ros.replay.report.worst_errors import picture_of, worst_errors
from cac_ros.replay.scoring import scored

MOST_WORST = 3
"""Pictures of errors that a result holds."""

_SIDE = 200  # [pixels] of such a picture


class Evaluator:
    """Holds the models. A model is loaded when the first task needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._predictors: dict[int, Predictor] = {}
        cv2.setNumThreads(settings.threads)

    def prepare(self, model: int) -> Predictor:
        """Load a model unless it is loaded.

        Raises:
            CacError: with a sentence.
        """
        if model not in self._predictors:
            s = self._settings
            predictor = Predictor.load(s.models[model], s.engine, s.device, s.threads, s.precision)
            predictor.warm_up()
            predictor.release_weights()
            self._predictors[model] = predictor
        return self._predictors[model]

    def run(self, task: Task) -> Outcome:
        """Evaluate a recording; whatever goes wrong becomes a sentence."""
        try:
            result = self.evaluate(task)
        except (PassingError, EngineError, OSError, MemoryError) as error:
            return Outcome(problem=str(error) or type(error).__name__, again=True)
        except CacError as error:
            return Outcome(problem=str(error))
        except Exception as error:  # noqa: BLE001 — one recording must not end the others
            problem = f"a bug of this program: {type(error).__name__}: {error}."
            return Outcome(problem=problem, notes=(traceback.format_exc(),))
        return Outcome(result.to_bytes(), len(result.frames), tuple(result.about["notes"]))

    def evaluate(self, task: Task) -> BagResult:
        """The result of a recording.

        Raises:
            CacError, OSError: it cannot be had.
        """
        predictor = self.prepare(task.model)
        theta = predictor.theta(self._settings.known_kept, self._settings.threshold, self._settings.per_class)
        self._check_unchanged(task)
        scenes = Scenes()
        with open_recording(task.source.place, self._settings.scratch_gb) as bag:
            topic = bag.image_topic(self._settings.topic)
            labels = self._labels(bag, task)
            with AnswersBag(Path(task.answers), predictor.model_id) if task.answers else nullcontext() as answers:

                def see(answered: Answered) -> None:
                    scenes.see(answered)
                    if answers is not None:
                        answers.see(answered)

                rows, notes = classify(bag.messages(topic.name), predictor, theta, see)
            if not rows:
                raise BagError(" ".join([f"No frame on {topic.name} can be read.", *bag.notes]))
            rows, label_notes = scored(rows, labels, bag, predictor.class_names)
            frames, names = frames_of(rows)
            worst = [
                WorstFrame(e.row.index, e.frames, picture_of(bag, topic.name, e.row, _SIDE) or "")
                for e in worst_errors(rows, MOST_WORST)
            ]
            about: dict[str, Any] = {
                "model_id": predictor.model_id,
                "classes": list(predictor.class_names),
                "theta": [float(t) for t in theta],
                "engine": predictor.engine_name,
                "device": predictor.device_name,
                "topic": topic.name,
                "start_ns": bag.zero_ns,
                "seconds": (rows[-1].time_ns - bag.zero_ns) / 1e9,
                "truncated": bag.damaged,
                "notes": [*bag.notes, *notes, *label_notes],
            }
        self._check_unchanged(task)
        return BagResult(about, names, frames, tuple(worst), scenes.most())

    def _labels(self, bag: Bag, task: Task) -> Labels | None:
        if task.labels is not None:
            labels = parse_labels(task.labels, Path(task.labels_name), bag.zero_ns)
            if not bag.damaged:
                check_span(labels, bag.zero_ns, bag.end_ns)
            return labels
        topic = self._settings.labels_topic
        return None if topic is None else read_label_topic(bag, topic)

    def _check_unchanged(self, task: Task) -> None:
        if identity_of(task.source.place, self._settings.by_content) != task.identity:
            raise PassingError(
                f"{task.source.place} changed while it was read; it may still be recorded. Run the command again later."
            )
