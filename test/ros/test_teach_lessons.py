# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lesson teaches what the folders hold, says what it costs, and leaves everything as it was when it is cancelled."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from cac_core.bundle import ModelBundle, load_bundle
from cac_ros.teach.board import Board
from cac_ros.teach.grouping import duplicates, group
from cac_ros.teach.history import read_history
from cac_ros.teach.lesson import training_like
from cac_ros.teach.lesson_files import PROCESS, read_json
from cac_ros.teach.lessons import BusyError, Lessons, LessonState
from cac_ros.teach.moves import MoveLog
from cac_ros.teach.places import Places
from cac_ros.teach.plan import EXTEND, TRAIN, make_plan, photo_counts
from test.ros.digit_lessons import NEW, shared_place, write_harvest
from test.ros.driver import wait_until

pytestmark = pytest.mark.slow

KNOWN = ("0", "1", "2", "4", "5")


@pytest.fixture(scope="module")
def five(cache_of_this_session: Path) -> Path:
    return shared_place(cache_of_this_session)


@pytest.fixture(scope="module")
def bundle(five: Path) -> ModelBundle:
    return load_bundle(five / "five.cac")


@pytest.fixture
def places(five: Path, tmp_path: Path) -> Places:
    shutil.copytree(five / "photos", tmp_path / "photos")
    write_harvest(tmp_path / "harvest", count=20)
    return Places(tmp_path / "harvest", tmp_path / "photos", tmp_path / "other", tmp_path / "state")


def ended(lessons: Lessons) -> LessonState:
    wait_until(lambda: not lessons.state().going_on, "the end of the lesson", timeout=120.0)
    return lessons.state()


def learn_new_digit(places: Places) -> None:
    MoveLog(places.state).move(sorted(places.harvest.iterdir()), places.class_folder(str(NEW)), str(NEW))


def test_a_lesson_adds_a_class_and_compares_before_and_after(five: Path, bundle: ModelBundle, places: Places) -> None:
    learn_new_digit(places)
    plan = make_plan(bundle, photo_counts(places.photos))
    assert (plan.kind, plan.new, plan.problem) == (EXTEND, (str(NEW),), "")
    lessons = Lessons(places, "cpu", 1)
    lessons.start(plan, five / "five.cac")
    with pytest.raises(BusyError, match="A teaching goes on"):
        Lessons(places).start(plan, five / "five.cac")
    assert Lessons(places).state().going_on, "another program of the page finds it"
    state = ended(lessons)
    assert (state.state, state.problem) == ("done", ""), state.log
    assert state.result is not None
    assert state.result["new"]["after"]["accuracy"] == 1.0
    assert state.result["old"]["after"]["accuracy"] >= state.result["old"]["before"]["accuracy"] - 0.1
    assert {each["after"] for each in state.result["changed"]} & {str(NEW), ""}
    (model,) = read_history(places.state)
    child = load_bundle(model["path"])
    assert child.class_names == (*KNOWN, str(NEW))
    assert (model["model_id"], model["parent"]) == (child.model_id, bundle.model_id)
    assert model["photos"][str(NEW)] == 20
    assert not model["missing"]
    assert Lessons(places).state().result == state.result, "it is found again later"


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_a_lesson_that_ends_early_leaves_everything_as_it_was(
    five: Path, bundle: ModelBundle, places: Places, end: str
) -> None:
    learn_new_digit(places)
    lessons = Lessons(places, "cpu", 1)
    lessons.start(make_plan(bundle, photo_counts(places.photos)), five / "five.cac")
    wait_until(lambda: "reading" in lessons.state().log, "the start of the lesson", timeout=60.0)
    if end == "cancel":
        Lessons(places).cancel()  # by another program of the page
        assert lessons.state().state == "cancelled"
    else:
        os.kill(read_json(places.lesson / PROCESS)["pid"], signal.SIGKILL)
        state = ended(lessons)
        assert (state.state, state.problem) == ("failed", "The teaching ended without a word. Its log may say why.")
    assert list(places.models.glob("*.cac")) == []
    assert read_history(places.state) == []
    assert len(photo_counts(places.photos)) == len(KNOWN) + 1


def test_a_lesson_that_fails_says_why(five: Path, bundle: ModelBundle, places: Places) -> None:
    learn_new_digit(places)
    plan = make_plan(bundle, photo_counts(places.photos))
    for path in (places.photos / "0").iterdir():
        path.write_bytes(b"damaged")
    lessons = Lessons(places, "cpu", 1)
    lessons.start(plan, five / "five.cac")
    state = ended(lessons)
    assert state.state == "failed"
    assert "has fewer than two readable photos of 0" in state.problem


def test_the_plan_says_what_is_done_and_why(bundle: ModelBundle) -> None:
    enough = dict.fromkeys(KNOWN, 20)
    assert make_plan(bundle, {**enough, "7": 20}).kind == EXTEND
    assert make_plan(bundle, enough).why.startswith("No class is new.")
    assert make_plan(bundle, {**enough, "7": 20, "8": 20, "9": 20}).why.startswith("3 new classes are many")
    few = make_plan(bundle, {**enough, "0": 3, "7": 20})
    assert (few.kind, few.why) == (
        TRAIN,
        "There are fewer than 5 photos of 0: too few to check that it is not forgotten.",
    )
    assert "has none of 1, which the model knows" in make_plan(bundle, {**enough, "1": 0, "7": 20}).problem
    assert "fewer than 2 photos of 7" in make_plan(bundle, {**enough, "7": 1}).problem


def test_a_full_training_has_the_settings_of_the_models_own(bundle: ModelBundle, tmp_path: Path) -> None:
    config = training_like(bundle, tmp_path / "photos", tmp_path / "other", tmp_path / "out.cac")
    assert (config.model.backbone, config.model.options) == ("paper", {"width": 1 / 8})
    assert (config.preprocessing.image_size, config.preprocessing.channels) == (32, 1)
    assert config.data.root == tmp_path / "photos"
    assert config.data.known_unknown is None
    assert config.schedule.epochs == 12


def test_frames_are_grouped_as_they_come_and_go(bundle: ModelBundle, tmp_path: Path) -> None:
    sevens = write_harvest(tmp_path, 7, count=8)
    board = Board(tmp_path, bundle)
    board.start()

    def shown() -> list[set[str]]:
        return [
            {f.path.name for f in (*each.frames, *(c for copies in each.copies.values() for c in copies))}
            for each in board.groups()[1]
        ]

    try:
        wait_until(lambda: sum(map(len, shown())) == 8, "the first frames")
        write_harvest(tmp_path, 6, count=8)
        (tmp_path / "damaged.jpg").write_bytes(b"no picture")
        board.refresh()
        wait_until(lambda: sum(map(len, shown())) == 16, "further frames")
        assert len(shown()) > 1, "sixes and sevens are not one group"
        wait_until(lambda: len(board.status["unreadable"]) == 1, "the damaged one")  # type: ignore[arg-type]
        for path in sevens:
            path.unlink()
        board.refresh()
        wait_until(lambda: sum(map(len, shown())) == 8, "their end")
        assert all(look.features.shape == board.groups()[2][i].features.shape for i, look in board.groups()[2].items())
    finally:
        board.close()


def test_two_thousand_frames_are_grouped_in_seconds() -> None:
    chance = np.random.default_rng(0)
    kinds = chance.normal(size=(20, 128))
    features = (kinds[np.arange(2000) % 20] + 0.3 * chance.normal(size=(2000, 128))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    started = time.monotonic()
    labels = group(features)
    assert time.monotonic() - started < 10.0
    assert len(set(labels.tolist())) == 20
    thumbnails = chance.integers(0, 255, (3, 32, 32, 3), np.uint8)[[0, 1, 0, 2]]
    same = duplicates(thumbnails)
    assert same[0] == same[2]
    assert len(set(same.tolist())) == 3
