# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stamps of messages as numbers."""

from __future__ import annotations

from typing import Protocol


class Stamp(Protocol):
    """builtin_interfaces/Time, of ROS or of rosbags."""

    sec: int
    nanosec: int


def stamp_ns(stamp: Stamp) -> int:
    """A stamp in nanoseconds."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)
