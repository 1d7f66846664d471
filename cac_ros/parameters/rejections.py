# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rejected parameters with a reason that says what to do.

rclpy checks type, range and read-only before it asks the node, and rejects with a text of its own
("Trying to set a read-only parameter"). Descriptors should tell tools the truth, so the checks stay; only the text of a
rejection is replaced.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from cac_ros.parameters.checks import change_problem
from cac_ros.parameters.node_parameters import TABLE, NodeSettings


def own_values(changed: Sequence[Parameter[Any]]) -> dict[str, Any]:
    """Name and value of those that belong to our table; use_sim_time and the like are rclpy's."""
    own = {spec.name for spec in TABLE}
    return {
        parameter.name: tuple(value) if isinstance(value := parameter.value, (list, array)) else value
        for parameter in changed
        if parameter.name in own
    }


class ExplainedRejections(Node):
    """A node that rejects parameters of the table with a sentence. Expects its attributes to be up to date.

    Attributes:
        settings: values of the parameters now in force.
    """

    settings: NodeSettings

    @property
    def lifecycle_state(self) -> str:
        """The name of the state, such as unconfigured."""
        raise NotImplementedError

    def set_parameters(self, parameter_list: list[Parameter[Any]]) -> list[SetParametersResult]:
        """As in rclpy, but every rejection says why and what to do."""
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter[Any]]) -> SetParametersResult:
        """As in rclpy, but every rejection says why and what to do."""
        changed = [parameter for parameter in parameter_list if not self._stays_read_only(parameter)]
        if parameter_list and not changed:
            return SetParametersResult(successful=True)
        return self._with_reason(super().set_parameters_atomically(changed), changed)

    def _stays_read_only(self, parameter: Parameter[Any]) -> bool:
        """Whether rclpy would refuse a value that is in force already, as in the dump of a node's own parameters."""
        name = parameter.name
        if not self.has_parameter(name) or not self.describe_parameter(name).read_only:
            return False
        return bool(self.get_parameter(name).get_parameter_value() == parameter.get_parameter_value())

    def _with_reason(self, result: SetParametersResult, changed: list[Parameter[Any]]) -> SetParametersResult:
        if not result.successful:
            result.reason = change_problem(self.settings, own_values(changed), self.lifecycle_state) or result.reason
        return result
