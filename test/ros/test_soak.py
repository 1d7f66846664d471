# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Three minutes at 30 Hz with model swaps and changing parameters: nothing is missing and memory stays bounded."""

import json
import statistics
from pathlib import Path

import pytest

from performance.soak import Soak, slope
from test.ros.test_performance import SMALL, run

MINUTES = 3.0


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) == pytest.approx(2.0)
    assert slope([(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]) == pytest.approx(0.0)


def test_what_is_missing_was_neither_answered_nor_replaced() -> None:
    seen = Soak(sent={1: 0.0, 2: 0.1, 3: 0.2, 4: 0.3}, latencies={1: 0.01, 4: 0.02}, received=4, replaced=1)
    assert seen.missing == 1
    assert seen.not_received == 0
    minutes = Soak(
        sent={n: n / 10 for n in range(600)},
        latencies={n: 0.01 + n / 10 / 3600 for n in range(600)},
        memory=[(float(t), 100 + t / 60) for t in range(60)],
    )
    assert minutes.slope_of_memory(10.0) == pytest.approx(60.0)
    assert minutes.slope_of_latency(0.0) == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_minutes_of_work_lose_no_answer_and_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    options = ["--minutes", str(MINUTES), "--swap-period", "30", "--json", str(file)]
    done = run("soak", *SMALL, *options, timeout=500.0)
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))["rounds"]
    assert figures["missing"] == [0.0]
    assert figures["refused"] == [0.0]
    assert figures["swaps"][0] >= 4
    assert figures["changes"][0] >= 20
    memory = figures["memory_mib"]
    # It rises in steps, as docs/reliability.md says. More than 4 MiB for each swap is a leak.
    grown = statistics.median(memory[-20:]) - statistics.median(memory[60:80])
    assert grown < 4 * figures["swaps"][0] + 10, f"memory grows by {grown:.0f} MiB"
