# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The measurements of training speed and of many classes run, and compare like with like."""

import pytest
import torch
from torch import Tensor

from cac_core.benchmark.anchored_distances import anchored_distances
from cac_core.equations import anchored_centres, cac_loss, distances
from performance import class_steps, classes, training_loops, training_speed


def test_the_plain_loop_trains_with_the_same_loss() -> None:
    z = 4.0 * torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    y = torch.arange(20) % 6
    expected = cac_loss(distances(z, anchored_centres(6)), y)
    assert training_loops.plain_loss(z, anchored_centres(6), y).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.slow
def test_training_speed_prints_a_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    training_speed.main(["--images", "64", "--photos", "32", "--repeats", "1", "--device", "cpu"])
    printed = capsys.readouterr().out
    assert "plain loop" in printed
    assert "ratio, median over 1 turns" in printed


def test_memory_grows_no_faster_than_the_number_of_classes() -> None:
    sizes = {}
    for n in (100, 1000, 10000):
        z = torch.randn(16, n, requires_grad=True)
        y = torch.arange(16)

        def step(z: Tensor = z, y: Tensor = y) -> None:
            cac_loss(anchored_distances(z), y).backward()  # type: ignore[no-untyped-call]

        sizes[n] = class_steps.allocated(step, torch.device("cpu"))
    assert sizes[1000] < 11 * sizes[100]
    assert sizes[10000] < 11 * sizes[1000]


def test_classes_prints_a_row_per_size(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_steps, "SIZES", (10, 50))
    classes.main(["--batch", "8", "--repeats", "1", "--device", "cpu"])
    assert "50" in capsys.readouterr().out
