# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Starting, ending, and the lifecycle as a lifecycle manager drives it."""

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cac_msgs.srv import LoadModel
from diagnostic_msgs.msg import DiagnosticStatus

from test.ros.driver import GREEN, RED, ROOT, NodeProcess, Robot, picture, running, values_of

pytestmark = pytest.mark.slow

CYCLES = 50


@pytest.fixture
def robot(ros_domain: int) -> Iterator[Robot]:
    made = Robot(ros_domain)
    yield made
    made.close()


ANSWERS = "/cac_classifier/classification"
OUTPUTS = "classification", "classes", "decision", "debug_image", "debug_image/compressed", "region_classifications"
PUBLISHERS = {f"/cac_classifier/{name}" for name in OUTPUTS}


def entities(robot: Robot) -> dict[str, list[str]]:
    """Everything that the node has in the ROS graph, as far as it is discovered."""
    name, namespace, graph = "cac_classifier", "/", robot.node
    if (name, namespace) not in graph.get_node_names_and_namespaces():
        return {"publishers": [], "subscriptions": [], "services": []}
    return {
        "publishers": sorted(n for n, _ in graph.get_publisher_names_and_types_by_node(name, namespace)),
        "subscriptions": sorted(n for n, _ in graph.get_subscriber_names_and_types_by_node(name, namespace)),
        "services": sorted(n for n, _ in graph.get_service_names_and_types_by_node(name, namespace)),
    }


def resources(node: NodeProcess) -> tuple[int, int, int]:
    """Memory [KiB], threads and open files of the process."""
    process = Path(f"/proc/{node.pid}")
    values = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return int(values["VmRSS"].split()[0]), int(values["Threads"]), len(list((process / "fd").iterdir()))


def test_fifty_cycles_leave_nothing_behind(model: Path, ros_domain: int, tmp_path: Path, robot: Robot) -> None:
    everything = {"decision_frames": 3, "classify_regions": True, "harvest_folder": str(tmp_path / "unknown")}
    with running(tmp_path, ros_domain, model, autostart=False, **everything) as node:
        assert robot.state() == "unconfigured"
        robot.wait(lambda: "/diagnostics" in entities(robot)["publishers"], "the node's publishers")
        robot.wait(lambda: "/cac_classifier/load_model" in entities(robot)["services"], "the node's services")
        at_start, active, used = entities(robot), None, []
        assert ANSWERS not in at_start["publishers"]
        for cycle in range(CYCLES):
            assert robot.transition("configure")
            assert robot.images.get_subscription_count() == 0, "configured, but not subscribed yet"
            assert robot.transition("activate")
            robot.class_lists.clear()
            robot.wait(robot.images.get_subscription_count, "the subscription")
            robot.wait(lambda: set(entities(robot)["publishers"]) >= PUBLISHERS, "the publishers")
            robot.wait(lambda: "/regions" in entities(robot)["subscriptions"], "the subscriptions")
            assert robot.ask(picture(RED if cycle % 2 else GREEN)).label == ("red" if cycle % 2 else "green")
            active = active or entities(robot)
            robot.wait(lambda: entities(robot) == active, "the same entities as in every cycle")  # noqa: B023
            assert robot.transition("deactivate")
            robot.wait(lambda: robot.images.get_subscription_count() == 0, "the node to unsubscribe")
            assert robot.transition("cleanup")
            assert robot.state() == "unconfigured"
            robot.wait(lambda: entities(robot) == at_start, "everything made by configure to go")
            used.append(resources(node))
        memory, threads, files = zip(*used, strict=True)
        assert memory[-1] - memory[CYCLES // 2] < 10_000, f"memory grows: {memory} KiB"
        assert max(threads) - threads[0] <= 1, f"threads are left behind: {threads}"
        assert max(files) - files[0] <= 2, f"files are left open: {files}"
        assert robot.transition("unconfigured_shutdown")
        assert robot.state() == "finalized"
        assert node.interrupt() == 0


def test_deactivate_keeps_the_model_a_wrong_transition_changes_nothing(
    model: Path, ros_domain: int, tmp_path: Path, robot: Robot
) -> None:
    with running(tmp_path, ros_domain, model, diagnostics_period=0.2) as node:
        robot.wait_connected()
        assert robot.transition("deactivate")
        report = robot.wait_report(lambda r: values_of(r)["state"] == "inactive", "inactive")
        assert values_of(report)["model_id"].startswith("colours@")
        assert report.level == DiagnosticStatus.OK
        assert not robot.transition("configure"), "it is configured already"
        assert robot.state() == "inactive"
        assert robot.set_parameters(threshold=50.0)[0].successful, "parameters can be set while inactive"
        assert robot.transition("activate")
        robot.wait_connected()
        assert robot.ask(picture(GREEN)).threshold == 50.0
        assert node.output.count("loaded in") == 1
        assert node.interrupt(signal.SIGTERM) == 0
        assert "Traceback" not in node.output


def test_a_failed_configure_says_why_and_can_be_repeated(
    model: Path, ros_domain: int, tmp_path: Path, robot: Robot
) -> None:
    late = tmp_path / "late.cac"
    with running(tmp_path, ros_domain, late, autostart=False, diagnostics_period=0.2) as node:
        assert not robot.transition("configure")
        assert robot.state() == "unconfigured"
        report = robot.wait_report(lambda r: r.level == DiagnosticStatus.ERROR, "an error")
        assert "late.cac does not exist" in report.message
        assert report.message in node.output
        response = robot.call(LoadModel, "load_model", LoadModel.Request(model_path=str(model)))
        assert (response.success, response.model_id) == (False, "")
        assert "the node is not configured" in response.message
        late.write_bytes(model.read_bytes())
        assert robot.transition("configure")
        assert robot.transition("activate")
        robot.wait_connected()
        assert robot.ask(picture(RED)).label == "red"
        assert node.interrupt() == 0


def no_file(folder: Path, model: Path) -> Path:
    return folder / "nowhere.cac"


def cut(folder: Path, model: Path) -> Path:
    content = model.read_bytes()
    path = folder / "cut.cac"
    path.write_bytes(content[: len(content) // 2])
    return path


class Bomb:
    """Unpickling this would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def pickled(folder: Path, model: Path) -> Path:
    path = folder / "pickled.cac"
    path.write_bytes(pickle.dumps(Bomb(folder / "exploded")))
    return path


@pytest.mark.parametrize(
    ("bad_model", "sentence"),
    [
        (no_file, "configure failed: model file {path} does not exist"),
        (cut, "configure failed: {path} is damaged"),
        (pickled, "configure failed: {path} is a pickle"),
    ],
)
def test_autostart_with_a_bad_model_ends_with_an_error_and_a_sentence(
    bad_model: Callable[[Path, Path], Path], sentence: str, model: Path, ros_domain: int, tmp_path: Path
) -> None:
    path = bad_model(tmp_path, model)
    with running(tmp_path, ros_domain, path) as node:
        assert node.wait() == 1
        assert sentence.format(path=path) in node.output
        assert "Traceback" not in node.output
        assert not (tmp_path / "exploded").exists()


def test_a_bad_start_value_ends_with_an_error_and_a_sentence(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with running(tmp_path, ros_domain, model, known_kept=1.5) as node:
        assert node.wait() == 1
        assert "known_kept must be -1, or above 0 and at most 1, not 1.5." in node.output
        assert "Traceback" not in node.output


def test_an_unknown_device_ends_with_an_error_and_a_sentence(model: Path, ros_domain: int, tmp_path: Path) -> None:
    with running(tmp_path, ros_domain, model, device="cuda:99") as node:
        assert node.wait() == 1
        assert "configure failed: " in node.output
        assert "cuda:99" in node.output
        assert "Traceback" not in node.output


def test_two_nodes_in_two_namespaces_do_not_mix(model: Path, ros_domain: int, tmp_path: Path) -> None:
    def side(name: str) -> tuple[str, ...]:
        return ("-r", f"__ns:=/{name}")

    left, right = Robot(ros_domain, "left"), Robot(ros_domain, "right")
    try:
        with (
            running(tmp_path / "left", ros_domain, model, arguments=side("left")) as first,
            running(tmp_path / "right", ros_domain, model, arguments=side("right")) as second,
        ):
            for robot in (left, right):
                robot.wait_connected()
            stamp = left.send(picture(RED))
            assert right.ask(picture(GREEN)).label == "green"
            assert left.wait(lambda: left.answer_to(stamp), "the left answer").label == "red"
            assert (len(left.answers), len(right.answers)) == (1, 1)
            for robot in (left, right):
                report = robot.wait_report(lambda r: values_of(r)["received"] == "1", "one frame")
                assert report.name in ("left/cac_classifier: classifier", "right/cac_classifier: classifier")
            assert (first.interrupt(), second.interrupt()) == (0, 0)
    finally:
        left.close()
        right.close()


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_the_node_ends_cleanly_in_the_middle_of_work(
    with_signal: signal.Signals, model: Path, ros_domain: int, tmp_path: Path, robot: Robot
) -> None:
    with running(tmp_path, ros_domain, model) as node:
        robot.wait_connected()
        for _ in range(20):
            robot.send(picture(RED, 640, 480))
        assert node.interrupt(with_signal) == 0
        assert "Traceback" not in node.output
        assert "Error" not in node.output


def test_the_node_imports_nothing_of_training() -> None:
    code = (
        "import sys, cac_ros.classifier_node; "
        "print([m for m in ('lightning', 'pytorch_lightning', 'sklearn', 'plotly', 'rosbags') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_its_messages_the_node_says_how_to_build_them() -> None:
    code = "import sys; sys.modules['cac_msgs'] = None; from cac_ros.classifier_node import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the package cac_msgs is not built, or not sourced. ")
    assert "ln -s cac_ros/cac_msgs src/cac_msgs; colcon build; source install/setup.bash" in done.stderr
    assert "Traceback" not in done.stderr
