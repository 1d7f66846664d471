# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A USB camera, read through OpenCV in a thread of its own: for teaching without ROS."""

import threading
from collections.abc import Callable

import cv2
import numpy as np

from cac_core.predictor import Decision
from cac_core.preprocessing import Frame
from cac_ros.images.likeness import Picture
from cac_ros.teach.features import shown_jpeg
from cac_ros.teach.view import ViewStatus

_SHOWN = 640  # [pixels]


class UsbCamera:
    """One camera. It is opened when somebody looks.

    Args:
        number: of the camera: 0 is the first.
        decide: gives the answer to a frame of the camera, in words and as a decision; None = nobody answers.
    """

    def __init__(self, number: int, decide: Callable[[Frame], Decision] | None = None) -> None:
        self._number = number
        self._decide = decide
        self._problem = ""
        self._frame: tuple[int, Picture | None] = (0, None)
        self._answer = ""
        self._ends = threading.Event()
        self._looked = threading.Event()
        self._thread = threading.Thread(target=self._read, name="teach_camera", daemon=True)
        self._thread.start()

    def status(self) -> ViewStatus:
        """Whether it gives pictures."""
        there = self._frame[1] is not None
        return ViewStatus("usb", f"camera {self._number}", there, answer=self._answer, problem=self._problem)

    def shown(self, after: int) -> tuple[int, bytes]:
        """The newest picture, reduced."""
        number, picture = self.frame(after)
        return number, b"" if picture is None else shown_jpeg(picture, _SHOWN)

    def frame(self, after: int) -> tuple[int, Picture | None]:
        """The newest picture."""
        self._looked.set()
        number, picture = self._frame
        return number, picture if number > after else None

    def load_model(self, path: str) -> tuple[bool, str]:
        """There is no node that could."""
        return True, ""

    def set_threshold(self, theta: float) -> tuple[bool, str]:
        """There is no node that could."""
        return False, "There is no node: start the page with --node."

    def close(self) -> None:
        """Let go of the camera."""
        self._ends.set()
        self._looked.set()
        self._thread.join(5.0)

    def _read(self) -> None:
        self._looked.wait()
        camera = None
        while not self._ends.is_set():
            if camera is None or not camera.isOpened():
                camera = cv2.VideoCapture(self._number)
            good, picture = camera.read() if camera.isOpened() else (False, None)
            if not good or picture is None:
                self._problem = f"Camera {self._number} gives no picture. Is it plugged in, and not in use elsewhere?"
                self._frame = (self._frame[0], None)
                camera.release()
                camera = None
                self._ends.wait(1.0)
                continue
            self._problem = ""
            pixels = np.asarray(picture, np.uint8)
            if self._decide is not None:
                decision = self._decide(Frame(pixels, "bgr"))
                self._answer = f"unknown, nearest {decision.nearest_label}" if decision.unknown else decision.label
            self._frame = (self._frame[0] + 1, pixels)
            self._ends.wait(0.05)
        if camera is not None:
            camera.release()
