# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""In a real browser, against the real node: a sixth digit is taught to a model of five, and the node then knows it."""

import array
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest
from sensor_msgs.msg import Image

from test.ros.digit_lessons import NEW, frame, indices, shared_place
from test.ros.driver import Robot, connected, running, wait_until
from test.ros.teach_page import BROWSERS, PageProcess, page_process

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
BROWSER = next((path for path in BROWSERS if os.access(path, os.X_OK)), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium: apt install chromium"),
]

LONG = 150_000.0  # [ms]; a lesson on a busy machine
NAME = "Sieben 7️⃣"


def message(index: int) -> Image:
    picture = frame(index)
    height, width = picture.shape[:2]
    image = Image(encoding="bgr8", width=width, height=height, step=3 * width)
    image.data = array.array("B", picture.tobytes())
    return image


@pytest.fixture(scope="module")
def place(cache_of_this_session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared, own = shared_place(cache_of_this_session), tmp_path_factory.mktemp("teach")
    shutil.copytree(shared / "photos", own / "photos")
    shutil.copy(shared / "five.cac", own / "five.cac")
    return own


@pytest.fixture(scope="module")
def robot(place: Path, module_domain: int) -> Iterator[Robot]:
    """The real node, and a robot that talks to it."""
    options = {"harvest_folder": str(place / "harvest"), "harvest_period": 0.0, "diagnostics_period": 0.2, "threads": 1}
    with (
        running(place / "node", module_domain, place / "five.cac", **options),
        connected(module_domain) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def program(place: Path, robot: Robot) -> Iterator[PageProcess]:
    folders = [
        "--model",
        str(place / "five.cac"),
        "--photos",
        str(place / "photos"),
        "--harvest",
        str(place / "harvest"),
    ]
    with page_process(place, [*folders, "--node", "/cac_classifier", "--device", "cpu", "--threads", "1"]) as made:
        yield made


@pytest.fixture(scope="module")
def page(program: PageProcess) -> Iterator["Page"]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        made = browser.new_context(viewport={"width": 800, "height": 1000}).new_page()
        made.set_default_timeout(30_000)
        problems: list[str] = []
        made.on("pageerror", lambda error: problems.append(str(error)))
        made.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
        made.goto(program.address)
        yield made
        browser.close()
        assert problems == [], "the page works without an error"


def test_a_sixth_digit_is_taught_and_the_node_then_knows_it(page: "Page", robot: Robot, place: Path) -> None:
    sevens = indices(NEW)
    before = [robot.ask(message(i)) for i in sevens[:40]]
    assert sum(answer.unknown for answer in before) > 30
    assert {answer.model_id.partition("@")[0] for answer in before} == {"five"}

    # 1. The node saved them; the page shows them in groups.
    wait_until(lambda: page.locator(".frame").count() > 5, "the first frames")
    expect_text(page, "#robot", "/cac_classifier uses five@")
    wait_until(lambda: settled(page), "all frames in groups")

    # 2. By keyboard: a whole group; the name; undo; the rest by mouse.
    page.locator(".frame").first.focus()
    page.keyboard.press("a")
    first = int(page.inner_text("#selected").split()[0])
    assert first > 1
    page.keyboard.press("n")
    page.keyboard.type(NAME)
    page.keyboard.press("Enter")
    expect_text(page, "#message", f"{first} files moved.")
    assert len(list((place / "photos" / NAME).iterdir())) == first
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("u")
    expect_text(page, "#message", f"{first} files moved back.")
    wait_until(lambda: settled(page), "all frames again")
    while page.locator(".group button[data-key]").count():
        page.locator(".group button[data-key]").first.click()
        page.fill("#new-name", NAME)
        page.click("#add")
        expect_text(page, "#message", "moved.")
        page.wait_for_timeout(1200)
    photos = len(list((place / "photos" / NAME).iterdir()))
    assert photos > 25

    # 3. Teach; a second browser shows the same and cannot start another; closing the first one ends nothing.
    page.click("nav a[href='#/teach']")
    expect_text(page, "#plan", f"{NAME} can be added.")
    page.click("#start")
    expect_text(page, "#lesson-words", "Teaching goes on")
    second = page.context.new_page()
    second.goto(page.url)
    expect_text(second, "#lesson-words", "Teaching goes on")
    assert second.is_disabled("#start")
    page.goto("about:blank")
    second.wait_for_selector("#use-new:visible", timeout=LONG)
    page.goto(second.url)
    second.close()
    expect_text(page, "#lesson-words", "Taught in")
    assert page.locator("#figures tr").count() == 6
    assert page.locator("#changed li").count() >= 1

    # 4. The node uses it, and knows the digit.
    page.click("#use-new")
    expect_text(page, "#robot", "/cac_classifier uses five_2@")
    after = [robot.ask(message(i)) for i in sevens[40:80]]
    assert {answer.model_id.partition("@")[0] for answer in after} == {"five_2"}
    assert sum(answer.label == NAME for answer in after) > 25
    old = [robot.ask(message(i)).label for i in indices(0)[30:50]]
    assert old.count("0") > 10

    # 5. Back with one click, and to the new one again from the history.
    page.click("#use-old")
    expect_text(page, "#robot", "/cac_classifier uses five@")
    page.click("nav a[href='#/history']")
    page.click("#models tr:first-child button")
    expect_text(page, "#robot", "/cac_classifier uses five_2@")


def test_the_camera_is_live_its_threshold_changes_and_photos_are_taken(page: "Page", robot: Robot, place: Path) -> None:
    page.click("nav a[href='#/camera']")
    known = [message(i) for i in indices(4)[30:60]]
    robot.wait(lambda: robot.ask(known[0]) and page.is_visible("#live"), "the annotated image")
    expect_text(page, "#answer", "Answer: 4")
    theta = robot.class_lists[-1].thresholds[0]
    page.locator("#theta").focus()
    page.keyboard.press("End")
    robot.wait(lambda: robot.class_lists[-1].thresholds[0] > theta, "the new threshold")
    page.fill("#take-name", "four")
    page.fill("#take-count", "5")
    page.click("#take-start")
    shown = iter(known * 20)
    robot.wait(lambda: robot.ask(next(shown)) and "5 photos of four;" in page.inner_text("#take-words"), "the photos")
    taken = sorted((place / "photos" / "four").iterdir())
    assert len(taken) == 5
    picture = cv2.imread(str(taken[0]))
    assert picture is not None
    assert picture.shape == (120, 160, 3), "as the camera sees it, nothing drawn on it"


def settled(page: "Page") -> bool:
    """Whether every frame that the page counts is in a group."""
    words = page.eval_on_selector_all(".group header button", "all => all.map(each => each.textContent)")
    return bool(words) and sum(int(each.split()[-1]) for each in words) == int(page.inner_text("#count-unknown"))


def expect_text(page: "Page", selector: str, text: str) -> None:
    sync_api.expect(page.locator(selector)).to_contain_text(text, timeout=LONG)
