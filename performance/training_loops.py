# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops that :mod:`performance.training_speed` times: ours, and a plain one of the same network."""

import time
from dataclasses import replace
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


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
