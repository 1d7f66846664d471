# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of ROS that cannot be used, in one sentence with how they are written."""

import rclpy

from cac_core.support.errors import CacError

_HOW = (
    ("parameter override rule", "Write it as -p NAME:=VALUE."),
    ("remap rule", "Write it as -r FROM:=TO."),
    ("No value at line", "Give the parameter a value, or remove its line."),
    ("before ros__parameters", "Parameters stand below the name of a node (or /**) and below ros__parameters."),
    ("same type", "All values of a list must be of one type."),
    ("file path", "Write it as --params-file FILE."),
    ("log level", "Write it as --log-level debug, info, warn, error or fatal."),
)


def explain(error: str) -> str:
    """What rcl says about arguments as one sentence, and how they are written where that is known."""
    said = error.partition(", at /")[0].strip()  # what follows is a place in ROS's source code
    said = said.removeprefix("failed to initialize rcl: ").removesuffix(". Error: error not set")
    how = next((f" {how}" for sign, how in _HOW if sign in said), "")
    return f"ROS cannot use these arguments: {said.rstrip('.')}.{how}"


def why_no_node(error: Exception) -> str:
    """Why ROS could not make the node, as a sentence; empty if the error is not one of ROS's own."""
    if type(error).__name__ != "RCLError":  # rclpy does not export it
        return ""
    said = str(error).partition(", at /")[0].removeprefix("error creating node: ")
    return f"ROS cannot make the node: {'. '.join(said.split(chr(10))).rstrip('.')}."


def initialise(args: list[str] | None) -> None:
    """Start ROS; raises CacError for a command line or a file of parameters that ROS cannot read."""
    try:
        rclpy.init(args=args)
    except RuntimeError as error:  # of several kinds
        raise CacError(explain(str(error))) from error
