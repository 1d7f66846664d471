# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the tests drive the node with: the node as its own process, and a robot's side of the topics and services.

Every wait is for an event and has a limit; nothing sleeps for a fixed time.
"""

import array
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from cac_msgs.msg import ClassList, OpenSetClassification
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from cac_ros.replay import node_process

ROOT = Path(__file__).parents[2]
TIMEOUT = 30.0
RED, GREEN, BLUE, GREY, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (0, 0, 0)


def picture(colour: Sequence[int], width: int = 64, height: int = 48, encoding: str = "rgb8") -> Image:
    """An image of one colour."""
    pixels = np.full((height, width, 3), colour if encoding == "rgb8" else colour[::-1], np.uint8)
    message = Image(encoding=encoding, width=width, height=height, step=width * 3)
    message.data = array.array("B", pixels.tobytes())
    message.header.frame_id = "camera"
    return message


class NodeProcess(node_process.NodeProcess):
    """The real node in a process of its own; its output goes to a file."""

    def __init__(
        self,
        folder: Path,
        domain: int,
        model: Path | str | None = None,
        *,
        arguments: Sequence[str] = (),
        command: Sequence[str] = node_process.CLASSIFIER,
        environment: dict[str, str] | None = None,
        **parameters: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if model is not None:
            parameters["model_path"] = str(model)
        own = {"ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(folder)}
        super().__init__(
            folder,
            command=command,
            parameters=parameters,
            ros_arguments=arguments,
            environment={**own, **(environment or {})},
        )

    def says(self, text: str) -> None:
        """Wait until it has printed this; an answer may arrive before the line that was logged after it."""
        wait_until(lambda: text in self.output, f"the node to print {text!r}")

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Wait for the end; returns the exit status."""
        return super().wait(timeout)

    def interrupt(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end; returns the exit status."""
        self.send(with_signal)
        return self.wait()


@contextmanager
def running(*args: Any, **options: Any) -> Iterator[NodeProcess]:
    """A node process that is killed at the end if it still runs; its output is shown if the test fails."""
    process = NodeProcess(*args, **options)
    try:
        yield process
    finally:
        process.stop(signal.SIGKILL)
        sys.stdout.write(process.output)


class Robot:
    """The robot's side: publishes images, hears what the node publishes, calls its services.

    Args:
        domain: ROS domain.
        namespace: of the node under test.
        reliability: of the image publisher; None = do not publish images yet.
    """

    def __init__(
        self,
        domain: int,
        namespace: str = "",
        reliability: ReliabilityPolicy | None = ReliabilityPolicy.RELIABLE,
        image_type: type = Image,
        image_topic: str = "image",
    ) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("robot", context=self._context, namespace=namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.answers: list[OpenSetClassification] = []
        self.class_lists: list[ClassList] = []
        self.reports: list[DiagnosticStatus] = []
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        hear = self.node.create_subscription
        self._answers = hear(OpenSetClassification, "cac_classifier/classification", self.answers.append, 100)
        self._class_lists = hear(ClassList, "cac_classifier/classes", self.class_lists.append, latched)
        self._reports = hear(DiagnosticArray, "/diagnostics", self._on_report, 100)
        self._prefix = f"{namespace.strip('/')}/cac_classifier".lstrip("/")
        self._clients: dict[str, Any] = {}
        self._sent = 0
        self.images: Any = None
        if reliability is not None:
            self.advertise(reliability, image_type, image_topic)

    def advertise(self, reliability: ReliabilityPolicy, image_type: type = Image, topic: str = "image") -> None:
        """Make the image publisher."""
        self.images = self.node.create_publisher(image_type, topic, QoSProfile(depth=10, reliability=reliability))

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _on_report(self, message: DiagnosticArray) -> None:
        self.reports += [status for status in message.status if status.name.startswith(f"{self._prefix}:")]

    def wait(self, condition: Callable[[], Any], what: str, timeout: float = TIMEOUT) -> Any:
        """Handle what arrives until ``condition`` gives something true, and return that."""
        end = time.monotonic() + timeout
        while not (result := condition()):
            left = end - time.monotonic()
            assert left > 0, f"waited {timeout:g} s in vain for {what}"
            self._executor.spin_once(timeout_sec=min(left, 0.1))
        return result

    def wait_connected(self) -> None:
        """Wait until the node reads our images and we hear its answers, reports and classes."""
        self.wait(lambda: self.images.get_subscription_count(), "the node to read our images")
        for name in ("classification", "classes"):
            topic = f"cac_classifier/{name}"
            self.wait(partial(self.node.count_publishers, topic), f"a publisher on {topic}")
        self.wait(lambda: self.class_lists, "the class list")

    def send(self, message: Image | CompressedImage) -> tuple[int, int]:
        """Publish an image with a new stamp; returns the stamp."""
        self._sent += 1
        message.header.stamp.sec, message.header.stamp.nanosec = 1000 + self._sent, self._sent
        self.images.publish(message)
        return 1000 + self._sent, self._sent

    def ask(self, message: Image | CompressedImage, timeout: float = TIMEOUT) -> OpenSetClassification:
        """Publish an image and wait for the answer with its stamp."""
        stamp = self.send(message)
        return self.wait(lambda: self.answer_to(stamp), f"the answer to the image of {stamp}", timeout)

    def answer_to(self, stamp: tuple[int, int]) -> OpenSetClassification | None:
        """The answer with this stamp, if it has come."""
        return next((a for a in self.answers if (a.header.stamp.sec, a.header.stamp.nanosec) == stamp), None)

    def wait_report(
        self, condition: Callable[[DiagnosticStatus], Any], what: str, timeout: float = TIMEOUT
    ) -> DiagnosticStatus:
        """Wait for a report on /diagnostics that was sent after this call and fulfils a condition."""
        self.reports.clear()
        return self.wait(lambda: next((r for r in self.reports if condition(r)), None), f"a report: {what}", timeout)

    def call(self, service_type: Any, name: str, request: Any = None, timeout: float = TIMEOUT) -> Any:
        """Call a service of the node (``name`` without the node's name) and wait for the response."""
        return self.wait_for_response(self.call_async(service_type, name, request), name, timeout)

    def call_async(self, service_type: Any, name: str, request: Any = None) -> Any:
        """Call a service of the node; returns the future."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(service_type, f"cac_classifier/{name}")
        self.wait(client.service_is_ready, f"the service {name}")
        return client.call_async(request or service_type.Request())

    def wait_for_response(self, future: Any, name: str, timeout: float = TIMEOUT) -> Any:
        """Wait for a response."""
        self.wait(future.done, f"the response of {name}", timeout)
        return future.result()

    def set_parameters(self, **values: Any) -> list[Any]:
        """Set parameters of the node one by one; returns a result for each."""
        request = SetParameters.Request(parameters=_messages(values))
        return list(self.call(SetParameters, "set_parameters", request).results)

    def set_parameters_atomically(self, **values: Any) -> Any:
        """Set all of these parameters of the node or none; returns the result."""
        request = SetParametersAtomically.Request(parameters=_messages(values))
        return self.call(SetParametersAtomically, "set_parameters_atomically", request).result

    def parameter_names(self) -> list[str]:
        """Names of all parameters of the node."""
        return list(self.call(ListParameters, "list_parameters").result.names)

    def parameter_values(self, names: Sequence[str]) -> list[Any]:
        """Values of parameters."""
        return list(self.call(GetParameters, "get_parameters", GetParameters.Request(names=names)).values)

    def parameter_descriptors(self, names: Sequence[str]) -> list[Any]:
        """Descriptors of parameters."""
        request = DescribeParameters.Request(names=names)
        return list(self.call(DescribeParameters, "describe_parameters", request).descriptors)

    def transition(self, name: str) -> bool:
        """Ask for a lifecycle transition by name; returns its success."""
        request = ChangeState.Request(transition=Transition(id=getattr(Transition, f"TRANSITION_{name.upper()}")))
        return bool(self.call(ChangeState, "change_state", request).success)

    def state(self) -> str:
        """The lifecycle state."""
        return str(self.call(GetState, "get_state").current_state.label)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = TIMEOUT) -> None:
    """Wait for something that happens outside of ROS."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"waited {timeout:g} s in vain for {what}"
        time.sleep(0.01)


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    """Keys and values of a report."""
    return {item.key: item.value for item in status.values}


def sums_up(status: DiagnosticStatus) -> bool:
    """Whether every received frame of a report is accounted for."""
    values = values_of(status)
    counts = {key: int(values[key]) for key in ("received", "classified", "replaced", "failed")}
    return counts["received"] == counts["classified"] + counts["replaced"] + counts["failed"]


def _messages(values: Mapping[str, Any]) -> list[Any]:
    return [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]


@contextmanager
def connected(domain: int) -> Iterator[Robot]:
    """A robot that is connected with the node under test; it leaves the ROS graph at the end."""
    robot = Robot(domain)
    try:
        robot.wait_connected()
        yield robot
    finally:
        robot.close()
