# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos before a camera: sharp ones that differ, straight into a class; and a robot that refuses or goes away."""

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cac_core.bundle import load_bundle, save_bundle
from cac_core.support.errors import DataError
from cac_ros.images.likeness import Picture
from cac_ros.teach.collecting import Collector
from cac_ros.teach.desk import Desk
from cac_ros.teach.history import add_to_history
from cac_ros.teach.lessons import Lessons
from cac_ros.teach.moves import MoveLog
from cac_ros.teach.places import Places
from cac_ros.teach.usb_camera import UsbCamera
from cac_ros.teach.view import ViewStatus
from test.disk_faults import failing_disk
from test.ros.driver import wait_until
from test.ros.test_photos import scene


class FakeView:
    """A camera that shows these pictures, and a node that answers so."""

    def __init__(self, *pictures: Picture) -> None:
        self.pictures = list(pictures)
        self.number = 0
        self.answer = (True, "swapped")
        self.model_id = "other@0"
        self.loaded: list[str] = []

    def status(self) -> ViewStatus:
        return ViewStatus("node", "/fake", True, model_id=self.model_id)

    def shown(self, after: int) -> tuple[int, bytes]:
        return after, b""

    def frame(self, after: int) -> tuple[int, Picture | None]:
        if self.number < len(self.pictures):
            self.number += 1
            return self.number, self.pictures[self.number - 1]
        return self.number, None

    def load_model(self, path: str) -> tuple[bool, str]:
        self.loaded.append(path)
        return self.answer

    def set_threshold(self, theta: float) -> tuple[bool, str]:
        return self.answer

    def close(self) -> None:
        pass


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collector:
    monkeypatch.setattr("cac_ros.teach.collecting._PAUSE", 0.0)
    monkeypatch.setattr("cac_ros.teach.collecting._PATIENCE", 1.0)
    return Collector(tmp_path / "arrivals", MoveLog(tmp_path / "state"))


def ended(collector: Collector) -> Any:
    wait_until(lambda: not collector.now.going_on, "the last photo")
    return collector.now


def test_sharp_pictures_that_differ_become_photos_and_can_be_undone(collector: Collector, tmp_path: Path) -> None:
    blurred = cv2.GaussianBlur(scene(9), (31, 31), 9)
    shown = [
        scene(0),
        scene(0),
        scene(1),
        scene(1, grain=1),
        scene(2),
        scene(3),
        np.asarray(blurred, np.uint8),
        scene(4),
    ]
    collector.start(FakeView(*shown), "cup", tmp_path / "photos" / "cup", 5)
    now = ended(collector)
    assert (now.taken, now.blurred, now.alike, now.problem) == (5, 1, 1, "")
    assert len(list((tmp_path / "photos" / "cup").iterdir())) == 5
    assert not list((tmp_path / "arrivals").iterdir())
    log = MoveLog(tmp_path / "state")
    assert log.undoable() == ("cup", 5)
    log.undo()
    assert len(list((tmp_path / "arrivals").iterdir())) == 5


def test_a_camera_with_nothing_new_ends_the_taking_and_photos_are_kept(collector: Collector, tmp_path: Path) -> None:
    collector.start(FakeView(scene(0), scene(1)), "cup", tmp_path / "cup", 5)
    now = ended(collector)
    assert "No new picture came for a minute" in now.problem
    assert len(list((tmp_path / "cup").iterdir())) == now.taken


def test_photos_of_one_class_at_a_time_are_taken_until_it_is_stopped(collector: Collector, tmp_path: Path) -> None:
    collector.start(FakeView(), "cup", tmp_path / "cup", 5)
    with pytest.raises(DataError, match="Photos of cup are being taken"):
        collector.start(FakeView(), "lemon", tmp_path / "lemon", 5)
    collector.stop()
    assert ended(collector).problem == ""


def test_a_full_disk_ends_the_taking_with_a_sentence(collector: Collector, tmp_path: Path) -> None:
    with failing_disk(tmp_path / "arrivals", "write", 2, errno.ENOSPC):
        collector.start(FakeView(*map(scene, range(8))), "cup", tmp_path / "cup", 5)
        now = ended(collector)
    assert "No space left on device" in now.problem
    assert [len(list((tmp_path / "cup").iterdir())), len(list((tmp_path / "arrivals").iterdir()))] == [1, 0]


class FakeCapture:
    """A USB camera of OpenCV."""

    there = True

    def __init__(self, number: int) -> None:
        self.number = number

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return self.there

    def read(self) -> tuple[bool, Picture | None]:
        return (True, scene(1)) if self.there else (False, None)

    def release(self) -> None:
        pass


def test_a_usb_camera_gives_pictures_and_says_when_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.VideoCapture", FakeCapture)
    camera = UsbCamera(3)
    try:
        assert not camera.status().connected, "it is opened when somebody looks"
        wait_until(lambda: camera.frame(0)[1] is not None, "a picture")
        number, picture = camera.frame(0)
        assert np.array_equal(picture, scene(1)) if picture is not None else False
        assert camera.shown(0)[1].startswith(b"\xff\xd8")
        wait_until(lambda: camera.frame(number)[1] is not None, "the next one")
        monkeypatch.setattr(FakeCapture, "there", False)
        wait_until(lambda: "Camera 3 gives no picture" in camera.status().problem, "the sentence")
        assert camera.set_threshold(1.0)[0] is False
    finally:
        camera.close()


@pytest.fixture
def desk(tmp_path: Path, model: Path) -> Iterator[tuple[Desk, FakeView, str]]:
    """A desk with a robot, and a second model in its history."""
    places = Places(tmp_path / "harvest", tmp_path / "photos", tmp_path / "other", tmp_path / "state")
    shutil.copy(model, tmp_path / "first.cac")
    second = save_bundle(replace(load_bundle(model), name="second"), tmp_path / "second.cac")
    places.state.mkdir()
    add_to_history(places.state, {"model_id": second.model_id, "path": str(tmp_path / "second.cac")})
    view = FakeView()
    made = Desk(places, tmp_path / "first.cac", Lessons(places), view)
    yield made, view, second.model_id
    made.close()


@pytest.mark.slow
def test_a_model_that_the_robot_takes_is_used_after_a_new_start_too(
    desk: tuple[Desk, FakeView, str], tmp_path: Path
) -> None:
    made, view, second = desk
    assert made.use(second) == "swapped"
    assert view.loaded == [str(tmp_path / "second.cac")]
    assert made.bundle.model_id == second
    again = Desk(made.places, tmp_path / "first.cac", Lessons(made.places))
    assert again.bundle.model_id == second
    again.close()


def test_a_robot_that_refuses_or_goes_away_leaves_the_page_as_it_was(desk: tuple[Desk, FakeView, str]) -> None:
    made, view, second = desk
    before = made.bundle.model_id
    view.answer = (False, "The node went away.")
    with pytest.raises(DataError, match="went away"):
        made.use(second)
    assert made.bundle.model_id == before
    view.model_id = second  # it had swapped before it went
    made.use(second)
    assert made.bundle.model_id == second


def test_a_model_that_is_not_of_the_history_is_not_loaded(desk: tuple[Desk, FakeView, str], tmp_path: Path) -> None:
    made, view, _ = desk
    for name in ("nothing@0", str(tmp_path / "second.cac"), "../second.cac"):
        with pytest.raises(DataError, match="There is no such model"):
            made.use(name)
    assert view.loaded == []
