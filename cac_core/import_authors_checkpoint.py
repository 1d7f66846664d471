# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Turn a checkpoint of the paper's authors into a bundle, without running code from it.

``python -m cac_core.import_authors_checkpoint PATH --dataset MNIST --split cac2020/0 --out model.cac``

Their files store every convolution and batch normalisation under two names that share memory, and the centres as
``anchors`` (or ``means``, the old name). The layers are found by kind and order, not by name. With ``--data-root`` the
centres are calibrated and thresholds chosen on the known training images of that split, as their evaluation does.
"""

import argparse
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cac_core import equations
from cac_core.backbones.paper_network import PaperNetwork
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, save_bundle
from cac_core.centres import CalibratedCentres, calibrate_centres
from cac_core.data import ClassSplit, LabelledImages, class_split
from cac_core.model import weights
from cac_core.preprocessing import Preprocessing
from cac_core.support import console
from cac_core.support.errors import CacError, first_line
from cac_core.thresholds import GRID_STEPS, Thresholds, fit_thresholds

CENTRES = ("anchors", "means")
CONTAINERS = ("net", "state_dict", "model")
DROPOUT = {"TinyImageNet": 0.3}

STATISTICS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "MNIST": ((0.1307,), (0.3081,)),
    "SVHN": ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
    "CIFAR10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR+10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR+50": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "TinyImageNet": ((0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821)),
}
"""Mean and standard deviation of whole datasets, for an import without their images."""


class CheckpointError(CacError):
    """The file is not a checkpoint of the authors' network."""


@dataclass(frozen=True)
class AuthorsCheckpoint:
    """What is in a checkpoint.

    Attributes:
        state: weights under our names.
        centres: ``(N, N)`` float32 as stored.
        image_size: 32 or 64.
        channels: 1 or 3.
    """

    state: dict[str, Tensor]
    centres: Tensor
    image_size: int
    channels: int


def read_checkpoint(path: str | Path) -> AuthorsCheckpoint:
    """Read a checkpoint file; only tensors and plain values are ever loaded from it.

    Raises:
        CheckpointError: when the file is missing, holds code, or is not of the authors' network.
    """
    source = Path(path)
    if not source.is_file():
        raise CheckpointError(f"the checkpoint {source} does not exist: give the path of a file of the authors.")
    try:
        with torch.serialization.safe_globals(_plain_numpy()):
            content = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{source} cannot be loaded without running code from it ({first_line(error)}): it is refused."
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{source} is not a whole torch file ({first_line(error)}): download it again."
        ) from error
    return convert(_tensors(content, source), source)


def convert(tensors: Mapping[str, Tensor], source: Path) -> AuthorsCheckpoint:
    """Bring the tensors of a checkpoint under our names.

    Args:
        tensors: by the authors' names, in the order of the file, duplicates included.
        source: for error messages.

    Raises:
        CheckpointError: when the layers are not those of the authors' network.
    """
    unique = _without_duplicates(tensors)
    centres = next((v for k, v in tensors.items() if k.rpartition(".")[2] in CENTRES), None)
    convolutions = [v for v in unique.values() if v.ndim == 4]
    norms = [k.removesuffix(".running_mean") for k in unique if k.endswith(".running_mean")]
    linear = [k for k, v in unique.items() if v.ndim == 2 and k.endswith(".weight")]
    if centres is None:
        raise CheckpointError(f"{source} has no class centres (anchors or means): it is no checkpoint of the authors.")
    if len(convolutions) != 9 or len(norms) != 9 or len(linear) != 1:
        raise CheckpointError(
            f"{source} has {len(convolutions)} convolutions, {len(norms)} batch normalisations and {len(linear)} "
            "linear layers instead of 9, 9 and 1: it is not the network of the paper."
        )
    weight = unique[linear[0]]
    channels = convolutions[0].shape[1]
    image_size = 8 * round((weight.shape[1] / convolutions[-1].shape[0]) ** 0.5)
    network = PaperNetwork(weight.shape[0], image_size, channels)
    state = {f"classifier.{part}": unique[linear[0].removesuffix("weight") + part] for part in ("weight", "bias")}
    ours = {
        kind: [k for k, m in network.named_modules() if isinstance(m, kind)] for kind in (nn.Conv2d, nn.BatchNorm2d)
    }
    state |= {f"{name}.weight": value for name, value in zip(ours[nn.Conv2d], convolutions, strict=True)}
    for name, theirs in zip(ours[nn.BatchNorm2d], norms, strict=True):
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            value = tensors.get(f"{theirs}.{part}")
            state[f"{name}.{part}"] = torch.zeros((), dtype=torch.long) if value is None else value
    try:
        network.load_state_dict({k: v.to(torch.float32) if v.is_floating_point() else v for k, v in state.items()})
    except (RuntimeError, AttributeError) as error:
        raise CheckpointError(f"the layers of {source} are not those of the paper's network ({error}).") from error
    n = weight.shape[0]
    if tuple(centres.shape) != (n, n) or not bool(torch.isfinite(centres).all()):
        raise CheckpointError(f"{source} has centres of shape {tuple(centres.shape)}, not ({n}, {n}), or not finite.")
    own = {k: v.clone() for k, v in network.state_dict().items()}
    return AuthorsCheckpoint(own, centres.float().clone(), image_size, channels)


def make_imported_bundle(
    checkpoint: AuthorsCheckpoint,
    split: ClassSplit,
    *,
    data_root: Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    known_kept: float = 0.95,
    name: str = "authors",
) -> tuple[ModelBundle, list[str]]:
    """A bundle of a checkpoint, and warnings.

    Args:
        checkpoint: what was read.
        split: which classes its outputs mean.
        data_root: folder of the dataset, to calibrate on its known training images.
        mean: normalisation per channel in units of [0, 1]; of the known training images, or of the whole dataset
            without them, when not given.
        std: like mean.
        known_kept: share of known validation images that the threshold keeps.
        name: of the bundle.

    Raises:
        CheckpointError: when checkpoint and split do not fit.
        DataError: when images are missing.
    """
    n = len(split.known)
    if checkpoint.centres.shape[0] != n:
        raise CheckpointError(
            f"the checkpoint has {checkpoint.centres.shape[0]} classes, but {split.family}/{split.trial} of "
            f"{split.dataset} has {n} known ones: choose its own --dataset and --split."
        )
    channels = 1 if split.dataset == "MNIST" else 3
    if checkpoint.channels != channels:
        raise CheckpointError(f"the checkpoint takes {checkpoint.channels} channel(s), {split.dataset} has {channels}.")
    usual = STATISTICS[split.dataset]
    # The authors resize with a bilinear filter.
    preprocessing = Preprocessing(
        checkpoint.image_size, channels, "crop", "linear", tuple(mean or usual[0]), tuple(std or usual[1])
    )
    network = PaperNetwork(n, checkpoint.image_size, channels)
    network.load_state_dict(checkpoint.state)
    network.eval()
    notes = []
    if data_root is None:
        calibrated = CalibratedCentres(checkpoint.centres, torch.zeros(n, dtype=torch.long))
        nothing = np.zeros((n, GRID_STEPS + 1), dtype=np.float32)
        thresholds = Thresholds(nothing[0], nothing, known_kept, np.zeros(n, dtype=np.int64))
        notes.append(
            "without --data-root the centres are those of the file and every threshold is 0, so that everything is "
            "unknown until a threshold is set; the normalisation is that of the whole dataset unless given"
        )
    else:
        preprocessing, calibrated, thresholds = _calibrate(
            network, checkpoint, split, preprocessing, data_root, known_kept, mean, std
        )
    magnitude = float(checkpoint.centres.diagonal().mean())
    bundle = ModelBundle(
        class_names=tuple(str(c) for c in split.known),
        backbone=BackboneSpec(
            "paper", n, checkpoint.image_size, channels, {"dropout": DROPOUT.get(split.dataset, 0.2)}
        ),
        preprocessing=preprocessing,
        state=weights(network),
        centres=calibrated.centres.numpy(),
        centre_counts=calibrated.counts.numpy(),
        thresholds=thresholds,
        anchor_magnitude=magnitude,
        anchor_weight=0.1,
        training={
            "imported": "checkpoint of the paper's authors",
            "dataset": split.dataset,
            "split": f"{split.family}/{split.trial}",
            "calibrated": data_root is not None,
        },
        name=name,
    )
    return bundle, notes


def _calibrate(
    network: nn.Module,
    checkpoint: AuthorsCheckpoint,
    split: ClassSplit,
    preprocessing: Preprocessing,
    data_root: Path,
    known_kept: float,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> tuple[Preprocessing, CalibratedCentres, Thresholds]:
    from cac_core.benchmark.recipes import VALUES
    from cac_core.benchmark.trials import TrialSource, TrialSpec, load_trial
    from cac_core.training.calibrate import compute_logits
    from cac_core.training.sources import statistics

    values = VALUES[split.dataset]
    trial = load_trial(TrialSpec(split), preprocessing, TrialSource(data_root), values.validation_share)
    own_mean, own_std = statistics(trial.train.images)
    preprocessing = replace(preprocessing, mean=tuple(mean or own_mean), std=tuple(std or own_std))
    train = trial.train
    if values.flip > 0:  # the authors calibrate on mirrored copies too where training mirrors
        images = torch.cat([train.images, train.images.flip(2)])
        train = LabelledImages(images, torch.cat([train.labels] * 2), train.class_names, ())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)
    logits = compute_logits(network, train, preprocessing, device)
    calibrated = calibrate_centres(logits, train.labels, checkpoint.centres)
    held_out = compute_logits(network, trial.validation, preprocessing, device)
    gamma = equations.rejection_scores(equations.distances(held_out, calibrated.centres))
    return preprocessing, calibrated, fit_thresholds(gamma, trial.validation.labels, known_kept)


def _without_duplicates(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Only the first name of each layer that is stored under two names.

    Usually the two share memory; a copy of the file may have lost that, and then their values are equal.
    """
    layers: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        layer, _, part = name.rpartition(".")
        if part not in CENTRES and value.ndim > 0:
            layers.setdefault(layer, {})[part] = value
    kept: dict[str, dict[str, Tensor]] = {}
    for layer, parts in layers.items():
        if not any(_same(parts, other) for other in kept.values()):
            kept[layer] = parts
    return {f"{layer}.{part}": value for layer, parts in kept.items() for part, value in parts.items()}


def _same(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    if a.keys() != b.keys() or any(a[k].shape != b[k].shape for k in a):
        return False
    return all(a[k].data_ptr() == b[k].data_ptr() for k in a) or all(torch.equal(a[k], b[k]) for k in a)


def _tensors(content: Any, source: Path) -> dict[str, Tensor]:
    if isinstance(content, Mapping):
        for container in CONTAINERS:
            if isinstance(content.get(container), Mapping):
                content = content[container]
                break
        tensors = {str(k).removeprefix("module."): v for k, v in content.items() if isinstance(v, Tensor)}
        if tensors:
            return tensors
    raise CheckpointError(f"{source} holds no weights: it is no checkpoint of the authors.")


def _plain_numpy() -> list[Any]:
    """What a NumPy number in a checkpoint (an accuracy, say) is made of; none of it runs code."""
    scalar = getattr(np, "_core", getattr(np, "core", None)).multiarray.scalar  # type: ignore[union-attr]
    names = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    return [*names, np.dtype, *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "bool"))]


def make_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog="python -m cac_core.import_authors_checkpoint",
        description="Turn a checkpoint of the paper's authors into a bundle, without running code from it.",
    )
    parser.add_argument("path", type=Path, help="the authors' file")
    parser.add_argument("--dataset", required=True, choices=tuple(STATISTICS), help="what it was trained on")
    parser.add_argument("--split", default="cac2020/0", help="FAMILY/TRIAL; the published weights are of cac2020")
    parser.add_argument("--out", type=Path, required=True, help="bundle to write")
    parser.add_argument("--data-root", type=Path, help="folder of the dataset, to calibrate centres and thresholds")
    parser.add_argument("--mean", type=float, nargs="+", help="normalisation per channel, in units of [0, 1]")
    parser.add_argument("--std", type=float, nargs="+", help="normalisation per channel, in units of [0, 1]")
    parser.add_argument("--known-kept", type=float, default=0.95, help="share of known images the threshold keeps")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Import one checkpoint as the command line says."""
    values = make_parser().parse_args(arguments)
    family, _, trial = values.split.partition("/")
    if not trial.isdigit():
        raise CheckpointError(f"--split must be FAMILY/TRIAL such as cac2020/0, not {values.split!r}.")
    split = class_split(family, values.dataset, int(trial))
    channels = 1 if values.dataset == "MNIST" else 3
    for option in ("mean", "std"):
        given = getattr(values, option)
        if given is not None and len(given) != channels:
            raise CheckpointError(f"--{option} needs {channels} number(s), one per channel of {values.dataset}.")
    if not 0.0 < values.known_kept <= 1.0:
        raise CheckpointError(f"--known-kept must lie in (0, 1], not {values.known_kept}.")
    checkpoint = read_checkpoint(values.path)
    bundle, notes = make_imported_bundle(
        checkpoint,
        split,
        data_root=values.data_root,
        mean=values.mean,
        std=values.std,
        known_kept=values.known_kept,
        name=values.out.stem,
    )
    saved = save_bundle(bundle, values.out)
    for note in notes:
        console.warn(note)
    console.out.print(f"model    {values.out} ({saved.model_id})", markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    console.run_command(main)
