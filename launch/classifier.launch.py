# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the classifier node.

``ros2 launch cac_ros classifier.launch.py model_path:=/models/parts.cac image:=/camera/image_raw``

An argument left empty overrides nothing: the value of ``params_file`` holds. ``ros2 launch -s`` shows all arguments.
"""

import shutil
from pathlib import Path
from typing import Any, List  # noqa: UP035 - launch does not know list[str]

import yaml
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, Shutdown
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

# Arguments that set the node parameter of the same name, when they are not empty.
OVERRIDES: dict[str, Any] = {
    "model_path": str,
    "image_topics": List[str],  # noqa: UP006
    "image_transport": str,
    "device": str,
    "known_kept": float,
    "decision_frames": int,
    "autostart": bool,
    "use_sim_time": bool,
}

BOOLEANS = ["true", "false", "True", "False"]  # the last two as in Python

# SIGTERM ends launch at once, whatever its sigterm_timeout, and launch leaves its processes alone then. So the kernel
# asks the node to end when launch is gone.
END_WITH_LAUNCH = ["setpriv --pdeathsig INT ", LaunchConfiguration("launch-prefix", default="")]


def generate_launch_description() -> LaunchDescription:
    default_file = PathJoinSubstitution([FindPackageShare("cac_ros"), "config", "classifier.yaml"])
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "model_path", default_value="", description="Model bundle (.cac); empty: as in params_file."
            ),
            DeclareLaunchArgument(
                "params_file", default_value=default_file, description="YAML file of node parameters."
            ),
            DeclareLaunchArgument(
                "image",
                default_value="image",
                description="Image topic; compressed images are read from <image>/compressed.",
            ),
            DeclareLaunchArgument(
                "image_topics",
                default_value="",
                description="Topics of several cameras, such as [/front/image_raw, /rear/image_raw]; image then has no "
                "effect; empty: as in params_file.",
            ),
            DeclareLaunchArgument(
                "image_transport", default_value="", description="raw, compressed or auto; empty: as in params_file."
            ),
            DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node."),
            DeclareLaunchArgument(
                "device", default_value="", description="auto, cpu or cuda:N; empty: as in params_file."
            ),
            DeclareLaunchArgument(
                "known_kept",
                default_value="",
                description="Share of known objects to keep, such as 0.99; empty: as in params_file.",
            ),
            DeclareLaunchArgument(
                "decision_frames",
                default_value="",
                description="Number of last frames that vote on ~/decision; empty: as in params_file.",
            ),
            DeclareLaunchArgument(
                "autostart",
                default_value="",
                description="true: configure and activate at start; false: wait for a lifecycle manager; "
                "empty: as in params_file.",
            ),
            DeclareLaunchArgument(
                "respawn",
                default_value="false",
                choices=BOOLEANS,
                description="true: start the node again 2 s after it has ended; false: the launch ends with the node.",
            ),
            DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal."),
            DeclareLaunchArgument(
                "use_sim_time",
                default_value="",
                description="true: take the time from /clock; empty: as in params_file, else false.",
            ),
            DeclareLaunchArgument(
                "view",
                default_value="false",
                choices=BOOLEANS,
                description="true: show the annotated image in RViz, if it is installed.",
            ),
            OpaqueFunction(function=classifier),
            OpaqueFunction(function=view),
        ]
    )


def classifier(context: LaunchContext) -> list[Node]:
    """The node, with only those parameters overridden that an argument was given for."""
    given = {name: LaunchConfiguration(name) for name in OVERRIDES if context.launch_configurations[name]}
    overrides: dict[str, Any] = {
        name: ParameterValue(value, value_type=OVERRIDES[name]) for name, value in given.items()
    }
    image = context.launch_configurations["image"]
    # launch itself would start the node on its defaults, with a warning among the other lines.
    if not (params_file := Path(context.launch_configurations["params_file"]).expanduser()).is_file():
        raise RuntimeError(f"params_file: {params_file} does not exist, or is no file")
    respawn = context.launch_configurations["respawn"].lower() == "true"
    return [
        Node(
            package="cac_ros",
            executable="classifier_node",
            name="cac_classifier",
            namespace=LaunchConfiguration("namespace"),
            parameters=[str(params_file), overrides],
            remappings=[("image", image), ("image/compressed", f"{image}/compressed")],
            ros_arguments=["--log-level", LaunchConfiguration("log_level")],
            output="both",
            emulate_tty=True,
            exec_name="classifier_node",  # in the log, instead of the name of the prefix
            prefix=END_WITH_LAUNCH if shutil.which("setpriv") else None,
            sigterm_timeout="10",
            respawn=respawn,
            respawn_delay=2.0,
            on_exit=None if respawn else end_with_the_node,
        )
    ]


def view(context: LaunchContext) -> list[IncludeLaunchDescription]:
    """RViz with the annotated image of the node, or of the first of several cameras, if it is wanted."""
    if context.launch_configurations["view"].lower() != "true":
        return []
    namespace = context.launch_configurations["namespace"].strip("/")
    cameras = yaml.safe_load(context.launch_configurations["image_topics"]) or [""]
    parts = [namespace, "cac_classifier", cameras[0].removeprefix("~").strip("/"), "debug_image"]
    topic = "/".join(["", *filter(None, parts)])
    source = PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "view.launch.py"]))
    return [IncludeLaunchDescription(source, launch_arguments={"debug_image": topic}.items())]


def end_with_the_node(event: ProcessExited, context: LaunchContext) -> list[Shutdown]:
    """A classifier that has ended must not look alive: the launch ends too, with an error if nobody asked for it."""
    if event.returncode != 0 and not context.is_shutdown:
        raise RuntimeError(f"the classifier ended with exit code {event.returncode}; its last messages say why")
    return [Shutdown(reason="the classifier has ended")]
