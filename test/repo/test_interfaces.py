# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages, parameters and launch arguments agree with the tables in the code."""

import ast
import re
from dataclasses import MISSING
from pathlib import Path
from typing import get_args

import pytest
import yaml

from cac_core.predictor import Reason
from cac_core.support.options import Option, options_of
from cac_ros import parameters
from cac_ros.teach.config import TeachConfig
from test.repo.sources import ROOT

cac_msgs = pytest.importorskip("cac_msgs.msg", reason="cac_msgs is not built: run make setup")


def test_the_reasons_in_the_message_are_those_of_the_predictor() -> None:
    text = (ROOT / "cac_msgs" / "msg" / "OpenSetClassification.msg").read_text()
    constants = [line.split()[1].split("=") for line in text.splitlines() if line.startswith("uint8 ") and "=" in line]
    assert {name: int(value) for name, value in constants} == {reason.name: reason.value for reason in Reason}
    for reason in Reason:
        assert getattr(cac_msgs.OpenSetClassification, reason.name) == reason


def test_the_message_has_the_documented_fields() -> None:
    assert cac_msgs.OpenSetClassification.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "unknown": "boolean",
        "label": "string",
        "class_index": "int32",
        "nearest_label": "string",
        "rejection_score": "float",
        "threshold": "float",
        "reason": "uint8",
        "rejection_scores": "sequence<float>",
        "model_id": "string",
    }


@pytest.mark.parametrize("path", sorted((ROOT / "cac_msgs").glob("*/*.[ms][sr][gv]")), ids=lambda path: path.name)
def test_every_field_of_an_interface_is_explained(path: Path) -> None:
    before = ""
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "---")) and "=" not in line:
            assert before.startswith("#"), f"{path.name}: {line} has no comment above it"
        before = line


def test_the_parameter_file_is_the_table() -> None:
    text = (ROOT / "config" / "classifier.yaml").read_text()
    assert text == parameters.yaml_text(), "run: python -m cac_ros.parameters > config/classifier.yaml"
    values = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert values == {row.name: in_yaml(row.default) for row in parameters.TABLE}


def in_yaml(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


# The launch files are read as text: the environment from PyPI has no launch.


def launch_arguments(name: str) -> dict[str, dict[str, object]]:
    """The arguments declared in the list that generate_launch_description returns, so at the top level."""
    tree = ast.parse((ROOT / "launch" / name).read_text())
    function = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("generate")
    )
    returned = next(node for node in ast.walk(function) if isinstance(node, ast.Return)).value
    assert isinstance(returned, ast.Call)
    assert isinstance(returned.args[0], ast.List)
    calls = [item for item in returned.args[0].elts if isinstance(item, ast.Call)]
    return {
        ast.literal_eval(call.args[0]): {
            keyword.arg or "": keyword.value.value if isinstance(keyword.value, ast.Constant) else keyword.value
            for keyword in call.keywords
        }
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "DeclareLaunchArgument"
    }


def table_in(name: str, variable: str) -> ast.Dict:
    tree = ast.parse((ROOT / "launch" / name).read_text())
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            assert isinstance(node.value, ast.Dict)
            return node.value
    raise AssertionError(f"{name} has no {variable}")


def test_the_node_can_be_launched_with_these_arguments() -> None:
    assert set(launch_arguments("classifier.launch.py")) == {
        "model_path", "params_file", "image", "image_topics", "image_transport", "namespace", "device", "known_kept",
        "decision_frames", "autostart", "respawn", "log_level", "use_sim_time", "view",
    }  # fmt: skip


def test_launch_arguments_that_set_parameters_agree_with_the_table() -> None:
    overrides = table_in("classifier.launch.py", "OVERRIDES")
    types = {ast.literal_eval(k): ast.unparse(v) for k, v in zip(overrides.keys, overrides.values, strict=True)}  # type: ignore[arg-type]
    kinds = {"string array": "List[str]", "double array": "List[float]"}
    rows = {row.name: kinds.get(row.type_name, type(row.default).__name__) for row in parameters.TABLE}
    assert types.pop("use_sim_time") == "bool"  # every ROS node has it
    assert types == {name: rows[name] for name in types}
    arguments = launch_arguments("classifier.launch.py")
    for name in types:
        assert arguments[name]["default_value"] == "", (
            f"{name}: the default belongs to the table, not to the launch file"
        )


def test_every_replay_argument_is_an_option_of_the_command_line() -> None:
    options = replay_options()
    table = {ast.literal_eval(key): ast.literal_eval(value) for key, value in option_table().items()}
    assert set(table.values()) <= {option.spelling for option in options.values()}
    assert set(launch_arguments("replay.launch.py")) == set(table) | {"bag", "view"}
    assert options["watch"].spelling == "--watch"


def test_every_teach_argument_is_an_option_with_its_default() -> None:
    options = {option.spelling: option for option in options_of(TeachConfig)}
    arguments = launch_arguments("teach.launch.py")
    table = table_in("teach.launch.py", "OPTIONS")
    pairs = {ast.literal_eval(k): ast.literal_eval(v) for k, v in zip(table.keys, table.values, strict=True)}  # type: ignore[arg-type]
    assert set(arguments) == set(pairs)
    for name, spelling in pairs.items():
        default = options[spelling].default
        if name == "node":  # with ROS there is one
            assert arguments[name]["default_value"] == "/cac_classifier"
        elif default is MISSING:
            assert "default_value" not in arguments[name], name
        else:
            assert arguments[name]["default_value"] == ("" if default is None else str(default)), name


def test_replay_arguments_have_the_defaults_and_needs_of_the_options() -> None:
    by_spelling = {option.spelling: option for option in replay_options().values()}
    arguments = launch_arguments("replay.launch.py")
    for key, value in option_table().items():
        name, option = ast.literal_eval(key), by_spelling[ast.literal_eval(value)]
        argument = arguments[name]
        if option.default is MISSING:
            assert "default_value" not in argument, name
        else:
            assert argument["default_value"] == ("" if option.default is None else str(option.default)), name
        choices = argument.get("choices")
        assert (ast.literal_eval(choices) if isinstance(choices, ast.AST) else []) == [*get_args(option.kind)], name
    assert by_spelling["--bag"].default is MISSING
    assert "default_value" not in arguments["bag"]


def replay_options() -> dict[str, Option]:
    from cac_ros.replay.__main__ import COMMAND

    return dict(COMMAND.names.options)


def option_table() -> dict[ast.expr, ast.expr]:
    table = table_in("replay.launch.py", "OPTIONS")
    return {key: value for key, value in zip(table.keys, table.values, strict=True) if key is not None}


def test_no_transport_is_chosen_for_the_user() -> None:
    """With LARGE_DATA a node would not be seen by any program that was started without it, and see none."""
    for path in (*(ROOT / "launch").glob("*.py"), ROOT / "Dockerfile"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.startswith("#") or "FASTDDS_BUILTIN_TRANSPORTS" not in line, path.name


def test_the_launch_files_and_the_layout_agree_on_the_topic_of_the_view() -> None:
    from cac_ros.replay.transport import WATCHED

    def constant(name: str, variable: str) -> str:
        return re.search(rf'^{variable} = "(.+)"', (ROOT / "launch" / name).read_text(), re.MULTILINE)[1]  # type: ignore[index]

    assert constant("replay.launch.py", "WATCHED") == WATCHED
    layout = (ROOT / "config" / "cac_ros.rviz").read_text(encoding="utf-8")
    assert f"Value: {constant('view.launch.py', 'TOPIC')}\n" in layout
