# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model is swapped whole or not at all, and the answer about it is true; whatever hangs can be given up."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cac_msgs.srv import LoadModel
from diagnostic_msgs.msg import DiagnosticStatus

from test.core.bundles import Change, rewrite
from test.ros.colour_bundle import colour_bundle, write_model
from test.ros.driver import RED, NodeProcess, Robot, connected, picture, running, sums_up, values_of, wait_until

pytestmark = pytest.mark.slow

HANGS = (255, 255, 0)
FAULTY = ("-m", "test.ros.faulty_node")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Making this file lets what hangs go on."""
    return tmp_path / "release"


@pytest.fixture
def node(model: Path, ros_domain: int, tmp_path: Path, release: Path) -> Iterator[NodeProcess]:
    environment = {"RELEASE_FILE": str(release)}
    with running(
        tmp_path, ros_domain, model, command=FAULTY, environment=environment, diagnostics_period=0.2
    ) as process:
        yield process


@pytest.fixture
def robot(node: NodeProcess, ros_domain: int) -> Iterator[Robot]:
    with connected(ros_domain) as made:
        yield made


def load(robot: Robot, path: Path | str) -> LoadModel.Response:
    return robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(path)))


def hostile(folder: Path, name: str, change: Change) -> Path:
    path = write_model(folder, colour_bundle(name))
    rewrite(path, change)
    return path


def test_a_model_that_cannot_be_used_changes_nothing_and_it_is_said(
    robot: Robot, node: NodeProcess, tmp_path: Path
) -> None:
    old = robot.class_lists[-1].model_id
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 30)
    models = {
        hostile(tmp_path, "a", lambda d: d.update(class_names=["a", "b", "\ud800"])): "cannot be shown",
        hostile(tmp_path, "b", lambda d: d.update(name="\ud800")): "cannot be shown",
        hostile(tmp_path, "c", lambda d: d.update(name="m\n[ERROR] [1.0] [cac_classifier]: false")): r"m\n[ERROR]",
        hostile(tmp_path, "d", lambda d: d.update(class_names=["a", "b", "unknown"])): "is the answer for everything",
        hostile(tmp_path, "e", lambda d: d["backbone"].update(options={"width": 16})): "do not fit its backbone",
        write_model(tmp_path, colour_bundle("unannounced")): "a bug after the swap",
        tmp_path / "pipe": "is a named pipe",
        tmp_path / "sparse": "is too large",
        Path("/dev/zero"): "is a device",
        Path("/proc/self/mem"): "",
        tmp_path / "x\n[ERROR] [1.0] [cac_classifier]: false": "does not exist",
        tmp_path / ("x" * 300): "cannot be read",
    }
    before = len(robot.class_lists)
    for path, words in models.items():
        response = load(robot, path)
        assert not response.success
        assert response.message.startswith("The old model stays in use: ")
        assert words in response.message
        assert response.model_id == old
        answer = robot.ask(picture(RED))
        assert (answer.model_id, answer.label) == (old, "red")
    report = robot.wait_report(sums_up, "at rest")
    assert (values_of(report)["model_id"], values_of(report)["unanswered"]) == (old, "0")
    assert {classes.model_id for classes in robot.class_lists[before:]} - {old} <= {
        classes.model_id for classes in robot.class_lists if classes.model_id.startswith("unannounced@")
    }
    assert robot.class_lists[-1].model_id == old
    assert not any(line.endswith(": false") and line.startswith("[ERROR]") for line in node.output.splitlines())


def test_a_loading_that_hangs_does_not_block_others_and_can_be_given_up(
    robot: Robot, model: Path, tmp_path: Path, release: Path
) -> None:
    hanging = robot.call_async(LoadModel, "load_model", LoadModel.Request(model_path=str(tmp_path / "hang.cac")))
    assert robot.ask(picture(RED)).label == "red"
    response = load(robot, model)
    assert "another model is being loaded; call again when it is done, or clean the node up" in response.message
    assert not hanging.done()
    assert robot.transition("deactivate")
    assert robot.transition("cleanup")
    robot.wait(hanging.done, "the answer to the loading that hangs")
    assert not hanging.result().success
    assert "the node was cleaned up while the model loaded" in hanging.result().message
    assert robot.transition("configure")
    assert robot.transition("activate")
    robot.wait_connected()
    assert load(robot, model).success
    assert robot.ask(picture(RED)).label == "red"
    release.touch()


def test_a_node_whose_model_never_loads_ends_when_asked(
    model: Path, ros_domain: int, tmp_path: Path, release: Path
) -> None:
    loading = tmp_path / "loading"
    environment = {"RELEASE_FILE": str(release), "HANG_LOADING": str(loading)}
    with running(tmp_path, ros_domain, model, command=FAULTY, environment=environment) as node:
        wait_until(loading.exists, "the node to load its model")
        assert node.interrupt() == 0
        assert "Traceback" not in node.output


def test_a_hang_is_told_within_two_seconds_at_any_rate_of_reports(
    model: Path, ros_domain: int, tmp_path: Path, release: Path
) -> None:
    environment = {"RELEASE_FILE": str(release)}
    with (
        running(tmp_path, ros_domain, model, command=FAULTY, environment=environment, diagnostics_period=60.0) as node,
        connected(ros_domain) as robot,
    ):
        robot.ask(picture(RED))
        start = time.monotonic()
        robot.send(picture(HANGS))
        report = robot.wait_report(lambda r: r.level == DiagnosticStatus.ERROR, "the hang")
        assert time.monotonic() - start < 2.0
        assert "The engine has been working on one frame for 1." in report.message
        assert report.message[:50] in node.output
        release.touch()
        assert robot.ask(picture(RED)).label == "red"
        assert node.status is None, "on_hang is report"


def test_an_engine_that_hangs_ends_the_process_if_it_is_to_be_restarted(
    model: Path, ros_domain: int, tmp_path: Path, release: Path, record_property: Callable[[str, object], None]
) -> None:
    environment = {"RELEASE_FILE": str(release)}
    options = {"on_hang": "restart", "diagnostics_period": 0.2}
    with (
        running(tmp_path, ros_domain, model, command=FAULTY, environment=environment, **options) as node,
        connected(ros_domain) as robot,
    ):
        robot.ask(picture(RED))
        start = time.monotonic()
        robot.send(picture(HANGS))
        robot.wait_report(lambda r: r.level == DiagnosticStatus.ERROR, "the hang")
        assert node.wait() == 75
        assert time.monotonic() - start < 10.0
        record_property("seconds from the hang to the end", time.monotonic() - start)
        assert "The process ends with status 75, so that it is started again" in node.output
        assert "Traceback" not in node.output
        with running(tmp_path, ros_domain, model, **options):
            robot.class_lists.clear()
            robot.wait_connected()
            assert robot.ask(picture(RED)).label == "red"
            record_property("seconds from the hang to the first answer", time.monotonic() - start)
