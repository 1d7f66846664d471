# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Corruptions grow with their strength, and the table counts what the model says of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cac_core import robustness
from cac_core.bundle import save_bundle
from cac_core.data.corruptions import CORRUPTIONS, STRENGTHS
from test.core.bundles import tiny_bundle


def picture(height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth colours with edges: every corruption changes it."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 9), np.sin(y / 7), np.sin((x + y) / 11)], axis=-1)
    pixels = (127 + 80 * waves).astype(np.uint8)
    pixels[20:60, 30:70] = (200, 60, 30)
    return pixels


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_a_corruption_keeps_size_and_type_and_never_writes_its_input(kind: str) -> None:
    for shape in ((96, 128), (33, 17), (224, 224)):
        pixels = picture(*shape)
        before = pixels.copy()
        for strength in STRENGTHS:
            corrupted = CORRUPTIONS[kind](pixels, strength, np.random.default_rng(0))
            assert corrupted.shape == pixels.shape
            assert corrupted.dtype == np.uint8
        assert np.array_equal(pixels, before)


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_a_corruption_grows_with_its_strength(kind: str) -> None:
    pixels = picture().astype(int)
    changes = [
        np.mean(
            [
                np.abs(CORRUPTIONS[kind](picture(), strength, np.random.default_rng(seed)) - pixels).mean()
                for seed in range(5)
            ]
        )
        for strength in STRENGTHS
    ]
    assert changes[0] > 0
    if kind not in ("rotation", "scale"):  # geometry: another place is another place
        assert changes == sorted(changes)


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_the_same_seed_corrupts_in_the_same_way(kind: str) -> None:
    first, second = (CORRUPTIONS[kind](picture(), 3, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)


def test_the_shares_are_those_of_the_answers() -> None:
    labels = np.array([0, 0, 1, 1, -1, -1, -1, -1])
    decisions = np.array([0, 1, -1, 1, -1, -1, -1, 0])
    shares = robustness._shares(decisions, labels)
    assert shares == {
        "known_right": 0.5,
        "known_wrong": 0.25,
        "known_rejected": 0.25,
        "unknown_rejected": 0.75,
        "unknown_accepted": 0.25,
    }
    assert robustness._shares(decisions[:4], labels[:4])["unknown_rejected"] is None


def test_the_command_writes_every_kind_and_strength(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_bundle(tiny_bundle(("cup", "box")), tmp_path / "m.cac")
    for name in ("cup", "box"):
        (tmp_path / "test" / name).mkdir(parents=True)
        Image.fromarray(picture()).save(tmp_path / "test" / name / "1.png")
    (tmp_path / "other").mkdir()
    Image.fromarray(picture()[::-1]).save(tmp_path / "other" / "1.png")
    words = [str(tmp_path / "m.cac"), "--root", str(tmp_path / "test"), "--unknown", str(tmp_path / "other")]
    assert robustness.main([*words, "--engine", "torch"]) == 0
    document = json.loads((tmp_path / "m.cac.robustness.json").read_text())
    assert len(document["rows"]) == 1 + len(CORRUPTIONS) * len(STRENGTHS)
    for row in document["rows"]:
        assert row["known_right"] + row["known_wrong"] + row["known_rejected"] == pytest.approx(1.0)
        assert row["unknown_rejected"] + row["unknown_accepted"] == pytest.approx(1.0)
    printed = capsys.readouterr().out
    assert "motion blur" in printed
    assert "known and wrong" in printed
