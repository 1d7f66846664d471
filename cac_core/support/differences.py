# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where two configurations differ."""

from typing import Any


def differences(a: Any, b: Any, name: str = "") -> list[str]:
    """Dotted names of the fields in which two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(a.keys() | b.keys())
        return [d for k in keys for d in differences(a.get(k), b.get(k), f"{name}.{k}" if name else k)]
    return [] if a == b else [name]
