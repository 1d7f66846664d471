# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot without PyTorch: the node over DDS, replay and evaluate answer, and what needs PyTorch says so."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from cac_msgs.srv import LoadModel
from PIL import Image as Picture

from test.repo.torch_free import NOT_ON_A_ROBOT, TORCH_FREE
from test.robot.colour_model import NAMES, colour_model, write_colours
from test.ros.driver import BLUE, GREY, RED, ROOT, connected, picture, running
from test.ros.recordings import COLOURS_BGR, write_labels, write_rosbag2
from test.ros.recordings import picture as frame_of

COLOURS = ["red", "grey", "green", "deep blue", "grey"] * 2


def python(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_this_process_of_a_robot_has_none_of_the_packages_of_training() -> None:
    code = f"""
import importlib, importlib.util, sys
from cac_core.support.devices import is_installed
print([name for name in {sorted(NOT_ON_A_ROBOT)} if is_installed(name)])
for name in {TORCH_FREE}:
    importlib.import_module(name)
"""
    done = python("-c", code)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.slow
def test_the_node_answers_and_changes_its_model(model: Path, ros_domain: int, tmp_path: Path) -> None:
    other = write_colours(tmp_path / "other.cac")
    more = {"reduced_jpeg": True, "decision_frames": 3, "harvest_folder": str(tmp_path / "harvest")}
    with running(tmp_path / "node", ros_domain, model, **more) as node, connected(ros_domain) as robot:
        answers = [robot.ask(picture(colour)) for colour in (RED, GREY, BLUE)]
        assert [(answer.label, answer.unknown) for answer in answers] == [
            ("red", False),
            ("", True),
            ("deep blue", False),
        ]
        assert "engine openvino on cpu" in node.output
        loaded = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(other)))
        assert loaded.success, loaded.message
        assert robot.ask(picture(RED)).label == "red"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["offline", "live"])
def test_replay_writes_its_report(mode: str, model: Path, ros_domain: int, tmp_path: Path) -> None:
    bag, labels = write_rosbag2(tmp_path / "bag", COLOURS), write_labels(tmp_path / "labels.csv", COLOURS)
    done = python(
        "-m", "cac_ros.replay", bag, "--model", model, "--labels", labels, "--out", tmp_path / "out", "--mode", mode
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())["metrics"]
    assert (metrics["auroc"], metrics["known_kept"], metrics["unknown_rejected"]) == (1.0, 1.0, 1.0)
    assert (tmp_path / "out" / "report.html").stat().st_size > 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_evaluate_reads_photos(extension: str, model: Path, tmp_path: Path) -> None:
    for name in ("red", "green", "deep blue", "grey"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(3):
            assert cv2.imwrite(str(tmp_path / "photos" / name / f"{i}.{extension}"), frame_of(name, i))
    Picture.fromarray(np.full((9, 9, 3), COLOURS_BGR["grey"], np.uint8)).save(tmp_path / "photos" / "grey" / "t.webp")
    done = python("-m", "cac_core.evaluate", model, "--data.root", tmp_path / "photos", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (document["metrics"]["accuracy"], document["metrics"]["auroc"]) == (1.0, 1.0)
    assert (document["metrics"]["known_images"], document["metrics"]["unknown_images"]) == (9, 4)
    assert (tmp_path / "out" / "evaluation.html").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--engine", "torch"], "engine torch needs PyTorch, which is not installed: run pip install '.[train]'"),
        (["--device", "cuda:0"], "device cuda:0 needs PyTorch, which is not installed: run pip install '.[train]'"),
        (["--data.dataset", "digits"], "this needs torch, which is not installed: run pip install '.[train]'"),
    ],
)
def test_what_needs_pytorch_names_the_extra(options: list[str], sentence: str, model: Path, tmp_path: Path) -> None:
    done = python("-m", "cac_core.evaluate", model, "--data.root", tmp_path, *options)
    assert done.returncode == 2
    assert sentence in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("engine", ["auto", "openvino"])
def test_a_model_of_format_1_names_the_command_that_upgrades_it(engine: str, old_model: Path, tmp_path: Path) -> None:
    done = python("-m", "cac_core.evaluate", old_model, "--data.root", tmp_path, "--engine", engine)
    assert done.returncode == 2
    assert "run python -m cac_core.upgrade MODEL on a machine that has PyTorch" in done.stderr.replace("\n", " ")


@pytest.mark.parametrize("command", ["upgrade", "train", "extend", "export"])
def test_commands_that_need_pytorch_say_so_in_a_sentence(command: str, model: Path, tmp_path: Path) -> None:
    words: dict[str, list[object]] = {
        "upgrade": [model],
        "train": ["--data.root", tmp_path],
        "extend": [model, "--data.add", tmp_path, "--data.rehearsal", tmp_path, "--out", tmp_path / "new.cac"],
        "export": [model],
    }
    done = python("-m", f"cac_core.{command}", *words[command])
    assert done.returncode == 2
    assert "this needs torch, which is not installed: run pip install '.[train]'" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_a_graph_with_an_operator_that_no_engine_has_names_it(tmp_path: Path) -> None:
    strange = write_colours(tmp_path / "strange.cac", colour_model("Wonder"))
    done = python("-m", "cac_core.evaluate", strange, "--data.root", tmp_path, "--engine", "openvino")
    assert done.returncode == 2
    assert "Wonder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_graph_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    wrong = write_colours(tmp_path / "wrong.cac", colour_model(scale=11.0))
    done = python("-m", "cac_core.evaluate", wrong, "--data.root", tmp_path, "--engine", "openvino")
    assert done.returncode == 2
    assert re.search(r"OpenVINO computes other logits of colours@\w+ than were stored", done.stderr.replace("\n", " "))


def test_the_model_of_these_tests_is_what_it_says(model: Path) -> None:
    code = f"""
from cac_core import Frame, Predictor
import numpy as np
predictor = Predictor.load({str(model)!r})
colours = np.eye(3, dtype=np.uint8)[:, None, None, :] * np.full((1, 40, 50, 1), 255, np.uint8)
print([d.label for d in predictor.predict([Frame(pixels, "rgb") for pixels in colours])])
"""
    assert python("-c", code).stdout == f"{list(NAMES)}\n"
