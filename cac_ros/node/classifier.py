# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node that answers every camera frame with a known class or "unknown". Wiring only.

One executor thread receives, serves and reports; one worker thread reads, classifies and publishes.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from typing import Any

import numpy as np
from cac_msgs.srv import SetThreshold
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from cac_core.support.devices import ON_CPU
from cac_core.support.errors import CacError
from cac_core.support.names import one_line, several_lines
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.cameras import Cameras
from cac_ros.node.diagnostics import NodeStatus, status_message
from cac_ros.node.frame_timings import Timings
from cac_ros.node.load_model_service import LoadModelService
from cac_ros.node.log_throttle import LogThrottle
from cac_ros.node.messages import float32_array, threshold_changes
from cac_ros.node.model_loading import ModelLoading
from cac_ros.node.newest_frame_worker import Counts
from cac_ros.node.published_model import PublishedModel
from cac_ros.node.service_manager import say_ready
from cac_ros.node.transitions import Transitions
from cac_ros.node.watchdog import Watchdog
from cac_ros.parameters import NodeSettings, change_problem, effect_problem
from cac_ros.parameters.camera_names import topics_problem
from cac_ros.parameters.declaration import declare, unknown_overrides
from cac_ros.parameters.rejections import ExplainedRejections, own_values

LOG_PERIOD = 10.0
"""The same problem is logged no more often [s]."""

_FAREWELL = 0.5  # [s] between the answer to a shutdown and the end of the process


class ClassifierNode(ExplainedRejections, LifecycleNode):
    """The node; see the module. Raises ParameterError for a start value that is not allowed.

    Attributes:
        settings: values of the parameters now in force.
        hangs: whether the engine hangs so that the process is to end.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("cac_classifier", **options)
        self.settings: NodeSettings = declare(self)
        self._transitions = Transitions(self)
        self._enabled = True
        self._throttle = LogThrottle(LOG_PERIOD)
        self._in_use: PublishedModel | None = None
        self._cameras: Cameras | None = None
        self._loading = ModelLoading()
        self.hangs = False
        for sentence in unknown_overrides(self):
            self.get_logger().warning(sentence)
        if ignored := effect_problem(vars(self.settings), self.settings.threshold):
            self.get_logger().warning(ignored)
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self.create_service(SetThreshold, "~/set_threshold", self._set_threshold)
        self.create_service(SetBool, "~/enable", self._enable)
        LoadModelService(self, self._loading, lambda: self._in_use, lambda: self.settings, self._on_swap)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # Steady time: diagnostics must come even if use_sim_time is set and the simulation's clock stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self.settings.diagnostics_period, self._publish_status, clock=steady)
        Watchdog(self, self._hang, self._publish_status, lambda: self.settings.on_hang == "restart", self._give_up)

    @property
    def lifecycle_state(self) -> str:
        """The name of the state, such as unconfigured."""
        return self._transitions.state

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
        result = self._transitions.run("shutdown", self._release, "finalized")
        if self.settings.autostart:  # nobody else manages this process; the caller's answer goes out first
            self.get_logger().info("The node was shut down, and its process ends.")
            self.create_timer(_FAREWELL, self.context.try_shutdown, clock=Clock(clock_type=ClockType.STEADY_TIME))
        return result

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, so that the node can be configured again."""
        return self._transitions.run("error processing", self._release, "unconfigured")

    def _configure(self) -> None:
        start, settings = time.monotonic(), self.settings
        model = self._loading.now(settings.model_path, settings, self.context.ok)
        self._in_use = PublishedModel(self, model)
        self._cameras = Cameras(self, lambda: self.settings, self._model, self._warn)
        self._announce(model, f"loaded in {time.monotonic() - start:.1f} s")

    def _activate(self, state: LifecycleState) -> None:
        super().on_activate(state)  # the lifecycle publishers
        if self._in_use is not None:
            self._in_use.publish()
        if self._enabled and self._cameras is not None:
            self._cameras.open()

    def _deactivate(self, state: LifecycleState) -> None:
        if self._cameras is not None:
            self._cameras.close()
            if not self._cameras.wait_idle():
                self.get_logger().warning("The engine is still working on a frame; its answer will not be published.")
        super().on_deactivate(state)

    def _release(self) -> None:
        self._loading.give_up()
        if self._cameras is not None and not self._cameras.release():
            self.get_logger().warning("The engine is still working on a frame; its thread is left behind.")
        if self._in_use is not None:
            self._in_use.release()
        self._cameras = self._in_use = None

    def close(self) -> None:
        """Free everything and leave the ROS graph; also after the context was shut down."""
        if not self.hangs:  # then the process ends at once, and nothing is waited for
            self._release()
        self.destroy_node()

    # -- parameters and services --------------------------------------------------------------------------------------

    def _check_parameters(self, changed: list[Parameter[Any]]) -> SetParametersResult:
        changes = own_values(changed)
        problem = change_problem(self.settings, changes, self.lifecycle_state)
        if not problem and "image_topics" in changes:
            problem = topics_problem(replace(self.settings, **changes).cameras, self.resolve_topic_name)
        if not problem and self._in_use is not None:
            try:
                self._in_use.check(replace(self.settings, **changes))
            except Exception as error:  # noqa: BLE001 - the caller must get an answer, whatever it is
                problem = str(error) if isinstance(error, CacError) else repr(error)
        return SetParametersResult(successful=not problem, reason=one_line(problem))

    def _apply_parameters(self, changed: list[Parameter[Any]]) -> None:
        self.settings = replace(self.settings, **own_values(changed))
        if self._in_use is None:
            return
        before = self._in_use.model
        try:
            self._in_use.replace(before.with_settings(self.settings))
        except Exception:  # noqa: BLE001 - it was checked; an exception here would leave the caller without an answer
            self.get_logger().error(several_lines(f"The parameters have no effect:\n{traceback.format_exc()}"))
        if not np.array_equal(before.theta, self._in_use.model.theta):
            self._forget_timings()  # their unknown share is that of the old thresholds
            self.get_logger().info(one_line(f"From now on the threshold is {self._in_use.model.threshold_text}."))

    def _set_threshold(self, request: SetThreshold.Request, response: SetThreshold.Response) -> SetThreshold.Response:
        try:
            values = threshold_changes(request)
            result = self.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
            response.success, response.message = result.successful, result.reason
        except Exception as error:  # noqa: BLE001 - the caller must get an answer, whatever it is
            response.success = False
            response.message = one_line(str(error) if isinstance(error, CacError) else repr(error))
        if (model := self._model()) is not None:
            response.thresholds = float32_array(model.theta)
        if response.success:
            response.message = "The new thresholds apply from the next frame on."
        return response

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if self.lifecycle_state == "active" and self._cameras is not None:
            if request.data:
                self._cameras.open()
            else:
                self._cameras.close()
        response.success = True
        response.message = "Classifying." if request.data else "Not classifying until enabled again."
        if self.lifecycle_state != "active":
            response.message = f"Applies when the node is active; it is {self.lifecycle_state}."
        return response

    def _on_swap(self, model: ActiveModel, before: ActiveModel) -> None:
        self._forget_timings()
        self._announce(model, f"replaces {before.model_id}")

    def _model(self) -> ActiveModel | None:
        in_use = self._in_use  # read once: the worker's thread calls this, too
        return None if in_use is None else in_use.model

    def _forget_timings(self) -> None:
        if self._cameras is not None:
            self._cameras.forget_timings()

    def _hang(self) -> tuple[bool, float]:
        cameras = self._cameras
        return (False, 0.0) if cameras is None else (cameras.decoding, cameras.busy_for())

    def _give_up(self, reason: str) -> None:
        """Have the process end because the engine hangs."""
        self.hangs = True
        self.get_logger().fatal(reason)
        self.context.try_shutdown()

    # -- what the node says -------------------------------------------------------------------------------------------

    def _announce(self, model: ActiveModel, what: str) -> None:
        self._pass_on_notes(model)
        self.get_logger().info(one_line(f"Model {model.model_id} {what}: {model.describe()}"))

    def _pass_on_notes(self, model: ActiveModel) -> None:
        for note in model.predictor.new_notes():
            # Two lines for two severities: rclpy raises when one line of code logs with another severity than before.
            if note == ON_CPU:
                self.get_logger().info(several_lines(note))
            else:
                self.get_logger().warning(several_lines(note))

    def _publish_status(self) -> None:
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        name = self.get_fully_qualified_name()
        array.status = [
            status_message(f"{name.lstrip('/')}: {part}", name, status) for part, status in self._statuses().items()
        ]
        self._diagnostics.publish(array)

    def _statuses(self) -> dict[str, NodeStatus]:
        state = self.lifecycle_state
        status = NodeStatus(
            state=state if self._enabled or state != "active" else "disabled",
            counts=Counts(),
            timings=Timings(),
            failure=self._transitions.failure,
        )
        if (model := self._model()) is not None:
            self._pass_on_notes(model)  # an engine can have one to make while it runs
            tolerance = self.settings.unknown_share_tolerance
            status = replace(status, **model.status_fields(), tolerance=tolerance)
        return {"classifier": status} if self._cameras is None else self._cameras.statuses(status)

    def _warn(self, kind: object, sentence: str) -> None:
        if text := self._throttle(kind, sentence):
            self.get_logger().warning(several_lines(text))
