# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# The environment of `make setup` without touching the machine, as a user who is not root:
#   docker build -t cac_ros .
#   docker run --rm -v "$PWD/demo_output:/home/robot/cac_ros/demo_output" cac_ros
# The node on a robot, reachable over DDS:
#   docker run --rm --network host --ipc host -v /models:/models:ro cac_ros \
#     .venv/bin/classifier_node --ros-args -p model_path:=/models/parts.cac -r image:=/camera/image_raw
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential cmake git \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 robot
USER robot
WORKDIR /home/robot/cac_ros

# What the environment is made from comes first: a change of the code then does not install everything again.
COPY --chown=robot requirements requirements
COPY --chown=robot tools tools
COPY --chown=robot cac_msgs cac_msgs
COPY --chown=robot Makefile setup.py setup.cfg package.xml ./
COPY --chown=robot resource resource
RUN mkdir cac_core cac_ros launch config && touch cac_core/__init__.py cac_ros/__init__.py \
    && PIP_NO_CACHE_DIR=1 make setup && rm -rf .setup/build_cac_msgs
COPY --chown=robot . .

CMD ["make", "demo"]
