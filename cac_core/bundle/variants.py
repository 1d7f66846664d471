# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Variants of a model (bundle format 3): its network in another arithmetic, with centres and thresholds of its own.

int8, bf16 and fp16 give other logits than float32. Centres and thresholds that were computed from float32 logits do not
belong to them. A variant brings those that were computed with its own arithmetic.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.thresholds import Thresholds

FLOAT32 = "float32"
"""The arithmetic of the bundle itself."""
VARIANTS = ("int8", "bf16", "fp16")
"""What a variant can compute in, the fastest first."""
VARIANT_ENGINES = ("openvino", "torch")
"""What can compute a variant: OpenVINO on the CPU, PyTorch on CUDA."""
CLOSE = 0.005
"""AUROC and accuracy of a variant that ``precision: auto`` takes are at most this much below those of float32."""

ARRAYS = {
    "centres": "F32",
    "centre_counts": "I64",
    "quantiles": "F32",
    "class_quantiles": "F32",
    "validation_images": "I64",
    "check_logits": "F32",
}
"""What a variant stores, as ``int8.centres`` and so on; types in safetensors' words. int8 has a graph (``U8``), too."""


@dataclass(frozen=True)
class Variant:
    """Another arithmetic of a network.

    Attributes:
        precision: one of :data:`VARIANTS`.
        engine: one of :data:`VARIANT_ENGINES`, which computed all of this. Only it may answer with the variant, because
            another one rounds otherwise.
        centres: ``(N, D)`` float32, of its own logits.
        centre_counts: ``(N,)`` int64, training images behind each centre.
        thresholds: of its own logits.
        check_logits: ``(2, D)`` float32, its own logits of :func:`cac_core.bundle.model_bundle.check_pixels`.
        graph: an ONNX file like the bundle's; empty where the bundle's own graph or weights are computed otherwise.
        figures: JSON-ready: what it does on validation images, beside float32.
    """

    precision: str
    engine: str
    centres: NDArray[np.float32]
    centre_counts: NDArray[np.int64]
    thresholds: Thresholds
    check_logits: NDArray[np.float32]
    graph: bytes = b""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_close(self) -> bool:
        """Whether AUROC and accuracy were measured and are as good as those of float32, up to :data:`CLOSE`."""
        own, exact = self.figures.get("variant"), self.figures.get(FLOAT32)
        if not (isinstance(own, dict) and isinstance(exact, dict)):
            return False
        names = ("auroc", "accuracy")
        if not all(_is_number(figures.get(name)) for figures in (own, exact) for name in names):
            return False
        return all(bool(own[name] >= exact[name] - CLOSE) for name in names)

    def document(self) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON."""
        return {
            "engine": self.engine,
            "known_kept": self.thresholds.known_kept,
            "graph": bool(self.graph),
            "figures": self.figures,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by their names in the file."""
        own: dict[str, NDArray[Any]] = {
            "centres": np.asarray(self.centres, dtype=np.float32),
            "centre_counts": np.asarray(self.centre_counts, dtype=np.int64),
            "quantiles": np.asarray(self.thresholds.quantiles, dtype=np.float32),
            "class_quantiles": np.asarray(self.thresholds.class_quantiles, dtype=np.float32),
            "validation_images": np.asarray(self.thresholds.validation_images, dtype=np.int64),
            "check_logits": np.asarray(self.check_logits, dtype=np.float32),
        }
        if self.graph:
            own["graph"] = np.frombuffer(self.graph, dtype=np.uint8)
        return {f"{self.precision}.{name}": value for name, value in own.items()}

    @classmethod
    def of(cls, precision: str, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "Variant":
        """Inverse of :meth:`document` and :meth:`arrays`.

        Raises:
            KeyError, TypeError: something is missing or has another type.
        """
        known_kept, figures = document["known_kept"], document["figures"]
        if not (_is_number(known_kept) and isinstance(figures, dict) and isinstance(document["graph"], bool)):
            raise TypeError(f"the description of variant {precision} has a value of a wrong type")
        own = {name: arrays[f"{precision}.{name}"] for name in ARRAYS}
        return cls(
            precision=precision,
            engine=document["engine"],
            centres=own["centres"],
            centre_counts=own["centre_counts"],
            thresholds=Thresholds(
                own["quantiles"], own["class_quantiles"], float(known_kept), own["validation_images"]
            ),
            check_logits=own["check_logits"],
            graph=arrays[f"{precision}.graph"].tobytes() if document["graph"] else b"",
            figures=figures,
        )

    def problems(self) -> Iterator[str]:
        """What is wrong with its description, as parts of sentences; centres and thresholds are looked at elsewhere."""
        if self.engine not in VARIANT_ENGINES:
            yield f"variant {self.precision} names an engine that does not exist"
        if self.precision == "int8" and not (self.graph and self.engine == "openvino"):
            yield "variant int8 has no graph for OpenVINO"
        if self.precision != "int8" and self.graph:
            yield f"variant {self.precision} has a graph of its own, which only int8 has"


def array_types(document: Mapping[str, Any]) -> dict[str, str]:
    """Types of the arrays that the variants of a document need; ValueError where it names a variant that is none."""
    variants = document.get("variants")
    if not isinstance(variants, dict) or not variants or not set(variants) <= set(VARIANTS):
        raise ValueError("the list of variants cannot be read")
    types = {f"{precision}.{name}": kind for precision in variants for name, kind in ARRAYS.items()}
    with_graph = [p for p, entry in variants.items() if isinstance(entry, dict) and entry.get("graph") is True]
    return types | {f"{precision}.graph": "U8" for precision in with_graph}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
