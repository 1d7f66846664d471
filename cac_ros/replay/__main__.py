# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m cac_ros.replay`."""

from cac_core.support import console
from cac_ros.replay.run import main

console.run_command(main)
