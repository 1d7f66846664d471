# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What drives the page that teaches: its program as a process of its own, and requests as a browser sends them."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from test.ros.driver import ROOT, wait_until

BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class PageProcess:
    """The program of the page.

    Args:
        folder: its log is written there.
        words: of its command line.
        host: to talk to.
    """

    def __init__(self, folder: Path, words: Sequence[str], host: str = "127.0.0.1") -> None:
        self._log = folder / "page.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cac_ros.teach", *words, "--port", "0"], cwd=ROOT, stdout=log, stderr=log
            )
        wait_until(lambda: "open http" in self.output or self.process.poll() is not None, "the address", 60.0)
        found = re.search(r"open http://\S+?:(\d+)/(?:\?token=(\S+))?", self.output)
        assert found, self.output
        self.address = f"http://{host}:{found[1]}"
        self.token = found[2] or ""

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def ask(self, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, or POST where there is data."""
        mine = {"X-CAC-Teach": "1"} if data is not None else {}
        request = urllib.request.Request(self.address + path, data, {**mine, **(headers or {})})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def post(self, path: str, **content: Any) -> Answer:
        """POST JSON."""
        return self.ask(path, json.dumps(content).encode())

    @property
    def state(self) -> Any:
        return self.ask("/api/state").json

    @property
    def frames(self) -> list[str]:
        """Ids of all frames in groups, with those that are folded."""
        groups = self.ask("/api/groups").json["groups"]
        return [i for group in groups for frame in group["frames"] for i in (frame["id"], *frame["copies"])]

    def end(self) -> int:
        """Ask it to end; returns its status."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()


@contextmanager
def page_process(folder: Path, words: Sequence[str]) -> Iterator[PageProcess]:
    """A page whose program is ended afterwards."""
    page = PageProcess(folder, words)
    try:
        yield page
    finally:
        if page.process.poll() is None:
            page.end()
        sys.stdout.write(page.output)
