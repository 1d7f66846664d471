# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be set about teaching a trained model further classes, with its checks.

The attribute texts are the help of ``python -m cac_core.extend --help``.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from cac_core.bundle import ModelBundle
from cac_core.support.errors import TrainingError
from cac_core.training.config import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    PreprocessingConfig,
    ScheduleConfig,
    TrainConfig,
)

OLD_SPELLINGS = {"data.replay": "data.rehearsal", "data.replay_per_class": "data.rehearsal_per_class"}
"""Options under their earlier names."""

_AUGMENT = {setting.name for setting in fields(AugmentConfig)}


@dataclass
class ExtendData:
    """The photos.

    Attributes:
        add: folder with one folder of photos per new class; the folder names become the class names.
        rehearsal: folder with one folder of photos per class that the model knows, such as the one it was trained on.
        rehearsal_per_class: at most this many photos of each old class are trained on.
        validation_share: share of each class that is kept out of training; that of the model's own training when not
            given, so that the same folder is divided as it was then.
    """

    add: Path | None = None
    rehearsal: Path | None = None
    rehearsal_per_class: int = 20
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
        graph: write the network into the model file as a graph too; a robot then needs no PyTorch.
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
    graph: bool = True


def check_extension(config: ExtendConfig) -> None:
    """Find what cannot work before the model and photos are read.

    Raises:
        TrainingError: with a sentence that names the value.
    """
    add, rehearsal = config.data.add, config.data.rehearsal
    if add is None:
        raise TrainingError("there is nothing to add: give --data.add FOLDER with one folder of photos per new class.")
    if rehearsal is None:
        raise TrainingError(
            "without photos of the classes that the model knows it would forget them: give --data.rehearsal FOLDER "
            "with one folder of photos per known class, such as the folder it was trained on."
        )
    for name, folder in (("data.add", add), ("data.rehearsal", rehearsal)):
        if not folder.expanduser().is_dir():
            raise TrainingError(f"{name} {folder} does not exist or is not a folder: check the path.")
    usual = ExtendConfig(config.model)
    parts = ("optimiser", "schedule")
    if not config.fine_tune and any(getattr(config, part) != getattr(usual, part) for part in parts):
        raise TrainingError("optimiser and schedule belong to fine-tuning: give --fine_tune true, or leave them out.")
    if config.data.rehearsal_per_class < 1:
        raise TrainingError(f"data.rehearsal_per_class must be at least 1, not {config.data.rehearsal_per_class}.")
    if config.out.expanduser().resolve() == config.model.expanduser().resolve():
        raise TrainingError(
            f"--out {config.out} is the model to extend: give another file, so that both can be compared."
        )


def training_of(config: ExtendConfig, bundle: ModelBundle) -> TrainConfig:
    """The training that an extension of this bundle is: what is not given is as in the bundle's own training."""
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
        graph=config.graph,
    )
