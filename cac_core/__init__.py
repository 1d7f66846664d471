# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open-set recognition with Class Anchor Clustering (Miller et al., WACV 2021).

The library behind the ROS 2 package ``cac_ros``. It knows nothing of ROS: importing it never imports rclpy.

- :class:`cac_core.Predictor` turns images (:class:`cac_core.Frame`) into decisions; it needs no PyTorch for that.
- :mod:`cac_core.bundle` is the one file a trained model lives in.
- :mod:`cac_core.equations` is the paper in code: distances, losses, rejection scores, the decision.
- ``python -m cac_core.train`` and ``python -m cac_core.evaluate`` are the command lines.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cac_core.predictor import Predictor
    from cac_core.preprocessing import Frame

__version__ = "0.2.0"

__all__ = ["Frame", "Predictor", "__version__"]

_PLACES = {"Frame": "cac_core.preprocessing", "Predictor": "cac_core.predictor"}


def __getattr__(name: str) -> Any:
    """Import the two names of a consumer when they are first used, because a command line needs neither."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
