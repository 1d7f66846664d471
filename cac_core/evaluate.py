# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.evaluate model.cac --data.root TEST``."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.devices import is_installed
from cac_core.support.errors import DataError
from cac_core.support.names import listed

if TYPE_CHECKING:
    from cac_core.bundle import ModelBundle
    from cac_core.data import LabelledArrays
    from cac_core.evaluation import Evaluation


@dataclass
class EvaluationData:
    """What to evaluate on.

    Attributes:
        dataset: ``folder`` (your photos) or ``digits`` (the held-out digits of a trial).
        root: folder with one folder of images per class; folders whose name is no class of the model count as unknown.
        unknown: folder of images of other things, however nested.
        family: split family of the digits.
        trial: trial of that family, 0 to 4.
    """

    dataset: Literal["folder", "digits"] = "folder"
    root: Path | None = None
    unknown: Path | None = None
    family: str = "neal2018"
    trial: int = 0


@dataclass
class EvaluateConfig:
    """Evaluate a model on images it was not trained on.

    Prints one table and writes metrics.json, scores.csv and evaluation.html (ROC, distribution of γ, confusion matrix).

    Attributes:
        model: the bundle, a .cac file.
        data: what to evaluate on.
        out: folder for metrics.json, scores.csv and evaluation.html; MODEL.evaluation/ when omitted.
        known_kept: share of known validation images to keep; the model's own choice when omitted.
        threshold: a threshold of your own instead.
        per_class: one threshold per class.
        device: auto, cpu or cuda:N.
        engine: auto or an engine's name.
        precision: auto, float32 or a variant of the model: int8, bf16 or fp16.
    """

    model: Path
    data: EvaluationData = field(default_factory=EvaluationData)
    out: Path | None = None
    known_kept: float | None = None
    threshold: float | None = None
    per_class: bool = False
    device: str = "auto"
    engine: str = "auto"
    precision: str = "auto"


COMMAND = Command(
    EvaluateConfig,
    "python -m cac_core.evaluate shop.cac --data.root photos/test --data.unknown photos/other",
    positional=("model",),
)


_ROOM = 8_000_000  # bytes; about what the page and the table take


def load_evaluation_images(data: EvaluationData, bundle: "ModelBundle") -> "LabelledArrays":
    """Load the images to evaluate on, resized as the bundle says.

    Raises:
        DataError: when nothing was given or found, or when the digits are not those of the model.
    """
    from cac_core.data import joined_arrays, read_image_folder, read_unknown_folder

    preprocessing, names = bundle.preprocessing, bundle.class_names
    if data.dataset == "digits":
        from cac_core.data import load_digits_trial

        test = load_digits_trial(data.family, data.trial, preprocessing).test.arrays()
        if test.class_names != names:
            raise DataError(
                f"the model knows {listed(names)}, but trial {data.trial} of {data.family} has the known digits "
                f"{listed(test.class_names)}: give the trial the model was trained on"
            )
        return test
    parts = []
    if data.root is not None:
        parts.append(read_image_folder(data.root, preprocessing, names))
    if data.unknown is not None:
        parts.append(read_unknown_folder(data.unknown, preprocessing, names))
    if not parts:
        raise DataError("there is nothing to evaluate on: give --data.root FOLDER, --data.unknown FOLDER or both")
    return joined_arrays(parts)


def evaluate_model(config: EvaluateConfig) -> "Evaluation":
    """Evaluate and write the results; what the command line does, without printing."""
    from cac_core.bundle import load_bundle
    from cac_core.evaluation import FILES, evaluate, write_results
    from cac_core.predictor import Predictor
    from cac_core.support.files import check_writable

    for name in FILES:
        check_writable(_out_folder(config) / name, _ROOM)
    with console.activity(f"loading {config.model.name}"):
        predictor = Predictor(load_bundle(config.model), config.engine, config.device, precision=config.precision)
    try:
        theta = predictor.theta(config.known_kept, config.threshold, config.per_class)
    except ValueError as error:
        raise DataError(str(error)) from error
    images = load_evaluation_images(config.data, predictor.bundle)
    if config.data.dataset == "folder" and is_installed("torch"):  # a robot without it has no finder of duplicates
        from cac_core.data.contradictions import SEEN, doubts_about_test, looks_in_file
        from cac_core.data.labelled import LabelledImages

        seen = looks_in_file(config.model.with_name(config.model.name + ".run") / SEEN)
        doubts = doubts_about_test(LabelledImages.of(images), seen)
        images = replace(images, problems=(*doubts, *images.problems))
    evaluation = evaluate(predictor, images, theta)
    write_results(evaluation, predictor.bundle, _out_folder(config))
    return evaluation


def main(words: Sequence[str] | None = None) -> int:
    """Evaluate as the command line says."""
    config = COMMAND.parse(words)
    evaluation = evaluate_model(config)
    from cac_core.reports.metric_rows import metric_rows

    for problem in evaluation.images.problems:
        console.warn(problem)
    console.out.print(console.table(f"{config.model.name}", ("figure", "value"), metric_rows(evaluation.metrics)))
    console.out.print(f"{_out_folder(config) / 'evaluation.html'}", highlight=False)
    return 0


def _out_folder(config: EvaluateConfig) -> Path:
    return config.out or config.model.with_name(config.model.name + ".evaluation")


if __name__ == "__main__":
    run(main)
