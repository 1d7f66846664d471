# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pages as a test reads them, and as a real browser does."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

_MEASURE = """<script>
document.title = document.documentElement.scrollWidth - window.innerWidth + " pixels too wide";
</script>"""


class Page(HTMLParser):
    """Collects tags, addresses and the text outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.figures: dict[str, dict[str, Any]] = {}
        self.text = ""
        self._script: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.addresses += [values[name] or "" for name in ("src", "href", "action", "srcset") if name in values]
        if tag in ("script", "style"):
            self._script = values.get("data-plot") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script:
            self.figures[self._script] = json.loads(data)
        elif self._script is None:
            self.text += data


class Shown(NamedTuple):
    """A page after its scripts ran.

    Attributes:
        console: what it wrote to the browser's console: errors and warnings.
        html: of the document.
        too_wide: pixels by which it is wider than the screen.
    """

    console: list[str]
    html: str
    too_wide: int


def chromium() -> str | None:
    """The command of a Chromium of this machine, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


def show(browser: str, page: str, place: Path, width: int) -> Shown:
    """Open a page in a headless Chromium with a window of so many pixels."""
    file = place / "page.html"
    file.write_text(page.replace("</body>", _MEASURE + "</body>"), encoding="utf-8")
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--hide-scrollbars",
        f"--user-data-dir={place / 'profile'}", f"--window-size={width},900", "--virtual-time-budget=10000",
        "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run([browser, *options, file.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    measured = re.search(r"<title>(-?\d+) pixels too wide</title>", done.stdout)
    assert measured is not None, done.stderr
    return Shown(console, done.stdout, int(measured[1]))
