# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy on photos and digits: CAC beside the strongest baselines."""
