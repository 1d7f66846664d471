# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that are killed at random moments; test.ros.node_kills does as many as wanted."""

import random
from pathlib import Path

import pytest

from test.ros.node_kills import kill_nodes


@pytest.mark.slow
def test_a_killed_node_leaves_whole_files_and_no_false_answer(tmp_path: Path, ros_domain: int) -> None:
    found = kill_nodes(tmp_path, ros_domain, 4, random.Random(1))
    assert found.starting + found.answering == 4
    assert found.answering, "at least one kill came while frames were answered"
    assert found.alone <= 4
