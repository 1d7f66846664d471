# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node with an engine that fails when the test wants it to.

With HANG_LOADING set, loading makes the file of that name and then hangs until RELEASE_FILE exists.
Loading a file named hang.cac hangs until RELEASE_FILE exists; a model named unannounced fails when it is announced.
While the file named by BUG_FILE exists, loading a model and reporting raise.
SLOW_ENGINE is how long each call of the engine takes longer [s].
A cyan picture makes the engine raise when it is not alone in its batch.
An orange picture makes the engine note that it got one.
A picture 13 pixels wide, or compressed with the format "hangs", makes the decoder hang until the file named by
RELEASE_FILE exists.
A magenta picture makes the engine raise, a yellow one makes it hang until the file named by RELEASE_FILE exists.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_ros import classifier_node, images
from cac_ros.node import decoder
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.classifier import ClassifierNode
from cac_ros.node.diagnostics import NodeStatus
from cac_ros.parameters.node_parameters import NodeSettings

real_to_frame = images.to_frame
real_load = ActiveModel.load
real_announce = ClassifierNode._announce
real_statuses = ClassifierNode._statuses
real_scores = Predictor.rejection_scores


def wait_for_release() -> None:
    while not Path(os.environ["RELEASE_FILE"]).exists():
        time.sleep(0.01)


def meet_bug() -> None:
    if Path(os.environ.get("BUG_FILE", "/nowhere")).exists():
        raise ZeroDivisionError("a bug")


def load(path: str, settings: NodeSettings) -> ActiveModel:
    meet_bug()
    if "HANG_LOADING" in os.environ:
        Path(os.environ["HANG_LOADING"]).touch()
        wait_for_release()
    if Path(path).name == "hang.cac":
        wait_for_release()
    return real_load(path, settings)


def announce(self: ClassifierNode, model: ActiveModel, what: str) -> None:
    if model.model_id.startswith("unannounced@"):
        raise ZeroDivisionError("a bug after the swap")
    real_announce(self, model, what)


def statuses(self: ClassifierNode) -> dict[str, NodeStatus]:
    meet_bug()
    return real_statuses(self)


def rejection_scores(self: Predictor, frames: Sequence[Frame]) -> NDArray[np.float32]:
    time.sleep(float(os.environ.get("SLOW_ENGINE", 0)))
    for frame in frames:
        red, green, blue = (int(value) for value in frame.pixels[0, 0])
        if (red, green, blue) == (255, 0, 255):
            raise ZeroDivisionError("the engine is broken")
        if (red, green, blue) == (255, 128, 0):
            self._engine.notes = (*self._engine.notes, "orange is slow")
        if (red, green, blue) == (0, 255, 255) and len(frames) > 1:
            raise ZeroDivisionError("the engine cannot compute batches")
        if (red, green, blue) == (255, 255, 0):
            wait_for_release()
    return real_scores(self, frames)


def to_frame(message: Any, smallest_side: int = 0, depth_range: tuple[float, ...] | None = None) -> Frame:
    if getattr(message, "width", 0) == 13 or getattr(message, "format", "") == "hangs":
        wait_for_release()
    return real_to_frame(message, smallest_side, depth_range)


if __name__ == "__main__":
    decoder.to_frame = to_frame  # type: ignore[attr-defined]
    Predictor.rejection_scores = rejection_scores  # type: ignore[method-assign]
    ActiveModel.load = load  # type: ignore[method-assign]
    ClassifierNode._announce = announce  # type: ignore[method-assign]
    ClassifierNode._statuses = statuses  # type: ignore[method-assign]
    sys.exit(classifier_node.main())
