# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node under nav2's lifecycle manager, with the parameters that docs/node.md names."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import yaml
from lifecycle_msgs.msg import State

from test.ros.driver import GREEN, RED, ROOT, NodeProcess, Robot, picture, running
from test.ros.nav2_manager import Nav2Manager

pytestmark = pytest.mark.slow

UNCONFIGURED, INACTIVE = State.PRIMARY_STATE_UNCONFIGURED, State.PRIMARY_STATE_INACTIVE
ACTIVE, FINALIZED = State.PRIMARY_STATE_ACTIVE, State.PRIMARY_STATE_FINALIZED
NAMES = ("cac_classifier", "front/cac_classifier")


@contextmanager
def managed(domain: int, names: Sequence[str] = NAMES[:1]) -> Iterator[Nav2Manager]:
    manager = Nav2Manager(domain, names)
    try:
        yield manager
    finally:
        manager.close()


@contextmanager
def connected_robot(domain: int) -> Iterator[Robot]:
    robot = Robot(domain)
    try:
        yield robot
    finally:
        robot.close()


def waiting(folder: Path, domain: int, model: Path, *arguments: str) -> AbstractContextManager[NodeProcess]:
    return running(folder, domain, model, arguments=arguments, autostart=False)


def documented() -> dict[str, object]:
    """Parameters of the manager in docs/node.md."""
    page = (ROOT / "docs" / "node.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(\w*lifecycle_manager\w*:.*?)```", page, re.DOTALL)
    assert block is not None
    ((_, values),) = yaml.safe_load(block[1]).items()
    return dict(values["ros__parameters"])


def test_startup_pause_resume_reset_and_shutdown(model: Path, ros_domain: int, tmp_path: Path) -> None:
    names = documented()["node_names"]
    assert names == ["cac_classifier"]
    with (
        waiting(tmp_path, ros_domain, model) as node,
        managed(ros_domain, names) as manager,
        connected_robot(ros_domain) as robot,
    ):
        assert manager.states() == [UNCONFIGURED]
        assert manager.startup()
        robot.wait_connected()
        assert robot.ask(picture(RED)).label == "red"
        assert manager.pause()
        robot.wait(lambda: robot.images.get_subscription_count() == 0, "the node to unsubscribe")
        assert manager.pause(), "a node that is there already counts as done"
        assert manager.resume()
        robot.wait_connected()
        assert robot.ask(picture(GREEN)).label == "green"
        assert node.output.count("loaded in") == 1, "the model stays loaded over a pause"
        assert manager.reset()
        assert manager.states() == [UNCONFIGURED]
        assert manager.startup()
        robot.wait_connected()
        assert robot.ask(picture(RED)).label == "red"
        assert node.output.count("loaded in") == 2
        assert manager.shutdown()
        assert manager.states() == [FINALIZED]
        assert not manager.startup(), "there is no way back from finalized"
        assert node.interrupt() == 0
        assert "Traceback" not in node.output


def test_commands_are_obeyed_while_frames_come(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with (
        waiting(tmp_path, ros_domain, model) as node,
        managed(ros_domain) as manager,
        connected_robot(ros_domain) as robot,
    ):
        done = threading.Event()

        def film() -> None:
            while not done.wait(1 / 30):
                robot.images.publish(picture(RED, 640, 480))

        camera = threading.Thread(target=film)
        camera.start()
        try:
            for _ in range(5):
                assert manager.startup()
                robot.answers.clear()
                robot.wait(lambda: robot.answers, "an answer")
                assert manager.pause()
                assert manager.resume()
                assert manager.reset()
        finally:
            done.set()
            camera.join()
        assert {answer.label for answer in robot.answers} == {"red"}
        assert "Traceback" not in node.output


def test_a_failed_bringup_can_be_repeated(model: Path, ros_domain: int, tmp_path: Path) -> None:
    """The first node is left configured, as the manager leaves it, and takes part in the next attempt."""
    late = tmp_path / "late.cac"
    with (
        waiting(tmp_path / "first", ros_domain, model) as first,
        waiting(tmp_path / "second", ros_domain, late, "-r", "__ns:=/front") as second,
        managed(ros_domain, NAMES) as manager,
        connected_robot(ros_domain) as robot,
    ):
        assert not manager.startup()
        assert manager.states() == [INACTIVE, UNCONFIGURED]
        assert "late.cac does not exist" in second.output
        assert robot.images.get_subscription_count() == 0
        late.write_bytes(model.read_bytes())
        assert manager.startup()
        assert manager.states() == [ACTIVE, ACTIVE]
        robot.wait_connected()
        assert robot.ask(picture(GREEN)).label == "green"
        assert manager.shutdown()
        assert manager.states() == [FINALIZED, FINALIZED]
        assert (first.interrupt(), second.interrupt()) == (0, 0)
        assert "Traceback" not in first.output + second.output


def test_a_node_that_starts_itself_fails_the_bringup_and_goes_on(model: Path, ros_domain: int, tmp_path: Path) -> None:
    """Why docs/node.md says autostart:=false."""
    with running(tmp_path, ros_domain, model) as node, connected_robot(ros_domain) as robot:
        robot.wait_connected()
        with managed(ros_domain) as manager:
            assert not manager.startup()
            assert manager.states() == [ACTIVE]
        assert robot.ask(picture(RED)).label == "red"
        assert "Traceback" not in node.output


def test_the_node_makes_no_bond_and_the_guide_says_so(model: Path, ros_domain: int, tmp_path: Path) -> None:
    assert documented()["bond_timeout"] == 0.0
    with waiting(tmp_path, ros_domain, model), managed(ros_domain) as manager, connected_robot(ros_domain) as robot:
        assert manager.startup()
        robot.wait_connected()
        assert manager.publishers_of_bonds() == 0
