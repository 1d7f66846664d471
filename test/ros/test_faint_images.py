# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""16-bit pictures that become nearly one grey are told once: by the node, replays, and whoever reads photos."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cac_core.data import load_image_folder
from cac_core.preprocessing import Preprocessing
from cac_ros.images import FAINT_NOTE, FaintFrame, to_frame
from cac_ros.replay import offline
from cac_ros.replay.live import _faint_note
from cac_ros.replay.offline import classify
from test.ros.test_images import compressed, image


def thermal(low: int, high: int, *shape: int) -> np.ndarray:
    """Values between two limits, both of them there."""
    pixels = np.random.default_rng(0).integers(low, high + 1, shape or (48, 64), dtype=np.uint16)
    pixels[0, 0], pixels[4, 4] = low, high
    return pixels


@pytest.mark.parametrize(
    ("low", "high", "faint"),
    [
        (7000, 9000, True),  # 14 bits, a room
        (29315, 31015, True),  # hundredths of a kelvin
        (0, 4095, True),  # 12 bits that are not shifted
        (60000, 62000, True),
        (0, 16383, False),  # 14 bits, all of them
        (0, 65535, False),
        (0, 200, False),  # night, with a camera that uses its range
        (0, 0, False),
    ],
)
@pytest.mark.parametrize("form", ["raw", "big-endian", "png", "rgb16"])
def test_what_uses_hardly_any_of_its_range_is_noticed(low: int, high: int, faint: bool, form: str) -> None:
    pixels = thermal(low, high)
    message: Any = {
        "raw": lambda: image("mono16", pixels),
        "big-endian": lambda: image("mono16", pixels.astype(">u2"), is_bigendian=True),
        "png": lambda: compressed("png", pixels, "mono16; png compressed "),
        "rgb16": lambda: image("rgb16", np.repeat(pixels[..., np.newaxis], 3, axis=2)),
    }[form]()
    assert isinstance(to_frame(message), FaintFrame) == faint


def test_pictures_of_8_bits_are_never_faint() -> None:
    for value in (0, 10, 128):
        assert not isinstance(to_frame(image("mono8", np.full((8, 8), value, np.uint8))), FaintFrame)


class Recorded:
    """A message of a bag."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.content = image("mono16", pixels)
        self.time_ns = 0

    def decode(self) -> Any:
        return self.content


@pytest.mark.parametrize(("faint", "frames", "told"), [(0, 5, 0), (1, 5, 0), (5, 5, 1), (40, 60, 1), (1, 1, 1)])
def test_a_replay_says_it_once(faint: int, frames: int, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "from_decision", lambda *_: None)
    predictor: Any = SimpleNamespace(predict=lambda frames, theta: [None] * len(frames))
    messages: Any = [Recorded(thermal(7000, 9000) if i < faint else thermal(0, 65535)) for i in range(frames)]
    rows, notes = classify(messages, predictor, np.zeros(1, np.float32))
    assert len(rows) == frames
    assert notes == [FAINT_NOTE] * told


@pytest.mark.parametrize(("faint", "frames", "told"), [(0, 5, 0), (1, 5, 0), (5, 5, 1), (10, 60, 1), (1, 1, 1)])
def test_a_live_replay_says_it_once(faint: int, frames: int, told: int) -> None:
    recorded = [Recorded(thermal(7000, 9000) if i < faint else thermal(0, 65535)) for i in range(frames)]
    bag: Any = SimpleNamespace(messages=lambda _: iter(recorded))
    assert _faint_note(bag, SimpleNamespace(name="/camera"), None) == [FAINT_NOTE] * told  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "faint"),
    [(7000, 9000, True), (29315, 31015, True), (0, 4095, True), (0, 65535, False), (0, 200, False)],
)
@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
def test_photos_get_one_note_for_all_of_them(tmp_path: Path, low: int, high: int, faint: bool, suffix: str) -> None:
    for name in ("cup/1", "cup/2", "jug/1"):
        path = tmp_path / f"{name}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(thermal(low, high)).save(path)
    problems = load_image_folder(tmp_path, Preprocessing(16)).problems
    assert len(problems) == faint
    if faint:
        assert problems[0].startswith("3 photos of 16 bits use less than 1/16 of their range")
        assert f"e.g. {tmp_path}/cup/1.{suffix}: scale them to 8 bits" in problems[0]


def test_a_photo_of_8_bits_gets_no_note(tmp_path: Path) -> None:
    for name in ("cup", "jug"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((48, 64), 10, np.uint8)).save(tmp_path / name / "1.png")
    assert load_image_folder(tmp_path, Preprocessing(16)).problems == ()
