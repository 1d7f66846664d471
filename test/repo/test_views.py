# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The layouts for RViz and Foxglove show topics and fields that the node has.

In test/ros the table of topics in docs/node.md is checked against the running node. So is the image with the quality of
service that RViz asks for.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from test.repo.sources import ROOT, documented_topics

NODE = "/cac_classifier"
TOPICS = documented_topics(NODE)
RVIZ = yaml.safe_load((ROOT / "config" / "cac_ros.rviz").read_text(encoding="utf-8"))
FOXGLOVE = json.loads((ROOT / "config" / "foxglove_layout.json").read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = FOXGLOVE["configById"]
CLASSIFICATION = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text(encoding="utf-8")
FIELD_TYPES = {name: kind for kind, name in re.findall(r"^(\S+) ([a-z_]+)(?: \S+)?$", CLASSIFICATION, re.MULTILINE)}
REASONS = {int(value): name for name, value in re.findall(r"^uint8 ([A-Z_]+)=(\d+)", CLASSIFICATION, re.MULTILINE)}


def panels(kind: str) -> list[dict[str, Any]]:
    """Settings of the panels of one kind."""
    return [settings for name, settings in PANELS.items() if name.startswith(f"{kind}!")]


def message_paths() -> Iterator[str]:
    """Every field of a message that Foxglove reads."""
    for settings in PANELS.values():
        yield from (path["value"] for path in settings.get("paths", []))
        if "path" in settings:
            yield settings["path"]


def leaves(layout: Any) -> Iterator[str]:
    """Panels of a mosaic, in its order."""
    if isinstance(layout, str):
        yield layout
    else:
        assert layout["direction"] in ("row", "column")
        assert 0 < layout["splitPercentage"] < 100
        yield from (*leaves(layout["first"]), *leaves(layout["second"]))


def test_rviz_shows_the_annotated_image() -> None:
    (display,) = RVIZ["Visualization Manager"]["Displays"]
    assert display["Class"] == "rviz_default_plugins/Image"
    assert display["Enabled"] is True
    assert display["Topic"]["Value"] == f"{NODE}/debug_image"
    assert TOPICS[display["Topic"]["Value"]] == {"sensor_msgs/Image"}


def test_the_window_of_rviz_places_the_display_by_its_name() -> None:
    (display,) = RVIZ["Visualization Manager"]["Displays"]
    geometry = RVIZ["Window Geometry"]
    state = bytes.fromhex(geometry["QMainWindow State"])
    for name in (display["Name"], *(panel["Name"] for panel in RVIZ["Panels"])):
        assert name.encode("utf-16-be") in state, name
        assert geometry[name] == {"collapsed": False}


def test_every_panel_of_foxglove_is_in_the_window_once() -> None:
    assert sorted(leaves(FOXGLOVE["layout"])) == sorted(PANELS)


def test_foxglove_shows_the_annotated_image() -> None:
    (image,) = panels("Image")
    assert TOPICS[image["imageMode"]["imageTopic"]] == {"sensor_msgs/CompressedImage"}
    assert image["imageMode"]["imageTopic"] == f"{NODE}/debug_image/compressed"


@pytest.mark.parametrize("path", message_paths())
def test_every_message_path_of_foxglove_is_a_field(path: str) -> None:
    topic, field = path.split(".")
    assert TOPICS[topic] == {"cac_msgs/OpenSetClassification"}
    assert field in FIELD_TYPES


def test_the_plot_compares_the_score_with_the_threshold() -> None:
    (plot,) = panels("Plot")
    fields = [path["value"].split(".")[1] for path in plot["paths"]]
    assert fields == ["rejection_score", "threshold"]
    assert {FIELD_TYPES[field] for field in fields} == {"float32"}


def test_the_indicators_know_every_value() -> None:
    rules = {
        settings["path"].split(".")[1]: {rule["rawValue"]: rule["label"] for rule in settings["rules"]}
        for settings in panels("Indicator")
    }
    assert rules == {
        "unknown": {"true": "UNKNOWN", "false": "known"},
        "reason": {str(value): name for value, name in REASONS.items()},
    }
    assert FIELD_TYPES["unknown"] == "bool"
    assert len(REASONS) == 9
    for settings in panels("Indicator"):
        assert {rule["operator"] for rule in settings["rules"]} == {"="}


def test_the_diagnostics_panels_read_the_nodes_report() -> None:
    (summary,), (status,) = panels("DiagnosticSummary"), panels("DiagnosticStatusPanel")
    for settings in (summary, status):
        assert TOPICS[settings["topicToRender"]] == {"diagnostic_msgs/DiagnosticArray"}
    assert status["selectedHardwareId"] == NODE
    assert status["selectedName"] == f"{NODE.lstrip('/')}: classifier"
