# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Show the annotated image of a classifier in RViz, also on another computer than the robot's.

``ros2 launch cac_ros view.launch.py debug_image:=/front/cac_classifier/debug_image``
"""

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

TOPIC = "/cac_classifier/debug_image"  # in config/cac_ros.rviz


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("debug_image", default_value=TOPIC, description="Topic of the annotated image."),
            OpaqueFunction(function=rviz),
        ]
    )


def rviz(context: LaunchContext) -> list[LogInfo | Node]:
    """RViz with our layout, or a sentence where it is not installed: what it was to show goes on without it."""
    topic = context.launch_configurations["debug_image"]
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        sentence = (
            "view: rviz2 is not installed on this computer, so nothing is shown; everything else goes on. Install it "
            f"with: sudo apt install ros-$ROS_DISTRO-rviz2, or look at {topic} with rqt or Foxglove."
        )
        return [LogInfo(msg=sentence)]
    layout = PathJoinSubstitution([FindPackageShare("cac_ros"), "config", "cac_ros.rviz"])
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", layout],
            remappings=[(TOPIC, topic)],
            output="log",
        )
    ]
