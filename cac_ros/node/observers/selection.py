# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which observers the parameters switch on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rclpy.lifecycle import LifecycleNode

from cac_core.support.names import several_lines
from cac_ros.node.messages import vision_messages
from cac_ros.node.observers.debug_image import DebugImage
from cac_ros.node.observers.harvest import Harvest
from cac_ros.node.observers.observer import Observer
from cac_ros.node.observers.smoothed_decision import SmoothedDecision
from cac_ros.node.observers.vision_output import VisionOutput
from cac_ros.parameters import NodeSettings


def make_observers(
    node: LifecycleNode,
    settings: Callable[[], NodeSettings],
    name: str,
    outputs: str,
    on_crash: Callable[[Exception], None],
) -> Iterator[Observer]:
    """Make the observers of one camera of a node that is being configured, one by one.

    Args:
        node: they publish with it.
        settings: gives the values of the parameters now in force.
        name: of the camera, also of its folder; empty if it is the only one.
        outputs: in front of the names of their topics.
        on_crash: gets an exception that escaped in the thread of an observer.
    """
    start = settings()
    yield DebugImage(node, lambda: settings().debug_image_rate, on_crash, outputs)
    if start.decision_frames:
        yield SmoothedDecision(node, start.decision_frames, start.decision_votes, outputs)
    if (messages := vision_messages()) is not None:
        yield VisionOutput(node, messages, outputs)
    if start.harvest_folder:
        folder = Path(start.harvest_folder).expanduser() / name
        quota = 1e6 * start.harvest_quota / max(1, len(start.cameras))
        yield Harvest(
            folder, start.harvest_period, quota, lambda sentence: _warn(node, sentence), margin=start.harvest_margin
        )


def _warn(node: LifecycleNode, sentence: str) -> None:
    node.get_logger().warning(several_lines(sentence))
