# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kill workers and drivers of a fleet's evaluation at random moments: ``python -m test.ros.fleet_kills FOLDER TRIES``.

After every kill the same command is started again. In the end the figures must be those of an evaluation that nobody
disturbed, byte by byte.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from test.ros.colour_bundle import write_model
from test.ros.fleets import write_fleet

FIGURES = ("metrics.json", "bags.csv")


def kill_fleets(folder: Path, tries: int, chance: random.Random, recordings: int = 60) -> tuple[int, int]:
    """Returns how many drivers and how many workers were killed."""
    model = write_model(folder)
    write_fleet(folder, recordings, runs=8)
    assert _start(folder, model, "undisturbed").wait(300) == 0
    wanted = _content(folder / "undisturbed")
    drivers = workers = 0
    while drivers + workers < tries:
        process, seen = _start(folder, model, "out"), set[int]()
        while process.poll() is None and drivers + workers < tries:
            if chance.random() < 0.8:  # most of a driver's life passes before it has workers
                _wait_for_a_worker(process)
            time.sleep(chance.uniform(0.0, 4.0))
            children = _children(process.pid)
            seen.update(children)
            victim = chance.choice([process.pid, *children])
            if process.poll() is None:
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                drivers, workers = drivers + (victim == process.pid), workers + (victim != process.pid)
        status = process.wait(300)
        assert status in (0, -signal.SIGKILL), f"ended with {status}"
        _wait_for_the_end(seen)
        for path in sorted((folder / "out" / "results").rglob("*.npz")):
            if status == 0 and chance.random() < 0.7:  # it came to its end: there must be something to do again
                path.unlink()
    assert _start(folder, model, "out").wait(300) == 0
    assert _content(folder / "out") == wanted
    return drivers, workers


def _start(folder: Path, model: Path, out: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "cac_ros.fleet", str(folder / "bags"), "--model", str(model)]
    words += ["--labels", str(folder / "labels"), "--out", str(folder / out), "--workers", "2", "--engine", "torch"]
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen([*words, "--retries", "20"], stdout=said, stderr=said)


def _wait_for_a_worker(process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None and not _children(process.pid):
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    """The workers of a driver; other children (multiprocessing's own) are not killed."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process and _is_worker(int(path.parent.name)):
            found.append(int(path.parent.name))
    return sorted(found)


def _is_worker(process: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _wait_for_the_end(workers: set[int]) -> None:
    """No worker outlives its driver."""
    until = time.monotonic() + 120
    while any(_is_worker(each) for each in workers):
        assert time.monotonic() < until, "a worker outlived its driver"
        time.sleep(0.1)


def _content(out: Path) -> dict[str, bytes]:
    files = [*(out / name for name in FIGURES), *(out / "results").rglob("*")]
    return {str(path.relative_to(out)): path.read_bytes() for path in files if path.is_file()}


def main() -> None:
    folder, tries, seed = Path(sys.argv[1]), int(sys.argv[2]), random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    drivers, workers = kill_fleets(folder, tries, random.Random(seed))
    sys.stdout.write(f"{drivers} drivers and {workers} workers killed; figures and results are equal\n")


if __name__ == "__main__":
    main()
