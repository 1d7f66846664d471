# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The running node has the topics and services that the README lists, and no others."""

import re
from pathlib import Path

from cac_ros.vision_output import vision_messages
from test.repo.sources import documented_topics
from test.ros.driver import Robot, running

NODE = "/cac_classifier"
# What every lifecycle node of ROS has.
OF_ROS = {"/rosout", "/parameter_events", "/clock", f"{NODE}/transition_event"}
TYPES_OF_ROS = ("rcl_interfaces/", "lifecycle_msgs/", "type_description_interfaces/")


def short(kinds: list[str]) -> set[str]:
    return {re.sub(r"/(msg|srv)/", "/", kind) for kind in kinds}


def test_topics_and_services_are_those_of_the_readme(model: Path, ros_domain: int, tmp_path: Path) -> None:
    robot = Robot(ros_domain)
    options = {"classify_regions": True, "decision_frames": 3, "harvest_folder": str(tmp_path / "unknown")}

    def found() -> dict[str, set[str]]:
        graph, name = robot.node, NODE.strip("/")
        if (name, "/") not in graph.get_node_names_and_namespaces():
            return {}
        listed = [
            *graph.get_publisher_names_and_types_by_node(name, "/"),
            *graph.get_subscriber_names_and_types_by_node(name, "/"),
            *graph.get_service_names_and_types_by_node(name, "/"),
        ]
        return {
            topic: short(kinds)
            for topic, kinds in listed
            if topic not in OF_ROS and not kinds[0].startswith(TYPES_OF_ROS)
        }

    expected = documented_topics(NODE)
    elsewhere = {"/image/compressed": {"sensor_msgs/CompressedImage"}}  # with image_transport:=compressed
    if vision_messages() is None:
        elsewhere["/detections"] = {"vision_msgs/Detection2DArray"}
        elsewhere[f"{NODE}/vision_classification"] = {"vision_msgs/Classification"}
    assert elsewhere.items() <= expected.items()
    try:
        with running(tmp_path, ros_domain, model, **options):
            robot.wait_connected()
            robot.wait(lambda: expected.keys() - elsewhere.keys() <= found().keys(), "everything in the README")
            assert found().keys() - expected.keys() == set(), "the README does not mention these"
            assert {name: kinds for name, kinds in found().items() if expected[name] != kinds} == {}
    finally:
        robot.close()
