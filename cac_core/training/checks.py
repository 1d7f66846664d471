# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What cannot work is found before anything slow begins."""

import os
from collections.abc import Callable
from pathlib import Path

from cac_core.support.errors import TrainingError
from cac_core.support.files import sentence_about
from cac_core.support.limits import NAME_BYTES
from cac_core.support.names import name_problem, one_line
from cac_core.training.config import TrainConfig


def check(config: TrainConfig) -> None:
    """Find values that cannot work before hours are spent on them.

    Raises:
        TrainingError: with a sentence that names the value.
    """
    _check_data(config)
    _check_numbers(config)
    too_long = [part for part in config.out.parts if len(os.fsencode(part)) > NAME_BYTES - len(".run")]
    if too_long:
        raise TrainingError(f"out holds a name that is too long ({one_line(too_long[0][:20])}…): give another out.")
    with sentence_about(config.out):  # a name that is too long
        is_folder, parent = config.out.is_dir(), _first_existing(config.out.absolute().parent)
    if is_folder:
        raise TrainingError(f"out is the folder {config.out}: give a file name such as {config.out / 'model.cac'}.")
    if problem := name_problem(config.out.stem):
        raise TrainingError(f"the model is named after its file, and the name of the file {problem}: give another out.")
    whole = str(config.out.absolute())
    if whole.encode(errors="replace") != whole.encode(errors="surrogatepass"):
        raise TrainingError(
            f"{one_line(whole)} is no UTF-8, and the logs of a training cannot be written there: give another --out."
        )
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise TrainingError(f"{config.out} cannot be written, because {parent} is not a folder with write permission.")
    weights = config.model.pretrained
    if weights is True and config.model.backbone == "paper":
        raise TrainingError(
            "the paper's network has no published weights: start with --recipe paper, or give --model.pretrained false."
        )
    if isinstance(weights, str) and not Path(weights).is_file():
        raise TrainingError(f"model.pretrained is neither true, false nor the path of a weights file: {weights}.")
    if config.precision == "fp16" and config.device == "cpu":
        raise TrainingError("precision fp16 needs a CUDA device: use auto, bf16 or float32 on a CPU.")


def _check_data(config: TrainConfig) -> None:
    data = config.data
    if data.dataset == "folder" and data.root is None:
        raise TrainingError(
            "there is nothing to train on: give --data.root FOLDER with one folder of photos per class."
        )
    if data.dataset == "digits" and (data.root or data.unknown or data.known_unknown):
        raise TrainingError(
            "data.root, data.unknown and data.known_unknown have no meaning for the digits: remove them or "
            "data.dataset."
        )
    folders = (("data.root", data.root), ("data.unknown", data.unknown), ("data.known_unknown", data.known_unknown))
    for name, folder in folders:
        if folder is not None and not _is_folder(folder):
            raise TrainingError(f"{name} {folder} does not exist or is not a folder: check the path.")
    for name, folder in folders[1:]:
        if _overlap(data.root, folder):
            raise TrainingError(
                f"{name} {folder} and data.root {data.root} lie within each other, so photos of other "
                "things would be trained on: move one of them."
            )
    if _overlap(data.unknown, data.known_unknown):
        raise TrainingError(
            f"data.known_unknown {data.known_unknown} and data.unknown {data.unknown} lie within each other, so the "
            "report would praise a threshold that was chosen with the same photos: keep them apart."
        )
    if config.loss.known_unknown_weight and data.known_unknown is None:
        raise TrainingError(
            "loss.known_unknown_weight needs photos of other things to train with: give --data.known_unknown FOLDER."
        )
    if config.false_accept is not None and data.known_unknown is None:
        raise TrainingError(
            "false_accept needs photos of other things to count: give --data.known_unknown FOLDER, or use known_kept."
        )


def _overlap(one: Path | None, other: Path | None) -> bool:
    if one is None or other is None:
        return False
    a, b = one.expanduser().resolve(), other.expanduser().resolve()
    return a == b or a in b.parents or b in a.parents


def _check_numbers(config: TrainConfig) -> None:
    positive: Callable[[float], bool] = lambda v: 0.0 < v < float("inf")  # noqa: E731
    not_negative: Callable[[float], bool] = lambda v: 0.0 <= v < float("inf")  # noqa: E731
    share: Callable[[float], bool] = lambda v: 0.0 <= v <= 1.0  # noqa: E731
    a, o, s = config.augment, config.optimiser, config.schedule
    rules: tuple[tuple[str, float, Callable[[float], bool], str], ...] = (
        ("data.validation_share", config.data.validation_share, lambda v: 0 < v < 1, "lie between 0 and 1"),
        ("preprocessing.image_size", config.image_size, positive, "be positive"),
        ("preprocessing.channels", config.preprocessing.channels, lambda v: v in (1, 3), "be 1 or 3"),
        ("loss.anchor_weight", config.loss.anchor_weight, not_negative, "be 0 or a positive number"),
        ("loss.anchor_magnitude", config.loss.anchor_magnitude, positive, "be a positive number"),
        ("loss.known_unknown_weight", config.loss.known_unknown_weight, not_negative, "be 0 or a positive number"),
        ("augment.rand_augment", a.rand_augment, lambda v: 0 <= v <= 30, "lie between 0 and 30"),
        ("augment.scale_min", a.scale_min, lambda v: 0 < v <= 1, "lie above 0 and not above 1"),
        ("augment.flip", a.flip, share, "lie between 0 and 1"),
        ("augment.rotation", a.rotation, lambda v: 0 <= v <= 180, "lie between 0 and 180 degrees"),
        ("augment.shift", a.shift, share, "lie between 0 and 1"),
        ("augment.zoom", a.zoom, lambda v: 0 <= v < 1, "be at least 0 and less than 1"),
        ("augment.shear", a.shear, lambda v: 0 <= v < 90, "be at least 0 and less than 90 degrees"),
        ("augment.brightness", a.brightness, share, "lie between 0 and 1"),
        ("augment.contrast", a.contrast, share, "lie between 0 and 1"),
        ("augment.saturation", a.saturation, share, "lie between 0 and 1"),
        ("augment.hue", a.hue, lambda v: 0 <= v <= 0.5, "lie between 0 and 0.5"),
        ("augment.noise", a.noise, share, "lie between 0 and 1"),
        ("augment.erase", a.erase, share, "lie between 0 and 1"),
        ("augment.image_size", a.image_size, lambda v: 0 <= v <= config.image_size, "be at most that of inference"),
        ("optimiser.lr", o.lr, positive, "be a positive number"),
        ("optimiser.first_layer_lr", o.first_layer_lr, lambda v: 0 < v <= 1, "lie above 0 and not above 1"),
        ("optimiser.momentum", o.momentum, lambda v: 0 <= v < 1, "be at least 0 and less than 1"),
        ("optimiser.weight_decay", o.weight_decay, not_negative, "be 0 or a positive number"),
        ("optimiser.batch_size", o.batch_size, lambda v: v >= 2, "be at least 2"),
        ("optimiser.ema", o.ema, lambda v: 0 <= v < 1, "be at least 0 and less than 1"),
        ("schedule.epochs", s.epochs, lambda v: v >= 1, "be at least 1"),
        ("schedule.second_epochs", s.second_epochs, not_negative, "be 0 or more"),
        ("schedule.second_lr_factor", s.second_lr_factor, positive, "be a positive number"),
        ("schedule.patience", s.patience, lambda v: v >= 1, "be at least 1"),
        ("schedule.min_delta", s.min_delta, not_negative, "be 0 or a positive number"),
        ("schedule.warm_up", s.warm_up, lambda v: 0 < v < 1, "lie between 0 and 1"),
        ("known_kept", config.known_kept, lambda v: 0 < v <= 1, "lie above 0 and not above 1"),
        ("false_accept", config.false_accept or 0.0, lambda v: 0 <= v < 1, "be at least 0 and less than 1"),
        ("threads", 1 if config.threads is None else config.threads, lambda v: v >= 1, "be at least 1"),
        ("seed", config.seed, lambda v: 0 <= v < 2**31, "lie between 0 and 2147483647"),
    )
    for name, value, fine, must in rules:
        if not fine(value):
            raise TrainingError(f"{name} must {must}, not {value}.")
    for name, values in (("mean", config.preprocessing.mean), ("std", config.preprocessing.std)):
        if values is not None and len(values) != config.preprocessing.channels:
            raise TrainingError(f"preprocessing.{name} needs one value per channel ({config.preprocessing.channels}).")
    if o.ema and s.kind != "one_cycle":
        raise TrainingError("optimiser.ema averages the weights of one_cycle: set schedule.kind to it, or ema to 0.")
    if (a.saturation or a.hue) and config.preprocessing.channels == 1:
        raise TrainingError("augment.saturation and augment.hue have no meaning for grey images: set them to 0.")


def _is_folder(path: Path) -> bool:
    try:
        return path.expanduser().is_dir()
    except (OSError, RuntimeError):  # a name that is too long; a user who does not exist
        return False


def _first_existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
