# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which device to use and which arithmetic it has. PyTorch is asked where it is installed, and not needed."""

import ctypes
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cac_core.support.errors import DeviceError

if TYPE_CHECKING:
    import torch

INSTALL_TRAIN = "run pip install '.[train]' in the folder of cac_ros"
"""What a sentence tells a robot's installation that is asked for what needs PyTorch."""

_OF_TRAINING = {"kornia", "pytorch_lightning", "scipy", "sklearn", "tensorboard", "timm", "torch", "torchvision"}

ON_CPU = "no CUDA device found: running on the CPU"
"""The note of device ``auto``: a fact and no fault, on a machine that never had a GPU."""

_CPUINFO = Path("/proc/cpuinfo")


def choose_device(device: str) -> tuple[str, tuple[str, ...]]:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` into a device that is there: ``cpu`` or ``cuda:N``.

    Returns:
        The device, and sentences worth logging (``auto`` falls back to the CPU and says so).

    Raises:
        DeviceError: when a CUDA device asked for by name is missing, or the name means nothing.
    """
    if device == "cpu":
        return "cpu", ()
    if device != "auto" and not re.fullmatch(r"cuda(:\d+)?", device):
        raise DeviceError(f"there is no device named {device!r}: use auto, cpu or cuda:N")
    count = _cuda_devices()
    if device == "auto":
        return ("cuda:0", ()) if count else ("cpu", (ON_CPU,))
    index = int(device.partition(":")[2] or 0)
    if index >= count:
        if not is_installed("torch"):
            raise DeviceError(
                f"device {device} needs PyTorch, which is not installed: {INSTALL_TRAIN}, or use device auto or cpu"
            )
        found = f"{count} CUDA device(s) found" if count else "no CUDA device found"
        raise DeviceError(f"device {device} is not there ({found}): use device auto or cpu, or check nvidia-smi")
    return f"cuda:{index}", ()


def resolve_device(device: str) -> "tuple[torch.device, tuple[str, ...]]":
    """:func:`choose_device` for code that computes with PyTorch: the device as PyTorch's own."""
    import torch

    name, notes = choose_device(device)
    return torch.device(name), notes


def is_installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # hidden on purpose, as openvino_quietly does with a package
        return False


def only_for_training(error: ModuleNotFoundError) -> str:
    """A sentence for a package that a robot's installation lacks on purpose; empty for any other."""
    package = (error.name or "").partition(".")[0]
    return f"this needs {package}, which is not installed: {INSTALL_TRAIN}" if package in _OF_TRAINING else ""


def cpu_multiplies_bf16(cpuinfo: str | None = None) -> bool:
    """Whether this CPU has bf16 instructions (x86: AVX512-BF16 or AMX; Arm: bf16).

    torch also computes bf16 on CPUs without them, by conversion, which is slower than float32; so torch is not asked.

    Args:
        cpuinfo: the text of /proc/cpuinfo; read when not given. Without that file the answer is no.
    """
    return _has_one_of({"avx512_bf16", "amx_bf16", "bf16"}, cpuinfo)


def cpu_multiplies_int8(cpuinfo: str | None = None) -> bool:
    """Whether this CPU adds up products of int8 in one instruction (x86: VNNI or AMX). Arm was never measured: no.

    Args:
        cpuinfo: as of :func:`cpu_multiplies_bf16`.
    """
    return _has_one_of({"avx512_vnni", "avx_vnni", "amx_int8"}, cpuinfo)


def _has_one_of(wanted: set[str], cpuinfo: str | None) -> bool:
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text(errors="replace") if _CPUINFO.is_file() else ""
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    return flags is not None and not wanted.isdisjoint(flags.group(1).split())


def _cuda_devices() -> int:
    if not (is_installed("torch") and _has_gpu_driver()):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _has_gpu_driver() -> bool:
    """Whether PyTorch need be asked at all: it takes seconds to load, and most robots have no GPU that it could use."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Path("/dev/kfd").exists()  # AMD's, which PyTorch calls CUDA too
    return True
