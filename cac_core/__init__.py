# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open-set recognition with Class Anchor Clustering (Miller et al., WACV 2021).

The library behind the ROS 2 package ``cac_ros``. It knows nothing of ROS: importing it never imports rclpy.

- :mod:`cac_core.equations` is the paper in code: distances, losses, rejection scores, the decision.
- :mod:`cac_core.bundle` is the one file a trained model lives in.
- :mod:`cac_core.predictor` turns camera images into decisions.
- ``python -m cac_core.train`` and ``python -m cac_core.evaluate`` are the command lines.
"""

__version__ = "0.1.0"
