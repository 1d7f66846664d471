# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the pictures of pages in docs/images: `make demo && .venv/bin/python tools/write_page_pictures.py`.

The pages are those of the demo: its replay, its training, and an evaluation of its model on the held-out digits. A
headless Chromium shows them; `apt install chromium` brings one.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 1120
HEIGHTS = {"replay_report": 1690, "training_report": 2590, "evaluation_page": 1515}
"""Pixels of each page that its picture shows, from the top: whole sections."""


def picture(browser: str, page: Path, height: int) -> bytes:
    """The top of a page as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{height}",
            "--virtual-time-budget=10000", f"--user-data-dir={folder}/profile", f"--screenshot={shot}",
        ]  # fmt: skip
        subprocess.run([browser, *options, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
        # A palette makes a third of the size; without the second look (kmeans) small areas would lose their colours.
        reduced = Image.open(shot).convert("RGB").quantize(256, kmeans=8, dither=Image.Dither.NONE)
    content = io.BytesIO()
    reduced.save(content, "png", optimize=True)
    return content.getvalue()


def main() -> int:
    """Write the pictures; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the pictures of pages in the documentation.")
    parser.add_argument("--demo", type=Path, default=ROOT / "demo_output", help="what make demo wrote, trial 0")
    demo = parser.parse_args().demo
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("There is no Chromium; install one, for example with apt install chromium.", file=sys.stderr)
        return 2
    model, evaluation = demo / "digits.cac", demo / "evaluation"
    evaluate = [sys.executable, "-m", "cac_core.evaluate", str(model), "--data.dataset", "digits"]
    subprocess.run([*evaluate, "--out", str(evaluation)], check=True, cwd=ROOT, timeout=600)
    pages = {
        "replay_report": demo / "report.html",
        "training_report": demo / "digits.cac.run" / "report.html",
        "evaluation_page": evaluation / "evaluation.html",
    }
    for name, page in pages.items():
        (ROOT / "docs" / "images" / f"{name}.png").write_bytes(picture(browser, page, HEIGHTS[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
