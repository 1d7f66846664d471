# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: one table that checks and documents them. Importing it needs no ROS."""

from cac_ros.parameters.checks import ParameterError, change_problem, effect_problem, start_problem, value_problem
from cac_ros.parameters.node_parameters import TABLE, NodeSettings
from cac_ros.parameters.text import markdown_text, yaml_text

__all__ = [
    "TABLE",
    "NodeSettings",
    "ParameterError",
    "change_problem",
    "effect_problem",
    "markdown_text",
    "start_problem",
    "value_problem",
    "yaml_text",
]
