# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The running node has the topics and services that docs/node.md lists, and no others."""

import re
from pathlib import Path

import pytest

from cac_ros.node.messages import vision_messages
from test.repo.sources import documented_topics
from test.ros.driver import Robot, running

NODE = "/cac_classifier"
# What every lifecycle node of ROS has.
OF_ROS = {"/rosout", "/parameter_events", "/clock", f"{NODE}/transition_event"}
SERVICES = {"cac_msgs/SetThreshold", "cac_msgs/LoadModel", "std_srvs/SetBool"}
TYPES_OF_ROS = ("rcl_interfaces/", "lifecycle_msgs/", "type_description_interfaces/")


def short(kinds: list[str]) -> set[str]:
    return {re.sub(r"/(msg|srv)/", "/", kind) for kind in kinds}


def of_each_camera(documented: dict[str, set[str]], topics: list[str]) -> dict[str, set[str]]:
    """What the table of docs/node.md becomes with image_topics, according to the paragraph below it."""
    once = {f"{NODE}/{name}" for name in ("classes", "label_info", "vision_info")} | {"/diagnostics"}
    found = (once & documented.keys()) | {n for n, kinds in documented.items() if kinds & SERVICES}
    expected = {name: documented[name] for name in found}
    for topic in topics:
        for name, kinds in documented.items():
            if name.startswith(f"{NODE}/") and name not in found:
                expected[f"{NODE}{topic}/{name.removeprefix(f'{NODE}/')}"] = kinds
            elif name.startswith("/image"):
                expected[topic + name.removeprefix("/image")] = kinds
            elif name not in found:
                expected[topic + name] = kinds
    return expected


@pytest.mark.parametrize("topics", [[], ["/front/image_raw", "/rear"]], ids=["one camera", "several"])
def test_topics_and_services_are_those_of_the_documentation(
    model: Path, ros_domain: int, tmp_path: Path, topics: list[str]
) -> None:
    robot = Robot(ros_domain, reliability=None)
    options = {"classify_regions": True, "decision_frames": 3, "harvest_folder": str(tmp_path / "unknown")}
    if topics:
        options["image_topics"] = topics

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

    elsewhere = {"/image/compressed": {"sensor_msgs/CompressedImage"}}  # with image_transport:=compressed
    if vision_messages() is None:
        elsewhere["/detections"] = {"vision_msgs/Detection2DArray"}
        elsewhere |= {
            f"{NODE}/vision_classification": {"vision_msgs/Classification"},
            f"{NODE}/label_info": {"vision_msgs/LabelInfo"},
            f"{NODE}/vision_info": {"vision_msgs/VisionInfo"},
            f"{NODE}/detections": {"vision_msgs/Detection2DArray"},
        }
    expected = documented_topics(NODE)
    assert elsewhere.items() <= expected.items()
    if topics:
        kept = of_each_camera({name: kinds for name, kinds in expected.items() if name not in elsewhere}, topics)
        expected = of_each_camera(expected, topics)
        elsewhere = {name: kinds for name, kinds in expected.items() if name not in kept}
        assert {f"{NODE}/front/image_raw/classification", "/rear", "/rear/regions"} <= kept.keys()
    try:
        with running(tmp_path, ros_domain, model, **options):
            robot.wait(lambda: robot.class_lists, "the class list")
            robot.wait(lambda: expected.keys() - elsewhere.keys() <= found().keys(), "everything in docs/node.md")
            assert found().keys() - expected.keys() == set(), "docs/node.md does not mention these"
            assert {name: kinds for name, kinds in found().items() if expected[name] != kinds} == {}
    finally:
        robot.close()
