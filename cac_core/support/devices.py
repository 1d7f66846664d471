# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which torch device to use."""

import re

import torch

from cac_core.support.errors import DeviceError


def resolve_device(device: str) -> tuple[torch.device, tuple[str, ...]]:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` into a device that is there.

    Returns:
        The device, and sentences worth logging (``auto`` falls back to the CPU and says so).

    Raises:
        DeviceError: when a CUDA device asked for by name is missing, or the name means nothing.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0"), ()
        return torch.device("cpu"), ("no CUDA device found: running on the CPU",)
    if device == "cpu":
        return torch.device("cpu"), ()
    if not re.fullmatch(r"cuda(:\d+)?", device):
        raise DeviceError(f"there is no device named {device!r}: use auto, cpu or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(device.partition(":")[2] or 0)
    if index >= count:
        found = f"{count} CUDA device(s) found" if count else "no CUDA device found"
        raise DeviceError(f"device {device} is not there ({found}): use device auto or cpu, or check nvidia-smi")
    return torch.device("cuda", index), ()
