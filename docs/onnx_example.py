# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify a picture with an exported model and nothing of cac_ros.

python3 docs/onnx_example.py shop.onnx photo.jpg
"""

import json
import sys

import cv2
import numpy as np
import onnxruntime


def square(bgr: np.ndarray, preprocessing: dict[str, object]) -> np.ndarray:
    """A picture as the network wants it, when the model was trained with cac_core/training/recipes/photos.yaml."""
    assert (preprocessing["fit"], preprocessing["interpolation"], preprocessing["channels"]) == ("crop", "mipmap", 3)
    size, side = preprocessing["image_size"], min(bgr.shape[:2])
    top, left = (bgr.shape[0] - side) // 2, (bgr.shape[1] - side) // 2
    pixels = bgr[top : top + side, left : left + side]
    while len(pixels) >= 2 * size:
        half = len(pixels) // 2
        pixels = cv2.resize(pixels[: 2 * half, : 2 * half], (half, half), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)


session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
names, threshold, preprocessing = (json.loads(about[key]) for key in ("class_names", "threshold", "preprocessing"))
pixels = square(cv2.imread(sys.argv[2]), preprocessing)
gamma = session.run(None, {"pixels": pixels[np.newaxis]})[0][0]
known = np.isfinite(gamma).all() and gamma.min() <= threshold
answer = names[gamma.argmin()] if known else "unknown"
print(f"{answer} score {gamma.min():.6g}, threshold {threshold:.6g}")  # noqa: T201
