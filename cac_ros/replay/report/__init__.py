# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The HTML report of a replay: one file, readable without a network."""

from cac_ros.replay.report.page import build_report

__all__ = ["build_report"]
