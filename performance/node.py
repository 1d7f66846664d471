# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Latency, throughput and start of the node, with one camera."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.devices import choose_device
from performance import table
from performance.camera import Camera
from performance.model import bare_loop, load, model_file
from performance.pictures import pictures
from performance.processes import comparison_node, our_node, prepare_ros, resident_mib
from performance.table import Figures, Measurement

BURST = 3.0
"""Seconds of a loop and of a saturated node in each round."""

NODES = {"echo": "echo", "ours": "cac_ros", "int8": "cac_ros, int8", "plain": "plain, eager torch"}


@dataclass
class NodeOptions(table.CameraOptions):
    """Latency, throughput and start of the node, with one camera.

    Real DDS, the node in another process. Side by side in one run: an echo node (what ROS 2 in Python costs), the same
    network without ROS, in a bare loop and at the camera's rate, the node in int8 where OpenVINO computes, and a plain
    node that does everything in its callback with eager PyTorch. All nodes run at once and take turns in each round.
    """

    json: Path = table.FOLDER / "node.json"


COMMAND = Command(
    NodeOptions,
    "python -m performance node --rounds 1 --frames 60",
    notes="""\
more examples:
  python -m performance node                          640x480 at 30 Hz, as in docs/benchmarks.md
  python -m performance node --device cuda:0          on a GPU
  python -m performance node --rounds 1 --frames 60   only to see that it works
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    prepare_ros()
    figures, images = Figures(), pictures(a.width, a.height, jpeg=False)
    a.precision = "float32" if a.precision == "auto" else a.precision  # what int8 is compared with
    on_cpu = choose_device(a.device)[0] == "cpu" and a.engine in ("auto", "openvino")
    with model_file(a, ["int8"] if on_cpu else []) as model:
        predictor = load(model, a)
        has_int8 = on_cpu and any(variant.precision == "int8" for variant in predictor.bundle.variants)
        fast = load(model, a, "int8") if has_int8 else None
        nodes = {name: title for name, title in NODES.items() if fast or name != "int8"}
        predictors = {"ours": predictor, **({"int8": fast} if fast else {})}
        with ExitStack() as stack:
            cameras = {}
            for name, title in nodes.items():
                table.say(f"node: starting {title}")
                camera = stack.enter_context(Camera(images))
                node = {
                    "echo": comparison_node("echo"),
                    "plain": comparison_node("plain", str(model), a.device),
                    "ours": our_node(model, a, **camera.parameters),
                    "int8": our_node(model, a, **{**camera.parameters, "precision": "int8"}),
                }[name]
                pid, seconds = stack.enter_context(camera.watched_by(node))
                figures.note(**{f"{name}_start_s": seconds})
                cameras[name] = (camera, pid)
            for number in range(1, a.rounds + 1):
                table.say(f"node: round {number} of {a.rounds}")
                for name, each in predictors.items():
                    loop = bare_loop(each, images, seconds=BURST)
                    figures.note_times(f"{name}_loop", loop)
                    figures.note(**{f"{name}_bare_per_s": len(loop) / sum(loop)})
                    times = bare_loop(each, images, seconds=a.frames / a.rate, rate=a.rate)
                    figures.note_times(f"{name}_forward", times)
                for name, (camera, pid) in cameras.items():
                    latencies, lost = camera.latencies(a.frames, a.rate)
                    figures.note_times(name, latencies)
                    figures.note(**{f"{name}_lost": lost, f"{name}_per_s": sum(camera.saturated(BURST))})
                    figures.note(**{f"{name}_mib": resident_mib(pid)})
                note_ratios(figures, list(predictors))
    engine = f"{predictor.engine_name} on {predictor.device_name} in {predictor.precision}"
    what = f"{a.width}×{a.height} raw at {a.rate:g} Hz, {engine}"
    if not a.part:
        print_nodes(figures, what, nodes)
    table.report([*rows(figures, what), *(int8_rows(figures) if fast else [])], figures, a)
    return 0


def note_ratios(f: Figures, nodes: Sequence[str]) -> None:
    """Ratios within the last round: its parts lie a few seconds apart, so the same other work slowed all of them."""
    last = {name: values[-1] for name, values in f.rounds.items()}
    for name in nodes:
        possible = 1.0 / (1.0 / last["echo_per_s"] + 1.0 / last[f"{name}_bare_per_s"])
        f.note(
            **{
                f"{name}_to_rate": last[f"{name}_p50"] / (last["echo_p50"] + last[f"{name}_forward_p50"]),
                f"{name}_to_loop": last[f"{name}_p50"] / (last["echo_p50"] + last[f"{name}_loop_p50"]),
                f"{name}_tail": last[f"{name}_p99"] / last[f"{name}_p50"],
                f"{name}_to_possible": last[f"{name}_per_s"] / possible,
                f"{name}_to_plain": last[f"{name}_per_s"] / max(last["plain_per_s"], 1.0 / BURST),
                f"{name}_to_ours": last[f"{name}_per_s"] / last["ours_per_s"],
            }
        )
    f.note(latency_to_plain=last["ours_p50"] / last["plain_p50"])


def rows(f: Figures, what: str) -> list[Measurement]:
    """The ratios that matter: medians of those of each round."""
    return [
        Measurement(
            f"latency, {what}",
            f["ours_to_rate"],
            "p50 / (echo + forward at this rate)",
            "≤ 1.0",
            f"{f['ours_lost']:.0f} lost, echo {f['echo_p50']:.2f} ms, forward {f['ours_forward_p50']:.2f} ms",
            f.times("ours"),
        ),
        Measurement(
            "the same, forward without pause",
            f["ours_to_loop"],
            "p50 / (echo + forward in a loop)",
            "≤ 1.10",
            f"forward {f['ours_loop_p50']:.2f} ms: caches and cores stay warm",
        ),
        Measurement("tail of the latency", f["ours_tail"], "p99 / p50", "≤ 1.25"),
        Measurement(
            "saturated throughput",
            f["ours_to_possible"],
            "frames/s / possible with this echo and bare loop",
            "≥ 0.90",
            f"{f['ours_per_s']:.0f} frames/s, echo {f['echo_per_s']:.0f}, bare loop {f['ours_bare_per_s']:.0f}",
        ),
        Measurement(
            "a plain node's latency", f["latency_to_plain"], "our p50 / its p50", "≤ 0.25", times=f.times("plain")
        ),
        Measurement(
            "a plain node's throughput",
            f["ours_to_plain"],
            "our frames/s / its",
            "≥ 4",
            f"{f['plain_per_s']:.0f} frames/s",
        ),
        Measurement(
            "start of the node",
            f["ours_start_s"] / f["plain_start_s"],
            "seconds until it is subscribed / plain node's",
            "",
            f"{f['ours_start_s']:.1f} s, echo node {f['echo_start_s']:.1f} s; {f['ours_mib']:.0f} MiB",
        ),
    ]


def int8_rows(f: Figures) -> list[Measurement]:
    """The node in int8 against the same node in float32 and against a plain one."""
    return [
        Measurement(
            "int8, throughput",
            f["int8_to_ours"],
            "frames/s / frames/s of float32",
            "≥ 1.4",
            f"{f['int8_per_s']:.0f} frames/s, bare loop {f['int8_bare_per_s']:.0f} and {f['ours_bare_per_s']:.0f}",
            f.times("int8"),
        ),
        Measurement("int8, against a plain node", f["int8_to_plain"], "our frames/s / its", "≥ 5"),
        Measurement("int8, saturated", f["int8_to_possible"], "frames/s / possible with this echo and bare loop"),
        Measurement("int8, latency", f["int8_to_rate"], "p50 / (echo + forward at this rate)"),
    ]


def print_nodes(f: Figures, what: str, nodes: Mapping[str, str]) -> None:
    """Print what was measured of each node."""
    measured = {"p50": 2, "p95": 2, "p99": 2, "lost": 0, "per_s": 0, "start_s": 1, "mib": 0}
    lines = [
        (name, *(f"{f[f'{key}_{figure}']:.{digits}f}" for figure, digits in measured.items()))
        for key, name in nodes.items()
    ]
    columns = ("node", "p50 ms", "p95 ms", "p99 ms", "lost", "saturated /s", "start s", "MiB")
    console.out.print(console.table(what, columns, lines))


if __name__ == "__main__":
    run(main)
