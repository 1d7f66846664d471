# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node from start to end as a process: its signals and its exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import TransitionCallbackReturn

from cac_core.support.errors import CacError
from cac_core.support.names import one_line
from cac_ros.node.classifier import LOG_PERIOD, ClassifierNode
from cac_ros.node.ros_arguments import initialise, why_no_node
from cac_ros.node.service_manager import say_stopping
from cac_ros.node.spinning import spin
from cac_ros.node.watchdog import EXIT_HANGS

_interrupted = threading.Event()  # SIGINT came; a library may have swallowed the KeyboardInterrupt
_SIGNALLED = 128  # what shells add to the number of the signal that ended a process


def run(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; returns the exit status, see :func:`cac_ros.classifier_node.main`.

    Does not return if a thread was left behind, as one that still loads a model: the process ends here.
    """
    status = _run(args)
    if any(thread.daemon for thread in threading.enumerate()):
        _end_now(status)
    return status


def _run(args: list[str] | None) -> int:
    node: ClassifierNode | None = None
    try:
        with contextlib.suppress(ValueError):  # not in the main thread
            if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
                signal.signal(signal.SIGINT, _interrupt)
        initialise(args)
        node = ClassifierNode()
        if not node.settings.autostart:
            name = one_line(node.get_fully_qualified_name())
            node.get_logger().info(
                "autostart is false: this node waits until a lifecycle manager configures and activates it. By hand: "
                f"ros2 lifecycle set {name} configure; ros2 lifecycle set {name} activate"
            )
        if node.settings.autostart and not (_started(node.trigger_configure()) and _started(node.trigger_activate())):
            return 1 if rclpy.ok() else 0
        spin(node, LOG_PERIOD)
    except KeyboardInterrupt:
        return 0 if node is not None else _SIGNALLED + signal.SIGINT
    except ExternalShutdownException:
        pass
    except CacError as error:
        rclpy.logging.get_logger("cac_classifier").error(one_line(str(error)))
        return 1
    except Exception as error:
        # A signal takes the ROS context away from under whatever is being made at that moment.
        if rclpy.ok() or not rclpy.get_default_context().handle:
            if node is not None or not (sentence := why_no_node(error)):
                raise
            rclpy.logging.get_logger("cac_classifier").error(one_line(sentence))
            return 1
        return 0 if node is not None else _SIGNALLED + _which_signal()
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            _ignore_signals()
        _end(node)
    return 0


def _end(node: ClassifierNode | None) -> None:
    """The clean end, which no second signal cuts."""
    _ignore_signals()
    say_stopping()
    if node is not None:
        node.close()
    rclpy.try_shutdown()
    _ignore_signals()  # shutdown gives the signals back to whom they belonged before
    if node is not None and node.hangs:
        _end_now(EXIT_HANGS)


def _end_now(status: int) -> NoReturn:
    """End without the interpreter's own end: it waits for a thread that hangs, and aborts one that is in a library."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _which_signal() -> signal.Signals:
    """The signal that took the context away: Python's own handler of SIGINT may come a moment after that of ROS."""
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(0.05)
    return signal.SIGINT if _interrupted.is_set() else signal.SIGTERM


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _interrupted.set()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    with contextlib.suppress(ValueError):  # not in the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _started(result: TransitionCallbackReturn) -> bool:
    return bool(result == TransitionCallbackReturn.SUCCESS)
