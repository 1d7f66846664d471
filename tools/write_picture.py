# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/images/debug_image.png: `make demo && .venv/bin/python tools/write_picture.py`.

What ~/debug_image shows for a known and for an unknown object: two held-out handwritten digits, the first of a known
and of an unknown class, as the demo's model answers them, drawn by the node's own code.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cac_core.data import load_digits_trial  # noqa: E402 - found through the line above
from cac_core.data.digits import digit_picture  # noqa: E402
from cac_core.predictor import Predictor  # noqa: E402
from cac_core.preprocessing import Frame  # noqa: E402
from cac_ros.drawing.annotated import annotate  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "debug_image.png"
WIDTH, HEIGHT = 480, 360
GAP = 8  # [pixels]; white, between the two


def frame(index: int) -> Frame:
    """A digit as the demo's camera sees it, without its noise, which would make the file large."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    left = (WIDTH - HEIGHT) // 2
    digit = cv2.resize(digit_picture(index), (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
    pixels[:, left : left + HEIGHT] = digit.astype(np.uint8)[..., None]
    return Frame(pixels, "bgr")


def answered(predictor: Predictor, shown: Frame) -> NDArray[np.uint8]:
    """The frame with its answer drawn on it."""
    start = time.perf_counter()
    (decision,) = predictor.predict([shown])
    return annotate(shown, decision, 1e3 * (time.perf_counter() - start))


def main() -> int:
    """Write the picture; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the picture of the documentation.")
    parser.add_argument("--model", type=Path, default=ROOT / "demo_output" / "digits.cac", help="of make demo, trial 0")
    predictor = Predictor.load(parser.parse_args().model)
    predictor.warm_up()
    trial = load_digits_trial("neal2018", 0)
    first = [trial.test_indices[trial.test_digits == group[0]][0] for group in (trial.split.known, trial.split.unknown)]
    known, unknown = (answered(predictor, frame(int(index))) for index in first)
    PICTURE.parent.mkdir(exist_ok=True)
    gap = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    cv2.imwrite(str(PICTURE), np.hstack([known, gap, unknown]), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


if __name__ == "__main__":
    sys.exit(main())
