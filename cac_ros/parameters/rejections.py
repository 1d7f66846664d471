# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rejected parameters with a reason that says what to do.

rclpy checks type, range and read-only before it asks the node, and rejects with a text of its own
("Trying to set a read-only parameter"). Descriptors should tell tools the truth, so the checks stay; only the text of a
rejection is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from cac_ros.parameters.checks import change_problem
from cac_ros.parameters.table import TABLE, NodeSettings


def own_values(changed: Sequence[Parameter[Any]]) -> dict[str, Any]:
    """Name and value of those that belong to our table; use_sim_time and the like are rclpy's."""
    own = {spec.name for spec in TABLE}
    return {parameter.name: parameter.value for parameter in changed if parameter.name in own}


class ExplainedRejections(Node):
    """A node that rejects parameters of the table with a sentence. Expects :attr:`settings` to be up to date."""

    settings: NodeSettings

    def set_parameters(self, parameter_list: list[Parameter[Any]]) -> list[SetParametersResult]:
        """As in rclpy, but every rejection says why and what to do."""
        results = super().set_parameters(parameter_list)
        return [self._with_reason(result, [p]) for p, result in zip(parameter_list, results, strict=True)]

    def set_parameters_atomically(self, parameter_list: list[Parameter[Any]]) -> SetParametersResult:
        """As in rclpy, but every rejection says why and what to do."""
        return self._with_reason(super().set_parameters_atomically(parameter_list), parameter_list)

    def _with_reason(self, result: SetParametersResult, changed: list[Parameter[Any]]) -> SetParametersResult:
        if not result.successful:
            result.reason = change_problem(self.settings, own_values(changed)) or result.reason
        return result
