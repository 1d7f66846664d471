# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m cac_ros.replay BAG --model MODEL --labels LABELS --out DIR`."""

from __future__ import annotations

from collections.abc import Sequence

from cac_core.support.command import Command, run
from cac_ros.replay.config import ReplayConfig

NOTES = """\
two modes:
  offline   reads every frame itself: the same result every time, as fast as the model runs (default)
  live      starts the real node and plays the bag to it over DDS in real time: latency, lost and replaced frames

labels, one of:
  --labels labels.csv          header start,end,label; then a line per stretch of time, end excluded:
                                   start,end,label
                                   0.0,4.5,cup
                                   4.5,6.0,unknown
                               times are seconds from the first message of the bag, or seconds since 1970 when they
                               are 100000000 or more; a label that is no class of the model means unknown
  --labels-topic /label        a std_msgs/String topic of the bag: each message holds until the next, "" = no label
Frames without a label are classified but not scored. Without labels there are scores over time and no metrics.

more examples:
  python -m cac_ros.replay old.bag --topic /front/image_raw/compressed --model m.cac --labels-topic /label --out r
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --mode live --rate 2
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --known-kept 0.99

A bag that was cut off is evaluated up to the cut, and the report says so.
"""

COMMAND = Command(
    ReplayConfig,
    "python -m cac_ros.replay recordings/kitchen --model kitchen.cac --labels kitchen.csv --out kitchen_report",
    positional=("bag",),
    notes=NOTES,
)


def main(words: Sequence[str] | None = None) -> int:
    """Replay as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load the model's engines: --help answers at once.
    from cac_ros.replay.run import replay
    from cac_ros.replay.summary import print_summary

    evaluation = replay(config)
    print_summary(evaluation, config.out, f"{evaluation.bag_name} · {evaluation.topic} · {evaluation.mode}")
    return 0


if __name__ == "__main__":
    run(main)
