# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long the node's process takes until it is active and until its first answer, and which imports that is."""

import math
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cac_core.bundle import load_bundle
from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveInt
from performance import table
from performance.camera import TIMEOUT, Camera
from performance.model import model_file
from performance.pictures import pictures
from performance.processes import MeasurementError, Node, comparison_node, our_node, prepare_ros, running
from performance.table import Figures, Measurement

GRAPH = "graph.onnx"


@dataclass
class StartupOptions(table.Options):
    """How long the node takes from the start of its process until it is active, and until its first answer.

    Compared with a process that does nothing but import rclpy, OpenCV, NumPy and OpenVINO, compile the same graph and
    answer. The first start of each is not counted: it fills the file cache.

    Attributes:
        rounds: starts of each; the medians are printed.
    """

    rounds: PositiveInt = 5
    json: Path = table.FOLDER / "startup.json"


COMMAND = Command(
    StartupOptions,
    "python -m performance startup --rounds 9",
    notes="""\
more examples:
  python -m performance startup                       EfficientNet-Lite0 at 224
  python -m performance startup --backbone paper --image-size 32
                                                      a small network: what the libraries alone take
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    prepare_ros()
    figures = Figures()
    with model_file(a) as model, Camera(list(pictures(640, 480, jpeg=False))) as camera:
        graph = model.with_name(GRAPH)
        graph.write_bytes(load_bundle(model).graph)
        nodes = {
            "ours": our_node(model, a, **camera.parameters),
            "bare": comparison_node("graph", str(graph)),
        }
        for number in range(a.rounds + 1):
            table.say(f"startup: start {number} of {a.rounds}")
            for name, node in nodes.items():
                active, answer = start(camera, node)
                if number:
                    figures.note(**{f"{name}_active_s": active, f"{name}_answer_s": answer})
    imports = import_times()
    if not a.part:
        rows = [(name, f"{1e3 * seconds:.0f}") for name, seconds in imports[:12]]
        console.out.print(console.table("imports of the node (-X importtime)", ("package", "ms"), rows))
    figures.note(imports_s=sum(seconds for _, seconds in imports))
    table.report(measured(figures, a), figures, a)
    return 0


def start(camera: Camera, node: Node) -> tuple[float, float]:
    """Start a node and end it; seconds until it said that it is active (NaN if it never says so), and to its answer."""
    camera.answers.clear()
    begin, active = time.perf_counter(), math.nan
    with running(node, camera.namespace) as process:
        while not camera.answers:
            if math.isnan(active) and process.ready():
                active = time.perf_counter() - begin
            process.check()
            if time.perf_counter() > begin + TIMEOUT:
                raise MeasurementError(f"no image was answered within {TIMEOUT:g} s of the start")
            camera.publish()
            time.sleep(0.01)
        return active, min(camera.answers.values()) - begin


def import_times() -> list[tuple[str, float]]:
    """Seconds that the node's process spends in the files of each package that it imports, the longest first."""
    command = [sys.executable, "-X", "importtime", "-c", "import cac_ros.node.process"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    seconds: dict[str, float] = defaultdict(float)
    for microseconds, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\w+)", done.stderr, re.MULTILINE):
        seconds[name] += int(microseconds) / 1e6
    return sorted(seconds.items(), key=lambda item: -item[1])


def measured(f: Figures, a: StartupOptions) -> list[Measurement]:
    """The ratios that matter."""
    return [
        Measurement(
            f"start to the first answer, {a.backbone} at {a.image_size}",
            f["ours_answer_s"] / f["bare_answer_s"],
            "seconds / of a bare process with the same graph",
            "",
            f"{f['ours_answer_s']:.2f} s, active after {f['ours_active_s']:.2f} s (wanted ≤ 1.0 s), "
            f"bare {f['bare_answer_s']:.2f} s; imports {f['imports_s']:.2f} s",
        )
    ]


if __name__ == "__main__":
    run(main)
