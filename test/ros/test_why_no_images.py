# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sentence for each reason why no image arrives, and the reliability that is asked for."""

from typing import Any

import pytest
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from cac_ros.node.image_qos import COMPRESSED_TYPE, RAW_TYPE, image_qos, wanted_reliability, wanted_transport
from cac_ros.node.why_no_images import ANSWER_TYPE, by_likeness, explain_loss, explain_silence, without_our_own

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


def publisher(
    name: str = "camera", kind: str = RAW_TYPE, reliability: ReliabilityPolicy = RELIABLE, **qos: Any
) -> TopicEndpointInfo:
    profile = QoSProfile(depth=1, reliability=reliability, **qos)
    return TopicEndpointInfo(node_name=name, node_namespace="/front", topic_type=kind, qos_profile=profile)


def remapped(topic: str, transport: str = "") -> str:
    """The options that read another topic, as the sentences name them."""
    remap = f"image:={topic}"
    if not transport:
        return f"-r {remap} (with the launch file: {remap})"
    setting = f"image_transport:={transport}"
    return f"-p {setting} -r {remap} (with the launch file: {setting} {remap})"


def explain(*publishers: TopicEndpointInfo, **changes: object) -> str:
    values: dict[str, Any] = {
        "topic": "/image",
        "message_type": RAW_TYPE,
        "qos": image_qos(RELIABLE),
        "publishers": publishers,
        "topics": {"/rosout": ["rcl_interfaces/msg/Log"]},
        "silent_for": 6.4,
        "lost": 0,
        "environment": {},
        "rmw": "rmw_fastrtps_cpp",
    }
    return explain_silence(**{**values, **changes})


@pytest.mark.parametrize(
    ("setting", "offers", "current", "wanted"),
    [
        ("reliable", [BEST_EFFORT], None, RELIABLE),
        ("best_effort", [RELIABLE], None, BEST_EFFORT),
        ("auto", [], None, RELIABLE),
        ("auto", [RELIABLE], None, RELIABLE),
        ("auto", [BEST_EFFORT], None, BEST_EFFORT),
        ("auto", [RELIABLE, BEST_EFFORT], RELIABLE, BEST_EFFORT),
        ("auto", [BEST_EFFORT], RELIABLE, BEST_EFFORT),
        # It works already, and subscribing again would lose frames.
        ("auto", [RELIABLE], BEST_EFFORT, BEST_EFFORT),
        ("auto", [], BEST_EFFORT, RELIABLE),
    ],
)
def test_the_wanted_reliability(
    setting: str, offers: list[ReliabilityPolicy], current: ReliabilityPolicy | None, wanted: ReliabilityPolicy
) -> None:
    assert wanted_reliability(setting, [publisher(reliability=offer) for offer in offers], current) == wanted


def test_nobody_publishes_any_image() -> None:
    assert explain(environment={"ROS_DOMAIN_ID": "42"}) == (
        "No node publishes /image, and no other image topic is visible: start the camera, and check that it uses the "
        "same ROS_DOMAIN_ID (42 here), the same FASTDDS_BUILTIN_TRANSPORTS (not set here) and that "
        "ROS_AUTOMATIC_DISCOVERY_RANGE lets the two see each other."
    )
    assert "TRANSPORTS (LARGE_DATA here)" in explain(environment={"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"})
    message = explain(rmw="rmw_cyclonedds_cpp", environment={"CYCLONEDDS_URI": "file:///etc/cyclone.xml"})
    assert message.endswith(
        "uses the same RMW_IMPLEMENTATION (rmw_cyclonedds_cpp here), ROS_DOMAIN_ID (0 here), the same CYCLONEDDS_URI "
        "(set here) and that ROS_AUTOMATIC_DISCOVERY_RANGE lets the two see each other: by multicast, or by peers in "
        "CYCLONEDDS_URI."
    )
    message = explain(rmw="rmw_zenoh_cpp")
    assert message.endswith("that the router of Zenoh runs on this computer: ros2 run rmw_zenoh_cpp rmw_zenohd.")
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in message, "Zenoh does not read it"
    assert "ROS_DOMAIN_ID (0 here)" in explain()


def test_other_image_topics_are_listed_with_the_remapping() -> None:
    topics = {"/b/image_raw": [RAW_TYPE], "/a/image/compressed": [COMPRESSED_TYPE], "/rosout": ["other"]}
    start = "No node publishes /image; image topics here: /a/image/compressed (compressed), /b/image_raw. "
    assert explain(topics=topics) == f"{start}Start the node with {remapped('/b/image_raw')}."
    compressed = explain(topics=topics, message_type=COMPRESSED_TYPE)
    assert compressed == f"{start}Start the node with {remapped('/a/image')}."


def test_only_the_other_transport_is_there() -> None:
    message = explain(topics={"/a/image/compressed": [COMPRESSED_TYPE]})
    assert message.endswith(f"Start the node with {remapped('/a/image', 'compressed')}.")
    message = explain(topics={"/a/image": [RAW_TYPE]}, message_type=COMPRESSED_TYPE)
    assert message.endswith(f"Start the node with {remapped('/a/image', 'raw')}.")


@pytest.mark.parametrize(
    ("topic", "message_type", "other", "kind", "transport"),
    [
        ("/cc/image_raw", RAW_TYPE, "/cc/image_raw/compressed", COMPRESSED_TYPE, "compressed"),
        ("/cc/image_raw/compressed", COMPRESSED_TYPE, "/cc/image_raw", RAW_TYPE, "raw"),
    ],
)
def test_the_own_topic_in_another_transport_comes_before_other_cameras(
    topic: str, message_type: str, other: str, kind: str, transport: str
) -> None:
    topics = {"/cc/image_rav": [RAW_TYPE], "/cc/image_rav/compressed": [COMPRESSED_TYPE], other: [kind]}
    assert explain(topic=topic, message_type=message_type, topics=topics) == (
        f"No node publishes {topic}, but {other} is there. Start the node with -p image_transport:={transport} "
        f"(with the launch file: image_transport:={transport})."
    )


@pytest.mark.parametrize(
    ("topic", "mine", "theirs", "fix"),
    [
        ("/image", RAW_TYPE, COMPRESSED_TYPE, "-p image_transport:=compressed -r /image/compressed:=/image."),
        ("/a/compressed", RAW_TYPE, COMPRESSED_TYPE, f"start the node with {remapped('/a', 'compressed')}."),
        ("/a", COMPRESSED_TYPE, RAW_TYPE, f"start the node with {remapped('/a', 'raw')}."),
        ("/a", RAW_TYPE, "std_msgs/msg/String", f"remap image to an image topic with {remapped('TOPIC')}."),
    ],
)
def test_another_type_on_the_topic(topic: str, mine: str, theirs: str, fix: str) -> None:
    message = explain(publisher(kind=theirs), topic=topic, message_type=mine)
    assert message.startswith(f"/front/camera publishes {topic} as {theirs}, but this node reads {mine}: ")
    assert message.endswith(fix)


def test_reliability_that_cannot_match_names_publisher_and_fix() -> None:
    assert explain(publisher(reliability=BEST_EFFORT)) == (
        "No image can arrive on /image: publisher /front/camera offers reliability best_effort and this node asks for "
        "reliable; start the node with -p reliability:=auto, or make the publisher reliable."
    )


def test_durability_that_cannot_match_names_publisher_and_fix() -> None:
    qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    assert explain(publisher(), qos=qos) == (
        "No image can arrive on /image: publisher /front/camera offers durability volatile and this node asks for "
        "transient_local; make the publisher transient_local."
    )


def test_any_other_mismatch_is_told_as_the_middleware_says_it() -> None:
    qos = QoSProfile(depth=1, deadline=Duration(seconds=1))
    message = explain(publisher(deadline=Duration(seconds=9)), qos=qos)
    assert "publisher /front/camera offers an incompatible quality of service (" in message
    assert "deadline" in message.lower()


def test_one_publisher_that_fits_is_enough() -> None:
    assert "is connected" in explain(publisher(reliability=BEST_EFFORT), publisher("other"))


def test_a_connected_publisher_gets_the_hint_for_its_middleware() -> None:
    start = "/front/camera is connected to /image, but no image has arrived for 6 s: "
    silent = f"{start}it sends nothing, or its images are lost on the way"
    shared = (
        "Images over 0.5 MB do not fit the shared memory of Fast DDS: set FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA for "
    )
    assert explain(publisher()) == f"{silent}. {shared}this node and for the publisher (here it is not set)."
    message = explain(publisher(), environment={"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"}, lost=7)
    assert message == f"{start}7 images were lost on the way. {shared}the publisher, too (here it is set)."
    message = explain(publisher(), environment={"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"})
    assert message.endswith(
        "unset ROS_AUTOMATIC_DISCOVERY_RANGE (LOCALHOST makes Fast DDS ignore its transport setting) "
        "and set FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA for both nodes."
    )
    message = explain(publisher(reliability=BEST_EFFORT), qos=image_qos(BEST_EFFORT))
    repeat = "make the publisher reliable: best effort does not resend lost images."
    assert message.endswith(f"(here it is not set), or {repeat}")
    message = explain(publisher(), rmw="rmw_cyclonedds_cpp")
    assert message.startswith(
        f"{silent}. Large images need a large receive buffer of the kernel: enlarge it with `sudo"
    )
    assert "or make the publisher reliable" not in message
    message = explain(publisher(), rmw="rmw_zenoh_cpp")
    assert message.startswith(f"{silent}. Zenoh drops images that its connection cannot carry: let the camera send")
    message = explain(publisher(), rmw="rmw_of_tomorrow_cpp")
    assert message == f"{silent}; see with `ros2 topic hz /image` whether it sends."


@pytest.mark.parametrize(("lost", "received", "told"), [(2, 0, False), (3, 0, True), (9, 91, False), (10, 90, True)])
def test_losses_are_told_when_they_matter(lost: int, received: int, told: bool) -> None:
    camera = publisher(reliability=BEST_EFFORT)
    message = explain_loss(
        topic="/image", lost=lost, received=received, publishers=[camera], environment={}, rmw="rmw_of_tomorrow_cpp"
    )
    expected = (
        f"{lost} of the last {lost + received} images on /image were lost on the way. "
        "Make the publisher reliable: best effort does not resend lost images."
    )
    assert message == (expected if told else "")


def test_a_publisher_whose_name_is_not_known_is_not_given_a_strange_one() -> None:
    nameless = publisher("_NODE_NAME_UNKNOWN_", reliability=BEST_EFFORT)
    assert explain(nameless).startswith(
        "No image can arrive on /image: publisher (a node without a known name) offers reliability best_effort"
    )


@pytest.mark.parametrize(
    ("setting", "raw", "compressed", "current", "wanted"),
    [
        ("raw", 0, 1, "raw", "raw"),
        ("compressed", 1, 0, "compressed", "compressed"),
        ("auto", 0, 0, "raw", "raw"),
        ("auto", 0, 1, "raw", "compressed"),
        ("auto", 1, 1, "raw", "raw"),
        ("auto", 1, 1, "compressed", "raw"),
        ("auto", 0, 0, "compressed", "compressed"),
    ],
)
def test_auto_reads_raw_images_if_there_are_any(
    setting: str, raw: int, compressed: int, current: str, wanted: str
) -> None:
    assert wanted_transport(setting, raw=raw, compressed=compressed, current=current) == wanted


def test_one_of_several_cameras_is_told_apart_from_the_others() -> None:
    topics = {"/front": [RAW_TYPE], "/usb": [RAW_TYPE], "/rear": [RAW_TYPE]}
    several = {"topic": "/rear", "name": "rear", "topics": topics}
    read = {"/front", "/usb", "/rear"}
    assert explain(**several, read=read) == (
        "No node publishes /rear, and all other image topics are read already: start this camera, or correct its name."
    )
    assert explain(**several, read=read - {"/usb"}) == (
        "No node publishes /rear; image topics here: /usb. Start the node with -r rear:=/usb."
    )
    # What helps this camera must not break the others.
    other = publisher(kind=COMPRESSED_TYPE)
    assert explain(other, **several).endswith("-p image_transport:=auto -r /rear/compressed:=/rear.")
    compressed = {**several, "topics": {"/rear/compressed": [COMPRESSED_TYPE]}}
    assert "Start the node with -p image_transport:=auto (" in explain(**{**compressed, "name": "/rear"})


@pytest.mark.parametrize(
    ("topic", "others", "first"),
    [
        ("/image", ["/a/points_image", "/image_raw", "/z"], "/image_raw"),
        ("/front/image_raw", ["/back/image_raw", "/front_camera/image_raw"], "/front_camera/image_raw"),
        ("/camera/image_raw", ["/camera/color/image_raw", "/kamera/image_raw", "/x"], "/kamera/image_raw"),
        ("/camera/image_raw", ["/camera/depth/image_raw", "/webcam/picture"], "/webcam/picture"),
        ("/camera/depth/image", ["/camera/depth/image_raw", "/webcam/picture"], "/camera/depth/image_raw"),
        ("/usb/image/compressed", ["/a", "/usb_cam/image/compressed", "/usb"], "/usb_cam/image/compressed"),
        ("/image", ["/infra1/image", "/disparity/image", "/color/image_rect"], "/color/image_rect"),
    ],
)
def test_the_likest_topic_comes_first(topic: str, others: list[str], first: str) -> None:
    assert by_likeness(topic, others)[0] == first
    assert sorted(by_likeness(topic, others)) == sorted(others)


def test_of_many_topics_ten_are_listed() -> None:
    message = explain(topics={f"/camera_{i}/image": [RAW_TYPE] for i in range(30)})
    assert "and 20 more. Start the node with -r image:=/camera_" in message


def node_publisher(name: str) -> TopicEndpointInfo:
    return TopicEndpointInfo(node_name=name, node_namespace="/", topic_type="", qos_profile=QoSProfile(depth=1))


@pytest.mark.parametrize(
    ("topic", "kind", "nodes", "kept"),
    [
        ("/other/debug_image", RAW_TYPE, ["other"], False),
        ("/other/debug_image/compressed", COMPRESSED_TYPE, ["other"], False),
        ("/renamed", RAW_TYPE, ["other"], False),
        ("/shared", RAW_TYPE, ["other", "camera"], True),
        ("/camera/image", RAW_TYPE, ["camera"], True),
        ("/unknown", RAW_TYPE, ["_NODE_NAME_UNKNOWN_"], True),
        ("/nobody", RAW_TYPE, [], True),
        ("/other/classes", "cac_msgs/msg/ClassList", ["other"], True),
    ],
)
def test_pictures_of_a_node_like_this_are_not_advised(topic: str, kind: str, nodes: list[str], kept: bool) -> None:
    who = {"/other/classification": ["other"], topic: nodes}
    topics = {"/other/classification": [ANSWER_TYPE], topic: [kind]}
    found = without_our_own(topics, lambda name: [node_publisher(node) for node in who[name]])
    assert (topic in found) == kept
    assert ("/renamed" in explain(topics=found)) is False
