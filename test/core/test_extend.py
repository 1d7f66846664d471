# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A trained model learns further classes, keeps the old ones, and mistakes end in a sentence."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cac_core import equations
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, load_bundle, save_bundle
from cac_core.extend import COMMAND, main
from cac_core.model import build_model, normalise
from cac_core.support.errors import BundleError, DataError, TrainingError
from cac_core.training import AugmentConfig, ExtendConfig, ExtendData, OptimiserConfig, ScheduleConfig, extend
from cac_core.training.extension import Extension, grown
from test.core.bundles import with_variant
from test.core.photos import write_folder, write_photo
from test.core.trainings import photo_config, train

Shop = tuple[Path, ModelBundle]

GENTLE = OptimiserConfig("adamw", lr=3e-4, batch_size=4)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A trained model of three colours, their photos, and photos of a fourth."""
    place = tmp_path_factory.mktemp("shop")
    write_folder(place / "photos", count=16)
    for i in range(10):
        write_photo(place / "new" / "yellow" / f"{i}.png", (210, 200, 30), seed=900 + i)
    schedule = ScheduleConfig("one_cycle", epochs=12)
    config = photo_config(place / "photos", place / "shop.cac", schedule=schedule, augment=AugmentConfig(scale_min=0.8))
    return place, train(config).bundle


def config_of(place: Path, out: Path, **changes: Any) -> ExtendConfig:
    config = ExtendConfig(
        place / "shop.cac", out, ExtendData(place / "new", place / "photos", rehearsal_per_class=6), device="cpu"
    )
    return replace(config, **changes)


@pytest.fixture(scope="module")
def extended(shop: Shop) -> Extension:
    place, _ = shop
    return extend(config_of(place, place / "shop2.cac"))


def test_the_new_model_knows_old_and_new_classes_in_stable_order(shop: Shop, extended: Extension) -> None:
    place, parent = shop
    bundle = load_bundle(place / "shop2.cac")
    assert bundle.class_names == ("blue", "green", "red", "yellow")
    assert extended.added == ("yellow",)
    assert bundle.parent == parent.model_id
    assert bundle.name == "shop2"
    assert bundle.preprocessing == parent.preprocessing
    assert bundle.centres.shape == (4, 4)
    assert bundle.training["data"]["added"] == ["yellow"]
    assert load_bundle(place / "shop.cac").checksum == parent.checksum


def test_it_learns_the_new_class_and_keeps_the_old_ones(extended: Extension) -> None:
    assert extended.before.accuracy == 1.0
    assert extended.after.accuracy == 1.0
    assert extended.after.right + extended.after.wrong <= 1.0
    assert extended.old_images == 12
    assert extended.result.bundle.training["validation_by_class"]["yellow"]["accuracy"] == 1.0


def test_few_old_photos_are_rehearsed_validation_is_the_parents(shop: Shop, extended: Extension) -> None:
    _, parent = shop
    data = extended.result.bundle.training["data"]
    assert data["train"] == {"blue": 6, "green": 6, "red": 6, "yellow": 8}
    assert data["validation"] == {**parent.training["data"]["validation"], "yellow": 2}


def test_before_training_every_old_image_lies_where_it_was(shop: Shop) -> None:
    _, parent = shop
    spec = parent.backbone
    network = grown(parent, BackboneSpec(spec.name, 5, spec.image_size, spec.channels, spec.options)).eval()
    pixels = torch.randint(0, 256, (8, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = normalise(pixels, parent.preprocessing)
    with torch.inference_mode():
        logits, before = network(images), build_model(parent).logits(images)
    torch.testing.assert_close(logits[:, :3], before)
    assert torch.equal(logits[:, 3:], torch.zeros(8, 2))
    anchors = equations.anchored_centres
    old = equations.distances(before, anchors(3))
    torch.testing.assert_close(equations.distances(logits, anchors(5))[:, :3], old)


def test_only_the_logits_of_the_new_class_are_new(shop: Shop, extended: Extension) -> None:
    _, parent = shop
    child = extended.result.bundle
    for name, before in parent.state.items():
        after = child.state[name]
        assert np.array_equal(after[: len(before)] if name.startswith("classifier") else after, before)
    assert np.any(child.state["classifier.weight"][3] != 0)
    assert extended.result.history == ()
    page = (extended.result.path.with_name("shop2.cac.run") / "report.html").read_text()
    assert "Logit space" in page
    assert "Curves" not in page


@pytest.mark.slow
def test_the_new_logits_are_fitted_to_the_models_own_changes_too(
    shop: Shop, extended: Extension, tmp_path: Path
) -> None:
    place, parent = shop
    assert extended.result.bundle.training["config"]["augment"] == parent.training["config"]["augment"]
    again = extend(config_of(place, tmp_path / "again.cac")).result.bundle
    assert np.array_equal(again.state["classifier.weight"], extended.result.bundle.state["classifier.weight"])
    darker = AugmentConfig(scale_min=0.8, brightness=0.3)
    other = extend(config_of(place, tmp_path / "other.cac", augment=darker)).result.bundle
    assert not np.array_equal(other.state["classifier.weight"][3], again.state["classifier.weight"][3])


def test_settings_of_a_version_that_had_others_are_passed_over(shop: Shop, tmp_path: Path) -> None:
    place, parent = shop
    older = {**parent.training, "config": {**parent.training["config"], "augment": {"scale_min": 0.8, "swirl": 3}}}
    save_bundle(replace(parent, training=older), tmp_path / "older.cac")
    child = extend(config_of(place, tmp_path / "child.cac", model=tmp_path / "older.cac")).result.bundle
    assert child.training["config"]["augment"]["scale_min"] == 0.8


def test_fine_tuning_trains_all_layers_and_keeps_their_statistics(shop: Shop, tmp_path: Path) -> None:
    place, parent = shop
    done = extend(config_of(place, tmp_path / "tuned.cac", fine_tune=True, optimiser=GENTLE))
    assert done.after.accuracy == 1.0
    child = done.result.bundle
    body = {name: before for name, before in parent.state.items() if not name.startswith("classifier")}
    learnt = {name for name, before in body.items() if not np.array_equal(child.state[name], before)}
    assert {"features.0.weight", "features.1.weight"} <= learnt
    assert not [name for name in learnt if "running" in name]


def test_two_classes_at_once_and_an_extension_of_an_extension(shop: Shop, extended: Extension, tmp_path: Path) -> None:
    place, _ = shop
    shutil.copytree(place / "photos", tmp_path / "old")
    shutil.copytree(place / "new" / "yellow", tmp_path / "old" / "yellow")
    for name, colour in (("white", (230, 230, 230)), ("black", (20, 20, 20))):
        for i in range(4):
            write_photo(tmp_path / "add" / name / f"{i}.jpg", colour, seed=i)
    data = ExtendData(tmp_path / "add", tmp_path / "old")
    bundle = extend(ExtendConfig(place / "shop2.cac", tmp_path / "3.cac", data, device="cpu")).result.bundle
    assert bundle.class_names == ("blue", "green", "red", "yellow", "black", "white")
    assert bundle.parent == extended.result.bundle.model_id


def test_mistakes_are_sentences_and_write_nothing(shop: Shop, tmp_path: Path) -> None:
    place, _ = shop
    write_photo(tmp_path / "known" / "red" / "1.png")
    write_folder(tmp_path / "few", names=("red", "green"), count=2)
    write_folder(tmp_path / "foreign", names=("red", "green", "blue", "pink"), count=2)
    write_photo(tmp_path / "single" / "pink" / "1.png")
    write_photo(tmp_path / "loose" / "1.png")
    (tmp_path / "other.cac").write_text("not a model")
    new, old = place / "new", place / "photos"
    cases = (
        (ExtendData(None, old), TrainingError, "give --data.add"),
        (ExtendData(new, None), TrainingError, "give --data.rehearsal"),
        (ExtendData(tmp_path / "nowhere", old), TrainingError, "data.add .*does not exist"),
        (ExtendData(new, tmp_path / "nowhere"), TrainingError, "data.rehearsal .*does not exist"),
        (ExtendData(new, old, rehearsal_per_class=0), TrainingError, "rehearsal_per_class"),
        (ExtendData(new, old, validation_share=2.0), TrainingError, "validation_share"),
        (ExtendData(tmp_path / "known", old), DataError, "knows red already"),
        (ExtendData(new, tmp_path / "few"), DataError, "no photos of blue"),
        (ExtendData(new, tmp_path / "foreign"), DataError, "'pink', which is no class"),
        (ExtendData(tmp_path / "single", old), DataError, "fewer than two readable photos of pink"),
        (ExtendData(tmp_path / "loose", old), DataError, "no class folders"),
    )
    for data, kind, sentence in cases:
        with pytest.raises(kind, match=sentence):
            extend(config_of(place, tmp_path / "m.cac", data=data))
    with pytest.raises(BundleError, match="not a model bundle"):
        extend(config_of(place, tmp_path / "m.cac", model=tmp_path / "other.cac"))
    with pytest.raises(TrainingError, match="belong to fine-tuning"):
        extend(config_of(place, tmp_path / "m.cac", optimiser=GENTLE))
    with pytest.raises(TrainingError, match="another file"):
        extend(config_of(place, place / "shop.cac"))
    assert not list(tmp_path.glob("m.cac*"))


def test_the_command_line_prints_what_was_learnt_and_what_it_cost(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, parent = shop
    out = tmp_path / "shop2.cac"
    arguments = [str(place / "shop.cac"), "--data.add", str(place / "new"), "--data.rehearsal", str(place / "photos")]
    assert main([*arguments, "--device", "cpu", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for text in ("yellow", "known and wrong", "old model", "new model", parent.model_id, str(out)):
        assert text in printed
    assert load_bundle(out).parent == parent.model_id


def test_variants_of_the_model_are_not_carried_over_and_it_is_said(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, bundle = shop
    monkeypatch.setattr("cac_core.training.extension.load_bundle", lambda _: with_variant(bundle, "int8"))
    result = extend(config_of(place, tmp_path / "out.cac")).result
    assert result.bundle.variants == ()
    assert "the model had variants (int8) and this one has none" in result.warnings[-1]


def test_the_earlier_name_of_rehearsal_still_works() -> None:
    config = COMMAND.parse(["shop.cac", "--data.replay", "photos", "--data.replay_per_class=3"])
    assert (config.data.rehearsal, config.data.rehearsal_per_class) == (Path("photos"), 3)
