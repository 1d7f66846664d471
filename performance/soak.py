# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Minutes of work with model swaps and changing parameters: memory, latency and answers must stay as they are."""

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from cac_msgs.srv import LoadModel
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from cac_core.bundle import load_bundle, save_bundle
from cac_core.support import console
from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveFloat
from performance import table
from performance.camera import Camera
from performance.model import model_file
from performance.pictures import pictures
from performance.processes import MeasurementError, our_node, prepare_ros, resident_mib
from performance.table import Figures, Measurement

PARAMETER_PERIOD = 5.0
"""Time between two changes of parameters [s]."""
SAMPLE_PERIOD = 1.0
"""Time between two looks at the memory [s]."""


@dataclass
class SoakOptions(table.CameraOptions):
    """Minutes of work at a steady rate, with a model swap each minute and random changes of parameters.

    The first part is warm-up and counts only for missing answers. Memory and latency are then fitted with a line.

    Attributes:
        minutes: of the whole run.
        warm_up: share of it that is warm-up.
        swap_period: time between two model swaps [s].
        seed: of the random parameters.
    """

    minutes: PositiveFloat = 10.0
    warm_up: float = 1 / 3
    swap_period: PositiveFloat = 60.0
    seed: int = 0
    json: Path = table.FOLDER / "soak.json"


COMMAND = Command(
    SoakOptions,
    "python -m performance soak --minutes 10",
    notes="""\
more examples:
  python -m performance soak --minutes 60    an hour, as before a release
""",
)


@dataclass
class Soak:
    """What was seen.

    Attributes:
        sent: stamps of the images, and when each was sent [s since the start].
        latencies: seconds by stamp.
        memory: time [s since the start] and MiB.
        received: images that reached the node, as it reports them.
        replaced: images that made room for a newer one, as the node reports them.
        swaps: answers to load_model that were a success.
        changes: parameter changes that were accepted.
        refused: sentences of those that were not.
    """

    sent: dict[int, float] = field(default_factory=dict)
    latencies: dict[int, float] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    received: int = 0
    replaced: int = 0
    swaps: int = 0
    changes: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Images that reached the node and were neither answered nor replaced."""
        return self.received - len(self.latencies) - self.replaced

    @property
    def not_received(self) -> int:
        """Images that the middleware dropped because the node did not fetch them in time."""
        return len(self.sent) - self.received

    def slope_of_memory(self, start: float) -> float:
        """MiB per hour from a time [s] on."""
        return 3600 * slope([(t, mib) for t, mib in self.memory if t >= start])

    def slope_of_latency(self, start: float) -> float:
        """Seconds per hour from a time [s] on, of the medians of ten seconds: a single slow frame is no trend."""
        seconds: dict[int, list[float]] = {}
        for stamp, latency in self.latencies.items():
            if self.sent[stamp] >= start:
                seconds.setdefault(int(self.sent[stamp] // 10), []).append(latency)
        return 3600 * slope([(10.0 * part, float(np.median(values))) for part, values in seconds.items()])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line through points with the smallest squares; NaN for fewer than three."""
    if len(points) < 3:
        return float("nan")
    times, values = np.array(points).T
    return float(np.polyfit(times - times.mean(), values, 1)[0])


def random_parameters(chance: random.Random) -> dict[str, Any]:
    """Some values that a running node takes."""
    by_hand = chance.random() < 0.3
    return {
        "threshold": chance.uniform(0.0, 10.0) if by_hand else -1.0,
        "known_kept": -1.0 if by_hand else chance.choice([-1.0, chance.uniform(0.01, 1.0)]),
        "publish_rejection_scores": chance.random() < 0.5,
        "reduced_jpeg": chance.random() < 0.5,
        "dark_limit": chance.choice([0.0, 0.02]),
        "bright_limit": chance.choice([1.0, 0.99]),
        "frozen_after": chance.choice([0.0, 5.0]),
        "debug_image_rate": chance.uniform(0.0, 30.0),
    }


class Reports:
    """The numbers of received and replaced images, from the node's reports."""

    def __init__(self, camera: Camera) -> None:
        self._name = f"{camera.namespace.lstrip('/')}/cac_classifier: classifier"
        self._counts: list[dict[str, int]] = []
        camera.node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)

    def received_and_replaced(self) -> tuple[int, int]:
        """As a report says that comes after this call and in which no image is on its way."""
        self._counts.clear()
        end = time.monotonic() + 30.0
        while time.monotonic() < end:
            for counts in self._counts[1:]:
                if counts["received"] == counts["classified"] + counts["replaced"] + counts["failed"]:
                    return counts["received"], counts["replaced"]
            time.sleep(0.1)
        raise MeasurementError("the node did not account for every image within 30 s; what it said is above")

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self._name:
                values = {item.key: item.value for item in status.values}
                self._counts.append({key: int(values[key]) for key in ("received", "classified", "replaced", "failed")})


class Disturber:
    """Swaps models and changes parameters while the camera sends; nothing waits for the answers."""

    def __init__(self, camera: Camera, models: Sequence[Path], options: SoakOptions, soak: Soak) -> None:
        node = camera.node
        self._load: Any = node.create_client(LoadModel, f"{camera.namespace}/cac_classifier/load_model")
        self._set: Any = node.create_client(SetParameters, f"{camera.namespace}/cac_classifier/set_parameters")
        for client in (self._load, self._set):
            if not client.wait_for_service(60.0):
                raise MeasurementError("the node has no services; what it said is above")
        self._models, self._soak, self._options = models, soak, options
        self._chance = random.Random(options.seed)
        self._next_swap, self._next_change, self._calls = options.swap_period, PARAMETER_PERIOD, 0

    def at(self, now: float) -> None:
        """Do what is due [s since the start]."""
        if now >= self._next_swap:
            self._next_swap += self._options.swap_period
            self._calls += 1
            path = self._models[self._calls % len(self._models)]
            self._load.call_async(LoadModel.Request(model_path=str(path))).add_done_callback(self._on_swap)
        if now >= self._next_change:
            self._next_change += PARAMETER_PERIOD
            values = random_parameters(self._chance)
            messages = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
            self._set.call_async(SetParameters.Request(parameters=messages)).add_done_callback(self._on_change)

    def _on_swap(self, future: Any) -> None:
        response = future.result()
        if response.success:
            self._soak.swaps += 1
        else:
            self._soak.refused.append(response.message)

    def _on_change(self, future: Any) -> None:
        reasons = [result.reason for result in future.result().results if not result.successful]
        self._soak.changes += not reasons
        self._soak.refused += reasons


@contextlib.contextmanager
def two_models(options: SoakOptions) -> Iterator[list[Path]]:
    """A model and the same one under another name."""
    from cac_core.engines.bundle_graph import with_graph  # it loads PyTorch, and --help needs none

    with model_file(options) as first:
        bundle, second = with_graph(load_bundle(first)), first.with_name("second.cac")
        save_bundle(bundle, first)
        save_bundle(replace(bundle, name="second"), second)
        yield [first, second]


def soak(options: SoakOptions) -> Soak:
    """Run it."""
    seen, period = Soak(), 1.0 / options.rate
    images = pictures(options.width, options.height, jpeg=False)
    with (
        two_models(options) as models,
        Camera(images) as camera,
        camera.watched_by(our_node(models[0], options, **camera.parameters)) as (pid, _),
    ):
        disturber, reports = Disturber(camera, models, options, seen), Reports(camera)
        before = reports.received_and_replaced()
        start, next_sample, published = time.perf_counter(), 0.0, {}
        while (now := time.perf_counter() - start) < 60 * options.minutes:
            published[camera.publish()] = time.perf_counter()
            disturber.at(now)
            if now >= next_sample:
                next_sample += SAMPLE_PERIOD
                seen.memory.append((now, resident_mib(pid)))
                if int(now) % 60 == 0:
                    table.say(f"soak: minute {int(now) // 60}, {seen.memory[-1][1]:.0f} MiB, {len(published)} images")
            due = start + len(published) * period
            time.sleep(max(0.0, due - time.perf_counter()))
        camera.wait_for(set(published), 5.0)
        after = reports.received_and_replaced()
        seen.received, seen.replaced = (now - then for now, then in zip(after, before, strict=True))
        seen.sent = {stamp: sent - start for stamp, sent in published.items()}
        seen.latencies = {
            stamp: camera.answers[stamp] - sent for stamp, sent in published.items() if stamp in camera.answers
        }
    return seen


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = table.parse(COMMAND, words)
    prepare_ros()
    seen = soak(options)
    warm = 60 * options.minutes * options.warm_up
    figures, late = Figures(), [seen.latencies[s] for s in seen.latencies if seen.sent[s] >= warm]
    figures.note_times("frame", late)
    figures.note(
        missing=seen.missing,
        not_received=seen.not_received,
        replaced=seen.replaced,
        swaps=seen.swaps,
        changes=seen.changes,
        refused=len(seen.refused),
    )
    figures.rounds["memory_mib"] = [mib for _, mib in seen.memory]
    memory, latency = seen.slope_of_memory(warm), 1e3 * seen.slope_of_latency(warm)
    warm_mib = [mib for when, mib in seen.memory if when >= warm]
    first, last = float(np.median(warm_mib[:20])), float(np.median(warm_mib[-20:]))
    console.out.print(
        console.table(
            f"{options.minutes:g} minutes at {options.rate:g} Hz",
            (
                "images",
                "not received",
                "replaced",
                "missing",
                "swaps",
                "parameter changes",
                "refused",
                "MiB per hour",
                "latency, ms per hour",
            ),
            [
                (
                    f"{len(seen.sent):,}",
                    f"{seen.not_received}",
                    f"{seen.replaced:,}",
                    f"{seen.missing}",
                    f"{seen.swaps}",
                    f"{seen.changes}",
                    f"{len(seen.refused)}",
                    f"{memory:.1f}",
                    f"{latency:.1f}",
                )
            ],
        )
    )
    row = Measurement(
        f"memory over {options.minutes:g} minutes with swaps",
        last / first,
        "MiB at the end / after the warm-up",
        "≤ 1.01",
        f"{memory:.1f} MiB/h, {seen.missing} missing",
        figures.times("frame"),
    )
    table.report([row], figures, options)
    if seen.refused:
        console.fail(f"the node refused: {seen.refused[0]}")
    return 0


if __name__ == "__main__":
    run(main)
