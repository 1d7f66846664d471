# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serve the page that teaches the running classifier further classes.

``ros2 launch cac_ros teach.launch.py model_path:=shop.cac photos:=photos harvest:=/data/unknown``

Start the node itself with classifier.launch.py, with its parameter harvest_folder. The log says which address to open.
"""

import shutil

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

# Arguments that become an option of the command line, when they are not empty.
OPTIONS = {
    "model_path": "--model",
    "photos": "--photos",
    "harvest": "--harvest",
    "other": "--other",
    "state": "--state",
    "node": "--node",
    "host": "--host",
    "port": "--port",
    "device": "--device",
}

# As in classifier.launch.py: launch leaves its processes alone when SIGTERM ends it.
END_WITH_LAUNCH = ["setpriv --pdeathsig INT ", LaunchConfiguration("launch-prefix", default="")]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("model_path", description="Model bundle (.cac) to start from; it stays as it is."),
            DeclareLaunchArgument("photos", description="Folder with one folder of photos for each class."),
            DeclareLaunchArgument(
                "harvest", default_value="harvest", description="Folder in which the node saves unknown frames."
            ),
            DeclareLaunchArgument(
                "other", default_value="", description="Folder for things that stay unknown; empty: PHOTOS_other."
            ),
            DeclareLaunchArgument(
                "state", default_value="", description="Folder for the log and new models; empty: MODEL.teach."
            ),
            DeclareLaunchArgument("node", default_value="/cac_classifier", description="Name of the running node."),
            DeclareLaunchArgument(
                "host",
                default_value="127.0.0.1",
                description="Address to serve at; any other asks for the token that the log shows.",
            ),
            DeclareLaunchArgument("port", default_value="8091", description="Port to serve at; 0: any free one."),
            DeclareLaunchArgument("device", default_value="auto", description="Where to teach: auto, cpu or cuda:N."),
            OpaqueFunction(function=page),
        ]
    )


def page(context: LaunchContext) -> list[ExecuteProcess]:
    """The command line, with only those options that an argument was given for."""
    values = context.launch_configurations
    options = [part for name, option in OPTIONS.items() if values[name] for part in (option, values[name])]
    return [
        ExecuteProcess(
            name="teach",
            cmd=[ExecutableInPackage(executable="cac_teach", package="cac_ros"), *options],
            output="both",
            prefix=END_WITH_LAUNCH if shutil.which("setpriv") else None,
            sigterm_timeout="10",
            on_exit=Shutdown(reason="the page has ended"),
        )
    ]
