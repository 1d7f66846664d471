# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A whole replay on the poorest console: ASCII, no language, 40 columns, no home, no cache, no output, elsewhere."""

from pathlib import Path

import pytest

from cac_core.bundle import save_bundle
from test.core.bundles import tiny_bundle
from test.core.commands import check_poor_run
from test.ros.recordings import write_labels, write_rosbag2


@pytest.mark.slow
@pytest.mark.parametrize("output", ["kept", "unread"])
def test_a_replay_with_names_that_ascii_lacks(tmp_path: Path, output: str) -> None:
    save_bundle(tiny_bundle(("red", "green", "牛奶")), tmp_path / "m.cac")
    labels = ["red", "red", "green"]
    write_labels(tmp_path / "labels.csv", labels)
    write_rosbag2(tmp_path / "bag", labels)
    said = check_poor_run(
        "cac_ros.replay bag --model m.cac --labels labels.csv --engine torch --out r", tmp_path, output
    )
    assert {path.name for path in (tmp_path / "r").iterdir()} == {"frames.csv", "metrics.json", "report.html"}
    assert "\\u725b\\u5976" in said, "a note says that no frame has this label"
