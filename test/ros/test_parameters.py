# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One table: the YAML file and the documentation agree with it, and every rejection is a sentence."""

import math
import sys
from array import array
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from cac_core.engines import PRECISIONS
from cac_ros import parameters
from cac_ros.parameters import TABLE, NodeSettings, change_problem, effect_problem, value_problem
from cac_ros.parameters.__main__ import main
from cac_ros.parameters.specification import ParameterSpec

ROOT = Path(__file__).parents[2]
FREE = {
    "known_kept", "threshold", "per_class_thresholds", "publish_rejection_scores", "debug_image_rate", "dark_limit",
    "bright_limit", "frozen_after", "unknown_share_tolerance", "reduced_jpeg", "on_hang", "input_timeout",
}  # fmt: skip
AT_START = {"models_folder", "trusted_keys", "autostart", "diagnostics_period"}
OTHER: dict[type, object] = {str: "other", bool: True, int: 7, float: 0.5, tuple: ("/front",)}
RANGE = (0.5, 4.0)


def test_the_yaml_holds_every_parameter_with_its_default_and_type() -> None:
    values = yaml.safe_load(parameters.yaml_text())["/**"]["ros__parameters"]
    expected = {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(NodeSettings()).items()
    }
    assert values == expected
    assert {name: type(value) for name, value in values.items()} == {n: type(value) for n, value in expected.items()}


def test_the_configuration_file_is_the_table() -> None:
    file = ROOT / "config" / "classifier.yaml"
    assert file.read_text(encoding="utf-8") == parameters.yaml_text(), (
        "run `python -m cac_ros.parameters > config/classifier.yaml`"
    )


def test_the_markdown_table_has_a_line_for_every_parameter() -> None:
    lines = parameters.markdown_text().splitlines()
    assert [line.split("`")[1] for line in lines[2:]] == [spec.name for spec in TABLE]
    assert {line.count(" | ") for line in lines[2:]} == {5}


def test_the_command_writes_yaml_or_markdown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["parameters"])
    main()
    assert capsys.readouterr().out == parameters.yaml_text()
    monkeypatch.setattr(sys, "argv", ["parameters", "--markdown"])
    main()
    assert capsys.readouterr().out == parameters.markdown_text()


def test_every_parameter_is_described_and_either_changes_or_says_why_not() -> None:
    for spec in TABLE:
        assert spec.description.endswith("."), spec.name
    assert {spec.name for spec in TABLE if not spec.fixed} == FREE
    assert {spec.name for spec in TABLE if spec.is_fixed("unconfigured")} == AT_START


def test_defaults_are_allowed() -> None:
    for spec in TABLE:
        assert value_problem(spec.name, spec.default) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 0.0), ("threshold", 12.5), ("threshold", -1.0), ("known_kept", 1.0), ("known_kept", 1e-6),
     ("image_transport", "compressed"), ("reliability", "reliable"), ("input_timeout", 0.5), ("device", "cuda:1"),
     ("image_topics", ["/front/image_raw", "rear"]), ("image_topics", [""]), ("threads", 4), ("precision", "bf16")],
)  # fmt: skip
def test_allowed_values(name: str, value: object) -> None:
    assert value_problem(name, value) == ""


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("threshold", -0.5, "threshold must be -1, or at least 0 and at most 1e+38, not -0.5."),
        ("threshold", math.nan, "threshold must be -1, or at least 0 and at most 1e+38, not nan."),
        ("threshold", math.inf, "threshold must be -1, or at least 0 and at most 1e+38, not inf."),
        ("threshold", 1e39, "threshold must be -1, or at least 0 and at most 1e+38, not 1e+39."),
        ("on_hang", "explode", "on_hang must be one of report, restart, not 'explode'."),
        ("threshold", 1, "threshold must be a double (-1, or at least 0 and at most 1e+38), not 1: write 1.0."),
        ("threshold", "high", "threshold must be a double (-1, or at least 0 and at most 1e+38), not 'high'."),
        ("threshold", True, "threshold must be a double (-1, or at least 0 and at most 1e+38), not True."),
        ("known_kept", 0.0, "known_kept must be -1, or above 0 and at most 1, not 0."),
        ("known_kept", 1.01, "known_kept must be -1, or above 0 and at most 1, not 1.01."),
        ("known_kept", None, "known_kept must be a double (-1, or above 0 and at most 1), not None."),
        ("per_class_thresholds", 1, "per_class_thresholds must be a bool, not 1."),
        ("reliability", "sometimes", "reliability must be one of auto, best_effort, reliable, not 'sometimes'."),
        ("image_topics", "/front", "image_topics must be a string array, not '/front': write [/front]."),
        ("image_topics", [1, 2], "image_topics must be a string array, not [1, 2]."),
        ("threads", -1, "threads must be at least 0 and at most 1024, not -1."),
        ("precision", "int3", "precision must be one of auto, float32, int8, bf16, fp16, not 'int3'."),
        ("diagnostics_period", 0.0, "diagnostics_period must be at least 0.1 and at most 60, not 0."),
    ],
)
def test_each_rejected_value_gets_a_sentence(name: str, value: object, sentence: str) -> None:
    assert value_problem(name, value) == sentence


def test_the_precisions_are_those_of_the_engines() -> None:
    assert next(spec for spec in TABLE if spec.name == "precision").choices == PRECISIONS


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([300.0, 5000.0], ""),
        (array("d", [0.3, 5.0]), ""),  # how rclpy hands over a list of numbers
        (array("q", [300, 5000]), "not [300, 5000]: write [300.0, 5000.0]."),
        ("[1.0, 2.0]", "not '[1.0, 2.0]'."),
        (5.0, "not 5.0."),
    ],
)
def test_a_list_of_numbers_is_told_from_others(value: object, sentence: str) -> None:
    start = "depth_range must be a double array, "
    assert value_problem("depth_range", value) == (start + sentence if sentence else "")


@pytest.mark.parametrize("limits", [(5.0, 0.3), (1.0, 1.0), (1.0,), (1.0, 2.0, 3.0), (0.0, math.inf), (math.nan, 1.0)])
def test_a_range_is_two_numbers_the_smaller_one_first(limits: tuple[float, ...]) -> None:
    problem = f"depth_range must be two numbers, the smaller one first, not {list(limits)}."
    assert change_problem(NodeSettings(), {"depth_range": limits}, "unconfigured") == problem
    assert change_problem(NodeSettings(), {"depth_range": RANGE}, "unconfigured") == ""


def test_an_unknown_name_gets_the_list_of_names() -> None:
    assert value_problem("treshold", 1.0).startswith("treshold is not a parameter of this node; it has model_path, ")


def other_value(spec: ParameterSpec) -> object:
    """An allowed value that is not the default."""
    value = False if spec.default is True else OTHER[type(spec.default)]
    value = RANGE if spec.type_name == "double array" else value
    return next(choice for choice in spec.choices if choice != spec.default) if spec.choices else value


@pytest.mark.parametrize("spec", [spec for spec in TABLE if spec.name not in FREE], ids=lambda spec: spec.name)
def test_a_fixed_parameter_says_why(spec: ParameterSpec) -> None:
    changes, settings = {spec.name: other_value(spec)}, NodeSettings(decision_frames=9)
    for state in ("inactive", "active", "finalized"):
        while_ = "runs" if spec.name in AT_START else f"is {state}"
        sentence = f"{spec.name} cannot be changed while the node {while_}: {spec.fixed}."
        assert change_problem(settings, changes, state) == sentence
    if spec.name not in AT_START:
        assert change_problem(settings, changes, "unconfigured") == ""


def test_values_that_stay_as_they_are_are_never_refused() -> None:
    settings = NodeSettings(threshold=0.4, known_kept=0.9, device="cuda:3", decision_frames=9, image_topics=("/front",))
    assert change_problem(settings, asdict(settings), "active") == ""


def test_votes_and_frames_that_do_not_go_together_are_refused() -> None:
    sentence = "decision_votes must be 0, or more than half of decision_frames (9) and at most all of them, not 3."
    assert change_problem(NodeSettings(decision_frames=9), {"decision_votes": 3}, "unconfigured") == sentence


def test_a_change_that_would_have_no_effect_is_rejected_with_what_to_do() -> None:
    by_hand = NodeSettings(threshold=0.4)
    advice = "has no effect while threshold is 0.4; set threshold to -1.0 first."
    assert change_problem(by_hand, {"known_kept": 0.9}) == f"known_kept {advice}"
    assert change_problem(by_hand, {"per_class_thresholds": True}) == f"per_class_thresholds {advice}"
    assert change_problem(NodeSettings(), {"threshold": 0.4, "known_kept": 0.9}) == f"known_kept {advice}"
    # Going back to the neutral value, or setting both at once so that they work, is fine.
    assert change_problem(by_hand, {"known_kept": -1.0, "per_class_thresholds": False}) == ""
    assert change_problem(by_hand, {"threshold": -1.0, "known_kept": 0.9}) == ""
    assert change_problem(NodeSettings(known_kept=0.9), {"threshold": 0.4}) == ""
    assert change_problem(by_hand, {"publish_rejection_scores": False}) == ""
    assert effect_problem({"known_kept": 0.9}, -1.0) == ""
