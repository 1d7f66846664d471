# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why a value, a change or a combination of parameters is refused, as a sentence. No ROS in this file."""

import math
from collections.abc import Mapping
from dataclasses import replace

from cac_core.bundle.signature import key_problem
from cac_core.support.errors import CacError
from cac_ros.parameters.node_parameters import TABLE, NodeSettings

_SPECS = {spec.name: spec for spec in TABLE}


class ParameterError(CacError):
    """A parameter was given a value that it cannot take."""


def value_problem(name: str, value: object) -> str:
    """What is wrong with a value, as a sentence; empty if nothing is."""
    spec = _SPECS.get(name)
    if spec is None:
        return f"{name} is not a parameter of this node; it has {', '.join(_SPECS)}."
    return spec.problem(value)


def change_problem(current: NodeSettings, changes: Mapping[str, object], state: str = "active") -> str:
    """Why a running node cannot take these changes together, as a sentence; empty if it can.

    A value that stays as it is is no change: a node takes back the dump of its own parameters.

    Args:
        current: the values in force.
        changes: new values by parameter name, to be set at once.
        state: the lifecycle state of the node.
    """
    changes = {name: value for name, value in changes.items() if not _is_same(value, getattr(current, name, None))}
    for name, value in changes.items():
        if name in _SPECS and (spec := _SPECS[name]).is_fixed(state):
            while_ = f"is {state}" if spec.unconfigured else "runs"
            return f"{name} cannot be changed while the node {while_}: {spec.fixed}."
        if problem := value_problem(name, value):
            return problem
    after = replace(current, **changes)  # type: ignore[arg-type]
    return effect_problem(changes, after.threshold) or start_problem(after)


def _is_same(value: object, current: object) -> bool:
    return type(value) is type(current) and value == current


def effect_problem(changes: Mapping[str, object], threshold: float) -> str:
    """Name a change that ``threshold`` would leave without effect, as a sentence; empty if there is none."""
    if threshold >= 0:
        for name, neutral in (
            ("known_kept", NodeSettings.known_kept),
            ("per_class_thresholds", NodeSettings.per_class_thresholds),
        ):
            if changes.get(name, neutral) != neutral:
                return f"{name} has no effect while threshold is {threshold:g}; set threshold to -1.0 first."
    return ""


def range_problem(limits: tuple[float, ...] | None) -> str:
    """What is wrong with the limits of a range, as the end of a sentence; empty if nothing is."""
    if limits is None or (len(limits) == 2 and all(map(math.isfinite, limits)) and limits[0] < limits[1]):
        return ""
    return f"must be two numbers, the smaller one first, not {list(limits)}"


def start_problem(settings: NodeSettings) -> str:
    """Why start values do not go together, as a sentence; empty if they do."""
    frames, votes = settings.decision_frames, settings.decision_votes
    if votes and not frames / 2 < votes <= frames:
        return (
            f"decision_votes must be 0, or more than half of decision_frames ({frames}) and at most all of them, "
            f"not {votes}."
        )
    if problem := range_problem(settings.depth):
        return f"depth_range {problem}."
    for key in settings.keys:
        if problem := key_problem(key):
            return f"trusted_keys holds {key!r}, which {problem}."
    return ""
