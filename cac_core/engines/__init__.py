# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines: uint8 frames of any size in, rejection scores out. One file per engine."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle
from cac_core.errors import EngineError
from cac_core.preprocessing import Frame

ENGINES = ("auto", "torch")


class Engine(Protocol):
    """What every engine can do."""

    name: str
    device: str
    notes: tuple[str, ...]
    """Sentences worth logging once, such as a fallback that was taken."""

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ ``(B, N)`` of a batch of frames; NaN where the network returned no finite number."""
        ...


def make_engine(bundle: ModelBundle, name: str = "auto", device: str = "auto") -> Engine:
    """Make the engine of that name; ``auto`` takes the fastest one that is present for the device.

    Raises:
        EngineError: for a name that does not exist.
        DeviceError: for a device that is not there.
    """
    if name in ("auto", "torch"):
        from cac_core.engines.torch_engine import TorchEngine

        return TorchEngine(bundle, device)
    raise EngineError(f"there is no engine named {name!r}: use one of {', '.join(ENGINES)}")
