# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation of many recordings at once: `python -m cac_ros.fleet`."""
