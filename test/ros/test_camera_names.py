# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each camera has a name that follows from its topic, and no two have the same."""

import pytest

from cac_ros.parameters.camera_names import camera_name, topics_problem

REMAPPED = {"/left": "/usb_cam_1", "/right": "/usb_cam_1"}


def resolve(topic: str) -> str:
    """As a node named eyes in the namespace /robot does."""
    full = f"/robot/eyes/{topic[2:]}" if topic.startswith("~/") else topic if topic[0] == "/" else f"/robot/{topic}"
    return REMAPPED.get(full, full)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("/front/image_raw", "front/image_raw"),
        ("front/image_raw", "front/image_raw"),
        ("~/front", "front"),
        ("camera", "camera"),
    ],
)
def test_the_name_is_the_topic_as_it_is_listed(topic: str, name: str) -> None:
    assert camera_name(topic) == name


def test_topics_that_can_be_read_side_by_side() -> None:
    assert topics_problem(["/front/image_raw", "rear/image_raw", "~/up", "/front", "classes", "_7"], resolve) == ""
    assert topics_problem([], resolve) == ""


@pytest.mark.parametrize(
    "topic", ["", "/", "front image", "/front/", "//front", "/1st", "front~", "~front", "/größe", "{node}/x", "a\n"]
)
def test_what_is_not_a_topic_is_refused(topic: str) -> None:
    problem = topics_problem(["/front", topic], resolve)
    assert problem.startswith(f"image_topics: {topic!r} is not the name of a topic; write names such as ")


@pytest.mark.parametrize(
    ("topics", "sentence"),
    [
        (["/a", "/b", "/a"], "image_topics lists /a twice; list it once."),
        (["a", "/robot/a"], "image_topics lists a and /robot/a, which are both /robot/a; list it once."),
        (["/left", "/right"], "image_topics lists /left and /right, which are both /usb_cam_1; list it once."),
        (
            ["/front", "front"],
            "image_topics: /front and front would both answer on ~/front/classification; list one of them under a name "
            "of its own and remap that: -r OTHER_NAME:=/robot/front",
        ),
    ],
)
def test_a_collision_is_refused_with_what_to_do(topics: list[str], sentence: str) -> None:
    assert topics_problem(topics, resolve) == sentence
