# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_ros.photos BAG --labels labels.csv --out photos``."""

from __future__ import annotations

from collections.abc import Sequence

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_ros.photos.config import PhotosConfig

NOTES = """labels, one of:
  --labels labels.csv          header start,end,label; then a line per stretch of time, end excluded:
                                   start,end,label
                                   0.0,4.5,cup
                                   4.5,6.0,unknown
                               times are seconds from the first message of the bag, or seconds since 1970 when they
                               are 100000000 or more. They are the labels of cac_ros.replay
  --labels-topic /label        a std_msgs/String topic of the bag: each message holds until the next, "" = no label

more examples:
  python -m cac_ros.photos kitchen.mcap --labels kitchen.csv --out photos --other other_things --every 3
  python -m cac_ros.photos kitchen.mcap --labels kitchen.csv --out photos --detections /detections
  then: python -m cac_core.train --data.root photos --out kitchen.cac
    or: python -m cac_ros.teach --model kitchen.cac --photos photos

A bag that was cut off is used up to the cut, and the command says so.
"""

COMMAND = Command(
    PhotosConfig,
    "python -m cac_ros.photos recordings/kitchen --labels kitchen.csv --out photos",
    positional=("bag",),
    notes=NOTES,
)


def main(words: Sequence[str] | None = None) -> int:
    """Cut as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load OpenCV and the readers of bags: --help answers at once.
    from cac_ros.photos.cutting import ALIKE, BLURRED, NO_BOX, UNREADABLE, cut

    cuts, notes = cut(config)
    for note in notes:
        console.warn(note)
    reasons = [why for why in (BLURRED, ALIKE, UNREADABLE, NO_BOX) if any(each.left_out[why] for each in cuts.values())]
    columns = ("label", "looked at", *reasons, "written now", "photos")
    rows = [
        (label, *map(str, (each.looked_at, *(each.left_out[why] for why in reasons), each.written, each.photos)))
        for label, each in cuts.items()
    ]
    console.out.print(console.table(f"Photos in {config.out}", columns, rows))
    return 0


if __name__ == "__main__":
    run(main)
