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

INTERPOLATION = {
    "mipmap": cv2.INTER_LINEAR,
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
}


def square(bgr: np.ndarray, preprocessing: dict[str, object]) -> np.ndarray:
    """A picture as the network wants it: uint8 ``(S, S, C)``, RGB or grey."""
    if preprocessing["fit"] == "pad":
        sys.exit("error: this example cannot pad a picture; cac_core/preprocessing.py shows how")
    size, pixels = preprocessing["image_size"], bgr
    if preprocessing["fit"] == "crop":
        side = min(bgr.shape[:2])
        top, left = (bgr.shape[0] - side) // 2, (bgr.shape[1] - side) // 2
        pixels = bgr[top : top + side, left : left + side]
    while preprocessing["interpolation"] == "mipmap" and min(pixels.shape[:2]) >= 2 * size:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels = cv2.resize(pixels[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    pixels = cv2.resize(pixels, (size, size), interpolation=INTERPOLATION[preprocessing["interpolation"]])
    if preprocessing["channels"] == 1:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[:, :, np.newaxis]
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
names, threshold, preprocessing = (json.loads(about[key]) for key in ("class_names", "threshold", "preprocessing"))
if (picture := cv2.imread(sys.argv[2])) is None:
    sys.exit(f"error: {sys.argv[2]} is no picture that OpenCV can read")
pixels = square(picture, preprocessing)
gamma = session.run(None, {"pixels": pixels[np.newaxis]})[0][0]
known = np.isfinite(gamma).all() and gamma.min() <= threshold
answer = names[gamma.argmin()] if known else "unknown"
print(f"{answer} score {gamma.min():.6g}, threshold {threshold:.6g}")  # noqa: T201
