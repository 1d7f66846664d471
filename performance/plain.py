# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What many perception nodes do with an image: everything in the callback, NumPy preprocessing, eager PyTorch."""

import cv2
import numpy as np
import torch
from cac_msgs.msg import OpenSetClassification
from sensor_msgs.msg import Image

from cac_core import equations
from cac_core.bundle import load_bundle
from cac_core.model import build_model


class Plain:
    """Classifies in the callback."""

    def __init__(self, path: str, device: str) -> None:
        bundle = load_bundle(path)
        self.preprocessing = bundle.preprocessing
        self.device = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
        self.model = build_model(bundle).to(self.device)
        self.mean = np.array(self.preprocessing.mean, dtype=np.float32)
        self.std = np.array(self.preprocessing.std, dtype=np.float32)

    def __call__(self, image: Image) -> OpenSetClassification:
        """Classify one image the way tutorials do."""
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        size = self.preprocessing.image_size
        resized = cv2.resize(rgb, (size, size))
        normalised = (resized.astype(np.float32) / 255.0 - self.mean) / self.std
        batch = torch.from_numpy(np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])).to(self.device)
        with torch.no_grad():
            gamma = equations.rejection_scores(self.model(batch))[0].cpu()
        answer = OpenSetClassification(header=image.header)
        answer.rejection_score = float(gamma.min())
        answer.rejection_scores = gamma.tolist()
        return answer
