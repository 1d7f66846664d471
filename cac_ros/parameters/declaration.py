# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Declare the parameters of the table at a node, with descriptors that tools can show."""

from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from cac_core.support.names import one_line
from cac_core.support.options import nearest
from cac_ros.parameters.camera_names import topics_problem
from cac_ros.parameters.checks import ParameterError, start_problem, value_problem
from cac_ros.parameters.node_parameters import TABLE, NodeSettings
from cac_ros.parameters.specification import ParameterSpec


def declare(node: Node) -> NodeSettings:
    """Declare every parameter of the table; returns the values the node was started with.

    Raises:
        ParameterError: a start value is not allowed, or two do not go together.
    """
    settings = NodeSettings(**{spec.name: _declare(node, spec) for spec in TABLE})
    if problem := start_problem(settings) or topics_problem(settings.cameras, node.resolve_topic_name):
        raise ParameterError(problem)
    return settings


def unknown_overrides(node: Node) -> list[str]:
    """A sentence for each value that a file or the command line gives this node, and that it does not know."""
    given = getattr(node, "_parameter_overrides", {})  # rclpy has no public way to these
    names = [spec.name for spec in TABLE]
    return [
        f"{one_line(name)} is not a parameter of this node and has no effect{nearest(name, names)}"
        for name in given
        if not node.has_parameter(name) and not name.startswith("qos_overrides.")  # declared by rclpy, with the topics
    ]


def _declare(node: Node, spec: ParameterSpec) -> Any:
    """Declare one parameter; returns its value."""
    # Looked at without a type first: rclpy's own rejection does not say what to write instead.
    default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
    given: Any = node.declare_parameter(spec.name, default, ParameterDescriptor(dynamic_typing=True)).value
    node.undeclare_parameter(spec.name)
    nothing = given is None and isinstance(spec.default, tuple)  # how rclpy hands over the empty list [] of a file
    if not nothing and (problem := value_problem(spec.name, given)):
        raise ParameterError(problem)
    value: Any = node.declare_parameter(spec.name, default, _descriptor(spec), ignore_override=nothing).value
    return tuple(value) if isinstance(spec.default, tuple) else value


def _descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    constraints = [spec.constraint, f"can be changed {spec.changes}: {spec.fixed}" if spec.fixed else ""]
    descriptor = ParameterDescriptor(
        description=spec.description,
        additional_constraints=". ".join(filter(None, constraints)),
        read_only=bool(spec.fixed) and not spec.unconfigured,
    )
    if spec.low is not None and spec.high is not None:
        lowest = spec.low if spec.special is None else min(spec.low, spec.special)
        if spec.type_name == "integer":
            descriptor.integer_range = [IntegerRange(from_value=int(lowest), to_value=int(spec.high), step=1)]
        else:
            descriptor.floating_point_range = [FloatingPointRange(from_value=lowest, to_value=spec.high)]
    return descriptor
