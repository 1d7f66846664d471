# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each middleware is asked, by the environment that a replay gets and the sentences that its users read."""

import os
import re

import pytest

from cac_ros.middleware import middleware_of
from cac_ros.middleware.fast_dds import shared_memory
from cac_ros.replay import transport
from test.repo.sources import ROOT

LOCAL = {
    "rmw_fastrtps_cpp": {"FASTDDS_BUILTIN_TRANSPORTS": shared_memory(8)},
    "rmw_fastrtps_dynamic_cpp": {"FASTDDS_BUILTIN_TRANSPORTS": shared_memory(8)},
    "rmw_cyclonedds_cpp": {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    "rmw_zenoh_cpp": {"ZENOH_ROUTER_CHECK_ATTEMPTS": "5"},
    "rmw_connextdds": {},
}
OF_REPLAY = {"FASTDDS_BUILTIN_TRANSPORTS", "ROS_AUTOMATIC_DISCOVERY_RANGE", "ZENOH_ROUTER_CHECK_ATTEMPTS"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the variables is set."""
    for name in (*OF_REPLAY, "ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY"):
        monkeypatch.setenv(name, "")  # so that it is put back at the end
        monkeypatch.delenv(name)


@pytest.mark.parametrize("identifier", LOCAL)
def test_a_replay_stays_on_this_computer(identifier: str, environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "get_rmw_implementation_identifier", lambda: identifier)
    assert transport.prepare_environment(watch=False) == []
    assert {name: os.environ[name] for name in OF_REPLAY if name in os.environ} == LOCAL[identifier]
    assert 1 <= int(os.environ["ROS_DOMAIN_ID"]) <= 100


def test_what_the_user_has_set_stays(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")
    monkeypatch.setenv("ROS_DOMAIN_ID", "7")
    monkeypatch.setattr(transport, "get_rmw_implementation_identifier", lambda: "rmw_fastrtps_cpp")
    transport.stay_local()
    assert (os.environ["FASTDDS_BUILTIN_TRANSPORTS"], os.environ["ROS_DOMAIN_ID"]) == ("UDPv4", "7")


@pytest.mark.parametrize(("identifier", "slow"), [("rmw_fastrtps_cpp", True), ("rmw_cyclonedds_cpp", False)])
def test_only_fast_dds_is_slow_with_localhost(identifier: str, slow: bool) -> None:
    for setting in ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, {"ROS_LOCALHOST_ONLY": "1"}):
        assert bool(middleware_of(identifier).slowness(setting)) == slow
    assert middleware_of(identifier).slowness({"ROS_LOCALHOST_ONLY": "0"}) == ""


def test_zenoh_has_its_router_and_names_its_own_configuration() -> None:
    zenoh = middleware_of("rmw_zenoh_cpp")
    assert zenoh.reach({}) == "the router of Zenoh runs on this computer: ros2 run rmw_zenoh_cpp rmw_zenohd"
    assert "(or as /etc/session.json5 says)" in zenoh.reach({"ZENOH_SESSION_CONFIG_URI": "/etc/session.json5"})


def test_a_middleware_that_is_not_known_gets_no_advice_of_another() -> None:
    other = middleware_of("rmw_of_tomorrow_cpp")
    assert other.loss_fixes({}, best_effort=False) == []
    assert other.loss_cause() == ""
    assert other.same_for_both({}) == ["RMW_IMPLEMENTATION (rmw_of_tomorrow_cpp here)", "ROS_DOMAIN_ID (0 here)"]


def test_the_page_names_every_variable_of_the_files() -> None:
    page = (ROOT / "docs" / "middlewares.md").read_text(encoding="utf-8")
    for path in (ROOT / "cac_ros" / "middleware").glob("*.py"):
        for name in re.findall(r"\b(?:FASTDDS|CYCLONEDDS|ZENOH|ROS)_[A-Z_]+\b", path.read_text(encoding="utf-8")):
            assert name in page, (path.name, name)
