# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Numbers with limits, as types of options: the command line refuses other values, and the help names the limits."""

from typing import TYPE_CHECKING

from jsonargparse import typing

if TYPE_CHECKING:
    PositiveFloat = float
    PositiveInt = int
    Share = float
else:
    PositiveFloat = typing.PositiveFloat
    PositiveInt = typing.PositiveInt
    Share = typing.restricted_number_type(
        "Share", float, [(">", 0), ("<=", 1)], docstring="float restricted to be >0 and ≤1"
    )
    """A share of something, such as 0.95."""
