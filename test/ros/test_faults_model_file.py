# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The model file is deleted, replaced, cut or overwritten while the node runs: the model in memory goes on."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cac_msgs.srv import LoadModel

from test.ros.colour_bundle import colour_bundle, write_model
from test.ros.driver import GREY, RED, Robot, connected, picture, running, values_of
from test.ros.faults import Ledger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def used(module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the node was started with."""
    return write_model(tmp_path_factory.mktemp("used"))


@pytest.fixture(scope="module")
def robot(used: Path, module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    with (
        running(tmp_path_factory.mktemp("node"), module_domain, used, diagnostics_period=0.2) as node,
        connected(module_domain) as made,
    ):
        yield made
        assert node.status is None
        assert "Traceback" not in node.output


def delete(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    """In place, byte by byte, as `cp` does: a mapped file would change under the node."""
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)


def garbage(path: Path) -> None:
    path.unlink()
    path.write_bytes(os.urandom(5000))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [delete, cut, overwrite, garbage, folder])
def test_the_model_in_memory_goes_on_and_the_file_is_refused(
    robot: Robot, used: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    whole = shutil.copy(used, tmp_path / "whole.cac")
    ledger = Ledger(robot)
    model_id = robot.class_lists[-1].model_id
    damage(used)
    try:
        for _ in range(10):
            assert ledger.answered(ledger.send(RED)) == "red"
            assert ledger.answered(ledger.send(GREY)) == ""
        response = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(used)))
        assert not response.success
        assert response.message.startswith("The old model stays in use: ")
        assert response.model_id == model_id
        assert ledger.answered(ledger.send(RED)) == "red"
        assert values_of(ledger.check())["model_id"] == model_id
        assert robot.transition("deactivate")
        assert robot.transition("cleanup")
        assert not robot.transition("configure")
        assert robot.state() == "unconfigured"
    finally:
        if used.is_dir():
            used.rmdir()
        used.unlink(missing_ok=True)
        shutil.copy(whole, used)
    assert robot.transition("configure"), "with the file back it works again"
    assert robot.transition("activate")
    robot.wait_connected()
    assert ledger.seconds_to_recover(RED) < 5.0


def test_another_model_under_the_same_name_is_used_only_when_it_is_loaded(robot: Robot, used: Path) -> None:
    ledger = Ledger(robot)
    before = used.read_bytes()
    model_id = robot.class_lists[-1].model_id
    shutil.copy(write_model(used.parent, colour_bundle("other", ("rot", "grün", "blau"))), used)
    try:
        assert ledger.answered(ledger.send(RED)) == "red"
        assert robot.answers[-1].model_id == model_id
        response = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(used)))
        assert response.success
        assert response.model_id.startswith("other@")
        assert robot.ask(picture(RED)).label == "rot"
    finally:
        used.write_bytes(before)
    assert robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(used))).success
    assert ledger.answered(ledger.send(RED)) == "red"
