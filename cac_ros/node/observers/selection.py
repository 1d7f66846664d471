# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which observers the parameters switch on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cac_ros.node.observers.debug_image import DebugImage
from cac_ros.node.observers.harvest import Harvest
from cac_ros.node.observers.observer import Observer
from cac_ros.node.observers.smoothed_decision import SmoothedDecision
from cac_ros.node.observers.vision_output import VisionOutput, vision_messages

if TYPE_CHECKING:
    from cac_ros.classifier_node import ClassifierNode


def observers(
    node: ClassifierNode, name: str, outputs: str, on_crash: Callable[[Exception], None]
) -> Iterator[Observer]:
    """Make the observers of one camera of a node that is being configured, one by one.

    Args:
        node: its settings decide; they publish with it.
        name: of the camera, also of its folder; empty if it is the only one.
        outputs: in front of the names of their topics.
        on_crash: gets an exception that escaped in the thread of an observer.
    """
    settings = node.settings
    yield DebugImage(node, lambda: node.settings.debug_image_rate, on_crash, outputs)
    if settings.decision_frames:
        yield SmoothedDecision(node, settings.decision_frames, settings.decision_votes, outputs)
    if (messages := vision_messages()) is not None:
        yield VisionOutput(node, messages, outputs)
    if settings.harvest_folder:
        folder = Path(settings.harvest_folder).expanduser() / name
        quota = 1e6 * settings.harvest_quota / max(1, len(settings.cameras))
        yield Harvest(folder, settings.harvest_period, quota, node.get_logger().warning)
