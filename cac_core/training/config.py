# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be set about a training.

The attribute texts are the help of ``python -m cac_core.train --help``.
"""

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cac_core.preprocessing import Fit, Interpolation
from cac_core.support.errors import TrainingError
from cac_core.training.recipes import USUAL, read_recipe

CHECKPOINT = "last.ckpt"
"""In a run's folder while the run is not finished."""


@dataclass
class DataConfig:
    """What to train on.

    Attributes:
        dataset: ``folder`` (your photos) or ``digits`` (a trial on the digits that come with scikit-learn).
        root: folder with one folder of photos per class; the folder names become the class names.
        unknown: folder of photos of other things, to report how well they are told apart; never trained on.
        known_unknown: folder of photos of things that must not be taken for a class: they tell what each threshold
            costs, and false_accept chooses it with them. Never those of data.unknown, and trained on only if
            loss.known_unknown_weight asks for it.
        validation_share: share of each class that is kept out of training for early stopping and thresholds.
        validation: which photos those are: random, or last, the last ones of each series of numbered file names. Photos
            taken one after the other resemble each other, so random makes accuracy and thresholds look too good.
        balanced: every class gives the same number of images to an epoch, however many photos it has.
        family: split family of the digits, neal2018 or cac2020.
        trial: trial of that family, 0 to 4.
    """

    dataset: Literal["folder", "digits"] = "folder"
    root: Path | None = None
    unknown: Path | None = None
    known_unknown: Path | None = None
    validation_share: float = 0.2
    validation: Literal["random", "last"] = "random"
    balanced: bool = False
    family: str = "neal2018"
    trial: int = 0


@dataclass
class PreprocessingConfig:
    """How images become network input; stored in the model.

    Attributes:
        image_size: side of the square in pixels; 32 for the paper's network and 224 for others when not given.
        channels: 3 for RGB, 1 for grey.
        fit: stretch, crop (the centre) or pad (with black) images that are not square.
        interpolation: mipmap (halves while twice too large, then linear), area, linear or cubic.
        mean: per channel in units of [0, 1]; that of the training images, or of the pretrained weights, when not given.
        std: per channel in units of [0, 1]; like mean.
    """

    image_size: int | None = None
    channels: int = 3
    fit: Fit = "crop"
    interpolation: Interpolation = "mipmap"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


@dataclass
class ModelConfig:
    """The network.

    Attributes:
        backbone: paper, a torchvision classifier (resnet18), or a timm one (efficientnet_lite0, timm/NAME).
        pretrained: true for published weights (fetched once), or the path of a weights file.
        fit_last_layer: start the last layer of pretrained weights where least squares puts it, not at random values,
            whose first gradients would spoil what the other layers know.
        photo_statistics: take the statistics of batch normalisation of pretrained weights from the photos before that.
        options: further options of that network, such as {width: 0.5} for paper.
        frozen: parts of the network that keep their weights and statistics, by name (blocks.0); what lies next to the
            input need not be computed backwards then, which saves much of the time. For pretrained weights.
    """

    backbone: str = "resnet18"
    pretrained: bool | str = False
    fit_last_layer: bool = True
    photo_statistics: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    frozen: list[str] = field(default_factory=list)


@dataclass
class LossConfig:
    """The Class Anchor Clustering loss (eqs. 2, 4 to 7).

    Attributes:
        anchor_weight: weight of the anchor term, the paper's lambda.
        anchor_magnitude: length of the anchors, the paper's alpha.
        known_unknown_weight: train with the photos of data.known_unknown too, held equally far from all anchors by a
            term of this weight (the entropic open-set loss). A share of them (data.validation_share) is kept for
            thresholds. 0 trains on none of them.
    """

    anchor_weight: float = 0.1
    anchor_magnitude: float = 10.0
    known_unknown_weight: float = 0.0


@dataclass
class AugmentConfig:
    """Random changes of training images, drawn anew for each image; 0 switches one off.

    Attributes:
        rand_augment: strength, 1 to 30, of the one operation of RandAugment (Cubuk et al., 2020) that each image draws.
        scale_min: random crops keep at least this share of the area; 1 switches cropping off.
        flip: probability of a mirror image.
        rotation: largest rotation either way, in degrees.
        shift: largest shift either way, as a share of the side.
        zoom: largest zoom in or out, as a share of the side.
        shear: largest shear either way, in degrees.
        brightness: largest change of brightness, as a share of full scale.
        contrast: largest change of contrast, as a share.
        saturation: largest change of saturation, as a share (RGB only).
        hue: largest change of hue, in turns up to 0.5 (RGB only).
        noise: largest standard deviation of pixel noise, as a share of full scale.
        erase: probability that a random rectangle is blanked.
        image_size: side in pixels to train at; 0 = that of inference. A smaller one makes training faster, and evens
            out that random crops show objects larger than inference sees them (Touvron et al., 2019).
    """

    rand_augment: int = 0
    scale_min: float = 0.7
    flip: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    image_size: int = 0


@dataclass
class OptimiserConfig:
    """The optimiser.

    Attributes:
        name: sgd or adamw.
        lr: learning rate of the first stage, or the largest one of one_cycle.
        momentum: of sgd.
        weight_decay: of either.
        batch_size: images per step, over all processes together.
        ema: keep a moving average of the weights instead of the last ones; 0.999 forgets over about 1,000 steps (fewer
            at first), 0 switches it off. For one_cycle only.
        first_layer_lr: the first layer learns at this times lr, the last at lr, those between at rates between: a small
            value keeps what pretrained layers know. 1 gives all layers the same.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 128
    ema: float = 0.0
    first_layer_lr: float = 1.0


@dataclass
class ScheduleConfig:
    """When the learning rate changes and training ends.

    Attributes:
        kind: two_stage (the paper: train to convergence, again at a smaller rate from the best weights) or one_cycle (a
            warm-up and a cosine descent over a fixed number of epochs, much shorter).
        epochs: epochs of one_cycle; the most epochs of the first stage of two_stage.
        second_epochs: the most epochs of the second stage.
        second_lr_factor: the second stage's learning rate is this times lr.
        patience: a stage has converged after this many epochs without a lower validation anchor loss.
        min_delta: a smaller decrease of that loss does not count.
        warm_up: share of the one_cycle steps with a rising rate.
    """

    kind: Literal["two_stage", "one_cycle"] = "two_stage"
    epochs: int = 100
    second_epochs: int = 100
    second_lr_factor: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    warm_up: float = 0.3

    @property
    def most_epochs(self) -> int:
        """Epochs that training can take at most."""
        return self.epochs + (self.second_epochs if self.kind == "two_stage" else 0)


@dataclass
class TrainConfig:
    """Train an open-set classifier with Class Anchor Clustering and save it as one file, the bundle.

    Without a recipe, all parts start as in the recipe for photos: ``TrainConfig()`` and the command line alike.

    Attributes:
        out: the model file to write; logs and the state of an unfinished run lie beside it in OUT.run/.
        data: what to train on.
        preprocessing: how images become network input.
        model: the network.
        loss: the loss.
        augment: random changes of training images.
        optimiser: the optimiser.
        schedule: when the learning rate changes and training ends.
        known_kept: share of known validation images that the default threshold keeps.
        false_accept: choose the default threshold by this share of the photos of data.known_unknown that may be
            accepted, instead of known_kept.
        seed: the same seed and number of threads give the same model on a CPU.
        device: auto, cpu or cuda:N; under torchrun, auto or cpu.
        precision: auto (bf16 where the hardware has it), float32, bf16 or fp16 (CUDA only).
        threads: processor threads to compute with; one is best for small networks on a busy machine. As many as torch
            chooses when not given.
        resume: go on with an unfinished run of the same configuration in OUT.run/; false starts again.
        report: write the page OUT.run/report.html.
        graph: write the network into the model file as a graph too; a robot then needs no PyTorch.
        variants: write these variants into the model file as well, int8, bf16 or fp16, each with centres and thresholds
            of its own; see python -m cac_core.export --help.
    """

    out: Path = Path("model.cac")
    data: DataConfig = field(default_factory=lambda: load_recipe().data)
    preprocessing: PreprocessingConfig = field(default_factory=lambda: load_recipe().preprocessing)
    model: ModelConfig = field(default_factory=lambda: load_recipe().model)
    loss: LossConfig = field(default_factory=lambda: load_recipe().loss)
    augment: AugmentConfig = field(default_factory=lambda: load_recipe().augment)
    optimiser: OptimiserConfig = field(default_factory=lambda: load_recipe().optimiser)
    schedule: ScheduleConfig = field(default_factory=lambda: load_recipe().schedule)
    known_kept: float = 0.95
    false_accept: float | None = None
    seed: int = 0
    device: str = "auto"
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    threads: int | None = None
    resume: bool = True
    report: bool = True
    graph: bool = True
    variants: tuple[Literal["int8", "bf16", "fp16"], ...] = ()

    @property
    def run_folder(self) -> Path:
        """Where logs and the state of an unfinished run lie."""
        return self.out.with_name(self.out.name + ".run")

    @property
    def image_size(self) -> int:
        """Side of the network's input in pixels."""
        return self.preprocessing.image_size or (32 if self.model.backbone == "paper" else 224)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return {k: _plain(v) for k, v in asdict(self).items()}


_PARTS: dict[str, type] = {
    "data": DataConfig,
    "preprocessing": PreprocessingConfig,
    "model": ModelConfig,
    "loss": LossConfig,
    "augment": AugmentConfig,
    "optimiser": OptimiserConfig,
    "schedule": ScheduleConfig,
}


def load_recipe(name: str = USUAL) -> TrainConfig:
    """A recipe as a configuration that can be changed.

    Args:
        name: one of :func:`cac_core.training.recipes.recipe_names`, or the path of a YAML file. What a file of your own
            leaves out, or names without a value, is as in each part's class.

    Raises:
        TrainingError: when there is no such recipe, or it names a setting that does not exist.
    """
    values: dict[str, Any] = {part: {} for part in _PARTS} | _given(deepcopy(read_recipe(name)))
    try:
        return TrainConfig(**{key: _PARTS[key](**value) if key in _PARTS else value for key, value in values.items()})
    except TypeError as error:
        raise TrainingError(f"the recipe {name} cannot be used: {error}.") from error


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what has no value: in YAML, ``schedule:`` alone is None, and None is every such setting's default."""
    given = {key: value for key, value in values.items() if value is not None}
    return {key: _given(value) if isinstance(value, dict) and key in _PARTS else value for key, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value
