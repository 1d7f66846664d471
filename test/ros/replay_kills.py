# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kill replays at random moments: ``python -m test.ros.replay_kills FOLDER TRIES``.

Each replay has a threshold and a title of its own, so each of its files tells which replay it is of. The same number
of kills hits a process that does nothing but write such files.
"""

import contextlib
import csv
import io
import json
import random
import sys
from pathlib import Path

import cac_ros.replay.offline  # imported before the first child starts
import cac_ros.replay.report.replay_page
from cac_core.support.files import write_together
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import FILES, replay
from test.kills import run_and_kill, run_to_the_end
from test.ros.colour_bundle import write_model
from test.ros.recordings import write_rosbag2

LABELS = ("red", "grey", "green", "deep blue")
assert cac_ros.replay.offline
assert cac_ros.replay.report.replay_page


def kill_replays(folder: Path, tries: int, chance: random.Random) -> tuple[int, int]:
    """Returns how many kills left the results of an earlier replay, and how many of the replay that was killed."""
    replays = _Replays(write_rosbag2(folder / "bag", LABELS * 3), write_model(folder), folder / "out")
    seconds = min(1.1 * run_to_the_end(lambda: replays.run(1)), 10.0)  # on a busy machine it takes long
    assert replays.found() == {1}
    current, old, new = 1, 0, 0
    for number in range(2, tries + 2):
        run_and_kill(lambda number=number: replays.run(number), seconds, chance)  # type: ignore[misc]
        (found,) = replays.found()
        assert found in (current, number)
        old, new, current = old + (found == current), new + (found == number), found
    run_to_the_end(lambda: replays.run(tries + 2))
    assert replays.found() == {tries + 2}
    assert sorted(each.name for each in replays.out.iterdir()) == sorted(FILES)
    return old, new


def kill_writers(folder: Path, tries: int, chance: random.Random) -> int:
    """Kill what does nothing but write results; returns how many kills left a part of a file beside them."""
    out, large = folder / "written", bytes(400_000)

    def write() -> None:
        for number in range(10_000):
            write_together({out / name: b"%d " % number + large for name in FILES})

    cut = 0
    for _ in range(tries):
        run_and_kill(write, 1.0, chance)
        names = [each.name for each in out.iterdir()] if out.exists() else []
        cut += any(name.endswith(".part") for name in names)
        whole = [(out / name).read_bytes() for name in names if name in FILES]
        assert len(set(whole)) <= 1
        assert all(len(content) > len(large) for content in whole)
    run_to_the_end(lambda: write_together({out / name: b"last" for name in FILES}))
    assert sorted(each.name for each in out.iterdir()) == sorted(FILES)
    return cut


class _Replays:
    """Numbered replays of one bag into one folder."""

    def __init__(self, bag: Path, model: Path, out: Path) -> None:
        self.bag, self.model, self.out = bag, model, out

    def run(self, number: int) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            replay(
                ReplayConfig(
                    self.bag, self.model, self.out,
                    threshold=float(number), title=f"replay {number}.", labels_topic="/label", engine="torch",
                )
            )  # fmt: skip

    def found(self) -> set[int]:
        """The numbers of the replays that the three files are of."""
        with (self.out / "frames.csv").open(encoding="utf-8", newline="") as file:
            numbers = {float(row["threshold"]) for row in csv.DictReader(file)}
        document = json.loads((self.out / "metrics.json").read_text(encoding="utf-8"))
        numbers |= set(document["threshold"]["theta"].values())
        page = (self.out / "report.html").read_text(encoding="utf-8")
        return {int(each) for each in numbers} | {int(page.split("<title>replay ", 1)[1].split(".", 1)[0])}


def main() -> None:
    folder, tries, seed = Path(sys.argv[1]), int(sys.argv[2]), random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    old, new = kill_replays(folder, tries, chance)
    sys.stdout.write(f"{tries} kills of a replay: {old} left the earlier files, {new} the new ones, none both\n")
    cut = kill_writers(folder, tries, chance)
    sys.stdout.write(f"{tries} kills while writing, {cut} within a file: old and new were never mixed\n")


if __name__ == "__main__":
    main()
