# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time of a frame around the network: reading the message, resize, scores, decision, building the answer."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cac_core.bundle import ModelBundle, load_bundle
from cac_core.engines.common import resized_batch, scores_of_logits
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.support.command import Command, run
from cac_core.support.option_types import PositiveFloat
from cac_ros.images import to_frame
from cac_ros.node.active_model import ActiveModel
from cac_ros.node.answers import answer
from cac_ros.node.arrived_image import ArrivedImage, look
from cac_ros.node.messages import classification_message
from cac_ros.parameters import NodeSettings
from performance import table
from performance.inputs import size
from performance.model import CLASSES, model_file
from performance.pictures import pictures
from performance.table import Figures, Measurement


class NoNetwork:
    """An engine whose network takes no time; the rest is that of every engine."""

    name, device, precision = "none", "cpu", "float32"
    notes: tuple[str, ...] = ()

    def __init__(self, bundle: ModelBundle) -> None:
        self._bundle = bundle
        self._logits = np.random.default_rng(0).normal(size=(1, CLASSES)).astype(np.float32)

    def rejection_scores(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """γ of the same logits for every frame."""
        resized_batch(frames, self._bundle.preprocessing)
        return scores_of_logits(np.repeat(self._logits, len(frames), axis=0), self._bundle.centres)


def times(work: Callable[[], object], seconds: float) -> list[float]:
    """Seconds of each repetition."""
    work()
    result: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        work()
        result.append(time.perf_counter() - start)
    return result


@dataclass
class OverheadOptions(table.Options):
    """Time of a frame around the network: reading the message, resize, scores, decision, building the answer.

    The node's own path from message to message with a network that takes no time, without DDS. The resize alone is
    measured beside it; what is left is ours.

    Attributes:
        sizes: of the frames, WIDTHxHEIGHT.
        seconds: per row and round.
    """

    sizes: tuple[str, ...] = ("640x480",)
    seconds: PositiveFloat = 1.0
    json: Path = table.FOLDER / "overhead.json"


COMMAND = Command(
    OverheadOptions,
    "python -m performance overhead --sizes 640x480 1920x1080",
    notes="""\
more examples:
  python -m performance overhead                         linear, mipmap and area at 640x480
  python -m performance overhead --sizes 1920x1080       another size
""",
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    a = table.parse(COMMAND, words)
    sizes = [size(text) for text in a.sizes]
    figures, rows = Figures(), []
    for a.interpolation in ("linear", "mipmap", "area"):
        with model_file(a) as path:
            bundle = load_bundle(path)
        predictor = Predictor(bundle, "torch", "cpu")
        predictor._engine = NoNetwork(bundle)
        model = ActiveModel.of(predictor, NodeSettings())
        for width, height in sizes:
            (image,) = pictures(width, height, jpeg=False, count=1)
            name = f"{width}×{height} raw, {a.interpolation} resize"

            def whole(image: object = image, model: ActiveModel = model) -> object:
                (result,) = answer([lambda: look(ArrivedImage(image, 0.0), 0, None)], model)
                return classification_message(image.header, result.decision, model.model_id, with_scores=True)  # type: ignore[attr-defined]

            frame = to_frame(image)

            def resize(frame: Frame = frame, bundle: ModelBundle = bundle) -> object:
                return resized_batch([frame], bundle.preprocessing)

            for number in range(1, a.rounds + 1):
                table.say(f"overhead: {name}, round {number} of {a.rounds}")
                figures.note_times(f"{name}_resize", times(resize, a.seconds))
                figures.note_times(name, times(whole, a.seconds))
            besides = f"resize {figures[f'{name}_resize_p50']:.3f} ms; wanted for mipmap at 640×480: ≤ 0.4 ms in all"
            ratio = figures[f"{name}_p50"] / figures[f"{name}_resize_p50"]
            rows.append(
                Measurement(name, ratio, "all but the network / the resize alone", "", besides, figures.times(name))
            )
    table.report(rows, figures, a)
    return 0


if __name__ == "__main__":
    run(main)
