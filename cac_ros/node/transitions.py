# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle transitions whose failures are explained: in the log, in /diagnostics, and undone."""

import traceback
from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from cac_core.support.errors import CacError
from cac_core.support.names import several_lines


class Transitions:
    """Runs the transitions of one node.

    Attributes:
        state: the lifecycle state after the last transition that succeeded.
        failure: why the last transition failed, as a sentence; empty if it did not.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self.state = "unconfigured"
        self.failure = ""

    def run(
        self, name: str, action: Callable[[], None], then: str, undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        """Run one transition.

        Args:
            name: of the transition, for the log.
            action: does it.
            then: the state after success.
            undo: called when the action raised.
        """
        try:
            action()
        except Exception as error:  # noqa: BLE001 - rclpy would swallow it without a word
            expected = isinstance(error, CacError)
            self.failure = f"{name} failed: {error if expected else f'{type(error).__name__}: {error}'}"
            if self._node.context.ok():  # otherwise the process is asked to end, and that is why it failed
                text = self.failure if expected else f"{self.failure}\n{traceback.format_exc()}"
                self._node.get_logger().error(several_lines(text))
            if undo is not None:
                undo()
            return TransitionCallbackReturn.FAILURE
        self.failure = ""
        self.state = then
        return TransitionCallbackReturn.SUCCESS
