# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: one table that declares, checks and documents them."""

from cac_ros.parameters.table import (
    TABLE,
    ParameterError,
    Settings,
    change_problem,
    declare,
    effect_problem,
    markdown_text,
    start_problem,
    value_problem,
    yaml_text,
)

__all__ = [
    "TABLE",
    "ParameterError",
    "Settings",
    "change_problem",
    "declare",
    "effect_problem",
    "markdown_text",
    "start_problem",
    "value_problem",
    "yaml_text",
]
