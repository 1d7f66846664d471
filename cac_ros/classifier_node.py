# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node that answers every camera frame with a known class or "unknown". Wiring only.

``python -m cac_ros.classifier_node --ros-args -p model_path:=model.cac -r image:=/camera/image_raw``

One executor thread receives, serves and reports; one worker thread reads, classifies and publishes.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import traceback
from dataclasses import replace
from typing import Any

import numpy as np
import rclpy
from cac_msgs.msg import ClassList
from cac_msgs.srv import LoadModel, SetThreshold
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import SetBool

from cac_core.support.allocator import keep_freed_memory
from cac_core.support.errors import CacError
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.background import Background
from cac_ros.node.cameras import Cameras
from cac_ros.node.diagnostics import NodeStatus, status_message
from cac_ros.node.log_throttle import LogThrottle
from cac_ros.node.messages import class_list_message, float32_array, threshold_changes
from cac_ros.node.newest_frame_worker import Counts
from cac_ros.node.recent_frames import Timings
from cac_ros.node.service_manager import say_ready, say_stopping
from cac_ros.node.spinning import spin
from cac_ros.node.transitions import Transitions
from cac_ros.parameters import NodeSettings, change_problem, effect_problem
from cac_ros.parameters.declaration import declare
from cac_ros.parameters.rejections import ExplainedRejections, own_values

_LOG_PERIOD = 10.0  # [s]; the same problem is logged no more often


class ClassifierNode(ExplainedRejections, LifecycleNode):
    """The node; see the module. Raises ParameterError for a start value that is not allowed."""

    def __init__(self, **options: Any) -> None:
        super().__init__("cac_classifier", **options)
        self.settings: NodeSettings = declare(self)
        self._transitions = Transitions(self)
        self._enabled = True
        self._throttle = LogThrottle(_LOG_PERIOD)
        self._model: ActiveModel | None = None
        self._cameras: Cameras | None = None
        self._classes: LifecyclePublisher[ClassList] | None = None
        self._loading = False
        if ignored := effect_problem(vars(self.settings), self.settings.threshold):
            self.get_logger().warning(ignored)
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self.create_service(SetThreshold, "~/set_threshold", self._set_threshold)
        self.create_service(SetBool, "~/enable", self._enable)
        # A group of its own: while a model loads, the other callbacks must go on.
        self.create_service(
            LoadModel, "~/load_model", self._load_model, callback_group=MutuallyExclusiveCallbackGroup()
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # Steady time: diagnostics must come even if use_sim_time is set and the simulation's clock stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self.settings.diagnostics_period, self._publish_status, clock=steady)

    # -- lifecycle ----------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load, verify and warm up the model."""
        return self._transitions.run("configure", self._configure, "inactive", undo=self._release)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and publish."""
        result = self._transitions.run(
            "activate", lambda: self._activate(state), "active", undo=lambda: self._deactivate(state)
        )
        if result == TransitionCallbackReturn.SUCCESS:
            say_ready()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe; the model stays loaded."""
        return self._transitions.run("deactivate", lambda: self._deactivate(state), "inactive")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model and everything made by configure."""
        return self._transitions.run("cleanup", self._release, "unconfigured")

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything."""
        return self._transitions.run("shutdown", self._release, "finalized")

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, so that the node can be configured again."""
        return self._transitions.run("error processing", self._release, "unconfigured")

    def _configure(self) -> None:
        start, settings = time.monotonic(), self.settings
        self._model = model = ActiveModel.load(settings.model_path, settings)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._classes = self.create_lifecycle_publisher(ClassList, "~/classes", latched)
        self._cameras = Cameras(self, lambda: self.settings, lambda: self._model, self._warn)
        self._announce(model, f"loaded in {time.monotonic() - start:.1f} s")

    def _activate(self, state: LifecycleState) -> None:
        super().on_activate(state)  # the lifecycle publishers
        self._publish_classes()
        if self._enabled and self._cameras is not None:
            self._cameras.open()

    def _deactivate(self, state: LifecycleState) -> None:
        if self._cameras is not None:
            self._cameras.close()
            if not self._cameras.wait_idle():
                self.get_logger().warning("The engine is still working on a frame; its answer will not be published.")
        super().on_deactivate(state)

    def _release(self) -> None:
        if self._cameras is not None and not self._cameras.release():
            self.get_logger().warning("The engine is still working on a frame; its thread is left behind.")
        if self._classes is not None:
            self.destroy_lifecycle_publisher(self._classes)
        self._cameras = self._classes = self._model = None

    def close(self) -> None:
        """Free everything and leave the ROS graph; also after the context was shut down."""
        self._release()
        self.destroy_node()

    # -- parameters and services --------------------------------------------------------------------------------------

    def _check_parameters(self, changed: list[Parameter[Any]]) -> SetParametersResult:
        changes = own_values(changed)
        problem = change_problem(self.settings, changes)
        if not problem and self._model is not None:
            try:
                self._model.with_settings(replace(self.settings, **changes))
            except CacError as error:
                problem = str(error)
        return SetParametersResult(successful=not problem, reason=problem)

    def _apply_parameters(self, changed: list[Parameter[Any]]) -> None:
        self.settings = replace(self.settings, **own_values(changed))
        if self._model is not None:
            before, self._model = self._model, self._model.with_settings(self.settings)
            if not np.array_equal(before.theta, self._model.theta):
                self._forget_timings()  # their unknown share is that of the old thresholds
            self._publish_classes()

    def _set_threshold(self, request: SetThreshold.Request, response: SetThreshold.Response) -> SetThreshold.Response:
        values = threshold_changes(request)
        result = self.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
        response.success, response.message = result.successful, result.reason
        if self._model is not None:
            response.thresholds = float32_array(self._model.theta)
        if result.successful:
            response.message = "The new thresholds apply from the next frame on."
        return response

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if self._transitions.state == "active" and self._cameras is not None:
            if request.data:
                self._cameras.open()
            else:
                self._cameras.close()
        response.success = True
        response.message = "Classifying." if request.data else "Not classifying until enabled again."
        if self._transitions.state != "active":
            response.message = f"Applies when the node is active; it is {self._transitions.state}."
        return response

    async def _load_model(self, request: LoadModel.Request, response: LoadModel.Response) -> LoadModel.Response:
        try:
            response.model_id = await self._swap_model(request.model_path)
            response.success, response.message = True, f"{response.model_id} is used from the next frame on."
        except Exception as error:  # noqa: BLE001 - the caller must get an answer, and the old model works
            expected = isinstance(error, CacError)
            response.message = f"The old model stays in use: {error if expected else repr(error)}"
            response.model_id = self._model.model_id if self._model else ""
            self.get_logger().error(response.message if expected else traceback.format_exc())
        return response

    async def _swap_model(self, path: str) -> str:
        before, cameras = self._model, self._cameras
        if before is None:
            raise CacError("the node is not configured; set model_path at its start and configure it")
        if self._loading:
            raise CacError("another model is being loaded; call again when it is done")
        self._loading = True
        try:
            loaded = await Background(lambda: ActiveModel.load(path, self.settings))
        finally:
            self._loading = False
        if self._cameras is not cameras:
            raise CacError("the node was cleaned up while the model loaded")
        # Thresholds may have changed meanwhile. One assignment: each frame sees the old model or the new one, whole.
        self._model = loaded.with_settings(self.settings)
        self._forget_timings()
        self._publish_classes()
        self._announce(self._model, f"replaces {before.model_id}")
        return self._model.model_id

    def _forget_timings(self) -> None:
        if self._cameras is not None:
            self._cameras.forget_timings()

    # -- what the node says -------------------------------------------------------------------------------------------

    def _announce(self, model: ActiveModel, what: str) -> None:
        self._pass_on_notes(model)
        self.get_logger().info(f"Model {model.model_id} {what}: {model.describe()}")

    def _pass_on_notes(self, model: ActiveModel) -> None:
        for note in model.predictor.new_notes():
            self.get_logger().warning(note)

    def _publish_classes(self) -> None:
        if self._classes is not None and self._model is not None:
            model, stamp = self._model, self.get_clock().now().to_msg()
            names = model.predictor.class_names
            self._classes.publish(class_list_message(stamp, model.model_id, names, model.theta, model.known_kept))

    def _publish_status(self) -> None:
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        name = self.get_fully_qualified_name()
        array.status = [
            status_message(f"{name.lstrip('/')}: {part}", name, status) for part, status in self._statuses().items()
        ]
        self._diagnostics.publish(array)

    def _statuses(self) -> dict[str, NodeStatus]:
        state = self._transitions.state
        status = NodeStatus(
            state=state if self._enabled or state != "active" else "disabled",
            counts=Counts(),
            timings=Timings(),
            failure=self._transitions.failure,
        )
        if self._model is not None:
            self._pass_on_notes(self._model)  # an engine can have one to make while it runs
            tolerance = self.settings.unknown_share_tolerance
            status = replace(status, **self._model.status_fields(), tolerance=tolerance)
        return {"classifier": status} if self._cameras is None else self._cameras.statuses(status)

    def _warn(self, kind: object, sentence: str) -> None:
        if text := self._throttle(kind, sentence):
            self.get_logger().warning(text)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; returns the exit status: 1 if it could not start."""
    node: ClassifierNode | None = None
    keep_freed_memory()
    try:
        rclpy.init(args=args)
        node = ClassifierNode()
        if node.settings.autostart and not (_started(node.trigger_configure()) and _started(node.trigger_activate())):
            return 1 if rclpy.ok() else 0
        spin(node, _LOG_PERIOD)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except CacError as error:
        rclpy.logging.get_logger("cac_classifier").error(str(error))
        return 1
    finally:
        say_stopping()
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the clean end
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    return 0


def _started(result: TransitionCallbackReturn) -> bool:
    return bool(result == TransitionCallbackReturn.SUCCESS)


if __name__ == "__main__":
    sys.exit(main())
