# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training images per second of the paper's network: ``python -m performance training_speed``."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from pytorch_lightning import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from cac_core.backbones.build import build_backbone
from cac_core.backbones.paper_network import PaperNetwork
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.fit import fit
from cac_core.benchmark.recipes import Recipe, make_recipe
from cac_core.data import LabelledImages
from cac_core.losses import CACLoss
from cac_core.model import normalise
from cac_core.preprocessing import Preprocessing
from cac_core.support import console
from cac_core.support.allocator import keep_freed_memory
from cac_core.support.command import Command, run
from cac_core.support.devices import resolve_device
from cac_core.support.ranges import PositiveInt
from cac_core.training.augment import Augment
from cac_core.training.batches import TrainingBatches
from cac_core.training.config import ScheduleConfig, TrainConfig, load_recipe
from cac_core.training.frozen import freeze
from cac_core.training.precision import choose_precision, depthwise_in_float32
from cac_core.training.processes import Processes
from cac_core.training.run import train_on
from cac_core.training.sources import TrainingData

CLASSES = 6
BATCH = 128
MEAN, STD = 0.1307, 0.3081


class PlainDataset(Dataset[tuple[Tensor, int]]):
    """28x28 images that are opened, transformed and normalised one by one."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images = images
        self.labels = labels
        self.transform = transforms.Compose(
            [
                transforms.Resize(32),
                transforms.RandomResizedCrop(32, scale=(0.7, 1.0)),
                transforms.RandomHorizontalFlip(0.0),
                transforms.RandomRotation(0),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One transformed image."""
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def plain_loss(logits: Tensor, anchors: Tensor, y: Tensor) -> Tensor:
    """CAC as it is often written: expanded distances, negatives from a Python list, a literal logarithm of a sum."""
    n = len(anchors)
    expanded = logits.unsqueeze(1).expand(len(logits), n, n)
    distances = (expanded - anchors.unsqueeze(0)).norm(2, dim=2)
    own = distances.gather(1, y.view(-1, 1)).view(-1)
    others = torch.tensor([[i for i in range(n) if y[k] != i] for k in range(len(y))], device=logits.device)
    gaps = (own.unsqueeze(1) - distances.gather(1, others)).exp()
    loss: Tensor = torch.log(1 + gaps.sum(dim=1)).mean() + 0.1 * own.mean()
    return loss


def plain_epoch(network: nn.Module, loader: DataLoader[Any], optimiser: torch.optim.Optimizer, device: Any) -> float:
    """Train one epoch; seconds."""
    anchors = 10.0 * torch.eye(CLASSES, device=device)
    network.train()
    started = time.perf_counter()
    for images, labels in loader:
        optimiser.zero_grad()
        loss = plain_loss(network(images.to(device)), anchors, labels.to(device))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    _wait(device)
    return time.perf_counter() - started


class EpochTimes(Callback):
    """Seconds from the first to the last step of each training epoch."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: list[float] = []
        self.started = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        _wait(self.device)
        self.started = time.perf_counter()

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        """Stop it after the last step."""
        if index + 1 == trainer.num_training_batches:
            _wait(self.device)
            self.seconds.append(time.perf_counter() - self.started)


def our_epoch(data: LabelledImages, recipe: Recipe, preprocessing: Preprocessing, device: torch.device) -> float:
    """Train two epochs; seconds of the second."""
    times = EpochTimes(device)
    held_out = data.subset(torch.arange(4))
    fit(
        PaperNetwork(CLASSES, 32, 1), "cac", data, held_out, preprocessing, recipe, device,
        show_progress=False, further_callbacks=[times],
    )  # fmt: skip
    return times.seconds[-1]


def measure(images: int, repeats: int, device: torch.device, workers: int) -> tuple[list[float], list[float]]:
    """Images per second of ours and of the plain loop, one of each per repeat."""
    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (images, 28, 28), dtype=np.uint8)
    labels = np.arange(images) % CLASSES
    large = np.stack([np.asarray(Image.fromarray(image).resize((32, 32))) for image in small])[..., None]
    names = tuple(str(i) for i in range(CLASSES))
    data = LabelledImages(torch.from_numpy(large), torch.from_numpy(labels), names, ("",) * images)
    recipe = make_recipe("paper", "MNIST")
    recipe.config.schedule = ScheduleConfig("two_stage", 2, 0)
    preprocessing = Preprocessing(32, 1, "crop", "linear", (MEAN,), (STD,))
    network = PaperNetwork(CLASSES, 32, 1).to(device)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-6)
    loader: DataLoader[Any] = DataLoader(PlainDataset(small, labels), BATCH, shuffle=True, num_workers=workers)
    ours, plain = [], []
    for _ in console.track(range(repeats), "training", total=repeats):
        plain.append(images / plain_epoch(network, loader, optimiser, device))
        ours.append(images / our_epoch(data, recipe, preprocessing, device))
    return ours, plain


def photo_epoch(data: TrainingData, config: TrainConfig, device: torch.device) -> float:
    """Train two epochs with the recipe for photos; seconds of the second, without its validation."""
    times = EpochTimes(device)
    with TemporaryDirectory() as folder:
        settings = replace(config, out=Path(folder) / "model.cac")
        train_on(data, settings, device, Processes(), build_backbone, [times])
    return times.seconds[-1]


def network_alone(data: TrainingData, config: TrainConfig, device: torch.device) -> float:
    """Seconds of as many steps on one batch that is ready: forward, loss, backward, optimiser."""
    batches = TrainingBatches(data.train, config.optimiser.batch_size, 0, lambda: 0)
    pixels, labels = (tensor.to(device) for tensor in next(iter(batches)))
    spec = BackboneSpec(config.model.backbone, len(data.train.class_names), data.preprocessing.image_size)
    network = build_backbone(spec).to(device).to(memory_format=torch.channels_last).train()
    for part in freeze(network, config.model.frozen):
        part.eval()
    loss = CACLoss(len(data.train.class_names)).to(device)
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=config.optimiser.lr)
    augment = Augment(config.augment, data.preprocessing.image_size, data.preprocessing.channels)
    inputs = normalise(augment(pixels), data.preprocessing)
    half = choose_precision(config.precision, device) != "32-true"
    for timed in (False, True):
        started = time.perf_counter()
        with depthwise_in_float32(network, device):
            for _ in range(len(batches) if timed else 1):
                with torch.autocast(device.type, torch.bfloat16, enabled=half):
                    total = loss(network(inputs), labels).total
                optimiser.zero_grad()
                total.backward()
                optimiser.step()
        _wait(device)
    return time.perf_counter() - started


def measure_photos(images: int, repeats: int, device: torch.device) -> tuple[list[float], list[float]]:
    """Seconds of an epoch of the recipe for photos, and of its network alone, one of each per repeat."""
    config = load_recipe("photos")
    config.schedule.epochs, config.model.pretrained, config.report = 2, False, False
    size = config.image_size
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (images, size, size, 3), dtype=torch.uint8, generator=generator)
    names = tuple(str(i) for i in range(CLASSES))
    known = LabelledImages(pixels, torch.arange(images) % CLASSES, names, ("",) * images)
    held_out = known.subset(torch.arange(2 * CLASSES))
    half = (0.5,) * 3
    preprocessing = Preprocessing(size, 3, config.preprocessing.fit, config.preprocessing.interpolation, half, half)
    counts = {"train": known.counts(), "validation": held_out.counts()}
    data = TrainingData(known, held_out, None, preprocessing, counts)
    whole, alone = [], []
    for _ in console.track(range(repeats), "training on photos", total=repeats):
        whole.append(photo_epoch(data, config, device))
        alone.append(network_alone(data, config, device))
    return whole, alone


@dataclass
class TrainingSpeedOptions:
    """Training images per second of the paper's network.

    The benchmark's own training (images in memory as uint8, augmentation of whole batches, the precision that pays off
    on this machine) beside a plain loop written like the authors': float32, transforms of single PIL images, and
    negatives gathered by a Python list. Both train the same network on the same images with the same augmentation, in
    turns in one run, so that whatever else the machine does hits both. The images are random: only the time counts.

    Then the recipe for photos: how much of a training step is the network itself, and not augmentation, normalisation,
    or the loop around it.

    Attributes:
        images: per epoch.
        photos: per epoch of the recipe for photos.
        repeats: the medians of so many are printed.
        workers: loader processes of the plain loop.
        device: auto, cpu or cuda:N.
    """

    images: PositiveInt = 1280
    photos: PositiveInt = 128
    repeats: PositiveInt = 5
    workers: int = 0
    device: str = "auto"


COMMAND = Command(TrainingSpeedOptions, "python -m performance training_speed --device cpu")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    values = COMMAND.parse(words)
    device, _ = resolve_device(values.device)
    ours, plain = measure(values.images, values.repeats, device, values.workers)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    rows = [
        (f"ours ({choose_precision('auto', device)})", *_cells(ours)),
        (f"plain loop (float32, {values.workers} loader processes)", *_cells(plain)),
    ]
    columns = ("training", "images/s, median", "smallest", "largest")
    console.out.print(console.table(f"Paper's network, MNIST size, batch {BATCH}, {name}", columns, rows))
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    console.out.print(f"ratio, median over {values.repeats} turns: {ratio:.2f}")
    keep_freed_memory(all_of_it=True)  # as the command does; only now, because the plain loop does not
    whole, alone = measure_photos(values.photos, values.repeats, device)
    share = statistics.median(a / w for a, w in zip(alone, whole, strict=True))
    console.out.print(
        f"recipe for photos: {values.photos / statistics.median(whole):.1f} images/s; the network alone takes "
        f"{share:.0%} of a step (median over {values.repeats} turns)"
    )
    return 0


def _cells(values: list[float]) -> tuple[str, str, str]:
    return f"{statistics.median(values):.0f}", f"{min(values):.0f}", f"{max(values):.0f}"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    run(main)
