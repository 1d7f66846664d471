# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of the page, declared once: the command line is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TeachConfig:
    """Teach a model on the spot, in a browser: label what the robot did not know, teach it, give it to the robot.

    The page shows the frames that the node saved, in groups that look alike. Say what they are, teach, and the running
    node uses the new model. Nothing is deleted: every file is moved, with a log, and every move can be undone.

    Attributes:
        model: the model file (.cac) to start from; it stays as it is.
        photos: folder with one folder of photos for each class. It must also hold photos of the classes that the model
            knows, such as the folder it was trained on.
        harvest: folder in which the node saves unknown frames (its parameter harvest_folder).
        other: folder for photos of things that stay unknown; PHOTOS_other when not given.
        state: folder for the log of moves, new models and discarded frames; MODEL.teach when not given. Give the node
            the folder of the model as models_folder, or none: it loads new models from here.
        node: name of the running node; empty = no ROS.
        camera: number of a USB camera to use without a node; -1 = none.
        host: address to serve at. Any other than 127.0.0.1 asks for the token that is printed at the start.
        port: to serve at; 0 = any free one.
        device: where to teach: auto, cpu or cuda:N.
        threads: processor threads to teach with; as many as PyTorch chooses when not given.
    """

    model: Path
    photos: Path
    harvest: Path = Path("harvest")
    other: Path | None = None
    state: Path | None = None
    node: str = ""
    camera: int = -1
    host: str = "127.0.0.1"
    port: int = 8091
    device: str = "auto"
    threads: int | None = None
