# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag becomes training photos: by label, without what is blurred or alike, boxes cropped, nothing twice."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Writer

from cac_core.data.decode import read_image
from cac_core.support.errors import CacError, DataError
from cac_ros.bags.writer import BagWriter, header
from cac_ros.photos.__main__ import main
from cac_ros.photos.choosing import ALIKE, BLURRED, Chooser
from cac_ros.photos.class_names import class_name
from cac_ros.photos.config import PhotosConfig
from cac_ros.photos.cutting import NO_BOX, cut
from cac_ros.photos.recorded_boxes import DETECTIONS, REGIONS, types
from cac_ros.replay.labels import LabelError

START, STEP = 1_790_000_000 * 10**9, 100_000_000
TOPIC = "/camera/image_raw"


def scene(number: int, grain: int = 0) -> Any:
    """Pictures of different numbers show different things; grain changes only details."""
    coarse = np.random.default_rng(number).integers(0, 255, (12, 16, 3), np.uint8)
    pixels = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_NEAREST)
    return np.clip(pixels + np.random.default_rng(grain).normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Six seconds: a cup, a lemon, something unknown; each frame is another scene."""
    with BagWriter(tmp_path / "kitchen") as writer:
        for number in range(60):
            writer.write_image(TOPIC, START + number * STEP, scene(number))
    (tmp_path / "labels.csv").write_text("start,end,label\n0,2,cup\n2,4,lemon juice\n4,6,unknown\n")
    return tmp_path / "kitchen"


def config(bag: Path, **changes: Any) -> PhotosConfig:
    place = bag.parent
    return PhotosConfig(**{"bag": bag, "labels": place / "labels.csv", "out": place / "photos", "every": 4, **changes})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_nth_frame_of_a_label_becomes_a_photo(bag: Path) -> None:
    cuts, notes = cut(config(bag))
    assert notes == []
    photos = bag.parent / "photos"
    assert names(photos) == ["cup", "lemon juice"]
    assert names(photos / "cup") == [f"kitchen_{START + number * STEP}.jpg" for number in range(0, 20, 4)]
    assert (cuts["cup"].looked_at, cuts["cup"].written) == (5, 5)
    saved = read_image(photos / "cup" / names(photos / "cup")[1]).pixels
    assert np.abs(saved.astype(int) - scene(4)[..., ::-1]).mean() < 8


def test_unknown_things_go_to_a_folder_of_their_own_if_wanted(bag: Path) -> None:
    cuts, _ = cut(config(bag, other=bag.parent / "other"))
    assert len(names(bag.parent / "other")) == cuts["unknown"].written == 5


def test_running_again_writes_nothing_twice_and_goes_on(bag: Path) -> None:
    cut(config(bag))
    folder = bag.parent / "photos" / "cup"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    gone = sorted(before)[2]
    gone.unlink()
    cuts, _ = cut(config(bag))
    assert (cuts["cup"].written, cuts["cup"].there) == (1, 4)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir() if path != gone} == {
        path: moment for path, moment in before.items() if path != gone
    }


def test_blurred_and_near_equal_frames_are_left_out_unless_wanted(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "kitchen") as writer:
        for number in range(20):
            picture = scene(number // 2, grain=number)
            if number in (12, 13):
                picture = cv2.GaussianBlur(picture, (31, 31), 9)
            writer.write_image(TOPIC, START + number * STEP, picture)
    (tmp_path / "labels.csv").write_text("start,end,label\n0,2,cup\n")
    cuts, _ = cut(config(tmp_path / "kitchen", every=1))
    assert cuts["cup"].left_out == {ALIKE: 9, BLURRED: 2}
    assert cuts["cup"].written == 9
    cuts, _ = cut(config(tmp_path / "kitchen", every=1, keep_alike=True, keep_blurred=True, out=tmp_path / "all"))
    assert cuts["cup"].written == 20


@pytest.mark.parametrize("kind", [REGIONS, DETECTIONS])
def test_boxes_of_a_detections_topic_are_cropped(tmp_path: Path, kind: str) -> None:
    store = types()
    image, box = "sensor_msgs/msg/Image", (20, 10, 40, 30)
    with Writer(tmp_path / "kitchen", version=9) as writer:
        camera = writer.add_connection(TOPIC, image, typestore=store)
        found = writer.add_connection("/detections", kind, typestore=store)
        for number in range(4):
            moment = START + number * STEP
            message = store.types[image](
                header=header(moment), height=120, width=160, encoding="bgr8", is_bigendian=0, step=480,
                data=scene(number).reshape(-1),
            )  # fmt: skip
            writer.write(camera, moment, store.serialize_cdr(message, image))
            if number % 2:
                writer.write(found, moment + 1, store.serialize_cdr(boxes(store, kind, moment, box), kind))
    (tmp_path / "labels.csv").write_text("start,end,label\n0,1,cup\n")
    cuts, _ = cut(config(tmp_path / "kitchen", every=1, detections="detections"))
    assert (cuts["cup"].written, cuts["cup"].left_out) == (2, {NO_BOX: 2})
    assert names(tmp_path / "photos" / "cup") == [f"kitchen_{START + n * STEP}_0.jpg" for n in (1, 3)]
    saved = read_image(tmp_path / "photos" / "cup" / f"kitchen_{START + STEP}_0.jpg").pixels
    assert saved.shape == (30, 40, 3)
    assert np.abs(saved.astype(int) - scene(1)[10:40, 20:60, ::-1]).mean() < 8


def boxes(store: Any, kind: str, moment: int, box: tuple[int, int, int, int]) -> Any:
    x, y, width, height = box
    made = store.types
    if kind == REGIONS:
        region = made["cac_msgs/msg/Region"](id="a", x=x, y=y, width=width, height=height)
        return made[kind](header=header(moment), regions=[region])
    centre = made["vision_msgs/msg/Point2D"](x=x + width / 2, y=y + height / 2)
    pose = made["vision_msgs/msg/Pose2D"](position=centre, theta=0.0)
    bounding = made["vision_msgs/msg/BoundingBox2D"](center=pose, size_x=float(width), size_y=float(height))
    detection = made["vision_msgs/msg/Detection2D"](header=header(moment), results=[], bbox=bounding, id="a")
    return made[kind](header=header(moment), detections=[detection])


def test_mistakes_are_sentences_and_leave_nothing(bag: Path) -> None:
    with pytest.raises(CacError, match="Labels are needed from one place"):
        cut(config(bag, labels=None))
    with pytest.raises(CacError, match="has no boxes on /boxes; it has no topic of boxes"):
        cut(config(bag, detections="/boxes"))
    (bag.parent / "labels.csv").write_text("start,end,label\n0,2,../../cup\n")
    with pytest.raises(DataError, match="holds a slash"):
        cut(config(bag))
    (bag.parent / "labels.csv").write_text("from,to\n")
    with pytest.raises(LabelError):
        cut(config(bag))
    assert not (bag.parent / "photos").exists()


def test_the_table_says_what_became_of_the_frames(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(bag), "--labels", str(bag.parent / "labels.csv"), "--out", str(bag.parent / "photos"), "--most", "3"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.replace("│", "").split() for line in lines if "lemon" in line] == [["lemon", "juice", "3", "3", "3"]]


@pytest.mark.parametrize("name", ["cup", "Käse 🧀", "zitrone-2", "Sieben 7️⃣"])
def test_names_of_all_languages_can_be_classes(name: str) -> None:
    assert class_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a\\b", ".x", "..", "unknown", "UNKNOWN", "a\nb", "x" * 256, None, 3, "thumbs.db"]
)
def test_names_that_no_folder_of_photos_can_have_are_refused(name: object) -> None:
    with pytest.raises(DataError) as error:
        class_name(name)
    assert str(error.value).isprintable()


def test_a_picture_is_compared_with_its_neighbours_and_with_kept_ones() -> None:
    chooser = Chooser()
    assert [chooser.refuses(scene(number)) for number in range(5)] == [""] * 5
    assert chooser.refuses(scene(2, grain=9)) == ALIKE
    assert chooser.refuses(cv2.GaussianBlur(scene(6), (31, 31), 9)) == BLURRED
    chooser.remember(scene(7))
    assert chooser.refuses(scene(7, grain=1)) == ALIKE
