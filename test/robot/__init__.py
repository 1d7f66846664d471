# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a robot without PyTorch does, in processes that cannot import it. No file here imports PyTorch.

Continuous integration also runs this folder in an environment made from requirements/robot.txt.
"""
