# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: one table that declares, checks and documents them.

The fields of :class:`Settings` are the table. Everything else is derived from it: the declaration with descriptors, the
checks, ``config/classifier.yaml`` (``python -m cac_ros.parameters``) and the table of the documentation
(``python -m cac_ros.parameters --markdown``).
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cac_core.support.errors import CacError
from cac_ros.parameters.camera_names import topics_problem
from cac_ros.parameters.row import Row, parameter

if TYPE_CHECKING:
    from rclpy.node import Node


class ParameterError(CacError):
    """A parameter was given a value that it cannot take."""


NO_TOPICS = ("",)
"""The default of image_topics: not an empty list, of which ROS cannot tell the type."""

_AT_CONFIGURE = "it is read when the node is configured; restart the node with the new value"


@dataclass(frozen=True)
class Settings:
    """The values of all parameters. Each field is a row of the table."""

    model_path: str = parameter(
        "",
        "Path of the model bundle (.cac) to load when the node is configured, on the machine that runs the node.",
        fixed="a running node changes its model through the service ~/load_model",
    )
    device: str = parameter(
        "auto",
        "Where the model runs: cpu, cuda:N, or auto = the first CUDA device, else the CPU.",
        fixed=_AT_CONFIGURE,
    )
    engine: str = parameter(
        "auto",
        "What runs the model: torch or another installed inference engine; auto = the fastest for this model.",
        fixed=_AT_CONFIGURE,
    )
    threads: int = parameter(
        0,
        "CPU threads that the model is computed with; 0 = the engine's own choice. Without effect on a GPU.",
        fixed=_AT_CONFIGURE,
        low=0,
        high=1024,
    )
    precision: str = parameter(
        "auto",
        "Numbers that the network is computed in: bf16 (CPUs and GPUs that have it) and fp16 (GPUs) are faster, but "
        "decide some frames near the threshold differently; auto = float32. The distances are always float32.",
        fixed=_AT_CONFIGURE,
        choices=("auto", "float32", "bf16", "fp16"),
    )
    image_topics: tuple[str, ...] = parameter(
        NO_TOPICS,
        "Topics of several cameras that one model answers, such as [/front/image_raw, /rear/image_raw]. Each has its "
        'own outputs, ~/front/image_raw/classification and so on. [""] = read the one topic image.',
        fixed=_AT_CONFIGURE,
    )
    image_transport: str = parameter(
        "raw",
        "Which topic is read: raw = image (sensor_msgs/Image), "
        "compressed = image/compressed (sensor_msgs/CompressedImage), "
        "auto = raw if somebody publishes it, else compressed; the same for each topic of image_topics.",
        fixed=_AT_CONFIGURE,
        choices=("raw", "compressed", "auto"),
    )
    reduced_jpeg: bool = parameter(
        False,
        "Decode JPEG images at a half, a quarter or an eighth of their size where that is still twice what the network "
        "sees. Saves 15 to 40 % of the decoding at 1920x1080 and more; scores change, and with them the decision on "
        "some frames near the threshold.",
    )
    reliability: str = parameter(
        "auto",
        "Reliability of each image subscription: auto follows the publishers on the topic.",
        fixed=_AT_CONFIGURE,
        choices=("auto", "best_effort", "reliable"),
    )
    known_kept: float = parameter(
        -1.0,
        "Share of known objects that the threshold keeps, from the validation images stored in the model; "
        "-1 = the share chosen when the model was trained. Without effect while threshold is 0 or more.",
        low=0.0,
        high=1.0,
        low_excluded=True,
        special=-1.0,
    )
    threshold: float = parameter(
        -1.0,
        "A frame is known when its rejection score is at or below this value [no unit, scale of the score]; "
        "-1 = derive it from known_kept.",
        low=0.0,
        special=-1.0,
    )
    per_class_thresholds: bool = parameter(
        False,
        "Derive one threshold for each class from known_kept instead of one for all, where the class has enough "
        "validation images; refused when no class has. Without effect while threshold is 0 or more.",
    )
    publish_rejection_scores: bool = parameter(
        True,
        "Fill rejection_scores, one score for each class, in every classification.",
    )
    unknown_share_tolerance: float = parameter(
        0.5,
        "/diagnostics warns when the share of unknown frames among the last 300 exceeds the one on the validation "
        "images by more than this; 1 = do not warn, for a camera that mostly shows things that are not to be known.",
        low=0.0,
        high=1.0,
    )
    decision_frames: int = parameter(
        0,
        "How many of the last frames vote on the steady decision on ~/decision; 0 = do not publish it.",
        fixed=_AT_CONFIGURE,
        low=2,
        high=1000,
        special=0,
    )
    decision_votes: int = parameter(
        0,
        "How many of the decision_frames must agree before the decision changes, more than half of them; "
        "0 = just more than half.",
        fixed=_AT_CONFIGURE,
        low=0,
        high=1000,
    )
    dark_limit: float = parameter(
        0.0,
        "A picture is not classified but unknown (reason TOO_DARK) when 95 % of its pixels are darker than this share "
        "of white; 0 = do not check. Try 0.05.",
        low=0.0,
        high=1.0,
    )
    bright_limit: float = parameter(
        1.0,
        "A picture is not classified but unknown (reason TOO_BRIGHT) when 95 % of its pixels are brighter than this "
        "share of white; 1 = do not check. Try 0.98.",
        low=0.0,
        high=1.0,
    )
    frozen_after: float = parameter(
        0.0,
        "A picture is not classified but unknown (reason FROZEN) when the same one, bit for bit, has come for this "
        "long [s]; 0 = do not check. For real cameras only: a simulated one may rightly repeat a picture. Try 1.0.",
        low=0.0,
        high=3600.0,
    )
    classify_regions: bool = parameter(
        False,
        "Also classify boxes that others found in the images, from the topics regions (cac_msgs/RegionArray) and, "
        "where vision_msgs is installed, detections (vision_msgs/Detection2DArray).",
        fixed=_AT_CONFIGURE,
    )
    harvest_folder: str = parameter(
        "",
        "Folder in which unknown frames are saved, to be labelled and trained on; frames like one saved already are "
        "left out. With image_topics each camera has a folder of its name in it. Empty = save none.",
        fixed=_AT_CONFIGURE,
    )
    harvest_period: float = parameter(
        1.0,
        "Least time between two unknown frames that are saved [s].",
        fixed=_AT_CONFIGURE,
        low=0.0,
        high=86400.0,
    )
    harvest_quota: float = parameter(
        1000.0,
        "Most megabytes of pictures in harvest_folder, those of earlier runs included; with image_topics each camera "
        "may fill an equal part.",
        fixed=_AT_CONFIGURE,
        low=0.0,
    )
    debug_image_rate: float = parameter(
        10.0,
        "Most annotated images a second on ~/debug_image and ~/debug_image/compressed [Hz]; they are only drawn while "
        "somebody subscribes. 0 = none.",
        low=0.0,
        high=100.0,
    )
    autostart: bool = parameter(
        True,
        "Configure and activate at start, and end the process with an error if that fails; "
        "false = wait for a lifecycle manager.",
        fixed="it only matters when the node starts",
    )
    diagnostics_period: float = parameter(
        1.0,
        "Time between two messages on /diagnostics [s].",
        fixed="the timer is created when the node starts; restart the node with the new value",
        low=0.1,
        high=60.0,
    )
    input_timeout: float = parameter(
        5.0,
        "Without an image for this long [s], the log and /diagnostics say why none arrives.",
        fixed="it is read when the node starts; restart the node with the new value",
        low=0.5,
        high=3600.0,
    )

    @property
    def cameras(self) -> tuple[str, ...]:
        """The topics in image_topics; empty if the one topic ``image`` is read."""
        return () if self.image_topics == NO_TOPICS else self.image_topics


TABLE: tuple[Row, ...] = tuple(Row(name=f.name, default=f.default, **f.metadata) for f in fields(Settings))  # type: ignore[arg-type]
_ROWS = {row.name: row for row in TABLE}


def value_problem(name: str, value: object) -> str:
    """What is wrong with a value, as a sentence; empty if nothing is."""
    row = _ROWS.get(name)
    if row is None:
        return f"{name} is not a parameter of this node; it has {', '.join(_ROWS)}."
    return row.problem(value)


def change_problem(current: Settings, changes: Mapping[str, object]) -> str:
    """Why a running node cannot take these changes together, as a sentence; empty if it can.

    Args:
        current: the values in force.
        changes: new values by parameter name, to be set at once.
    """
    for name, value in changes.items():
        if name in _ROWS and _ROWS[name].fixed:
            return f"{name} cannot be changed while the node runs: {_ROWS[name].fixed}."
        if problem := value_problem(name, value):
            return problem
    return effect_problem(changes, float(changes.get("threshold", current.threshold)))  # type: ignore[arg-type]


def effect_problem(changes: Mapping[str, object], threshold: float) -> str:
    """Name a change that ``threshold`` would leave without effect, as a sentence; empty if there is none."""
    if threshold >= 0:
        for name, neutral in (
            ("known_kept", Settings.known_kept),
            ("per_class_thresholds", Settings.per_class_thresholds),
        ):
            if changes.get(name, neutral) != neutral:
                return f"{name} has no effect while threshold is {threshold:g}; set threshold to -1.0 first."
    return ""


def start_problem(settings: Settings) -> str:
    """Why start values do not go together, as a sentence; empty if they do."""
    frames, votes = settings.decision_frames, settings.decision_votes
    if votes and not frames / 2 < votes <= frames:
        return (
            f"decision_votes must be 0, or more than half of decision_frames ({frames}) and at most all of them, "
            f"not {votes}."
        )
    return ""


def declare(node: "Node") -> Settings:
    """Declare every parameter of the table with its descriptor; returns the values the node was started with.

    Raises:
        ParameterError: a start value is not allowed, or two do not go together.
    """
    from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

    values: dict[str, Any] = {}
    for row in TABLE:
        descriptor = ParameterDescriptor(
            description=row.description,
            additional_constraints=". ".join(
                part for part in (row.constraint, row.fixed and f"fixed: {row.fixed}") if part
            ),
            read_only=bool(row.fixed),
        )
        if row.low is not None and row.high is not None:
            lowest = row.low if row.special is None else min(row.low, row.special)
            if row.type_name == "integer":
                descriptor.integer_range = [IntegerRange(from_value=int(lowest), to_value=int(row.high), step=1)]
            else:
                descriptor.floating_point_range = [FloatingPointRange(from_value=lowest, to_value=row.high)]
        # Looked at without a type first: rclpy's own rejection does not say what to write instead.
        default = list(row.default) if isinstance(row.default, tuple) else row.default
        given: Any = node.declare_parameter(row.name, default, ParameterDescriptor(dynamic_typing=True)).value
        node.undeclare_parameter(row.name)
        nothing = given is None and isinstance(row.default, tuple)  # how rclpy hands over the empty list [] of a file
        if not nothing and (problem := value_problem(row.name, given)):
            raise ParameterError(problem)
        value: Any = node.declare_parameter(row.name, default, descriptor, ignore_override=nothing).value
        values[row.name] = tuple(value) if isinstance(row.default, tuple) else value
    settings = Settings(**values)
    if problem := start_problem(settings) or topics_problem(settings.cameras, node.resolve_topic_name):
        raise ParameterError(problem)
    return settings


def yaml_text() -> str:
    """The whole text of ``config/classifier.yaml``: every parameter with its default, described."""
    lines = [
        "# SPDX-FileCopyrightText: 2026 cac_ros contributors",
        "# SPDX-License-Identifier: Apache-2.0",
        "#",
        "# Every parameter of the classifier node with its default.",
        "# Written by `python -m cac_ros.parameters` from cac_ros/parameters/table.py.",
        "/**:",
        "  ros__parameters:",
    ]
    for row in TABLE:
        notes = [row.description]
        if row.constraint:
            notes.append(f"Allowed: {row.constraint}.")
        notes.append(f"Fixed while the node runs: {row.fixed}." if row.fixed else "Can be changed while the node runs.")
        lines += [f"    # {line}" for line in textwrap.wrap(" ".join(notes), 110)]
        lines.append(f"    {row.name}: {json.dumps(row.default)}")
    return "\n".join(lines) + "\n"


def markdown_text() -> str:
    """The parameter table of the documentation."""
    lines = ["| Parameter | Type | Default | Allowed | While running | Meaning |", "|---|---|---|---|---|---|"]
    for row in TABLE:
        change = f"fixed: {row.fixed}" if row.fixed else "yes, from the next frame on"
        cells = [f"`{row.name}`", row.type_name, f"`{json.dumps(row.default)}`", row.constraint or "any", change]
        lines.append("| " + " | ".join([*cells, row.description]) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the YAML file or the Markdown table to standard output."""
    parser = argparse.ArgumentParser(prog="python -m cac_ros.parameters", description="The node's parameters as text.")
    parser.add_argument("--markdown", action="store_true", help="a Markdown table instead of config/classifier.yaml")
    sys.stdout.write(markdown_text() if parser.parse_args().markdown else yaml_text())
