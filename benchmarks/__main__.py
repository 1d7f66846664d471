# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All measurements: ``python -m benchmarks [--device cuda] [NAME ...]``; each prints one table."""

import argparse
import subprocess
import sys

from cac_core import console

MEASUREMENTS = {
    "node": "latency, throughput and start of the node against an echo, a bare loop and a plain node",
    "training_speed": "training images per second against a plain loop of the same network",
    "classes": "time and memory of loss and scores from 10 to 10,000 classes",
    "digits_trials": "AUROC and accuracy on five trials of handwritten digits",
}
TAKES_DEVICE = ("node", "training_speed", "classes")


def main() -> int:
    """Run the measurements one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this machine; figures are medians of several runs, ratios come from one run.",
        epilog="measurements: " + "; ".join(f"{name} = {what}" for name, what in MEASUREMENTS.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(MEASUREMENTS)}; all when omitted")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}: choose from {', '.join(MEASUREMENTS)}")
    status = 0
    for name in arguments.names or MEASUREMENTS:
        options = ["--device", arguments.device] if name in TAKES_DEVICE else []
        status |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode
    return status


if __name__ == "__main__":
    console.run_command(main)
