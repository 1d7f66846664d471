# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a model on a recorded bag: `python -m cac_ros.replay BAG --model MODEL --labels LABELS --out DIR`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cac_core.support import console
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from cac_ros.replay.summary import print_summary

HELP = """\
Evaluate a model on the camera topic of a recorded bag.

Every frame is classified, the answers are compared with your labels, and three files are written to --out:
  report.html    summary, ROC, scores over time with the labels, confusion matrix, worst errors; opens offline
  metrics.json   the same numbers for programs
  frames.csv     one line per frame
"""

EXAMPLES = """\
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

examples:
  python -m cac_ros.replay recordings/kitchen --model kitchen.cac --labels kitchen.csv --out kitchen_report
  python -m cac_ros.replay old.bag --topic /front/image_raw/compressed --model m.cac --labels-topic /label --out r
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --mode live --rate 2
  python -m cac_ros.replay drive.mcap --model m.cac --labels l.csv --out r --known-kept 0.99

A bag that was cut off is evaluated up to the cut, and the report says so.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m cac_ros.replay",
        description=HELP,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add("bag", type=Path, metavar="BAG", help="rosbag2 folder, or a .mcap, .db3 or ROS 1 .bag file")
    add("--model", type=Path, required=True, metavar="FILE", help="the model bundle (.cac)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; created when missing")
    add("--labels", type=Path, metavar="FILE", help="labels.csv, see below")
    add("--labels-topic", metavar="NAME", help="std_msgs/String topic of the bag with labels, see below")
    add("--topic", metavar="NAME", help="image topic; not needed when the bag has exactly one")
    add("--mode", choices=("offline", "live"), default="offline", help="see below; default: %(default)s")
    add("--rate", type=float, default=1.0, metavar="X", help="live: times the bag's own pace; default: %(default)s")
    add("--known-kept", type=float, metavar="SHARE", help="choose θ so that this share of known validation images is "
        "kept, above 0 up to 1; default: as chosen when the model was trained")  # fmt: skip
    add("--threshold", type=float, metavar="THETA", help="set θ by hand instead")
    add("--per-class", action="store_true", help="one θ per class instead of one for all")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N; default: %(default)s")
    add("--engine", default="auto", help="inference engine; default: %(default)s")
    add("--watch", action="store_true", help="live: publish the annotated image on /cac_replay/debug_image, in the ROS "
        "domain of this terminal, for RViz, rqt or Foxglove")  # fmt: skip
    add("--title", metavar="TEXT", help="title of the report; default: the bag's name")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command line."""
    config = ReplayConfig(**vars(parser().parse_args(arguments)))
    evaluation = replay(config)
    print_summary(evaluation, config.out, f"{evaluation.bag_name} · {evaluation.topic} · {evaluation.mode}")
    return 0


if __name__ == "__main__":
    console.run_command(main)
