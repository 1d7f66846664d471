# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""This process among those that torchrun started, and its device."""

import os
from dataclasses import dataclass

import torch

from cac_core.support.devices import resolve_device
from cac_core.support.errors import DeviceError
from cac_core.training.config import TrainConfig


@dataclass(frozen=True)
class Processes:
    """This process among those that torchrun started; one alone otherwise."""

    rank: int = 0
    world: int = 1
    local: int = 1
    nodes: int = 1

    @classmethod
    def from_environment(cls) -> "Processes":
        """Read what torchrun sets."""
        world, local = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
        return cls(int(os.environ.get("RANK", "0")), world, local, max(1, world // local))


def device_of(config: TrainConfig, processes: Processes) -> torch.device:
    """The device of this process.

    Raises:
        DeviceError: when there is none, or one is named for all processes.
    """
    if processes.world == 1:
        return resolve_device(config.device)[0]
    if ":" in config.device:
        raise DeviceError(
            f"under torchrun each process takes its own GPU: use device auto or cpu, not {config.device}."
        )
    return torch.device(resolve_device(config.device)[0].type, int(os.environ.get("LOCAL_RANK", "0")))
