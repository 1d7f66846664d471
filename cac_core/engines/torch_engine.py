# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The reference engine: PyTorch, float32, on CPU or CUDA."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cac_core import functional
from cac_core.bundle import ModelBundle
from cac_core.engines.common import resized_batch
from cac_core.engines.devices import resolve_device
from cac_core.preprocessing import Frame, normalise


class TorchEngine:
    """Runs a bundle with torch; every other engine is checked against this one.

    Args:
        bundle: the model.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    name = "torch"

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        self._device, self.notes = resolve_device(device)
        self.device = str(self._device)
        self._preprocessing = bundle.preprocessing
        self._model = bundle.build_model().to(self._device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames of any sizes."""
        pixels = torch.from_numpy(resized_batch(frames, self._preprocessing)).to(self._device, non_blocking=True)
        gamma = functional.rejection_scores(self._model(normalise(pixels, self._preprocessing)))
        result: NDArray[np.float32] = gamma.cpu().numpy()
        return result
