# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a model sees in a picture: features of the layer before the logits, and rejection scores. Needs no PyTorch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.data.decode import read_image
from cac_core.engines.common import resized_batch, scores_of_logits
from cac_core.engines.openvino_quietly import import_openvino, openvino_core
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.reports.thumbnail import small_jpeg
from cac_core.support.errors import EngineError
from cac_ros.images import bgr_pixels

THUMBNAIL = 32
"""Side of the small picture by which near-duplicates are found [pixels]."""

SHOWN = 240
"""Longest side of the picture that the page shows [pixels]."""


class Look(NamedTuple):
    """One picture as the model sees it, and small copies of it.

    Attributes:
        features: ``(D,)`` float32, of length 1.
        scores: γ ``(N,)`` float32.
        thumbnail: uint8 ``(32, 32, 3)``.
        shown: a small JPEG.
    """

    features: NDArray[np.float32]
    scores: NDArray[np.float32]
    thumbnail: NDArray[np.uint8]
    shown: bytes


class FeatureReader:
    """A model that looks at pictures one by one, on one thread: the robot's node needs the others.

    Args:
        bundle: the model. Without a graph (format 1) the rejection scores stand in for the features.

    Raises:
        EngineError: it cannot be computed here.
    """

    def __init__(self, bundle: ModelBundle) -> None:
        self._preprocessing = bundle.preprocessing
        self._compute = _with_features(bundle) if bundle.graph else _scores_only(bundle)

    def look(self, path: Path) -> Look:
        """Look at a picture file.

        Raises:
            OSError: it cannot be read; the message says why.
        """
        frame = read_image(path)
        features, scores = self._compute(frame)
        length = float(np.linalg.norm(features))
        picture = bgr_pixels(frame.pixels, frame.order)
        thumbnail = cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
        unit = features / length if length > 0 and np.isfinite(length) else np.zeros_like(features)
        return Look(unit, scores, np.asarray(thumbnail, np.uint8), shown_jpeg(picture))


def shown_jpeg(picture: NDArray[np.uint8], longest: int = SHOWN) -> bytes:
    """A BGR picture as a JPEG no side of which is longer than this."""
    return small_jpeg(picture, longest, quality=85)


Compute = Callable[[Frame], tuple[NDArray[np.float32], NDArray[np.float32]]]


def _with_features(bundle: ModelBundle) -> Compute:
    openvino: Any = import_openvino()
    graph = openvino_core().read_model(bundle.graph)
    products = [each for each in graph.get_ordered_ops() if each.get_type_name() == "MatMul"]
    before = products[-1].input_value(0) if products else graph.output(0)
    both = openvino.Model([before, graph.output(0)], graph.get_parameters(), "features")
    p = bundle.preprocessing
    both.reshape([1, p.image_size, p.image_size, p.channels])
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        request = openvino_core().compile_model(both, "CPU", settings).create_infer_request()
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot compute {bundle.name}: {error}") from error

    def compute(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        outputs = request.infer({0: resized_batch([frame], p)})
        features, logits = (np.array(outputs[index], np.float32) for index in (0, 1))
        return features.reshape(-1), scores_of_logits(logits, bundle.centres)[0]

    return compute


def _scores_only(bundle: ModelBundle) -> Compute:
    predictor = Predictor(bundle, device="cpu", threads=1)

    def compute(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores = predictor.rejection_scores([frame])[0]
        return scores, scores

    return compute
