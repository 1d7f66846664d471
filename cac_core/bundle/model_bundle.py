# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a bundle holds, as a document and arrays, and the checksum over both."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle.variants import FLOAT32, VARIANTS, Variant
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import BundleInvalidError, VariantMissingError
from cac_core.thresholds import Thresholds

FORMAT_VERSION = 3
"""The newest format. Format 1 holds weights, format 2 also the network as a graph, which needs no PyTorch, and format 3
also variants. A model is written in the oldest format that can hold it, so ids of models stay as they are."""

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
        variants: the same network in other arithmetics, in the order of :data:`cac_core.bundle.variants.VARIANTS`.
        precision: what graph, centres, thresholds and check_logits belong to. A file holds those of float32 here;
            :meth:`in_precision` puts those of a variant in their place.
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
    variants: tuple[Variant, ...] = ()
    precision: str = FLOAT32

    @property
    def model_id(self) -> str:
        """Name, first 12 digits of the checksum, and the precision if it is not float32: tells apart what decides."""
        checksum = self.checksum or checksum_of(document_of(self), arrays_of(self))
        return f"{self.name}@{checksum[:12]}{'' if self.precision == FLOAT32 else f'+{self.precision}'}"

    def in_precision(self, precision: str) -> "ModelBundle":
        """This model as one of its variants: everything that decides is the variant's own.

        Raises:
            VariantMissingError: the file has no such variant; the sentence lists what it has.
        """
        if precision == self.precision:
            return self
        found = next((each for each in self.variants if each.precision == precision), None)
        if found is None:
            present = [FLOAT32, *(each.precision for each in self.variants)]
            raise VariantMissingError(
                f"{self.model_id} has no variant {precision}, only {', '.join(present)}: write it with python -m "
                f"cac_core.export MODEL --precision {precision}, or use precision auto"
            )
        return replace(
            self,
            graph=found.graph or self.graph,
            centres=found.centres,
            centre_counts=found.centre_counts,
            thresholds=found.thresholds,
            check_logits=found.check_logits,
            checksum=self.checksum or checksum_of(document_of(self), arrays_of(self)),
            precision=precision,
        )

    def with_variant(self, variant: Variant) -> "ModelBundle":
        """This model with one more variant, or another one in the place of the same precision."""
        others = [each for each in self.variants if each.precision != variant.precision]
        return replace(self, variants=_in_order([*others, variant]), checksum="")


def document_of(bundle: ModelBundle) -> dict[str, Any]:
    """Everything but the arrays, ready for JSON.

    Raises:
        BundleInvalidError: the bundle is one of its variants, which has taken the place of float32.
    """
    if bundle.precision != FLOAT32:
        raise BundleInvalidError(f"{bundle.name} stands for its variant {bundle.precision} and cannot be written")
    variants = {each.precision: each.document() for each in bundle.variants}
    return {
        "format_version": 3 if variants else 2 if bundle.graph else 1,
        "name": bundle.name,
        "parent": bundle.parent,
        "class_names": list(bundle.class_names),
        "backbone": bundle.backbone.to_dict(),
        "preprocessing": bundle.preprocessing.to_dict(),
        "anchor_magnitude": bundle.anchor_magnitude,
        "anchor_weight": bundle.anchor_weight,
        "known_kept": bundle.thresholds.known_kept,
        "training": bundle.training,
        **({"variants": variants} if variants else {}),
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
    for variant in bundle.variants:
        own |= variant.arrays()
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
        variants=_in_order(Variant.of(name, entry, arrays) for name, entry in document.get("variants", {}).items()),
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
        digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()


def _in_order(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    return tuple(sorted(variants, key=lambda each: VARIANTS.index(each.precision)))


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
