# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Latency, throughput and start of the node: ``python -m benchmarks.node``.

Real DDS, the node in another process. Side by side in one run: an echo node (what ROS 2 in Python costs), the same
network in a bare loop without ROS, and a plain node that does everything in its callback with eager PyTorch.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from benchmarks.camera import Camera
from cac_core import console
from cac_core.backbones import BackboneSpec, build_backbone
from cac_core.bundle import ModelBundle, save_bundle, write_atomically
from cac_core.functional import anchored_centres
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame, Preprocessing
from cac_core.thresholds import fit_thresholds
from cac_ros.live import LOCAL_TRANSPORT

CLASSES = 16


def make_model(path: Path, backbone: str, size: int) -> None:
    """Save an untrained bundle: speed does not depend on the weights."""
    torch.manual_seed(0)
    spec = BackboneSpec(backbone, CLASSES, size, 3)
    gamma = torch.rand(200, CLASSES)
    save_bundle(
        ModelBundle(
            class_names=tuple(f"class {i}" for i in range(CLASSES)),
            backbone=spec,
            preprocessing=Preprocessing(size, 3, interpolation="linear"),
            state=build_backbone(spec).state_dict(),
            centres=anchored_centres(CLASSES),
            centre_counts=torch.ones(CLASSES, dtype=torch.long),
            thresholds=fit_thresholds(gamma, torch.arange(200) % CLASSES),
            name=backbone,
        ),
        path,
    )


@contextmanager
def running(command: list[str], namespace: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node in a namespace and end it."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--ros-args", "-r", f"__ns:={namespace}"], stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(10)


def bare_loop(predictor: Predictor, width: int, height: int, seconds: float = 4.0) -> list[float]:
    """Seconds per frame of decode and forward without ROS."""
    random = np.random.default_rng(0)
    data = random.integers(0, 256, height * width * 3, dtype=np.uint8).tobytes()
    predictor.warm_up()
    times, end = [], time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        predictor.predict([Frame(np.frombuffer(data, np.uint8).reshape(height, width, 3), "bgr")])
        times.append(time.perf_counter() - start)
    return times


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.node", description=__doc__)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--rate", type=float, default=30.0, help="frames per second of the latency rows")
    parser.add_argument("--frames", type=int, default=300, help="frames per round and node")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--json", type=Path, default=Path("bench_output/node.json"))
    a = parser.parse_args()
    # Not LOCALHOST: with it Fast DDS ignores the transport, and every image costs 10 ms more. Shared memory does not
    # leave the machine either.
    os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", LOCAL_TRANSPORT)
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    figures: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            figures.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model.cac")
        make_model(Path(model), a.backbone, a.image_size)
        predictor = Predictor.load(model, a.engine, a.device)
        parameters = ["model_path:=" + model, "engine:=" + a.engine, "device:=" + a.device]
        commands = {
            "echo": ["benchmarks.comparison_nodes", "echo"],
            "plain": ["benchmarks.comparison_nodes", "plain", model, a.device],
            "ours": ["cac_ros.classifier_node"],
        }
        for round_number in range(a.rounds):
            loop = bare_loop(predictor, a.width, a.height)
            note(forward_ms=1e3 * statistics.median(loop), bare_per_s=len(loop) / sum(loop))
            for name, command in commands.items():
                namespace = f"/bench_{os.getpid()}_{name}_{round_number}"
                extra = [p for v in parameters for p in ("-p", v)] if name == "ours" else []
                with Camera(namespace, a.width, a.height) as camera:
                    start = time.perf_counter()
                    with running([*command, *(["--ros-args", *extra] if extra else [])], namespace) as process:
                        camera.wait_matched()
                        note(**{f"{name}_start_s": time.perf_counter() - start})
                        for _ in range(20):
                            camera.ask()
                        latencies, lost = camera.latencies(a.frames, a.rate)
                        p50, p95, p99 = (1e3 * float(np.percentile(latencies, q)) for q in (50, 95, 99))
                        note(**{f"{name}_p50_ms": p50, f"{name}_p95_ms": p95, f"{name}_p99_ms": p99})
                        note(**{f"{name}_lost": lost, f"{name}_per_s": camera.saturated(4.0)})
                        note(**{f"{name}_mib": resident_mib(process.pid)})
            console.err.print(f"round {round_number + 1} of {a.rounds} done", highlight=False)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    print_table(medians, a, predictor)
    document = {
        "machine": machine(),
        "options": {k: str(v) for k, v in vars(a).items()},
        "medians": medians,
        "rounds": figures,
    }
    write_atomically(a.json, (json.dumps(document, indent=1) + "\n").encode())
    console.out.print(f"{a.json}", highlight=False)
    return 0


def print_table(m: dict[str, float], a: argparse.Namespace, predictor: Predictor) -> None:
    """Print the medians and the ratios that matter."""
    rows = [
        (name, *(f"{m[f'{key}_{what}']:.{digits}f}" for what, digits in
                 (("p50_ms", 2), ("p95_ms", 2), ("p99_ms", 2), ("lost", 0), ("per_s", 0), ("start_s", 1), ("mib", 0))))
        for key, name in (("echo", "echo"), ("ours", "cac_ros"), ("plain", "plain, eager torch"))
    ]  # fmt: skip
    title = (
        f"{a.backbone} at {a.image_size} px, {a.width}×{a.height} raw at {a.rate:g} Hz, engine {predictor.engine_name} "
        f"on {predictor.device_name}; {machine()}"
    )
    columns = ("node", "p50 ms", "p95 ms", "p99 ms", "lost", "saturated /s", "start s", "MiB")
    console.out.print(console.table(title, columns, rows))
    possible = 1.0 / (1.0 / m["echo_per_s"] + 1.0 / m["bare_per_s"])
    ratios = [
        ("p50 / (echo p50 + forward p50)", m["ours_p50_ms"] / (m["echo_p50_ms"] + m["forward_ms"]), "≤ 1.25"),
        ("p99 / p50", m["ours_p99_ms"] / m["ours_p50_ms"], "≤ 2"),
        ("throughput / possible", m["ours_per_s"] / possible, "≥ 0.85"),
        ("p50 / plain node's p50", m["ours_p50_ms"] / m["plain_p50_ms"], "≤ 0.25"),
        ("throughput / plain node's", m["ours_per_s"] / m["plain_per_s"], "≥ 4"),
    ]
    console.out.print(
        console.table("Ratios of this run", ("ratio", "value", "wanted"), [(n, f"{v:.2f}", w) for n, v, w in ratios])
    )
    console.out.print(
        f"bare loop: {m['forward_ms']:.2f} ms a frame, {m['bare_per_s']:.0f} frames/s", markup=False, highlight=False
    )


def machine() -> str:
    """What this was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    gpu = f", {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else ""
    return f"{model}, {len(os.sched_getaffinity(0))} cores{gpu}"


if __name__ == "__main__":
    console.run_command(main)
