# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Values that cannot work are found before anything is loaded, and the command line knows every field."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from cac_core.support.errors import TrainingError
from cac_core.support.options import options_of
from cac_core.train import COMMAND, parse
from cac_core.training import ModelConfig, ScheduleConfig, TrainConfig, load_recipe
from cac_core.training.checks import check
from cac_core.training.recipes import read_recipe, recipe_names

FREE = {"data.root", "data.unknown", "data.known_unknown", "data.family", "data.trial"}
"""Settings of which images, not of how to train: a recipe may leave them out."""


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("data.validation_share", "1"),
        ("data.validation_share", "0"),
        ("preprocessing.image_size", "-3"),
        ("preprocessing.channels", "4"),
        ("preprocessing.mean", "[0.1, 0.2]"),
        ("loss.anchor_weight", "-1"),
        ("loss.anchor_magnitude", "0"),
        ("augment.scale_min", "0"),
        ("augment.flip", "2"),
        ("augment.rotation", "200"),
        ("augment.zoom", "1"),
        ("augment.hue", "0.7"),
        ("optimiser.lr", "0"),
        ("augment.rand_augment", "31"),
        ("loss.known_unknown_weight", "-1"),
        ("optimiser.first_layer_lr", "0"),
        ("optimiser.momentum", "1"),
        ("optimiser.weight_decay", "-1"),
        ("optimiser.batch_size", "1"),
        ("schedule.epochs", "0"),
        ("schedule.second_epochs", "-1"),
        ("schedule.patience", "0"),
        ("schedule.warm_up", "0"),
        ("known_kept", "0"),
        ("known_kept", "1.5"),
        ("seed", "-1"),
        ("threads", "0"),
    ],
)
def test_a_value_that_cannot_work_is_named(option: str, value: str) -> None:
    config = parse(["--data.dataset", "digits", f"--{option}={value}"])
    with pytest.raises(TrainingError, match=option.replace(".", r"\.")):
        check(config)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--data.root"),
        (["--data.dataset", "digits", "--data.root", "photos"], "no meaning for the digits"),
        (["--data.root", "nowhere"], "data.root nowhere does not exist"),
        (["--data.root", ".", "--data.unknown", "nowhere"], "data.unknown nowhere does not exist"),
        (["--data.root", ".", "--data.unknown", "test"], "would be trained on"),
        (["--data.root", "test/core", "--data.unknown", "test"], "would be trained on"),
        (["--data.dataset", "digits", "--device", "cpu", "--precision", "fp16"], "needs a CUDA device"),
        (["--data.dataset", "digits", "--preprocessing.channels", "1", "--augment.hue", "0.1"], "grey images"),
        (["--data.dataset", "digits", "--model.pretrained", "yes please"], "path of a weights file"),
    ],
)
def test_combinations_that_make_no_sense(arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(TrainingError, match=sentence):
        check(parse(arguments))


def test_out_must_be_a_file_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        check(parse(["--data.root", str(tmp_path), "--out", str(tmp_path / "file" / "model.cac")]))
    with pytest.raises(TrainingError, match="give a file name"):
        check(parse(["--data.root", str(tmp_path), "--out", str(tmp_path)]))


@pytest.mark.parametrize("recipe", recipe_names())
def test_the_recipes_are_valid_and_can_be_overridden(recipe: str) -> None:
    config = parse(["--recipe", recipe, "--seed", "5", "--out", "x.cac"])
    assert config == replace(load_recipe(recipe), seed=5, out=Path("x.cac"))
    assert config.seed == 5
    if config.data.dataset == "folder":
        config.data.root = Path(__file__).parent
    check(config)


def test_photos_of_ones_own_start_from_values_for_few_photos(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--data.root", "photos", "--model.backbone", "efficientnet_lite0", "--out", "shop.cac"]
    config = parse(command)
    assert config == parse(["--recipe", "photos", *command])
    assert config.model.pretrained
    assert config.model.frozen
    assert config.schedule.kind == "one_cycle"
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert f"default: {config.optimiser.lr}" in capsys.readouterr().out


def test_the_frozen_parts_of_another_network_are_left_out() -> None:
    other = parse(["--data.root", "photos", "--model.backbone", "resnet18"])
    assert other.model.frozen == []
    assert other.model.pretrained
    assert parse(["--model.backbone", "resnet18", "--model.frozen", "[layer1]"]).model.frozen == ["layer1"]
    assert parse(["--model.backbone", "efficientnet_lite2"]).model.frozen == parse([]).model.frozen


def test_library_and_command_line_start_from_the_same_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 3\n")
    assert parse([]) == TrainConfig() == load_recipe("photos")
    assert parse(["--config", str(tmp_path / "mine.yaml")]) == TrainConfig(seed=3)
    assert parse([f"--config={tmp_path / 'mine.yaml'}"]) == TrainConfig(seed=3)


def test_two_configurations_share_no_part() -> None:
    one = TrainConfig()
    one.model.frozen.append("head")
    one.model.options["width"] = 2
    assert TrainConfig().model.frozen == read_recipe("photos")["model"]["frozen"]
    assert load_recipe("photos").model.options == {}


def test_a_file_of_options_can_name_its_recipe_and_is_read_on_top_of_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("recipe: digits\nschedule: {epochs: 3}\n")
    expected = load_recipe("digits")
    expected.schedule.epochs = 3
    assert parse(["--config", str(tmp_path / "mine.yaml")]) == expected


def test_a_recipe_of_ones_own_starts_from_its_file_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("model: {backbone: resnet18}\n")
    config = parse(["--recipe", str(tmp_path / "mine.yaml")])
    assert (config.model, config.schedule) == (ModelConfig("resnet18"), ScheduleConfig())


def test_the_recipe_for_the_paper_is_its_two_stages_from_random_weights() -> None:
    config = load_recipe("paper")
    assert (config.model.backbone, config.model.pretrained, config.image_size) == ("paper", False, 32)
    assert (config.schedule.kind, config.optimiser.name, config.optimiser.lr) == ("two_stage", "sgd", 0.01)


def test_an_unknown_recipe_gets_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no recipe 'fotos': choose from digits, paper, photos, or give the path"):
        parse(["--recipe", "fotos"])
    (tmp_path / "wrong.yaml").write_text("model: {backbon: resnet18}\n")
    with pytest.raises(TrainingError, match="backbon"):
        load_recipe(str(tmp_path / "wrong.yaml"))


def test_the_papers_network_without_its_recipe_gets_its_name() -> None:
    with pytest.raises(TrainingError, match="start with --recipe paper"):
        check(parse(["--data.root", ".", "--model.backbone", "paper"]))


def test_a_recipe_given_as_a_file_of_options_gives_the_same_as_its_name() -> None:
    """As one gave it before recipes had names; so a recipe must hold every setting, or that of photos would stay."""
    folder = Path(__file__).parents[2] / "cac_core" / "training" / "recipes"
    for name in recipe_names():
        assert parse(["--config", str(folder / f"{name}.yaml")]) == load_recipe(name)
        given = {f"{part}.{key}" for part, of in read_recipe(name).items() if isinstance(of, dict) for key in of}
        assert {option for option in options(TrainConfig) if "." in option} - FREE <= given


def test_a_printed_configuration_gives_the_same_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data.root", "my photos", "--model.options", "{width: 0.5}", "--schedule.kind", "one_cycle"]
    with pytest.raises(SystemExit):
        parse([*arguments, "--print_config"])
    (tmp_path / "all.yaml").write_text(capsys.readouterr().out)
    assert parse(["--config", str(tmp_path / "all.yaml")]) == parse(arguments)


def options(kind: type, prefix: str = "") -> Iterator[str]:
    for field in fields(kind):
        default = field.default_factory() if callable(field.default_factory) else field.default
        if is_dataclass(default):
            yield from options(type(default), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def test_every_option_has_a_help_text() -> None:
    for option in options(TrainConfig):
        assert COMMAND.names.options[option].text, f"--{option} has no help text: describe it in its class"


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, cac_core.train as t; t.parse([]); sys.exit(any(m in sys.modules for m in ('torch', 'kornia')))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_mistakes_are_a_few_lines_and_status_2(tmp_path: Path) -> None:
    for option, value, sentence in (
        ("--data.root", tmp_path / "nowhere", "does not exist"),
        ("--optimiser.lr", "fast", "optimiser.lr"),
    ):
        command = [sys.executable, "-m", "cac_core.train", option, str(value), "--out", str(tmp_path / "m.cac")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) <= 4
    assert list(tmp_path.iterdir()) == []


def test_recipes_name_only_what_exists() -> None:
    for recipe in recipe_names():
        for key in read_recipe(recipe):
            assert key in {field.name for field in fields(TrainConfig)}


@pytest.mark.parametrize(
    "content", ["schedule:", "model:\noptimiser:", "optimiser:\n  lr:", "seed:", "known_kept: ~", "model: {options: }"]
)
def test_a_section_without_values_means_the_defaults(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    (tmp_path / "empty.yaml").write_text("{}")
    mine, without = (parse(["--recipe", str(tmp_path / name)]) for name in ("a.yaml", "empty.yaml"))
    assert mine == without
    assert parse(["--config", str(tmp_path / "a.yaml")]) == parse([])


PARTS = [option.kind for option in options_of(TrainConfig) if option.group]


@pytest.mark.parametrize("part", [TrainConfig, *PARTS])
def test_none_is_the_default_of_every_setting_that_may_be_none(part: type) -> None:
    """So that a setting without a value in a recipe, which is None, can mean its default."""
    for option in options_of(part):
        assert not option.or_none or "." in option.name or option.default is None, option.name
