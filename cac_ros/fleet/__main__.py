# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m cac_ros.fleet BAGS… --model MODEL --labels LABELS --out DIR`."""

from __future__ import annotations

from collections.abc import Sequence

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_ros.fleet.config import FleetConfig

NOTES = """\
recordings:
  a folder                     every recording below it; a folder that `ros2 bag` wrote is one recording
  'drives/*/front.mcap'        a glob; in quotes, so that it may match any number of files
  drive.mcap                   one recording: rosbag2 folder, .mcap, .db3, or ROS 1 .bag
  s3://bucket/drives/          URLs of s3, gs, az, http, sftp and others through fsspec (extra "fleet"; s3 also needs
                               the package s3fs, and so on). Each file is a recording. An .mcap with an index is read in
                               place: its index, and the chunks with images. Other files are copied to a worker's disk.
  list.txt                     a text file with one of these on each line; lines that begin with # are skipped

labels, one of:
  --labels FOLDER              a CSV file for each recording, start,end,label as in `python -m cac_ros.replay --help`.
                               kitchen.csv is for the recording kitchen or kitchen.mcap. Two recordings of one name are
                               told apart by their folders: robot_1/kitchen.csv and robot_2/kitchen.csv.
  --labels-topic /label        a std_msgs/String topic in the recordings
Recordings without labels are classified but not scored.

tags:
  --tags tags.csv              header bag,robot,day; then a line for each recording. Without it the day is the date of
                               the first message (UTC), and all robots are one.

what is computed again:
  Each result is kept under the recording (path, size and time of change of its files; with --by-content their
  digest), the model, the labels, the options and the version of this program. The same command computes what is
  missing, and nothing else. It may be ended at any moment, and so may its workers. Recordings that failed are tried
  again by the next run.

what to label next:
  --harvest FOLDER             saves pictures and index.csv as the node's harvest does, for `python -m cac_ros.teach`.
                               Three kinds take turns: unknown things, the largest group first; frames near the
                               threshold; frames about which the two models disagree. No two look alike.

what is written to the folder of --out:
  report.html    for people: it opens offline and links to bags/*.html, pages about the recordings it shows
  metrics.json   the same figures for programs
  bags.csv       a line for each recording, also for those that failed, with the reason
  frames.parquet a line for each frame and model; only with the extra "fleet": pip install '.[fleet]'
  results/       a file for each recording and model
  logs/          a log for each recording

more examples:
  python -m cac_ros.fleet /data/bags --model old.cac --new-model new.cac --labels labels --out week_31
  python -m cac_ros.fleet bags.txt --model m.cac --labels-topic /label --tags tags.csv --out report --workers 8
"""

COMMAND = Command(
    FleetConfig,
    "python -m cac_ros.fleet recordings --model kitchen.cac --labels labels --out fleet_report",
    positional=("bags",),
    notes=NOTES,
)


def main(words: Sequence[str] | None = None) -> int:
    """Evaluate a fleet as the command line says."""
    config = COMMAND.parse(words)
    # Only now, because they load the model's engines: --help answers at once.
    from cac_ros.fleet.harvest import check_harvest, harvest
    from cac_ros.fleet.output import print_summary, write_output
    from cac_ros.fleet.run import evaluate_fleet
    from cac_ros.replay.signals import ended_by_sigterm

    if config.harvest is not None:
        check_harvest(config.harvest)
    with ended_by_sigterm():
        fleet, store = evaluate_fleet(config)
        figures = write_output(fleet, store)
        saved = 0
        if config.harvest is not None:
            saved = harvest(fleet, store, config.harvest, config.harvest_count, config.scratch_gb)
    print_summary(fleet, figures, store)
    if config.harvest is not None:
        console.out.print(f"{saved:,} frames harvested: {config.harvest}", highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
