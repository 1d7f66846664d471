# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why no images arrive, in a sentence that holds the line that fixes it.

Pure functions on what the ROS graph says; tests call them with made-up publishers and, over real DDS, with real ones.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from rclpy.qos import DurabilityPolicy, QoSCompatibility, QoSProfile, ReliabilityPolicy, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo

from cac_core.support.names import listed
from cac_ros.middleware import middleware_of
from cac_ros.node.image_qos import COMPRESSED_TYPE, RAW_TYPE

ANSWER_TYPE = "cac_msgs/msg/OpenSetClassification"
"""Who publishes it is a node like this one."""

_NAMELESS = "_NODE_NAME_UNKNOWN_"
_NO_PICTURES = ("depth", "disparity", "infra", "mask", "confidence")
"""Topics of these names carry images, but seldom what a camera sees."""


def explain_silence(
    *,
    topic: str,
    name: str = "image",
    message_type: str,
    qos: QoSProfile,
    publishers: Sequence[TopicEndpointInfo],
    topics: Mapping[str, Sequence[str]],
    read: Collection[str] = (),
    silent_for: float,
    lost: int,
    environment: Mapping[str, str],
    rmw: str,
) -> str:
    """Why no image arrives, and what to do.

    Args:
        topic: full name of the topic that is read.
        name: what has to be remapped to read another topic.
        message_type: the type it is read as.
        qos: of the subscription.
        publishers: those on the topic.
        topics: all topics with published or subscribed types.
        read: full names of the topics that this node reads.
        silent_for: time without an image [s].
        lost: images that DDS reported as lost.
        environment: of this process.
        rmw: name of the middleware.
    """
    if not publishers:
        return _no_publisher(topic, name, message_type, topics, read, environment, rmw)
    fitting = [p for p in publishers if p.topic_type == message_type]
    if not fitting:
        return _other_type(topic, name, message_type, publishers)
    problems = [problem for p in fitting if (problem := _incompatible(p, qos))]
    if len(problems) == len(fitting):
        return f"No image can arrive on {topic}: {' '.join(problems)}"
    return _lost_in_transport(topic, fitting, silent_for, lost, environment, rmw)


def image_topics(topics: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The topics that carry images, with their type."""
    return {
        name: kind for name, kinds in sorted(topics.items()) for kind in kinds if kind in (RAW_TYPE, COMPRESSED_TYPE)
    }


def by_likeness(topic: str, others: Iterable[str]) -> list[str]:
    """Topics in the order in which they may be meant by a topic that is not there: the likest first, depth last."""

    def unlike(other: str) -> tuple[bool, float, str]:
        aside = any(word in other and word not in topic for word in _NO_PICTURES)
        like = SequenceMatcher(None, topic.removesuffix("/compressed"), other.removesuffix("/compressed")).ratio()
        return aside, -like, other

    return sorted(others, key=unlike)


def without_our_own(
    topics: Mapping[str, Sequence[str]], publishers: Callable[[str], Sequence[TopicEndpointInfo]]
) -> dict[str, Sequence[str]]:
    """The topics without the pictures that classifiers like this one publish: reading those helps nobody.

    Args:
        topics: with their types.
        publishers: gives those of a topic.
    """
    ours = {
        _name(publisher)
        for topic, kinds in topics.items()
        if ANSWER_TYPE in kinds
        for publisher in publishers(topic)
        if publisher.node_name != _NAMELESS
    }
    return {
        topic: kinds
        for topic, kinds in topics.items()
        if not (ours and image_topics({topic: kinds}))
        or not (who := {_name(publisher) for publisher in publishers(topic)})
        or not who <= ours
    }


def _no_publisher(
    topic: str,
    name: str,
    message_type: str,
    topics: Mapping[str, Sequence[str]],
    read: Collection[str],
    environment: Mapping[str, str],
    rmw: str,
) -> str:
    found = image_topics(topics)
    others = {other: found[other] for other in by_likeness(topic, found) if other != topic}
    start = f"No node publishes {topic}"
    if not others:
        middleware = middleware_of(rmw)
        return (
            f"{start}, and no other image topic is visible: start the camera, and check that it uses the same "
            f"{', '.join(middleware.same_for_both(environment))} and that {middleware.reach(environment)}."
        )
    free = {other: kind for other, kind in others.items() if other not in read}
    if not free:
        return f"{start}, and all other image topics are read already: start this camera, or correct its name."
    transport, own = _in_other_transport(topic, message_type)
    if own in free and free[own] != message_type:
        return f"{start}, but {own} is there. Start the node with {_options(name, transport)}."
    names = listed([other + ("" if kind == RAW_TYPE else " (compressed)") for other, kind in free.items()])
    same = [other for other, kind in free.items() if kind == message_type]
    theirs = same[0] if same else next(iter(free))
    options = _options(name, "" if same else transport, (name, theirs.removesuffix("/compressed")))
    return f"{start}; image topics here: {names}. Start the node with {options}."


def _in_other_transport(topic: str, message_type: str) -> tuple[str, str]:
    """The transport that is not read, and the topic on which the same camera would publish it (image_transport)."""
    if message_type == RAW_TYPE:
        return "compressed", f"{topic}/compressed"
    return "raw", topic.removesuffix("/compressed")


def _other_type(topic: str, name: str, message_type: str, publishers: Sequence[TopicEndpointInfo]) -> str:
    theirs = publishers[0].topic_type
    if (message_type, theirs) == (RAW_TYPE, COMPRESSED_TYPE):
        base = topic.removesuffix("/compressed")
        remap = (name, base) if base != topic else (f"{topic}/compressed", topic)
        fix = f"start the node with {_options(name, 'compressed', remap)}"
    elif (message_type, theirs) == (COMPRESSED_TYPE, RAW_TYPE):
        fix = f"start the node with {_options(name, 'raw', (name, topic))}"
    else:
        fix = f"remap {name} to an image topic with {_options(name, '', (name, 'TOPIC'))}"
    return f"{_name(publishers[0])} publishes {topic} as {theirs}, but this node reads {message_type}: {fix}."


def _options(name: str, transport: str, remap: tuple[str, str] | None = None) -> str:
    """The options that read another transport and topic, and the same for classifier.launch.py where that has them.

    What helps one of several cameras must not break others: they share the parameter image_transport.
    """
    node, launched = [], []
    if transport:
        launched.append(f"image_transport:={transport if name == 'image' else 'auto'}")
        node.append(f"-p {launched[0]}")
    if remap and remap[0] != remap[1]:
        launched.append(":=".join(remap))
        node.append(f"-r {launched[-1]}")
    by_launch = remap is None or remap[0] == "image" or remap[0] == remap[1]
    return " ".join(node) + (f" (with the launch file: {' '.join(launched)})" if by_launch else "")


def _incompatible(publisher: TopicEndpointInfo, qos: QoSProfile) -> str:
    offered = publisher.qos_profile
    if offered.reliability == ReliabilityPolicy.BEST_EFFORT and qos.reliability == ReliabilityPolicy.RELIABLE:
        return (
            f"publisher {_name(publisher)} offers reliability best_effort and this node asks for reliable; "
            "start the node with -p reliability:=auto, or make the publisher reliable."
        )
    if offered.durability == DurabilityPolicy.VOLATILE and qos.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        return (
            f"publisher {_name(publisher)} offers durability volatile and this node asks for transient_local; "
            "make the publisher transient_local."
        )
    compatibility, reason = qos_check_compatible(offered, qos)
    if compatibility == QoSCompatibility.ERROR:
        return f"publisher {_name(publisher)} offers an incompatible quality of service ({reason.strip()})."
    return ""


def explain_loss(
    *,
    topic: str,
    lost: int,
    received: int,
    publishers: Sequence[TopicEndpointInfo],
    environment: Mapping[str, str],
    rmw: str,
) -> str:
    """That images are lost on the way, and what to do; empty when few are (less than a tenth, or less than three).

    Args:
        topic: full name of the topic that is read.
        lost: images that DDS reported as lost lately.
        received: images that arrived in the same time.
        publishers: those on the topic.
        environment: of this process.
        rmw: name of the middleware.
    """
    if lost < 3 or lost < 0.1 * (lost + received):
        return ""
    start = f"{lost} of the last {lost + received} images on {topic} were lost on the way."
    return f"{start} {_transport_hint(publishers, environment, rmw)}".rstrip()


def _lost_in_transport(
    topic: str,
    publishers: Sequence[TopicEndpointInfo],
    silent_for: float,
    lost: int,
    environment: Mapping[str, str],
    rmw: str,
) -> str:
    names = ", ".join(sorted({_name(p) for p in publishers}))
    cause = f"{lost} images were lost on the way" if lost else "it sends nothing, or its images are lost on the way"
    start = f"{names} is connected to {topic}, but no image has arrived for {silent_for:.0f} s: {cause}"
    hint = _transport_hint(publishers, environment, rmw)
    return f"{start}. {hint}" if hint else f"{start}; see with `ros2 topic hz {topic}` whether it sends."


def _transport_hint(publishers: Sequence[TopicEndpointInfo], environment: Mapping[str, str], rmw: str) -> str:
    middleware = middleware_of(rmw)
    best_effort = any(p.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for p in publishers)
    fixes = middleware.loss_fixes(environment, best_effort)
    if not fixes:
        return ""
    hint = middleware.loss_cause() + ", or ".join(fixes)
    return f"{hint[0].upper()}{hint[1:]}."


def _name(publisher: TopicEndpointInfo) -> str:
    if publisher.node_name == _NAMELESS:  # what rmw says of other DDS programs, and before it knows better
        return "(a node without a known name)"
    return f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
