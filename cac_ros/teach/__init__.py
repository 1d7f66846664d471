# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Teach it on the spot: label what was unknown, teach it to the model, and give the model to the robot.

The core has no browser and no ROS in it: frames (``harvested.py``), groups that look alike (``features.py``,
``grouping.py``), moves (``moves.py``), teaching in a process of its own (``lessons.py``, ``lesson.py``), models
(``history.py``). ``robot.py`` is the running node, ``camera.py`` a USB camera, ``web/`` the page.
"""
