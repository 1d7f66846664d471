# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on a recorded bag and write a report.

``ros2 launch cac_ros replay.launch.py bag:=yesterday model_path:=parts.cac labels:=labels.csv out:=report mode:=live``

The launch ends with the evaluation, and with an error when the evaluation failed.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, SetEnvironmentVariable, Shutdown
from launch.events.process import ProcessExited
from launch.substitutions import EnvironmentVariable
from launch_ros.substitutions import ExecutableInPackage

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
            # As in classifier.launch.py: both the player and the node need it.
            SetEnvironmentVariable(
                "FASTDDS_BUILTIN_TRANSPORTS",
                EnvironmentVariable("FASTDDS_BUILTIN_TRANSPORTS", default_value="LARGE_DATA"),
            ),
            OpaqueFunction(function=replay),
        ]
    )


def replay(context: LaunchContext) -> list[ExecuteProcess]:
    """The command line, with only those options that an argument was given for."""
    values = context.launch_configurations
    options = [part for name, option in OPTIONS.items() if values[name] for part in (option, values[name])]
    program = ExecutableInPackage(executable="replay", package="cac_ros")
    return [
        ExecuteProcess(
            name="replay",
            cmd=[program, values["bag"], *options],
            output="both",
            sigterm_timeout="15",  # a live replay first ends its node
            on_exit=end_with_the_evaluation,
        )
    ]


def end_with_the_evaluation(event: ProcessExited, context: LaunchContext) -> list[Shutdown]:
    """End the launch; with an error when the evaluation failed."""
    if event.returncode != 0 and not context.is_shutdown:
        raise RuntimeError(f"the evaluation ended with exit code {event.returncode}; its last message says why")
    return [Shutdown(reason="the evaluation is done")]
