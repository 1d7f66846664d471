# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files, run for real by ROS's own launch; the environment from PyPI does not have it.

cac_ros need not be built: its files are put where a build would install them. A small program stands in for RViz.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from cac_msgs.msg import OpenSetClassification
from rclpy.qos import ReliabilityPolicy

from cac_ros.replay.transport import WATCHED
from test.ros.driver import GREEN, ROOT, Robot, picture, wait_until
from test.ros.recordings import write_rosbag2

pytest.importorskip("launch", reason="there is no launch here")
pytest.importorskip("launch_ros", reason="there is no launch_ros here")

TIMEOUT = 120.0

# What `ros2 launch FILE NAME:=VALUE` does.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *given = sys.argv[1:]
arguments = [tuple(text.split(":=", 1)) for text in given]
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=arguments)])
)
sys.exit(service.run())
"""


def install(prefix: Path, package: str, programs: dict[str, str]) -> None:
    """A package in an ament index, with programs that run a module or a function."""
    for folder in ("share/ament_index/resource_index/packages", f"share/{package}", f"lib/{package}"):
        (prefix / folder).mkdir(parents=True, exist_ok=True)
    (prefix / "share/ament_index/resource_index/packages" / package).touch()
    for name, code in programs.items():
        program = prefix / "lib" / package / name
        program.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}\n")
        program.chmod(0o755)


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where cac_ros is installed, as setup.py says; the first place that launch looks at."""
    prefix = tmp_path / "prefix"
    programs = {
        "classifier_node": "from cac_ros.classifier_node import main\nsys.exit(main())",
        "cac_replay": "from cac_ros.commands import replay\nsys.exit(replay())",
    }
    install(prefix, "cac_ros", programs)
    for folder in ("launch", "config"):
        (prefix / "share/cac_ros" / folder).symlink_to(ROOT / folder)
    before = os.environ.get("AMENT_PREFIX_PATH", "")
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join(filter(None, [str(prefix), before])))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    return prefix


@pytest.fixture
def viewer(prefix: Path) -> Path:
    """An installed rviz2 that writes what it saw to this file."""
    seen = prefix / "seen.txt"
    code = f"sys.stdout = open({str(seen)!r}, 'w')\nfrom test.ros.viewer import main\nsys.exit(main(sys.argv))"
    install(prefix, "rviz2", {"rviz2": code})
    return seen


def rviz_is_installed() -> bool:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix("rviz2")
    except (PackageNotFoundError, LookupError, OSError):
        return False
    return True


@contextmanager
def launched(folder: Path, file: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running launch, ended at the end; its output is in launch.txt."""
    command = [sys.executable, "-c", LAUNCH, str(ROOT / "launch" / file), *arguments]
    with (folder / "launch.txt").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        sys.stdout.write(said(folder))


def said(folder: Path) -> str:
    return (folder / "launch.txt").read_text(errors="replace")


def test_a_node_that_cannot_start_ends_the_launch_with_an_error(prefix: Path, ros_domain: int, tmp_path: Path) -> None:
    with launched(tmp_path, "classifier.launch.py", "model_path:=/missing.cac") as process:
        assert process.wait(TIMEOUT) != 0
    assert "/missing.cac does not exist" in said(tmp_path)
    assert "the classifier ended with exit code 1" in said(tmp_path)


def test_a_params_file_that_does_not_exist_ends_the_launch(prefix: Path, ros_domain: int, tmp_path: Path) -> None:
    with launched(tmp_path, "classifier.launch.py", "params_file:=/nowhere.yaml") as process:
        assert process.wait(TIMEOUT) != 0
    assert "params_file: /nowhere.yaml does not exist, or is no file" in said(tmp_path)
    assert "process started" not in said(tmp_path)


def test_a_node_that_was_shut_down_ends_the_launch_without_an_error(
    prefix: Path, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    robot = Robot(ros_domain)
    try:
        with launched(tmp_path, "classifier.launch.py", f"model_path:={model}") as process:
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            robot.wait_connected()
            assert robot.transition("active_shutdown")
            assert process.wait(TIMEOUT) == 0
    finally:
        robot.close()


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_node_ends_with_its_launch_whatever_ended_that(
    prefix: Path, model: Path, ros_domain: int, tmp_path: Path, number: signal.Signals
) -> None:
    robot = Robot(ros_domain)
    try:
        with launched(tmp_path, "classifier.launch.py", f"model_path:={model}") as process:
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            process.send_signal(number)
            process.wait(TIMEOUT)
            robot.wait(lambda: robot.images.get_subscription_count() == 0, "the node to end")
            assert "[classifier_node-1]" in said(tmp_path), "the log names the program"
    finally:
        robot.close()


def test_an_evaluation_that_fails_ends_the_launch_with_an_error(prefix: Path, tmp_path: Path) -> None:
    arguments = "bag:=/missing", "model_path:=/missing.cac", "out:=/tmp/never_written"
    with launched(tmp_path, "replay.launch.py", *arguments) as process:
        assert process.wait(TIMEOUT) != 0
    assert "the evaluation ended with exit code 2" in said(tmp_path)


def test_the_node_is_launched_as_asked_and_its_image_is_shown(
    viewer: Path, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    arguments = f"model_path:={model}", "namespace:=front", "image:=/camera/image", "view:=true"
    robot = Robot(ros_domain, namespace="/front", image_topic="/camera/image")
    try:
        with launched(tmp_path, "classifier.launch.py", *arguments) as process:
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            robot.wait_connected()

            def shown() -> bool:
                assert robot.ask(picture(GREEN, 320, 240)).label == "green"
                return viewer.exists() and "bgr8" in viewer.read_text()

            robot.wait(shown, "the annotated image", TIMEOUT)
            assert viewer.read_text().splitlines() == ["/front/cac_classifier/debug_image", "320x240 bgr8"]
            assert robot.ask(picture(GREEN)).label == "green", "the window was closed, the node goes on"
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT) == 0
    finally:
        robot.close()


def test_several_cameras_are_launched_and_the_first_one_is_shown(
    viewer: Path, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    arguments = f"model_path:={model}", "image_topics:=[/front/image, rear]", "view:=true"
    robot = Robot(ros_domain, image_topic="/front/image")
    topics = "cac_classifier/front/image/classification", "cac_classifier/rear/classification"
    heard = [robot.node.create_subscription(OpenSetClassification, t, robot.answers.append, 10) for t in topics]
    try:
        with launched(tmp_path, "classifier.launch.py", *arguments):
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            for subscription in heard:
                robot.wait(partial(robot.node.count_publishers, subscription.topic_name), "its answers")

            def shown() -> bool:
                assert robot.ask(picture(GREEN, 320, 240)).label == "green"
                return viewer.exists() and "bgr8" in viewer.read_text()

            robot.wait(shown, "the annotated image", TIMEOUT)
            assert viewer.read_text().splitlines() == ["/cac_classifier/front/image/debug_image", "320x240 bgr8"]
            robot.advertise(ReliabilityPolicy.RELIABLE, topic="rear")
            robot.wait(robot.images.get_subscription_count, "the node to read the second camera")
            assert robot.ask(picture(GREEN)).label == "green"
    finally:
        robot.close()


@pytest.mark.skipif(rviz_is_installed(), reason="rviz2 is installed")
def test_without_rviz_a_sentence_says_so_and_the_node_goes_on(
    prefix: Path, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    robot = Robot(ros_domain)
    try:
        with launched(tmp_path, "classifier.launch.py", f"model_path:={model}", "view:=true"):
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            robot.wait_connected()
            assert robot.ask(picture(GREEN)).label == "green"
    finally:
        robot.close()
    assert "rviz2 is not installed on this computer, so nothing is shown; everything else goes on." in said(tmp_path)
    assert "/cac_classifier/debug_image with rqt" in said(tmp_path)


def test_a_live_replay_is_shown_while_it_runs(viewer: Path, model: Path, ros_domain: int, tmp_path: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", ["red"] * 80)
    out = tmp_path / "out"
    arguments = f"bag:={bag}", f"model_path:={model}", f"out:={out}", "mode:=live", "view:=true"
    with launched(tmp_path, "replay.launch.py", *arguments) as process:
        assert process.wait(TIMEOUT) == 0
    assert viewer.read_text().splitlines() == [WATCHED, "384x288 bgr8"]
    assert (out / "report.html").exists()


def test_an_offline_evaluation_has_nothing_to_show_and_says_so(viewer: Path, model: Path, tmp_path: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", ["red"])
    arguments = f"bag:={bag}", f"model_path:={model}", f"out:={tmp_path / 'out'}", "view:=true"
    with launched(tmp_path, "replay.launch.py", *arguments) as process:
        assert process.wait(TIMEOUT) != 0
    wait_until(lambda: "--watch is about live replays" in said(tmp_path), "the sentence")
    assert not viewer.exists()


def test_with_respawn_a_node_that_ended_starts_again(
    prefix: Path, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    arguments = f"model_path:={model}", "respawn:=True", "known_kept:=0.9", "decision_frames:=3"
    robot = Robot(ros_domain)
    try:
        with launched(tmp_path, "classifier.launch.py", *arguments):
            robot.wait(robot.images.get_subscription_count, "the node", TIMEOUT)
            robot.wait_connected()
            values = robot.parameter_values(["known_kept", "decision_frames"])
            assert (values[0].double_value, values[1].integer_value) == (0.9, 3)
            assert robot.transition("active_shutdown")
            wait_until(lambda: said(tmp_path).count("process started") == 2, "the second node", TIMEOUT)
    finally:
        robot.close()
