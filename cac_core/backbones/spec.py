# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a backbone is: all that is needed to build it again. No PyTorch in this file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cac_core.support.errors import CacError


class BackboneError(CacError):
    """A backbone cannot be built: unknown name, wrong options, missing weights."""


@dataclass(frozen=True)
class BackboneSpec:
    """All that is needed to build a backbone again.

    Attributes:
        name: ``paper``, a torchvision classifier (``resnet18``), or a timm one (``timm/tf_efficientnet_lite0``).
        num_classes: N, the number of logits.
        image_size: side of the square input, in pixels; 32 or 64 for ``paper``.
        channels: 1 (grey) or 3 (RGB).
        options: further keyword arguments of that network.
    """

    name: str
    num_classes: int
    image_size: int
    channels: int = 3
    options: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return {
            "name": self.name,
            "num_classes": self.num_classes,
            "image_size": self.image_size,
            "channels": self.channels,
            "options": dict(self.options),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BackboneSpec":
        """Inverse of :meth:`to_dict`."""
        return cls(**values)
