# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation of a model on a recorded bag: `python -m cac_ros.replay`."""
