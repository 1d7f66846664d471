# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the table says of one parameter: type, default, range, description. No ROS in this file."""

import math
from array import array
from dataclasses import dataclass, field
from typing import Any

Value = str | bool | int | float | tuple[str, ...] | tuple[float, ...]

_TYPE_NAMES = {str: "string", bool: "bool", int: "integer", float: "double"}


@dataclass(frozen=True)
class ParameterSpec:
    """One row of the table.

    Attributes:
        name: as in ROS.
        default: also decides the type: str, bool, int, float or a tuple of texts or numbers, which is not empty.
        description: what it does, in one or two sentences, with the unit.
        fixed: empty if it can be changed while the node runs; otherwise the reason why not and what to do instead.
        unconfigured: whether a fixed one can be changed while the node is unconfigured.
        choices: the values a text can take; empty for any.
        low: smallest number allowed (excluded if ``low_excluded``).
        high: largest number allowed.
        low_excluded: whether ``low`` itself is not allowed.
        special: one number allowed besides the range.
    """

    name: str
    default: Value
    description: str
    fixed: str
    unconfigured: bool
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    low_excluded: bool
    special: float | None

    @property
    def type_name(self) -> str:
        """The ROS name of the type."""
        if isinstance(self.default, tuple):
            return f"{_TYPE_NAMES[type(self.default[0])]} array"
        return _TYPE_NAMES[type(self.default)]

    @property
    def changes(self) -> str:
        """When it can be changed, in words."""
        if not self.fixed:
            return "always"
        return "while unconfigured" if self.unconfigured else "at start"

    def is_fixed(self, state: str) -> bool:
        """Whether it cannot be changed in this lifecycle state."""
        return bool(self.fixed) and not (self.unconfigured and state == "unconfigured")

    @property
    def constraint(self) -> str:
        """The allowed values in words; empty if all of the type are allowed."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        parts = [] if self.special is None else [f"{self.special:g}"]
        limits = []
        if self.low is not None:
            limits.append(f"{'above' if self.low_excluded else 'at least'} {self.low:g}")
        if self.high is not None:
            limits.append(f"at most {self.high:g}")
        if limits:
            parts.append(" and ".join(limits))
        return ", or ".join(parts)

    def problem(self, value: object) -> str:
        """What is wrong with a value, as a sentence; empty if nothing is."""
        if not self._is_of_type(value):
            constraint = f" ({self.constraint})" if self.constraint else ""
            value = list(value) if isinstance(value, array) else value
            return f"{self.name} must be a {self.type_name}{constraint}, not {value!r}{self._hint(value)}."
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value != self.special:
            low = self.low is None or (value > self.low if self.low_excluded else value >= self.low)
            if not (math.isfinite(value) and low and (self.high is None or value <= self.high)):
                return f"{self.name} must be {self.constraint}, not {value:g}."
        if self.choices and value not in self.choices:
            return f"{self.name} must be {self.constraint}, not {value!r}."
        return ""

    def _is_of_type(self, value: object) -> bool:
        if isinstance(self.default, tuple):
            item_type = type(self.default[0])
            return isinstance(value, (list, tuple, array)) and all(type(item) is item_type for item in value)
        return type(value) is type(self.default)

    def _hint(self, value: object) -> str:
        if type(value) is int and self.type_name == "double":
            return f": write {float(value)}"
        if self.type_name == "string array" and isinstance(value, str):
            return f": write [{value}]"
        if self.type_name == "double array" and isinstance(value, list) and all(type(item) is int for item in value):
            return f": write {[float(item) for item in value]}"
        return ""


def parameter(
    default: Value,
    description: str,
    *,
    fixed: str = "",
    unconfigured: bool = False,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    low_excluded: bool = False,
    special: float | None = None,
) -> Any:
    """A field of the table; see :class:`ParameterSpec`."""
    rest = {"fixed": fixed, "unconfigured": unconfigured, "choices": choices, "low": low, "high": high}
    more = {"low_excluded": low_excluded, "special": special}
    return field(default=default, metadata={"description": description, **rest, **more})
