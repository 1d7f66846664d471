# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A request to end is obeyed at any moment, without a traceback, and a second one does not cut the clean end."""

import signal
import time
from functools import partial
from pathlib import Path

import pytest

from test.ros.driver import NodeProcess, connected, picture, running, wait_until

pytestmark = pytest.mark.slow

BOTH = [signal.SIGINT, signal.SIGTERM]


def has_loaded(node: NodeProcess, library: str) -> bool:
    return library in Path(f"/proc/{node.pid}/maps").read_text()


@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("library", ["_multiarray_umath", "_rclpy_pybind11"])
def test_during_the_imports_the_signal_itself_ends_the_process(
    model: Path, ros_domain: int, tmp_path: Path, number: signal.Signals, library: str
) -> None:
    with running(tmp_path, ros_domain, model) as node:
        wait_until(lambda: has_loaded(node, library), "the imports")
        assert node.interrupt(number) == -number, "130 or 143 in a shell"
        assert node.output == ""


@pytest.mark.parametrize("number", BOTH)
def test_at_any_moment_of_the_start_there_is_no_traceback(
    model: Path, ros_domain: int, tmp_path: Path, number: signal.Signals
) -> None:
    """From the moment that rclpy is there, in steps through the making of the node, its configuration, activation."""
    for step in range(6):
        with running(tmp_path / str(step), ros_domain, model) as node:
            wait_until(partial(has_loaded, node, "libfastdds"), "the middleware")
            time.sleep(0.08 * step)
            assert node.interrupt(number) in (0, -number, 128 + number), f"step {step}"
            assert "Traceback" not in node.output, f"step {step}"
            # Where the signal comes within a transition, rcl itself says that it was not completed.
            errors = [line for line in node.output.splitlines() if "[ERROR]" in line and "transition" not in line]
            assert errors == [], f"step {step}"


@pytest.mark.parametrize("number", BOTH)
def test_a_model_that_is_being_converted_does_not_abort_the_end(
    model: Path, ros_domain: int, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own end would abort the thread that is in PyTorch or OpenVINO, and the process with it (SIGABRT)."""
    for step in range(3):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache{step}"))  # nothing was converted before
        with running(tmp_path / str(step), ros_domain, model) as node:
            wait_until(partial(has_loaded, node, "libopenvino_pytorch_frontend"), "the conversion")
            time.sleep(0.1 * step)
            assert node.interrupt(number) == 0, f"step {step}"
            assert "terminate called" not in node.output, f"step {step}"


@pytest.mark.parametrize("second", BOTH)
@pytest.mark.parametrize("first", BOTH)
def test_a_second_signal_does_not_cut_the_clean_end(
    model: Path, ros_domain: int, tmp_path: Path, first: signal.Signals, second: signal.Signals
) -> None:
    with running(tmp_path, ros_domain, model) as node, connected(ros_domain) as robot:
        robot.ask(picture((255, 0, 0)))
        node.send(first)
        end = time.monotonic() + 0.5
        while node.status is None and time.monotonic() < end:
            node.send(second)
            time.sleep(0.002)
        assert node.wait() == 0
        assert "Traceback" not in node.output


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        (("-p", "bad"), "Write it as -p NAME:=VALUE."),
        (("-p", "threshold:="), "Write it as -p NAME:=VALUE."),
        (("-r", "image"), "Write it as -r FROM:=TO."),
        (("--params-file", "/nowhere.yaml"), "/nowhere.yaml"),
        (("--log-level", "loud"), "Write it as --log-level debug, info"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_arguments_that_ros_cannot_read_are_one_sentence(
    model: Path, ros_domain: int, tmp_path: Path, arguments: tuple[str, ...], how: str
) -> None:
    with running(tmp_path, ros_domain, model, arguments=arguments) as node:
        assert node.wait() == 1
        assert "ROS cannot use these arguments: " in node.last_words()
        assert arguments[-1] in node.last_words()
        assert how in node.last_words()
        assert "Traceback" not in node.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "how"),
    [
        ("/**:\n  ros__parameters:\n    threshold:\n", "Give the parameter a value, or remove its line."),
        ("/**:\n  ros__parameters:\n", "params file"),
        ("threshold: 1.0\n", "below ros__parameters"),
        ("/**:\n  ros__parameters:\n    image_topics: [a, 1]\n", "All values of a list must be of one type."),
        ("/**:\n\tros__parameters:\n", "params file"),
        ("- a\n- b\n", "params file"),
        ("/**:\n  ros__parameters:\n    threshold: abc\n", "threshold must be a double"),
    ],
)
def test_a_file_of_parameters_that_cannot_be_used_is_one_sentence(
    model: Path, ros_domain: int, tmp_path: Path, content: str, how: str
) -> None:
    (tmp_path / "p.yaml").write_text(content)
    with running(tmp_path, ros_domain, model, arguments=("--params-file", str(tmp_path / "p.yaml"))) as node:
        assert node.wait() == 1
        assert how in node.last_words()
        assert "Traceback" not in node.output
