# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The SROS 2 policy allows what the running node does, and no more."""

import importlib.util
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from test.repo.sources import ROOT
from test.ros.driver import RED, Robot, picture, running

POLICY = ROOT / "config" / "sros2_policy.xml"
ONLY_WITH = {
    "/clock": "use_sim_time",
    "/image/compressed": "image_transport",
    "/detections": "vision_msgs",
    **{
        f"/cac_classifier/{name}": "vision_msgs"
        for name in ("vision_classification", "label_info", "vision_info", "detections")
    },
}
"""Names that the node uses only with this parameter or package."""


def allowed() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"publish": set(), "subscribe": set(), "reply": set()}
    for element in ElementTree.parse(POLICY).iter():
        for what, permission in element.attrib.items():
            if permission == "ALLOW":
                found[what] |= {str(child.text) for child in element}
    return found


def test_the_policy_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("write_policy", ROOT / "tools" / "write_policy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert POLICY.read_text(encoding="utf-8") == module.policy_text(), "run `python tools/write_policy.py`"


def test_nothing_is_allowed_by_a_pattern() -> None:
    assert not any(sign in name for names in allowed().values() for name in names for sign in "*?[")


@pytest.mark.slow
def test_where_security_cannot_be_enforced_the_node_does_not_start(
    model: Path, ros_domain: int, tmp_path: Path
) -> None:
    """Either ROS has the security plugins and refuses this keystore, or it has none and says so; never a node."""
    enclave = tmp_path / "keystore" / "enclaves" / "cac_classifier"
    enclave.mkdir(parents=True)
    for name in ("identity_ca.cert", "cert", "key", "permissions_ca.cert"):
        (enclave / f"{name}.pem").write_text("no certificate", encoding="ascii")
    for name in ("governance", "permissions"):
        (enclave / f"{name}.p7s").write_text("no signature", encoding="ascii")
    environment = {
        "ROS_SECURITY_KEYSTORE": str(tmp_path / "keystore"),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
    }
    arguments = ("--enclave", "/cac_classifier")
    with running(tmp_path, ros_domain, model, arguments=arguments, environment=environment) as node:
        assert node.wait() == 1
        assert "ROS cannot make the node: " in node.output
        assert "Traceback" not in node.output


@pytest.mark.slow
def test_the_policy_allows_what_the_node_does_and_no_more(model: Path, ros_domain: int, tmp_path: Path) -> None:
    robot = Robot(ros_domain)
    options = {"classify_regions": True, "decision_frames": 3}

    def used() -> dict[str, set[str]]:
        graph, name = robot.node, ("cac_classifier", "/")
        return {
            "publish": {topic for topic, _ in graph.get_publisher_names_and_types_by_node(*name)},
            "subscribe": {topic for topic, _ in graph.get_subscriber_names_and_types_by_node(*name)},
            "reply": {service for service, _ in graph.get_service_names_and_types_by_node(*name)},
        }

    try:
        with running(tmp_path, ros_domain, model, **options):
            robot.wait_connected()
            assert robot.ask(picture(RED)).label == "red"
            wanted = {what: names - ONLY_WITH.keys() for what, names in allowed().items()}
            robot.wait(lambda: all(used()[what] >= names for what, names in wanted.items()), "everything in the policy")
            assert {what: names - allowed()[what] for what, names in used().items()} == {
                "publish": set(), "subscribe": set(), "reply": set(),
            }  # fmt: skip
    finally:
        robot.close()
