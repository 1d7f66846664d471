# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trained networks on disk, as what is left of them: logits.

The logits of a network lie in ``networks/`` of the benchmark folder. So a stopped benchmark goes on where it was, and
every score can be computed later. Beside them lie the figures of every score: a folder that keeps only these small JSON
files still gives Table 1. The weights are kept only where a later training would be equal.
"""

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.benchmark.network_spec import NetworkSpec
from cac_core.support.differences import differences
from cac_core.support.errors import DataError
from cac_core.support.files import write_atomically


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


class Trained(NamedTuple):
    """What a training gives.

    Attributes:
        backbone: with its weights.
        anchors: ``(N, N)`` centres used in training, on the CPU.
        history: one record per epoch.
    """

    backbone: nn.Module
    anchors: Tensor
    history: list[dict[str, float]]


_TENSORS = ("anchors", "train_logits", "train_labels", "test_logits", "test_labels", "groups")


def finished(spec: NetworkSpec, folder: Path, precision: str) -> Outputs | None:
    """The outputs of a network that was trained before; None when there are none.

    Raises:
        DataError: when the folder holds results of another configuration; names the field that differs.
    """
    record_file, arrays_file = _files(spec, folder)
    if not record_file.is_file():
        return None
    try:
        record = json.loads(record_file.read_text(encoding="utf-8"))
        if arrays_file.is_file():
            with np.load(arrays_file) as arrays:
                tensors = {name: torch.from_numpy(arrays[name]) for name in _TENSORS}
        elif "measures" in record:
            tensors = dict.fromkeys(_TENSORS, torch.empty(0))
        else:
            return None
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise DataError(f"{arrays_file} cannot be read ({error}): delete it and go on.") from error
    different = differences(record.get("identity", {}), json.loads(json.dumps(spec.identity(precision))))
    if different:
        raise DataError(
            f"{folder.parent} holds results of another configuration: {', '.join(different)} of {spec.name}; choose "
            "another --out, or repeat the command with the same settings."
        )
    return Outputs(**tensors, record=record)


def save_outputs(outputs: Outputs, spec: NetworkSpec, folder: Path) -> None:
    """Write both files of a network."""
    record_file, arrays_file = _files(spec, folder)
    content = BytesIO()
    np.savez_compressed(content, **{name: getattr(outputs, name).numpy() for name in _TENSORS})
    write_atomically(arrays_file, content.getvalue())
    # The record comes last: a network counts as finished when both are there.
    write_atomically(record_file, json.dumps(outputs.record, indent=1, ensure_ascii=False).encode())


def equal_training(spec: NetworkSpec, folder: Path, precision: str, network: BackboneSpec) -> Trained | None:
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
    return Trained(backbone, anchors, history)


def save_for_equal_trainings(trained: Trained, spec: NetworkSpec, folder: Path, precision: str) -> None:
    """Keep weights, centres and history where another network of the benchmark would be trained equally."""
    if spec.shared_weights is None:
        return
    file = folder / f"{spec.shared_weights}-{precision}.safetensors"
    if file.is_file():
        return
    state = {k: v.detach().cpu().contiguous().clone() for k, v in trained.backbone.state_dict().items()}
    write_atomically(file.with_suffix(".json"), json.dumps(trained.history).encode())
    write_atomically(file, safetensors.torch.save({**state, "anchors": trained.anchors}))


def _files(spec: NetworkSpec, folder: Path) -> tuple[Path, Path]:
    return folder / f"{spec.name}.json", folder / f"{spec.name}.npz"
