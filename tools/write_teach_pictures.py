# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the pictures of docs/teach.md: `.venv/bin/python tools/write_teach_pictures.py [--width 800] [--out FOLDER]`.

A real node knows five digits and is shown a sixth; a headless Chromium teaches it through the page, and each step
becomes a picture. It takes two minutes; `apt install chromium` brings a Chromium.
"""

import argparse
import io
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from test.ros.digit_lessons import NEW, indices, write_model, write_photos  # noqa: E402 - found through the line above
from test.ros.domains import private_domain  # noqa: E402
from test.ros.driver import connected, running  # noqa: E402
from test.ros.teach_page import BROWSERS, page_process  # noqa: E402
from test.ros.test_teach_browser import message  # noqa: E402

NAME = "seven"
PATIENCE = 180_000.0  # [ms]


def write_picture(page: Any, path: Path) -> None:
    """What the browser shows, as a small WebP."""
    page.wait_for_timeout(1300)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, "webp", quality=60, method=6)


def tell(page: Any, place: Path, robot: Any, out: Path) -> None:
    """Teach a sixth digit and write a picture of each step."""
    for index in [*indices(8)[:12], *indices(6)[:12], *indices(NEW)[:40]]:
        robot.ask(message(int(index)))
    page.wait_for_selector(".frame")
    page.wait_for_timeout(4000)
    groups = page.locator(".group header button")
    sizes = [int(words.split()[-1]) for words in groups.all_inner_texts()]
    groups.nth(sizes.index(max(sizes))).click()
    page.fill("#new-name", NAME)
    write_picture(page, out / "teach_1_unknown.webp")
    page.click("#add")
    page.wait_for_timeout(1500)

    page.click("nav a[href='#/camera']")
    ends = threading.Event()

    def show_it() -> None:
        shown = [message(int(index)) for index in indices(NEW)[60:100]]
        while not ends.is_set():
            for each in shown:
                robot.send(each)
                time.sleep(0.2)

    showing = threading.Thread(target=show_it, daemon=True)
    showing.start()
    page.wait_for_selector("#live:visible")
    page.fill("#take-name", NAME)
    page.fill("#take-count", "40")
    page.click("#take-start")
    page.wait_for_timeout(4000)
    write_picture(page, out / "teach_2_camera.webp")
    if page.is_enabled("#take-stop"):
        page.click("#take-stop")
    ends.set()
    showing.join(20)

    page.click("nav a[href='#/teach']")
    page.click("#start")
    page.wait_for_timeout(9000)
    write_picture(page, out / "teach_3_teach.webp")
    page.wait_for_selector("#use-new:visible")
    page.locator("#result h2").first.scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('#result h2').scrollIntoView()")
    write_picture(page, out / "teach_4_before_and_after.webp")
    page.click("#use-new")
    page.wait_for_timeout(5000)
    page.click("nav a[href='#/history']")
    write_picture(page, out / "teach_5_models.webp")


def main() -> int:
    """Write the pictures; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the pictures of docs/teach.md.")
    parser.add_argument("--width", type=int, default=1280, help="of the browser's window")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="where to write them")
    options = parser.parse_args()
    browser = next((path for path in BROWSERS if os.access(path, os.X_OK)), None)
    if browser is None:
        print("There is no Chromium; install one, for example with apt install chromium.", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, private_domain() as domain:
        place = Path(folder)
        write_photos(place / "photos", count=60)
        model = write_model(place / "photos", place / "digits.cac", width=1 / 4, epochs=25)
        words = ["--model", str(model), "--photos", str(place / "photos"), "--harvest", str(place / "harvest")]
        words += ["--node", "/cac_classifier", "--device", "cpu", "--threads", "1"]
        settings = {"harvest_folder": str(place / "harvest"), "harvest_period": 0.0, "threads": 1}
        with (
            running(place / "node", domain, model, **settings),
            connected(domain) as robot,
            page_process(place, words) as program,
            sync_playwright() as playwright,
        ):
            window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = window.new_page(viewport={"width": options.width, "height": 800})
            page.set_default_timeout(PATIENCE)
            page.goto(program.address)
            tell(page, place, robot, options.out)
            window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
