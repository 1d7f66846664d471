# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A variant answers on the robot with thresholds of its own, and everything that is told names it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cac_core.bundle import load_bundle, save_bundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.bundle.variants import Variant
from cac_core.engines.bundle_graph import with_graph
from cac_core.engines.openvino_engine import OpenVINOEngine
from cac_core.support.devices import cpu_multiplies_bf16
from cac_core.support.errors import VariantMissingError
from cac_ros.node.active_model import ActiveModel
from cac_ros.parameters import NodeSettings
from cac_ros.replay.config import ReplayConfig
from cac_ros.replay.run import replay
from test.ros.recordings import write_rosbag2

BF16 = NodeSettings(device="cpu", precision="bf16")


@pytest.fixture(scope="module")
def fast_model(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of colours with a variant bf16 whose thresholds are three times as large."""
    if not cpu_multiplies_bf16():
        pytest.skip("this CPU has no bf16")
    bundle = load_bundle(model)
    bundle = bundle if bundle.graph else with_graph(bundle)
    t = bundle.thresholds
    larger = replace(t, quantiles=3 * t.quantiles, class_quantiles=3 * t.class_quantiles)
    nothing = np.empty((0, 0), dtype=np.float32)
    draft = Variant("bf16", "openvino", bundle.centres, bundle.centre_counts, larger, nothing)
    engine = OpenVINOEngine(bundle.with_variant(draft).in_precision("bf16"))
    pixels = check_pixels(bundle.preprocessing)
    logits = np.concatenate([engine.logits(pixels[i : i + 1]) for i in range(len(pixels))])
    path = tmp_path_factory.mktemp("variants") / "colours.cac"
    save_bundle(bundle.with_variant(replace(draft, check_logits=logits)), path)
    return path


def test_every_way_to_choose_a_threshold_uses_the_grid_of_the_variant(fast_model: Path) -> None:
    exact = ActiveModel.load(str(fast_model), replace(BF16, precision="float32"))
    fast = ActiveModel.load(str(fast_model), BF16)
    np.testing.assert_allclose(fast.theta, 3 * exact.theta, rtol=1e-6)
    for known_kept in (0.5, 0.99):
        settings = replace(BF16, known_kept=known_kept)
        np.testing.assert_allclose(
            fast.with_settings(settings).theta, 3 * exact.with_settings(settings).theta, rtol=1e-6
        )
    by_hand = replace(BF16, threshold=float(exact.theta[0]))
    assert fast.with_settings(by_hand).promised_unknown > exact.with_settings(by_hand).promised_unknown


def test_messages_log_and_diagnostics_name_the_variant(fast_model: Path) -> None:
    fast = ActiveModel.load(str(fast_model), BF16)
    assert fast.model_id == f"{load_bundle(fast_model).model_id}+bf16"
    assert "engine openvino on cpu in bf16" in fast.describe()
    assert fast.status_fields()["precision"] == "bf16"
    assert fast.status_fields()["model_id"] == fast.model_id


def test_auto_does_not_take_a_variant_that_nobody_measured(fast_model: Path) -> None:
    assert ActiveModel.load(str(fast_model), replace(BF16, precision="auto")).predictor.precision == "float32"


def test_a_variant_that_the_file_lacks_is_named_with_those_that_it_has(fast_model: Path) -> None:
    with pytest.raises(VariantMissingError, match="has no variant int8, only float32, bf16"):
        ActiveModel.load(str(fast_model), replace(BF16, precision="int8"))


def test_a_replay_shows_the_thresholds_and_the_name_of_the_variant(fast_model: Path, tmp_path: Path) -> None:
    bag = write_rosbag2(tmp_path / "bag", ["red"] * 4 + ["grey"] * 4)
    documents = {}
    for precision in ("float32", "bf16"):
        replay(ReplayConfig(bag, fast_model, tmp_path / precision, precision=precision))
        documents[precision] = json.loads((tmp_path / precision / "metrics.json").read_text())
    exact, fast = documents["float32"]["model"], documents["bf16"]["model"]
    assert fast["id"] == f"{exact['id']}+bf16"
    assert (exact["precision"], fast["precision"]) == ("float32", "bf16")
    small, large = (list(documents[precision]["threshold"]["theta"].values()) for precision in documents)
    np.testing.assert_allclose(large, 3 * np.asarray(small), rtol=1e-5)
