# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of several cameras: ``/front/image_raw`` in ``image_topics`` answers on ``~/front/image_raw/classification``.

The name is the topic as it is listed, before namespaces and remapping: ``-r front:=/usb_cam_3/image_raw`` changes what
is read, and the answers keep their place. No ROS in this file.
"""

import re
from collections.abc import Callable, Sequence

_TOPIC = re.compile(r"(?:~?/)?[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*", re.ASCII)


def camera_name(topic: str) -> str:
    """The camera's name from its topic: without the leading ``/`` or ``~/``."""
    return topic.removeprefix("~").removeprefix("/")


def topics_problem(topics: Sequence[str], resolve: Callable[[str], str]) -> str:
    """Why these topics cannot be read side by side, as a sentence; empty if they can.

    Args:
        topics: as listed in the parameter image_topics.
        resolve: gives the full name of a topic, after namespace and remapping.
    """
    names: dict[str, str] = {}
    full_names: dict[str, str] = {}
    for topic in topics:
        if not _TOPIC.fullmatch(topic):
            return (
                f"image_topics: {topic!r} is not the name of a topic; write names such as /front/image_raw, made of "
                "letters, digits, _ and /."
            )
        name, full_name = camera_name(topic), resolve(topic)
        if full_name in full_names:
            other = full_names[full_name]
            both = f"{topic} twice" if other == topic else f"{other} and {topic}, which are both {full_name}"
            return f"image_topics lists {both}; list it once."
        if name in names:
            return (
                f"image_topics: {names[name]} and {topic} would both answer on ~/{name}/classification; list one of "
                f"them under a name of its own and remap that: -r OTHER_NAME:={full_name}"
            )
        names[name], full_names[full_name] = topic, topic
    return ""
