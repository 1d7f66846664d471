# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The example for diagnostic_aggregator groups what the node publishes, by the rules of its GenericAnalyzer."""

import re
from typing import Any

import pytest
import yaml

from cac_ros.node.diagnostics import NodeStatus, status_message
from cac_ros.node.frame_timings import Timings
from cac_ros.node.newest_frame_worker import Counts
from test.repo.sources import ROOT

FILE = yaml.safe_load((ROOT / "config" / "diagnostic_analyzers.yaml").read_text(encoding="utf-8"))
PARAMETERS = FILE["analyzers"]["ros__parameters"]
(GROUP,) = [value for value in PARAMETERS.values() if isinstance(value, dict)]


def matches(analyzer: dict[str, Any], name: str) -> bool:
    """GenericAnalyzer::match() of diagnostic_aggregator: any of its lists, and nothing else, decides."""
    return (
        any(re.fullmatch(pattern, name) for pattern in analyzer.get("regex", []))
        or name in analyzer.get("expected", [])
        or any(name.startswith(start) for start in analyzer.get("startswith", []))
        or any(part in name for part in analyzer.get("contains", []))
    )


@pytest.mark.parametrize("node", ["/cac_classifier", "/front/cac_classifier"])
@pytest.mark.parametrize("part", ["classifier", "camera front/image_raw", "camera rear"])
def test_every_status_of_a_classifier_is_in_the_group(node: str, part: str) -> None:
    status = NodeStatus(state="active", counts=Counts(), timings=Timings())
    message = status_message(f"{node.lstrip('/')}: {part}", node, status)
    assert matches(GROUP, message.name)
    assert message.hardware_id == node


def test_statuses_of_others_are_not() -> None:
    for name in ("camera_driver: frame rate", "joystick: Joystick Driver Status", "/cac_classifier"):
        assert not matches(GROUP, name)


def test_what_is_expected_is_what_a_node_is_called_by_default() -> None:
    assert GROUP["expected"] == ["cac_classifier: classifier"]
    assert GROUP["type"] == "diagnostic_aggregator/GenericAnalyzer"
    assert set(GROUP) <= {"type", "path", "contains", "expected", "timeout"}
    assert isinstance(GROUP["timeout"], float), "the aggregator reads it as a double"
