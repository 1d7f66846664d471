# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast the page of cac_ros.teach answers, and how long a lesson takes: ``python -m performance teach``."""

import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.errors import CacError
from cac_core.support.option_types import PositiveInt

_PATIENCE = 600.0  # [s]


@dataclass
class TeachOptions:
    """How fast the page of cac_ros.teach answers, and how long a lesson takes.

    The page's program runs as a process of its own. It looks at a folder of harvested frames with noise of their own.
    With --photos, one lesson is measured too: from the request to teach, to the new model in use.

    Attributes:
        model: the model file.
        photos: folder of photos of its classes and of a new one.
        frames: number of harvested frames.
        repeats: requests of each kind.
        threads: processor threads of the lesson.
    """

    model: Path
    photos: Path | None = None
    frames: PositiveInt = 2000
    repeats: PositiveInt = 20
    threads: int | None = None


COMMAND = Command(TeachOptions, "python -m performance teach --model digits.cac --frames 2000")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = COMMAND.parse(words)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_frames(place / "harvest", options.frames)
        (place / "photos").mkdir()
        program = _start(options, place)
        try:
            rows = _measure(program.address, options)
        finally:
            program.process.send_signal(signal.SIGINT)
            program.process.wait(30)
    console.out.print(console.table(f"The page with {options.frames} frames", ("", "median", "longest"), rows))
    return 0


@dataclass
class _Program:
    process: "subprocess.Popen[bytes]"
    address: str


def write_frames(folder: Path, count: int) -> None:
    """Pictures of 640x480 that are not alike, named as the node names them."""
    folder.mkdir()
    chance = np.random.default_rng(0)
    kinds = [chance.integers(0, 255, (6, 8, 3), np.uint8) for _ in range(20)]
    for number in range(count):
        coarse = np.clip(kinds[number % 20] + chance.normal(0, 60, (6, 8, 3)), 0, 255).astype(np.uint8)
        picture = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)
        moment = f"20260131T{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}.000000"
        cv2.imwrite(str(folder / f"{moment}_near-cup.jpg"), picture)


def _start(options: TeachOptions, place: Path) -> _Program:
    words = ["--model", str(options.model.resolve()), "--photos", str((options.photos or place / "photos").resolve())]
    words += ["--harvest", str(place / "harvest"), "--state", str(place / "state"), "--port", "0", "--device", "cpu"]
    words += [] if options.threads is None else ["--threads", str(options.threads)]
    log = place / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "cac_ros.teach", *words], stdout=file, stderr=file)
    while process.poll() is None:
        if found := re.search(r"open (http://\S+)/", log.read_text()):
            return _Program(process, found[1])
        time.sleep(0.05)
    raise CacError(f"The page did not start: {log.read_text()}")


def _measure(address: str, options: TeachOptions) -> list[tuple[str, str, str]]:
    def get(path: str) -> bytes:
        with urllib.request.urlopen(address + path, timeout=60) as answer:
            return bytes(answer.read())

    def post(path: str, **content: Any) -> None:
        request = urllib.request.Request(address + path, json.dumps(content).encode(), {"X-CAC-Teach": "1"})
        urllib.request.urlopen(request, timeout=_PATIENCE).close()

    started = time.monotonic()
    _until(lambda: json.loads(get("/api/state"))["board"]["waiting"] == 0, "all frames looked at")
    _until(lambda: _shown(get) == options.frames, "all frames in groups")
    rows = [("look at all frames and group them", f"{time.monotonic() - started:.1f} s", "")]
    ids = [frame["id"] for group in json.loads(get("/api/groups"))["groups"] for frame in group["frames"]]
    kinds: dict[str, Callable[[int], object]] = {
        "the page": lambda _: get("/"),
        "state": lambda _: get("/api/state"),
        "all groups": lambda _: get("/api/groups"),
        "a small picture": lambda i: get(f"/api/frames/{ids[i]}"),
        "a large picture": lambda i: get(f"/api/frames/{ids[i]}?large"),
        "move a frame": lambda i: post("/api/move", ids=[ids[i]], to="other"),
        "undo": lambda _: post("/api/undo"),
    }
    for name, work in kinds.items():
        times = [_time(lambda i=i, work=work: work(i)) for i in range(options.repeats)]  # type: ignore[misc]
        rows.append((name, f"{1e3 * statistics.median(times):.0f} ms", f"{1e3 * max(times):.0f} ms"))
    if options.photos is not None:
        rows += _lesson(get, post)
    return rows


def _lesson(get: Callable[[str], bytes], post: Callable[..., None]) -> list[tuple[str, str, str]]:
    def state() -> Any:
        return json.loads(get("/api/state"))

    started = time.monotonic()
    post("/api/teach")
    _until(lambda: not state()["lesson"]["going_on"], "the end of the lesson")
    lesson = state()["lesson"]
    if lesson["state"] != "done":
        raise CacError(f"The lesson ended as {lesson['state']}: {lesson['problem']}")
    taught = time.monotonic()
    post("/api/use", model_id=lesson["result"]["model_id"])
    used = time.monotonic()
    return [
        (f"a lesson ({lesson['kind']})", f"{taught - started:.1f} s", ""),
        ("until its model is in use", f"{used - taught:.1f} s", ""),
    ]


def _shown(get: Callable[[str], bytes]) -> int:
    groups = json.loads(get("/api/groups"))["groups"]
    return sum(1 + len(frame["copies"]) for group in groups for frame in group["frames"])


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise CacError(f"Waited in vain for {what}.")
        time.sleep(0.2)


def _time(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    run(main)
