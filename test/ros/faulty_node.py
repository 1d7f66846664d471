# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with an engine that fails when the test wants it to.

With HANG_LOADING set, loading makes the file of that name and then hangs until RELEASE_FILE exists.
A magenta picture makes the engine raise, a yellow one makes it hang until the file named by RELEASE_FILE exists.
"""

import os
import sys
import time
from pathlib import Path

from cac_core.predictor import Predictor
from cac_ros import classifier_node
from cac_ros.active_model import ActiveModel

real_load = ActiveModel.load
real_scores = Predictor.rejection_scores


def wait_for_release():
    while not Path(os.environ["RELEASE_FILE"]).exists():
        time.sleep(0.01)


def load(path, settings):
    Path(os.environ["HANG_LOADING"]).touch()
    wait_for_release()
    return real_load(path, settings)


def rejection_scores(self, frames):
    for frame in frames:
        red, green, blue = (int(value) for value in frame.pixels[0, 0])
        if (red, green, blue) == (255, 0, 255):
            raise ZeroDivisionError("the engine is broken")
        if (red, green, blue) == (255, 255, 0):
            wait_for_release()
    return real_scores(self, frames)


if __name__ == "__main__":
    Predictor.rejection_scores = rejection_scores
    if "HANG_LOADING" in os.environ:
        ActiveModel.load = load
    sys.exit(classifier_node.main())
