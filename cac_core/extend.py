# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Teach a trained model further classes: ``python -m cac_core.extend shop.cac --data.add NEW --data.replay OLD``.

The logit space grows by one dimension per new class. The weights of the new logits are fitted by least squares on the
new photos and a few of each old class, as they are and with random changes: the network has seen the old photos before
but not the new ones, and must not tell them apart by that. All other weights stay as they are, so that nothing is
forgotten: an old photo can only be taken for a new class now. Centres and thresholds are fitted anew. With fine_tune
the whole network is trained from there, all classes equally often.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.errors import DataError, TrainingError
from cac_core.training.config import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
    check,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cac_core.backbones.spec import BackboneSpec
    from cac_core.bundle import ModelBundle
    from cac_core.data import LabelledImages
    from cac_core.training.run import TrainingResult
    from cac_core.training.sources import TrainingData


_AUGMENT = {setting.name for setting in fields(AugmentConfig)}

COPIES = 4
"""The new logits are fitted to each photo as it is, and to this many random changes of it."""


@dataclass
class ExtendData:
    """The photos.

    Attributes:
        add: folder with one folder of photos per new class; the folder names become the class names.
        replay: folder with one folder of photos per class that the model knows, such as the one it was trained on.
        replay_per_class: at most this many photos of each old class are trained on.
        validation_share: share of each class that is kept out of training; that of the model's own training when not
            given, so that the same replay folder is divided as it was then.
    """

    add: Path | None = None
    replay: Path | None = None
    replay_per_class: int = 20
    validation_share: float | None = None


@dataclass
class ExtendConfig:
    """Teach a trained model further classes and save the result as a new model.

    Attributes:
        model: the model to extend, a .cac file; it stays as it is.
        out: the model file to write; logs and the state of an unfinished run lie beside it in OUT.run/.
        data: the photos.
        fine_tune: train the whole network too, not only the logits of the new classes: for new objects that it cannot
            tell apart yet. It forgets some of what it knew about the old ones.
        augment: random changes of training images; those of the model's own training when not given.
        optimiser: the optimiser; a small learning rate keeps what was learnt.
        schedule: when the learning rate changes and training ends.
        known_kept: share of known validation images that the default threshold keeps; the model's own when not given.
        seed: that of the model's own training when not given.
        device: auto, cpu or cuda:N.
        precision: auto (bf16 where the hardware has it), float32, bf16 or fp16 (CUDA only).
        threads: processor threads to compute with; as many as torch chooses when not given.
        resume: go on with an unfinished run of the same configuration in OUT.run/; false starts again.
    """

    model: Path
    out: Path = Path("extended.cac")
    data: ExtendData = field(default_factory=ExtendData)
    fine_tune: bool = False
    augment: AugmentConfig | None = None
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig("adamw", lr=1e-4, weight_decay=0.02, batch_size=32)
    )
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig("one_cycle", epochs=12))
    known_kept: float | None = None
    seed: int | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    threads: int | None = None
    resume: bool = True


@dataclass(frozen=True)
class Extension:
    """What came of an extension.

    Attributes:
        result: as of a training.
        added: the new classes.
        old_images: validation images of the old classes.
        before: what the old model makes of them; optimistic where it was trained on them.
        after: what the new model makes of them, among all classes.
    """

    result: "TrainingResult"
    added: tuple[str, ...]
    old_images: int
    before: "Verdicts"
    after: "Verdicts"


@dataclass(frozen=True)
class Verdicts:
    """Shares of some known images.

    Attributes:
        accuracy: nearest to the centre of their class, whatever the threshold says.
        right: known, and of their class.
        wrong: known, and of another class; all others are unknown.
    """

    accuracy: float
    right: float
    wrong: float


def extend(config: ExtendConfig) -> Extension:
    """Check, grow, fine-tune, calibrate and save.

    Raises:
        BundleError: when the model cannot be read.
        DataError: when photos are missing or do not fit the model.
        TrainingError: for settings that cannot work.
    """
    from cac_core.bundle import load_bundle

    _check(config)
    bundle = load_bundle(config.model)
    settings = _settings(config, bundle)
    check(settings)
    if bundle.centres.shape[0] != bundle.centres.shape[1]:
        raise TrainingError(
            f"{config.model} has other logits than classes and cannot grow: train it anew with all photos."
        )
    from cac_core import equations
    from cac_core.support.devices import resolve_device
    from cac_core.training.augment import Augment
    from cac_core.training.callbacks import KeepStatistics
    from cac_core.training.last_layer import fit_last_layer
    from cac_core.training.run import Processes, calibrate_on, train_on

    assert config.data.add is not None
    assert config.data.replay is not None
    added = _new_names(config.data.add, config.data.replay, bundle)
    data = _load(config.data.add, config.data.replay, bundle, added, settings, config.data.replay_per_class)
    device = resolve_device(config.device)[0]
    old = data.validation.subset((data.validation.labels < len(bundle.class_names)).nonzero().flatten())

    def start(spec: "BackboneSpec") -> "nn.Module":
        network = grown(bundle, spec)
        anchors = equations.anchored_centres(spec.num_classes, bundle.anchor_magnitude)
        known = len(bundle.class_names)
        # All pixels of inference, as the centres are calibrated, even where training had fewer.
        change = Augment(replace(settings.augment, image_size=0), spec.image_size, spec.channels)
        fitted = fit_last_layer(network, data.train, anchors, bundle.preprocessing, device, known, [change] * COPIES)
        if not (fitted or config.fine_tune):
            raise TrainingError(
                f"the last layer of backbone {spec.name!r} is not linear, so new logits cannot be fitted alone: give "
                "--fine_tune true."
            )
        return network

    if config.fine_tune:
        callbacks = [KeepStatistics()]
        result = train_on(data, settings, device, Processes(), start, callbacks, bundle.model_id)
        assert result is not None
    else:
        result = calibrate_on(data, settings, device, start, bundle.model_id)
    return Extension(result, added, len(old), _verdicts(bundle, old), _verdicts(result.bundle, old))


def grown(bundle: "ModelBundle", spec: "BackboneSpec") -> "nn.Module":
    """The bundle's network with further logits, all of them 0 at first.

    Args:
        bundle: the model with N classes.
        spec: the same backbone with more classes.

    Raises:
        TrainingError: when the network's last layer is not the only one that depends on the number of classes.
    """
    import torch

    from cac_core.backbones.build import build_backbone

    network = build_backbone(spec)
    old, new = len(bundle.class_names), spec.num_classes
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        before = torch.tensor(bundle.state[name]) if name in bundle.state else None
        if before is not None and before.shape == value.shape:
            state[name] = before
        elif before is not None and before.shape == (old, *value.shape[1:]) and value.shape[0] == new:
            state[name] = torch.cat([before, before.new_zeros(new - old, *value.shape[1:])])
        else:
            raise TrainingError(f"backbone {spec.name!r} cannot grow at {name}: train it anew with all photos.")
    network.load_state_dict(state)
    return network


def _check(config: ExtendConfig) -> None:
    add, replay = config.data.add, config.data.replay
    if add is None:
        raise TrainingError("there is nothing to add: give --data.add FOLDER with one folder of photos per new class.")
    if replay is None:
        raise TrainingError(
            "without photos of the classes that the model knows it would forget them: give --data.replay FOLDER with "
            "one folder of photos per known class, such as the folder it was trained on."
        )
    for name, folder in (("data.add", add), ("data.replay", replay)):
        if not folder.expanduser().is_dir():
            raise TrainingError(f"{name} {folder} does not exist or is not a folder: check the path.")
    usual = ExtendConfig(config.model)
    parts = ("optimiser", "schedule")
    if not config.fine_tune and any(getattr(config, part) != getattr(usual, part) for part in parts):
        raise TrainingError("optimiser and schedule belong to fine-tuning: give --fine_tune true, or leave them out.")
    if config.data.replay_per_class < 1:
        raise TrainingError(f"data.replay_per_class must be at least 1, not {config.data.replay_per_class}.")
    if config.out.expanduser().resolve() == config.model.expanduser().resolve():
        raise TrainingError(
            f"--out {config.out} is the model to extend: give another file, so that both can be compared."
        )


def _settings(config: ExtendConfig, bundle: "ModelBundle") -> TrainConfig:
    """The training that this extension is."""
    earlier: dict[str, Any] = bundle.training.get("config", {})
    share = config.data.validation_share
    p = bundle.preprocessing
    return TrainConfig(
        out=config.out,
        data=DataConfig(
            root=config.data.add,
            validation_share=earlier.get("data", {}).get("validation_share", 0.2) if share is None else share,
            validation=earlier.get("data", {}).get("validation", "random"),
            balanced=True,
        ),
        preprocessing=PreprocessingConfig(p.image_size, p.channels, p.fit, p.interpolation, p.mean, p.std),
        model=ModelConfig(
            bundle.backbone.name,
            options=dict(bundle.backbone.options),
            frozen=earlier.get("model", {}).get("frozen", []),
        ),
        loss=LossConfig(bundle.anchor_weight, bundle.anchor_magnitude),
        augment=config.augment
        or AugmentConfig(**{k: v for k, v in earlier.get("augment", {}).items() if k in _AUGMENT}),
        optimiser=config.optimiser,
        schedule=config.schedule,
        known_kept=bundle.thresholds.known_kept if config.known_kept is None else config.known_kept,
        seed=int(earlier.get("seed", 0)) if config.seed is None else config.seed,
        device=config.device,
        precision=config.precision,
        threads=config.threads,
        resume=config.resume,
    )


def _new_names(add: Path, replay: Path, bundle: "ModelBundle") -> tuple[str, ...]:
    from cac_core.data import class_folder_names

    added, replayed = class_folder_names(add), class_folder_names(replay)
    known = set(bundle.class_names)
    twice = [name for name in added if name in known]
    if twice:
        raise DataError(
            f"the model knows {', '.join(twice)} already: give the folder in {add} another name, or put its photos to "
            "the others of that class and train anew."
        )
    foreign = [name for name in replayed if name not in known]
    if foreign:
        raise DataError(
            f"{replay} has the folder {foreign[0]!r}, which is no class of the model: move new classes to {add} and "
            "leave only known ones there."
        )
    missing = [name for name in bundle.class_names if name not in replayed]
    if missing:
        raise DataError(
            f"{replay} has no photos of {', '.join(missing)}, which the model knows and would forget: add a folder of "
            "photos for each."
        )
    return added


def _load(
    add: Path, replay: Path, bundle: "ModelBundle", added: tuple[str, ...], settings: TrainConfig, most: int
) -> "TrainingData":
    import torch

    from cac_core.data import LabelledImages, load_image_folder
    from cac_core.training.sources import TrainingData, divide, merged

    names = (*bundle.class_names, *added)
    parts, notes = [], []
    for folder, wanted in ((replay, bundle.class_names), (add, added)):
        images = load_image_folder(folder, bundle.preprocessing, names)
        counts = images.counts()
        few = [name for name in wanted if counts[name] < 2]
        if few:
            raise DataError(
                f"{folder} has fewer than two readable photos of {', '.join(few)}: one is needed to learn from and "
                "another to check with."
            )
        problems = tuple(p for p in images.problems if not p.startswith("no image of the known class"))
        train, validation, more = divide(replace(images, problems=problems), settings)
        notes.append(more)
        parts.append((replace(_few_of_each(train, most), problems=problems) if folder is replay else train, validation))
    train, validation = (
        LabelledImages(
            torch.cat([part.images for part in pair]),
            torch.cat([part.labels for part in pair]),
            names,
            tuple(path for part in pair for path in part.paths),
            tuple(problem for part in pair for problem in part.problems),
        )
        for pair in zip(*parts, strict=True)
    )
    summary = {
        "kind": "extension",
        "name": add.resolve().name,
        "added": list(added),
        "train": train.counts(),
        "validation": validation.counts(),
        "unknown": 0,
        "problems": len(train.problems),
        **merged(notes),
    }
    return TrainingData(train, validation, None, bundle.preprocessing, summary)


def _few_of_each(images: "LabelledImages", most: int) -> "LabelledImages":
    """At most this many of each class, evenly spread over its files: neighbours in a folder look alike."""
    import torch

    chosen = []
    for label in torch.unique(images.labels).tolist():
        own = torch.nonzero(images.labels == label).flatten()
        chosen.append(own[torch.linspace(0, len(own) - 1, min(most, len(own))).round().long()])
    return images.subset(torch.cat(chosen))


def _verdicts(bundle: "ModelBundle", images: "LabelledImages") -> Verdicts:
    import torch

    from cac_core import equations
    from cac_core.decision import UNKNOWN
    from cac_core.model import build_model
    from cac_core.training.calibrate import compute_logits

    backbone = build_model(bundle).backbone
    logits = compute_logits(backbone, images, bundle.preprocessing, torch.device("cpu"))
    gamma = equations.rejection_scores(equations.distances(logits, torch.from_numpy(bundle.centres)))
    decided = equations.decide(gamma, bundle.thresholds.theta())
    right, known = decided == images.labels, decided != UNKNOWN
    nearest = gamma.argmin(dim=-1) == images.labels
    return Verdicts(*(float(each.double().mean()) for each in (nearest, right, known & ~right)))


# --- command line

EPILOGUE = "example: python -m cac_core.extend shop.cac --data.add new_photos --data.replay photos --out shop2.cac"


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
    values = parser.instantiate(parser.parse_args(arguments))
    return ExtendConfig(**{name: values[name] for name in ExtendConfig.__dataclass_fields__})


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
