# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on a recorded bag and write a report.

``ros2 launch cac_ros replay.launch.py bag:=yesterday model_path:=parts.cac labels:=labels.csv out:=report mode:=live``

With ``mode:=live view:=true`` the annotated image is shown in RViz meanwhile.

The launch ends with the evaluation, and with an error when the evaluation failed.
"""

import shutil

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.substitutions import ExecutableInPackage

WATCHED = "/cac_replay/debug_image"  # where `replay --watch` publishes it

# Arguments that become an option of the command line, when they are not empty.
OPTIONS = {
    "model_path": "--model",
    "out": "--out",
    "labels": "--labels",
    "labels_topic": "--labels-topic",
    "image": "--topic",
    "mode": "--mode",
    "rate": "--rate",
    "device": "--device",
}

# As in classifier.launch.py: launch leaves its processes alone when SIGTERM ends it.
END_WITH_LAUNCH = ["setpriv --pdeathsig INT ", LaunchConfiguration("launch-prefix", default="")]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file."),
            DeclareLaunchArgument("model_path", description="Model bundle (.cac)."),
            DeclareLaunchArgument("out", description="Folder for report.html, metrics.json and frames.csv."),
            DeclareLaunchArgument(
                "labels", default_value="", description="Ground truth: a labels.csv with start,end,label; may be empty."
            ),
            DeclareLaunchArgument(
                "labels_topic", default_value="", description="Ground truth: a std_msgs/String topic of the bag."
            ),
            DeclareLaunchArgument(
                "image", default_value="", description="Image topic; may be empty when the bag has exactly one."
            ),
            DeclareLaunchArgument(
                "mode",
                default_value="offline",
                choices=["offline", "live"],
                description="offline: every frame, fastest; live: through the real node, for latency and drops.",
            ),
            DeclareLaunchArgument("rate", default_value="1.0", description="live: times the bag's own pace."),
            DeclareLaunchArgument("device", default_value="auto", description="auto, cpu or cuda:N."),
            DeclareLaunchArgument(
                "view",
                default_value="false",
                choices=["true", "false", "True", "False"],
                description="true, with mode:=live: show the annotated image in RViz, if it is installed. The replay "
                "then runs in the ROS domain of this terminal, otherwise in one of its own.",
            ),
            OpaqueFunction(function=replay),
            OpaqueFunction(function=view),
        ]
    )


def replay(context: LaunchContext) -> list[ExecuteProcess]:
    """The command line, with only those options that an argument was given for."""
    values = context.launch_configurations
    options = [part for name, option in OPTIONS.items() if values[name] for part in (option, values[name])]
    if values["view"].lower() == "true":
        options.append("--watch")
    program = ExecutableInPackage(executable="cac_replay", package="cac_ros")
    return [
        ExecuteProcess(
            name="replay",
            cmd=[program, values["bag"], *options],
            output="both",
            prefix=END_WITH_LAUNCH if shutil.which("setpriv") else None,
            sigterm_timeout="15",  # a live replay first ends its node
            on_exit=end_with_the_evaluation,
        )
    ]


def view(context: LaunchContext) -> list[IncludeLaunchDescription]:
    """RViz with the annotated image of the replay, if it is wanted and the replay has one."""
    values = context.launch_configurations
    if values["view"].lower() != "true" or values["mode"] != "live":
        return []
    source = PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "view.launch.py"]))
    return [IncludeLaunchDescription(source, launch_arguments={"debug_image": WATCHED}.items())]


def end_with_the_evaluation(event: ProcessExited, context: LaunchContext) -> list[Shutdown]:
    """End the launch; with an error when the evaluation failed."""
    if event.returncode != 0 and not context.is_shutdown:
        raise RuntimeError(f"the evaluation ended with exit code {event.returncode}; its last message says why")
    return [Shutdown(reason="the evaluation is done")]
