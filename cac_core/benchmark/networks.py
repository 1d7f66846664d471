# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trained networks of a benchmark as what is left of them: logits. Tables and figures share them.

Each network is trained once; its logits lie in ``networks/`` of the benchmark folder, so that a stopped benchmark goes
on where it was and every score can be computed later.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.recipes import Recipe, RecipeName, make_recipe
from cac_core.benchmark.trials import Trial, TrialSource, TrialSpec, load_trial
from cac_core.data import LabelledImages
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import DataError
from cac_core.support.files import write_atomically
from cac_core.training.calibrate import compute_logits
from cac_core.training.sources import statistics


@dataclass(frozen=True)
class NetworkSpec:
    """All that decides what a network learns.

    Attributes:
        trial: its images.
        loss: a name of :data:`cac_core.benchmark.module.LOSSES`.
        recipe: how it is trained.
        seed: of the training.
        epochs: another number of epochs than the recipe's.
        backbone: the network.
        options: of the recipe: anchor_weight, anchor_magnitude, image_size.
        images: digest of a user's images.
        width: of the paper's network; the recipe's when not given.
    """

    trial: TrialSpec
    loss: str
    recipe: RecipeName = "paper"
    seed: int = 0
    epochs: int | None = None
    backbone: str = "paper"
    options: dict[str, Any] = field(default_factory=dict)
    images: str | None = None
    width: float | None = None

    @property
    def name(self) -> str:
        """File name without suffix; what recipe, seed, epochs or width change is no part of it: so it is noticed."""
        split = self.trial.split
        known = hashlib.blake2b(repr(asdict(self.trial)).encode(), digest_size=3).hexdigest()
        options = "".join(f"-{k}={v}" for k, v in sorted(self.options.items()))
        dataset = split.dataset.replace("/", "_")
        backbone = "" if self.backbone == "paper" else f"-{self.backbone.replace('/', '_')}"
        return f"{dataset}-{split.family}-{split.trial}-{known}-{self.loss}{backbone}{options}"

    @property
    def shared_weights(self) -> str | None:
        """Name of what equal trainings share: CIFAR+10 and CIFAR+50 have the same known classes in every trial."""
        split = self.trial.split
        if not split.dataset.startswith("CIFAR+"):
            return None
        identity = self.identity("")
        for key in ("dataset", "family", "trial", "unknown", "unknown_sets"):
            del identity[key]
        return "weights-" + hashlib.blake2b(json.dumps(identity).encode(), digest_size=6).hexdigest()

    def make_recipe(self) -> Recipe:
        """Its training configuration."""
        split = self.trial.split
        return make_recipe(
            self.recipe,
            split.dataset,
            seed=self.seed,
            epochs=self.epochs,
            backbone=self.backbone,
            width=self.width,
            **self.options,
        )

    def identity(self, precision: str) -> dict[str, Any]:
        """JSON-ready: everything that must be equal for finished results to be used."""
        recipe = self.make_recipe()
        config = recipe.config.to_dict()
        for key in ("out", "data", "resume", "device", "known_kept", "precision"):
            del config[key]
        split = self.trial.split
        return {
            "dataset": split.dataset,
            "family": split.family,
            "trial": split.trial,
            "known": list(split.known),
            "unknown": list(split.unknown),
            "unknown_sets": [[name, list(classes)] for name, classes in self.trial.unknown_sets],
            "known_unknown": list(map(_listed, self.trial.known_unknown)) if self.trial.known_unknown else None,
            "loss": self.loss,
            "recipe": self.recipe,
            "strong": asdict(recipe.strong) if recipe.strong else None,
            "precision": precision,
            "images": self.images,
            "config": config,
        }


@dataclass(frozen=True)
class Outputs:
    """What a trained network gave; all float32 on the CPU.

    Attributes:
        anchors: ``(N, N)`` centres used in training (learnt ones as they ended).
        train_logits: ``(M, N)`` of the training images without augmentation, mirrored copies included where the authors
            use them.
        train_labels: ``(M,)``.
        test_logits: ``(T, N)``.
        test_labels: ``(T,)``, -1 = unknown.
        groups: ``(T,)`` which unknown set a test image belongs to, 0 for known ones.
        record: identity, epochs and times.
    """

    anchors: Tensor
    train_logits: Tensor
    train_labels: Tensor
    test_logits: Tensor
    test_labels: Tensor
    groups: Tensor
    record: dict[str, Any]


Trained = tuple[nn.Module, Tensor, list[dict[str, float]]]
"""Backbone with its weights, centres used in training, and a record per epoch."""

_TENSORS = ("anchors", "train_logits", "train_labels", "test_logits", "test_labels", "groups")


def finished(spec: NetworkSpec, folder: Path, precision: str) -> Outputs | None:
    """The outputs of a network that was trained before; None when there are none.

    Raises:
        DataError: when the folder holds results of another configuration; names the field that differs.
    """
    record_file, arrays_file = _files(spec, folder)
    if not (record_file.is_file() and arrays_file.is_file()):
        return None
    try:
        record = json.loads(record_file.read_text(encoding="utf-8"))
        with np.load(arrays_file) as arrays:
            tensors = {name: torch.from_numpy(arrays[name]) for name in _TENSORS}
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise DataError(f"{arrays_file} cannot be read ({error}): delete it and go on.") from error
    different = differences(record.get("identity", {}), json.loads(json.dumps(spec.identity(precision))))
    if different:
        raise DataError(
            f"{folder.parent} holds results of another configuration: {', '.join(different)} of {spec.name}; choose "
            "another --out, or repeat the command with the same settings."
        )
    return Outputs(**tensors, record=record)


def train_network(
    spec: NetworkSpec,
    folder: Path,
    source: TrialSource,
    device: torch.device,
    precision: str = "auto",
    show_progress: bool = True,
) -> Outputs:
    """Train one network, or take it from the folder if it is finished there.

    Raises:
        DataError, TrainingError: with a sentence that says what to do.
    """
    before = finished(spec, folder, precision)
    if before is not None:
        return before
    started = time.perf_counter()
    recipe = spec.make_recipe()
    recipe.config.precision = precision  # type: ignore[assignment]
    p = recipe.config.preprocessing
    neutral = (0.5,) * p.channels
    plain = Preprocessing(recipe.config.image_size, p.channels, p.fit, p.interpolation, neutral, neutral)
    trial = load_trial(spec.trial, plain, source, recipe.validation_share)
    mean, std = statistics(trial.train.images)
    preprocessing = replace(plain, mean=mean, std=std)
    network = BackboneSpec(
        spec.backbone, len(trial.train.class_names), plain.image_size, plain.channels, dict(recipe.config.model.options)
    )
    loaded = time.perf_counter()
    backbone, anchors, history = _trained_before(spec, folder, precision, network) or _train(
        spec, trial, preprocessing, recipe, network, device, show_progress
    )
    _share(spec, folder, precision, backbone, anchors, history)
    trained = time.perf_counter()
    backbone = backbone.float().to(device).eval()
    calibration = _mirrored(trial.train) if recipe.mirrored_calibration else trial.train
    outputs = Outputs(
        anchors=anchors,
        train_logits=compute_logits(backbone, calibration, preprocessing, device),
        train_labels=calibration.labels,
        test_logits=compute_logits(backbone, trial.test, preprocessing, device),
        test_labels=trial.test.labels,
        groups=trial.groups,
        record={
            "identity": spec.identity(precision),
            "images": {"train": len(trial.train), "validation": len(trial.validation), "test": len(trial.test)},
            "preprocessing": preprocessing.to_dict(),
            "history": history,
            "seconds": {"load": loaded - started, "train": trained - loaded, "evaluate": time.perf_counter() - trained},
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "torch": torch.__version__,
        },
    )
    _save(outputs, spec, folder)
    return outputs


def _train(
    spec: NetworkSpec,
    trial: Trial,
    preprocessing: Preprocessing,
    recipe: Recipe,
    network: BackboneSpec,
    device: torch.device,
    show_progress: bool,
) -> Trained:
    from cac_core.benchmark.module import fit

    with torch.random.fork_rng():
        torch.manual_seed(spec.seed)
        backbone = build_backbone(network)
        data = _to_train_on(trial, spec.loss)
        return fit(backbone, spec.loss, data, trial.validation, preprocessing, recipe, device, show_progress)


def _trained_before(spec: NetworkSpec, folder: Path, precision: str, network: BackboneSpec) -> Trained | None:
    """Weights, centres and history of an equal training; None when there is none."""
    if spec.shared_weights is None:
        return None
    file = folder / f"{spec.shared_weights}-{precision}.safetensors"
    if not file.is_file():
        return None
    try:
        state = safetensors.torch.load(file.read_bytes())
        history = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError, SafetensorError) as error:
        raise DataError(f"{file} cannot be read ({error}): delete it and go on.") from error
    anchors = state.pop("anchors")
    backbone = build_backbone(network)
    backbone.load_state_dict(state)
    return backbone, anchors, history


def _share(
    spec: NetworkSpec,
    folder: Path,
    precision: str,
    backbone: nn.Module,
    anchors: Tensor,
    history: list[dict[str, float]],
) -> None:
    if spec.shared_weights is None:
        return
    file = folder / f"{spec.shared_weights}-{precision}.safetensors"
    if file.is_file():
        return
    state = {k: v.detach().cpu().contiguous().clone() for k, v in backbone.state_dict().items()}
    write_atomically(file.with_suffix(".json"), json.dumps(history).encode())
    write_atomically(file, safetensors.torch.save({**state, "anchors": anchors}))


def differences(a: Any, b: Any, name: str = "") -> list[str]:
    """Dotted names of the fields in which two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(a.keys() | b.keys())
        return [d for k in keys for d in differences(a.get(k), b.get(k), f"{name}.{k}" if name else k)]
    return [] if a == b else [name]


def _to_train_on(trial: Trial, loss: str) -> LabelledImages:
    if loss not in ("objectosphere", "entropic"):
        return trial.train
    if trial.known_unknown is None:
        raise DataError(f"the loss {loss} needs known unknowns, which this trial does not have.")
    more = trial.known_unknown
    return LabelledImages(
        torch.cat([trial.train.images, more.images]),
        torch.cat([trial.train.labels, more.labels]),
        trial.train.class_names,
        (),
    )


def _mirrored(data: LabelledImages) -> LabelledImages:
    images = torch.cat([data.images, data.images.flip(2)])
    return LabelledImages(images, torch.cat([data.labels, data.labels]), data.class_names, ())


def _save(outputs: Outputs, spec: NetworkSpec, folder: Path) -> None:
    record_file, arrays_file = _files(spec, folder)
    content = BytesIO()
    np.savez_compressed(content, **{name: getattr(outputs, name).numpy() for name in _TENSORS})
    write_atomically(arrays_file, content.getvalue())
    # The record comes last: a network counts as finished when both are there.
    write_atomically(record_file, json.dumps(outputs.record, indent=1, ensure_ascii=False).encode())


def _files(spec: NetworkSpec, folder: Path) -> tuple[Path, Path]:
    return folder / f"{spec.name}.json", folder / f"{spec.name}.npz"


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
