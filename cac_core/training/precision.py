# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which arithmetic pays off on this machine."""

import re
from pathlib import Path
from typing import Literal

import torch

LightningPrecision = Literal["32-true", "bf16-mixed", "16-mixed"]
_CPUINFO = Path("/proc/cpuinfo")


def cpu_multiplies_bf16(cpuinfo: str | None = None) -> bool:
    """Whether this CPU has bf16 instructions (x86: AVX512-BF16 or AMX; Arm: bf16).

    torch also computes bf16 on CPUs without them, by conversion, which is slower than float32; so torch is not asked.

    Args:
        cpuinfo: the text of /proc/cpuinfo; read when not given. Without that file the answer is no.
    """
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text(errors="replace") if _CPUINFO.is_file() else ""
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    return flags is not None and not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags.group(1).split())


def choose_precision(wanted: str, device: torch.device) -> LightningPrecision:
    """Lightning's name for the precision wanted (``auto``, ``float32``, ``bf16``, ``fp16``) on this device."""
    if wanted == "float32":
        return "32-true"
    if wanted == "fp16":
        return "16-mixed"
    if wanted == "bf16":
        return "bf16-mixed"
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if cpu_multiplies_bf16() else "32-true"
