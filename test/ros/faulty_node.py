# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with an engine that fails when the test wants it to.

A magenta picture makes the engine raise, a yellow one makes it hang until the file named by RELEASE_FILE exists.
"""

import os
import sys
import time
from pathlib import Path

from cac_core.predictor import Predictor
from cac_ros import classifier_node

real_scores = Predictor.rejection_scores


def rejection_scores(self, frames):
    for frame in frames:
        red, green, blue = (int(value) for value in frame.pixels[0, 0])
        if (red, green, blue) == (255, 0, 255):
            raise ZeroDivisionError("the engine is broken")
        if (red, green, blue) == (255, 255, 0):
            while not Path(os.environ["RELEASE_FILE"]).exists():
                time.sleep(0.01)
    return real_scores(self, frames)


if __name__ == "__main__":
    Predictor.rejection_scores = rejection_scores
    sys.exit(classifier_node.main())
