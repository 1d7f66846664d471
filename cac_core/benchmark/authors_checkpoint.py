# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read a checkpoint of the paper's authors, without running code from it.

Their files store every convolution and batch normalisation under two names that share memory, and the centres as
``anchors`` (or ``means``, the old name). The layers are found by kind and order, not by name.
"""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cac_core.backbones.paper_network import PaperNetwork
from cac_core.support.errors import CacError, first_line
from cac_core.support.names import one_line

CENTRES = ("anchors", "means")
CONTAINERS = ("net", "state_dict", "model")


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
        # PyTorch's own text ends with the advice to load the file unsafely.
        named = re.search(r"GLOBAL (\S+)", str(error))
        wants = f"it asks for {one_line(named[1])}" if named else "it holds more than tensors and numbers"
        raise CheckpointError(
            f"{source} cannot be loaded without running code from it ({wants}): it is refused."
        ) from None
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
