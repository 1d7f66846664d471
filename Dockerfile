# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# The environment of `make setup` without touching the machine, as a user who is not root (x86_64 only):
#   docker build -t cac_ros .
#   docker run --shm-size 256m --name cac_demo cac_ros      # make demo
#   docker cp cac_demo:/home/robot/cac_ros/demo_output .    # its report
# The robot's part alone, without PyTorch: the node, replay and evaluate.
#   docker build -t cac_robot --target robot .
# The node on a robot. Over UDP: shared memory does not pass between users, and DDS does not notice.
#   docker run --rm --network host -e FASTDDS_BUILTIN_TRANSPORTS=UDPv4 -v /models:/models:ro cac_robot \
#     .venv/bin/classifier_node --ros-args -p model_path:=/models/parts.cac -r image:=/camera/image_raw
# Inside an official ROS 2 instead of ROS from PyPI, on any architecture:
#   docker build -t cac_ros_jazzy --target ros --build-arg ROS_DISTRO=jazzy .    # or kilted, lyrical
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base AS ros
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv ros-${ROS_DISTRO}-vision-msgs ros-${ROS_DISTRO}-cv-bridge \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1001 robot \
    && install --directory --owner=robot --group=robot /home/robot/ws
USER robot
WORKDIR /home/robot/ws
COPY --chown=robot:robot requirements requirements
RUN python3 -m venv --system-site-packages venv \
    && venv/bin/pip install --no-cache-dir -r requirements/robot.txt -c requirements/constraints.txt
COPY --chown=robot:robot cac_msgs src/cac_msgs
COPY --chown=robot:robot . src/cac_ros
RUN bash -c '. /opt/ros/${ROS_DISTRO}/setup.bash && . venv/bin/activate && python "$(command -v colcon)" build'
CMD ["bash", "-c", ". /opt/ros/${ROS_DISTRO}/setup.bash && . install/setup.bash && exec ros2 launch cac_ros classifier.launch.py"]
STOPSIGNAL SIGINT


FROM python:3.12-slim-bookworm AS base

RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential cmake git \
    && rm -rf /var/lib/apt/lists/*

# The folder is made here: WORKDIR alone would leave it to root.
RUN useradd --create-home --uid 1000 robot \
    && install --directory --owner=robot --group=robot /home/robot/cac_ros
USER robot
WORKDIR /home/robot/cac_ros

# What the environment is made from comes first: a change of the code then does not install everything again.
COPY --chown=robot:robot requirements requirements
COPY --chown=robot:robot tools tools
COPY --chown=robot:robot cac_msgs cac_msgs
COPY --chown=robot:robot Makefile setup.py setup.cfg package.xml ./
COPY --chown=robot:robot resource resource
RUN mkdir cac_core cac_ros launch config && touch cac_core/__init__.py cac_ros/__init__.py


FROM base AS robot_environment
RUN PIP_NO_CACHE_DIR=1 python tools/setup_venv.py --robot --venv .venv && rm -rf .setup


# Without a compiler, PyTorch and the tests.
FROM python:3.12-slim-bookworm AS robot
RUN useradd --create-home --uid 1000 robot \
    && install --directory --owner=robot --group=robot /home/robot/cac_ros
USER robot
WORKDIR /home/robot/cac_ros
COPY --from=robot_environment --chown=robot:robot /home/robot/cac_ros/.venv .venv
COPY --chown=robot:robot cac_core cac_core
COPY --chown=robot:robot cac_ros cac_ros
COPY --chown=robot:robot launch launch
COPY --chown=robot:robot config config
CMD [".venv/bin/classifier_node"]


# The last stage is the one that is built without --target.
FROM base AS everything
RUN PIP_NO_CACHE_DIR=1 make setup && rm -rf .setup/build_cac_msgs
COPY --chown=robot:robot . .

CMD ["make", "demo"]
