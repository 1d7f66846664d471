# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a bundle holds, as a document and arrays, and the checksum over both."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.backbones.spec import BackboneSpec
from cac_core.preprocessing import Preprocessing
from cac_core.thresholds import Thresholds

FORMAT_VERSION = 2
"""The newest format. Format 2 holds the network also as a graph, which needs no PyTorch; format 1 does not."""

Arrays = Mapping[str, NDArray[Any]]
WEIGHTS = "backbone."
"""In front of the names of the backbone's weights."""


@dataclass(frozen=True)
class ModelBundle:
    """A trained, calibrated open-set classifier.

    Attributes:
        class_names: the N known classes in index order.
        backbone: how to build the network.
        preprocessing: how images become its input.
        state: the backbone's weights by their names in PyTorch.
        centres: calibrated centres ``(N, D)`` float32.
        centre_counts: ``(N,)`` int64, training images behind each centre; 0 = the anchor was kept.
        thresholds: the validation quantile grids and the chosen share of known to keep.
        anchor_magnitude: α of training.
        anchor_weight: λ of training.
        training: JSON-ready summary of how it was trained.
        name: for people; part of the model id.
        parent: model id of the bundle this one was made from, if any.
        graph: the network as an ONNX file from uint8 pixels ``(B, S, S, C)`` to logits ``(B, D)``; empty in format 1.
        check_logits: ``(2, D)`` float32, PyTorch's logits of :func:`check_pixels`; empty in format 1. Every engine
            compares its own with them when it starts.
        checksum: hex SHA-256; filled in by saving and loading.
    """

    class_names: tuple[str, ...]
    backbone: BackboneSpec
    preprocessing: Preprocessing
    state: dict[str, NDArray[Any]]
    centres: NDArray[np.float32]
    centre_counts: NDArray[np.int64]
    thresholds: Thresholds
    anchor_magnitude: float = 10.0
    anchor_weight: float = 0.1
    training: dict[str, Any] = field(default_factory=dict)
    name: str = "model"
    parent: str | None = None
    graph: bytes = b""
    check_logits: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    checksum: str = ""

    @property
    def model_id(self) -> str:
        """Name and first 12 digits of the checksum: tells two trainings of one name apart."""
        return f"{self.name}@{(self.checksum or checksum_of(document_of(self), arrays_of(self)))[:12]}"


def document_of(bundle: ModelBundle) -> dict[str, Any]:
    """Everything but the arrays, ready for JSON."""
    return {
        "format_version": FORMAT_VERSION if bundle.graph else 1,
        "name": bundle.name,
        "parent": bundle.parent,
        "class_names": list(bundle.class_names),
        "backbone": bundle.backbone.to_dict(),
        "preprocessing": bundle.preprocessing.to_dict(),
        "anchor_magnitude": bundle.anchor_magnitude,
        "anchor_weight": bundle.anchor_weight,
        "known_kept": bundle.thresholds.known_kept,
        "training": bundle.training,
    }


def arrays_of(bundle: ModelBundle) -> dict[str, NDArray[Any]]:
    """Every array by its name in the file: copies, each in C order."""
    own = {
        "centres": np.asarray(bundle.centres, dtype=np.float32),
        "centre_counts": np.asarray(bundle.centre_counts, dtype=np.int64),
        "quantiles": np.asarray(bundle.thresholds.quantiles, dtype=np.float32),
        "class_quantiles": np.asarray(bundle.thresholds.class_quantiles, dtype=np.float32),
        "validation_images": np.asarray(bundle.thresholds.validation_images, dtype=np.int64),
    }
    if bundle.graph:
        own["graph"] = np.frombuffer(bundle.graph, dtype=np.uint8)
        own["check_logits"] = np.asarray(bundle.check_logits, dtype=np.float32)
    weights = {WEIGHTS + name: value for name, value in bundle.state.items()}
    # Copies: safetensors writes the memory behind an array, which must be in C order, and the bundle keeps its own.
    return {name: np.array(value, order="C") for name, value in {**own, **weights}.items()}


def bundle_of(document: Mapping[str, Any], arrays: Arrays, checksum: str) -> ModelBundle:
    """Inverse of :func:`document_of` and :func:`arrays_of`.

    Raises:
        CacError, KeyError, TypeError, ValueError: something is missing or has another type.
    """
    if not isinstance(document["training"], dict):
        raise TypeError("the training summary is no table")
    return ModelBundle(
        class_names=tuple(_list(document, "class_names")),
        backbone=BackboneSpec.from_dict(document["backbone"]),
        preprocessing=Preprocessing.from_dict(document["preprocessing"]),
        state={k.removeprefix(WEIGHTS): v for k, v in arrays.items() if k.startswith(WEIGHTS)},
        centres=arrays["centres"],
        centre_counts=arrays["centre_counts"],
        thresholds=Thresholds(
            quantiles=arrays["quantiles"],
            class_quantiles=arrays["class_quantiles"],
            known_kept=_number(document, "known_kept"),
            validation_images=arrays["validation_images"],
        ),
        anchor_magnitude=_number(document, "anchor_magnitude"),
        anchor_weight=_number(document, "anchor_weight"),
        training=document["training"],
        name=document["name"],
        parent=document["parent"],
        graph=arrays["graph"].tobytes() if "graph" in arrays else b"",
        check_logits=arrays["check_logits"] if "graph" in arrays else np.empty((0, 0), dtype=np.float32),
        checksum=checksum,
    )


def check_pixels(preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Two images ``(2, S, S, C)`` that look like noise and are the same everywhere, for comparing engines."""
    shape = (2, preprocessing.image_size, preprocessing.image_size, preprocessing.channels)
    numbers = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(2_654_435_761)  # Knuth's hash, modulo 2³²
    return (numbers >> np.uint32(24)).astype(np.uint8).reshape(shape)


def checksum_of(document: Mapping[str, Any], arrays: Arrays) -> str:
    """SHA-256 of a bundle's content. The types are called as PyTorch does: ids of models must never change."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=True).encode())
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(f"{name} torch.{value.dtype.name} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _number(document: Mapping[str, Any], name: str) -> float:
    value = document[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is no number")
    return float(value)
