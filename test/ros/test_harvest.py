# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Unknown frames are kept for labelling, but not too many, not twice, and never at the cost of a frame."""

import csv
import errno
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest
from std_msgs.msg import Header

from cac_core.data.decode import read_image
from cac_core.predictor import Decision, Reason, failed
from cac_core.preprocessing import Frame
from cac_ros.node.observers.harvest import Harvest, file_name, saved_because
from cac_ros.node.observers.harvest_index import COLUMNS, append_row
from cac_ros.node.observers.observer import AnsweredFrame
from test.ros.driver import GREEN, GREY, RED, Robot, picture, running, sums_up, values_of, wait_until

UNKNOWN = Decision(True, -1, "", 0, "deep blue", 2.5, 1.0, Reason.ABOVE_THRESHOLD, np.zeros(3, np.float32))
KNOWN = Decision(False, 0, "deep blue", 0, "deep blue", 0.5, 1.0, Reason.OK, np.zeros(3, np.float32))
clock = itertools.count(1_800_000_000, 0.5).__next__


def scene(number: int, noise: int = 0) -> Frame:
    """Pictures of different numbers show different things; noise changes only details."""
    coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
    pixels = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(noise).normal(0, 3, pixels.shape)
    return Frame(np.clip(pixels + grain, 0, 255).astype(np.uint8), "rgb")


def answered(frame: Frame | None, arrived: float = 0.0, decision: Decision = UNKNOWN) -> AnsweredFrame:
    return AnsweredFrame(Header(frame_id="front, left"), frame, decision, "m@1", ("deep blue",), arrived, 0.003)


Make = Callable[..., Harvest]


@pytest.fixture
def sentences() -> list[str]:
    return []


@pytest.fixture
def harvest(tmp_path: Path, sentences: list[str]) -> Iterator[Make]:
    made = []

    def make(
        folder: Path = tmp_path / "unknown", period: float = 0.0, quota: float = 1e9, margin: float = 0.0
    ) -> Harvest:
        made.append(Harvest(folder, period, quota, sentences.append, clock, margin))
        return made[-1]

    yield make
    for one in made:
        one.close(5.0)


def show(harvest: Harvest, *frames: AnsweredFrame) -> dict[str, str]:
    for one in frames:
        harvest.observe(one)
        assert harvest.wait_idle(10)
    return dict(harvest.status_values())


def test_an_unknown_frame_is_saved_with_a_line_in_the_index(harvest: Make, tmp_path: Path) -> None:
    frame = scene(0)
    assert show(harvest(), answered(frame))["harvested"] == "1"
    (path,) = (tmp_path / "unknown").glob("*.jpg")
    assert path.name.endswith("_near-deep-blue.jpg")
    saved = read_image(path)
    assert saved.order == "rgb"
    assert np.abs(saved.pixels.astype(int) - frame.pixels).mean() < 3
    with (tmp_path / "unknown" / "index.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == COLUMNS
    expected = [path.name, "0.000000000", "front, left", "deep blue", "2.5", "1", "m@1", "unknown"]
    assert list(row.values()) == expected


def test_known_and_failed_frames_are_not_saved(harvest: Make, tmp_path: Path) -> None:
    values = show(
        harvest(),
        answered(scene(0), decision=KNOWN),
        answered(scene(1), decision=failed(Reason.TOO_DARK)),
        answered(None),
    )
    assert values["harvested"] == "0"
    assert not (tmp_path / "unknown").exists()


def scored(score: float) -> Decision:
    """What a node says of a frame with this score and the threshold 1."""
    known = score <= 1.0
    reason = Reason.OK if known else Reason.ABOVE_THRESHOLD
    label = "deep blue" if known else ""
    return Decision(not known, 0 if known else -1, label, 0, "deep blue", score, 1.0, reason, np.zeros(3, np.float32))


def test_frames_near_the_threshold_are_saved_too_if_wanted() -> None:
    scores = (0.5, 0.79, 0.81, 1.0, 1.01, 1.19, 1.21)
    assert [saved_because(scored(score), 0.0) for score in scores] == [""] * 4 + ["unknown"] * 3
    near = ["near_threshold"] * 4
    assert [saved_because(scored(score), 0.2) for score in scores] == ["", "", *near, "unknown"]
    assert saved_because(failed(Reason.BAD_FRAME), 0.2) == ""
    assert saved_because(failed(Reason.NOT_FINITE), 1.0) == ""


def test_each_picture_says_why_it_was_saved(harvest: Make, tmp_path: Path) -> None:
    frames = [answered(scene(number), decision=scored(score)) for number, score in enumerate((0.5, 0.9, 1.1, 3.0))]
    assert show(harvest(margin=0.2), *frames)["harvested"] == "3"
    with (tmp_path / "unknown" / "index.csv").open() as file:
        rows = [(row["rejection_score"], row["saved_because"]) for row in csv.DictReader(file)]
    assert rows == [("0.9", "near_threshold"), ("1.1", "near_threshold"), ("3", "unknown")]


def test_an_index_of_an_earlier_version_gets_the_new_header(harvest: Make, tmp_path: Path) -> None:
    index = tmp_path / "unknown" / "index.csv"
    index.parent.mkdir()
    index.write_text(",".join(COLUMNS[:7]) + "\na.jpg,1.0,camera,cup,2.5,1,m@0\n")
    assert show(harvest(), answered(scene(0)))["harvested"] == "1"
    with index.open() as file:
        first, second = csv.DictReader(file)
    assert (first["file"], first["saved_because"]) == ("a.jpg", None)
    assert (second["model_id"], second["saved_because"]) == ("m@1", "unknown")


def test_near_duplicates_are_skipped_and_other_pictures_are_not(harvest: Make) -> None:
    frames = [answered(scene(number, noise)) for number in range(5) for noise in range(4)]
    values = show(harvest(), *frames)
    assert (values["harvested"], values["harvest_duplicates"]) == ("5", "15")


def test_there_is_a_pause_between_two_frames(harvest: Make) -> None:
    frames = [answered(scene(number), 100 + 0.3 * number) for number in range(10)]
    assert show(harvest(period=1.0), *frames)["harvested"] == "3"


def test_the_quota_holds_over_restarts_and_is_said_once(harvest: Make, tmp_path: Path, sentences: list[str]) -> None:
    values = show(harvest(), *[answered(scene(n)) for n in range(3)])
    used = sum(path.stat().st_size for path in (tmp_path / "unknown").glob("*.jpg"))
    values = show(harvest(quota=used + 10), *[answered(scene(n)) for n in range(10, 14)])
    assert (values["harvested"], values["harvest_failed"]) == ("0", "4")
    assert len(sentences) == 1
    assert "label them and move them away, or raise the quota" in sentences[0]
    assert values["harvest_problem"] == sentences[0]
    assert sum(path.stat().st_size for path in (tmp_path / "unknown").glob("*.jpg")) == used


def test_an_unwritable_folder_is_said_once_counted_and_survived(
    harvest: Make, tmp_path: Path, sentences: list[str]
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "below"
    made = harvest(folder)
    values = show(made, *[answered(scene(n)) for n in range(5)])
    assert values["harvest_failed"] == "5"
    assert sentences == [f"Unknown frames cannot be saved in {folder}: Not a directory."]
    (tmp_path / "file").unlink()
    values = show(made, answered(scene(9)))
    assert (values["harvested"], values["harvest_problem"]) == ("1", "")


def test_a_full_disk_leaves_no_half_pictures(harvest: Make, tmp_path: Path, sentences: list[str]) -> None:
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        real(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    made = harvest()
    with mock.patch.object(Path, "write_bytes", full):
        assert show(made, answered(scene(0)), answered(scene(1)))["harvest_failed"] == "2"
    assert sentences == [f"Unknown frames cannot be saved in {tmp_path / 'unknown'}: No space left on device."]
    assert list((tmp_path / "unknown").iterdir()) == []
    assert show(made, answered(scene(0)))["harvested"] == "1", "the next one is saved when there is room again"


def rows_and_pictures(folder: Path) -> tuple[list[str], list[str]]:
    with (folder / "index.csv").open() as file:
        return [row["file"] for row in csv.DictReader(file)], sorted(path.name for path in folder.glob("*"))


def test_a_full_disk_stays_a_problem_until_a_picture_is_written(
    harvest: Make, tmp_path: Path, sentences: list[str]
) -> None:
    folder = tmp_path / "unknown"
    made = harvest()
    assert show(made, answered(scene(0)))["harvested"] == "1"
    (folder / "index.csv").rename(folder / "kept.csv")
    (folder / "index.csv").symlink_to("/dev/full")  # the kernel answers every write with ENOSPC
    expected = f"Unknown frames cannot be saved in {folder}: No space left on device."
    for number in range(1, 41):
        values = show(made, answered(scene(number)), answered(scene(0, noise=number)))
        assert values["harvest_problem"] == made.problem == expected, "a duplicate proves nothing about the disk"
        assert (values["harvest_failed"], values["harvest_duplicates"]) == (str(number), str(number))
    assert sentences == [expected], "one line in the log"
    assert len(list(folder.glob("*.jpg"))) == 1, "no picture without a line in the index"
    (folder / "index.csv").unlink()
    (folder / "kept.csv").rename(folder / "index.csv")
    assert show(made, answered(scene(0, noise=99)))["harvest_problem"] == expected
    values = show(made, answered(scene(1)))
    assert (values["harvested"], values["harvest_problem"], made.problem) == ("2", "", "")
    rows, names = rows_and_pictures(folder)
    assert sorted([*rows, "index.csv"]) == names


def test_a_failure_that_comes_and_goes_is_said_once(harvest: Make, tmp_path: Path, sentences: list[str]) -> None:
    folder = tmp_path / "unknown"
    made = harvest()
    for number in range(10):
        with mock.patch.object(Path, "write_bytes", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            show(made, answered(scene(2 * number)))
        assert show(made, answered(scene(2 * number + 1)))["harvest_problem"] == ""
        with mock.patch.object(Path, "write_bytes", side_effect=OSError(errno.EIO, "Input/output error")):
            show(made, answered(scene(2 * number)))
    assert made.status_values()["harvest_failed"] == "20"
    start = f"Unknown frames cannot be saved in {folder}: "
    assert sentences == [f"{start}No space left on device.", f"{start}Input/output error."], "each kind once"


def test_half_a_line_in_the_index_is_taken_back(tmp_path: Path) -> None:
    """The limit on the size of a file lets the kernel write a part of the line and refuse the rest."""
    index = tmp_path / "index.csv"
    append_row(index, ["a.jpg"] * len(COLUMNS))
    before = index.read_bytes()
    code = f"""
import resource
from pathlib import Path
from cac_ros.node.observers.harvest_index import append_row
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before)} + 5, {len(before)} + 5))
try:
    append_row(Path({str(index)!r}), ["b.jpg"] * {len(COLUMNS)})
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "File too large\n"
    assert index.read_bytes() == before


def test_room_made_in_the_folder_is_noticed(harvest: Make, tmp_path: Path) -> None:
    folder = tmp_path / "unknown"
    made = harvest(quota=100_000)
    number = 0
    while show(made, answered(scene(number)))["harvest_problem"] == "":
        number += 1
    for path in folder.glob("*.jpg"):
        path.unlink()
    assert show(made, answered(scene(number)))["harvest_problem"] == ""


def test_a_disk_that_does_not_answer_is_a_problem(harvest: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cac_ros.node.observers.harvest._HANGS", 0.05)
    goes_on, made = threading.Event(), harvest()
    with mock.patch.object(Path, "write_bytes", side_effect=lambda _: goes_on.wait(30)):
        made.observe(answered(scene(0)))
        wait_until(lambda: "has taken 0 s so far" in made.problem, "the report")
        goes_on.set()
        assert made.wait_idle(10)


def test_a_disk_that_hangs_does_not_hold_up_the_frames(harvest: Make) -> None:
    goes_on = threading.Event()
    made = harvest()
    with mock.patch.object(Path, "write_bytes", side_effect=lambda _: goes_on.wait(30)):
        made.observe(answered(scene(0)))
        start = time.monotonic()
        for number in range(1, 100):
            made.observe(answered(scene(number % 3)))
        assert time.monotonic() - start < 5.0
        goes_on.set()
        assert made.wait_idle(10)


def test_names_are_fit_for_every_file_system() -> None:
    assert file_name(0.25, "a/b: ü?") == "19700101T000000.250000_near-a-b-ü.jpg"
    assert file_name(0.0, "../..") == "19700101T000000.000000.jpg"
    assert len(file_name(0.0, "x" * 500)) < 100


def test_the_node_saves_unknown_frames_only(model: Path, ros_domain: int, tmp_path: Path) -> None:
    robot, folder = Robot(ros_domain), tmp_path / "unknown"
    options = {"harvest_folder": str(folder), "harvest_period": 0.0, "diagnostics_period": 0.2}
    try:
        with running(tmp_path, ros_domain, model, **options) as node:
            robot.wait_connected()
            for colour in (RED, GREY, GREEN, GREY):
                robot.ask(picture(colour))
            wait_until(lambda: any(folder.glob("*.jpg")), "the picture")
            report = robot.wait_report(lambda r: values_of(r)["harvest_duplicates"] == "1" and sums_up(r), "all seen")
            assert values_of(report)["harvested"] == "1"
            (path,) = folder.glob("*.jpg")
            assert tuple(read_image(path).pixels[0, 0]) == GREY
            assert node.interrupt() == 0
    finally:
        robot.close()
