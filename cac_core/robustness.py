# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m cac_core.robustness model.cac --root TEST``: what bad pictures do to its decisions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cac_core.support import console
from cac_core.support.command import Command, run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cac_core.data import LabelledArrays
    from cac_core.predictor import Predictor

CLEAN = "as they are"


@dataclass
class RobustnessConfig:
    """Corrupt test photos as a camera would, in five strengths, and count what the model then says at its threshold.

    The dangerous answer is *known and wrong*: a wrong class for a known thing, or any class for an unknown one. Prints
    one table and writes robustness.json.

    Attributes:
        model: the bundle, a .cac file.
        root: folder with one folder of photos per class.
        unknown: folder of photos of other things, however nested.
        out: file to write; MODEL.robustness.json when omitted.
        seed: of the random parts.
        device: auto, cpu or cuda:N.
        engine: auto or an engine's name.
    """

    model: Path
    root: Path
    unknown: Path | None = None
    out: Path | None = None
    seed: int = 0
    device: str = "auto"
    engine: str = "auto"


COMMAND = Command(
    RobustnessConfig,
    "python -m cac_core.robustness shop.cac --root photos/test --unknown photos/other",
    positional=("model",),
)


def measure(
    predictor: "Predictor", images: "LabelledArrays", seed: int = 0, kinds: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Shares of answers under every corruption and strength.

    Args:
        predictor: the model.
        images: whose files are read again, at their own size.
        seed: of the random parts; a picture is corrupted in the same way whatever the model.
        kinds: of corruption; all when not given.

    Returns:
        Rows with kind, strength (0 for the pictures as they are), ``known_right``, ``known_wrong`` and
        ``known_rejected`` as shares of the known pictures, ``unknown_rejected`` and ``unknown_accepted`` as shares of
        the unknown ones.
    """
    import numpy as np

    from cac_core.data.corruptions import CORRUPTIONS, STRENGTHS
    from cac_core.inference_equations import decide

    jobs = [(CLEAN, 0), *((kind, strength) for kind in kinds or CORRUPTIONS for strength in STRENGTHS)]
    decided: dict[tuple[str, int], list[int]] = {job: [] for job in jobs}
    theta = predictor.theta()
    size = predictor.bundle.preprocessing.image_size
    for number, pixels in enumerate(console.track(_pictures(images, size), "corrupting", total=len(images))):
        frames = []
        for job, (kind, strength) in enumerate(jobs):
            random = np.random.default_rng([seed, number, job])
            frames.append(CORRUPTIONS[kind](pixels, strength, random) if strength else pixels)
        for job_name, decision in zip(jobs, decide(_scores(predictor, frames), theta).tolist(), strict=True):
            decided[job_name].append(decision)
    return [
        {"kind": kind, "strength": strength, **_shares(np.array(answers), images.labels)}
        for (kind, strength), answers in decided.items()
    ]


def _scores(predictor: "Predictor", pictures: "list[NDArray[np.uint8]]") -> "NDArray[np.float32]":
    import numpy as np

    from cac_core.preprocessing import Frame

    frames = [Frame(pixels, "rgb") for pixels in pictures]
    return np.concatenate([predictor.rejection_scores(frames[i : i + 16]) for i in range(0, len(frames), 16)])


def _pictures(images: "LabelledArrays", size: int) -> "Iterator[NDArray[np.uint8]]":
    """RGB pixels of each file; where its shorter side is more than twice what the network sees, reduced to that."""
    import cv2
    import numpy as np

    from cac_core.data.decode import read_image

    for path in images.paths:
        frame = read_image(Path(path))
        pixels = frame.pixels if frame.order == "rgb" else cv2.cvtColor(frame.pixels, cv2.COLOR_GRAY2RGB)
        factor = 2 * size / min(pixels.shape[:2])
        if factor < 1.0:
            pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        yield np.asarray(pixels, dtype=np.uint8)


def _shares(decisions: "NDArray[np.int64]", labels: "NDArray[np.int64]") -> dict[str, float | None]:
    from cac_core.inference_equations import UNKNOWN

    known = labels != UNKNOWN

    def share(which: "NDArray[np.bool_]", of: "NDArray[np.bool_]") -> float | None:
        return float(which[of].mean()) if of.any() else None

    return {
        "known_right": share(decisions == labels, known),
        "known_wrong": share((decisions != labels) & (decisions != UNKNOWN), known),
        "known_rejected": share(decisions == UNKNOWN, known),
        "unknown_rejected": share(decisions == UNKNOWN, ~known),
        "unknown_accepted": share(decisions != UNKNOWN, ~known),
    }


def table_rows(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """One row per kind: each share at the five strengths, and first the pictures as they are."""
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["strength"])
        cells = [
            " ".join("–" if row[share] is None else f"{100 * row[share]:.0f}" for row in own)
            for share in ("known_right", "known_wrong", "known_rejected", "unknown_accepted")
        ]
        lines.append((kind, *cells))
    return lines


def precision(images: "LabelledArrays") -> str:
    """How far the shares may be off, as a sentence."""
    from cac_core.inference_equations import UNKNOWN
    from cac_core.intervals import share_interval

    unknown = int((images.labels == UNKNOWN).sum())
    counts = {"known": len(images) - unknown, "unknown": unknown}
    texts = []
    for kind, count in counts.items():
        low, high = share_interval(0.5, count)
        texts += [f"{count} {kind} photos up to {50 * (high - low):.0f} points"] if count else []
    return f"95 % intervals of these shares reach, with {', and with '.join(texts)}, to either side."


def main(words: Sequence[str] | None = None) -> int:
    """Measure as the command line says."""
    config = COMMAND.parse(words)
    from cac_core.data import joined_arrays, read_image_folder, read_unknown_folder
    from cac_core.predictor import Predictor
    from cac_core.support.files import write_atomically

    predictor = Predictor.load(config.model, config.engine, config.device)
    bundle = predictor.bundle
    images = read_image_folder(config.root, bundle.preprocessing, bundle.class_names)
    if config.unknown:
        images = joined_arrays([images, read_unknown_folder(config.unknown, bundle.preprocessing, bundle.class_names)])
    rows = measure(predictor, images, config.seed)
    title = f"{bundle.model_id}: shares in % at strength 1 to 5, at its threshold"
    header = ("corruption", "known and right", "known and wrong", "known, rejected", "unknown, accepted")
    console.out.print(console.table(title, header, table_rows(rows)))
    console.out.print(precision(images), markup=False, highlight=False)
    out = config.out or config.model.with_name(f"{config.model.name}.robustness.json")
    document = {"model": bundle.model_id, "images": len(images), "seed": config.seed, "rows": rows}
    write_atomically(out, json.dumps(document, indent=1, ensure_ascii=False).encode())
    console.out.print(str(out), markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    run(main)
