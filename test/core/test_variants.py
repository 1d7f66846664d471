# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Variants: another arithmetic answers with its own centres and thresholds, or not at all."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cac_core.bundle import ModelBundle, load_bundle, save_bundle
from cac_core.bundle.files import sign_bundle
from cac_core.bundle.model_bundle import FORMAT_VERSION, check_pixels
from cac_core.bundle.variants import Variant
from cac_core.engines import fast_variants, make_engine
from cac_core.engines.bundle_graph import with_graph
from cac_core.engines.quantisation import FEWEST_PHOTOS, quantised
from cac_core.predictor import Predictor
from cac_core.support.devices import cpu_multiplies_int8
from cac_core.support.errors import (
    BundleInvalidError,
    BundleVersionError,
    DisagreementError,
    EngineError,
    VariantMissingError,
)
from cac_core.thresholds import fit_thresholds
from test.core.bundles import random_frames, rewrite, tiny_bundle
from test.core.test_without_torch import without_torch

GOOD = {"variant": {"auroc": 0.951, "accuracy": 0.9}, "float32": {"auroc": 0.955, "accuracy": 0.9}}
"""Figures of a variant that is close to float32."""


@pytest.fixture(scope="module")
def exact() -> ModelBundle:
    pytest.importorskip("onnxscript")
    pytest.importorskip("openvino")
    return with_graph(tiny_bundle())


@pytest.fixture(scope="module")
def bundle(exact: ModelBundle) -> ModelBundle:
    """A model with the variant int8 that answers with twice the thresholds, so that they cannot be mistaken."""
    pytest.importorskip("nncf", reason="pip install -r requirements/quantise.txt")
    photos = np.random.default_rng(0).integers(0, 256, (FEWEST_PHOTOS, 32, 32, 3), dtype=np.uint8)
    gamma = 2 * np.random.default_rng(1).random((200, 3), dtype=np.float32)
    draft = Variant(
        precision="int8",
        engine="openvino",
        centres=exact.centres + np.float32(0.25),
        centre_counts=np.full(3, 7),
        thresholds=fit_thresholds(gamma, np.arange(200) % 3),
        check_logits=np.empty((0, 0), dtype=np.float32),
        graph=quantised(exact.graph, photos),
        figures=GOOD,
    )
    engine: Any = make_engine(exact.with_variant(draft), "openvino", "cpu", precision="int8")
    logits = np.concatenate([engine.logits(each[np.newaxis]) for each in check_pixels(exact.preprocessing)])
    return exact.with_variant(replace(draft, check_logits=logits))


@pytest.fixture
def path(bundle: ModelBundle, tmp_path: Path) -> Path:
    save_bundle(bundle, tmp_path / "tiny.cac")
    return tmp_path / "tiny.cac"


def changed(bundle: ModelBundle, **changes: Any) -> ModelBundle:
    return bundle.with_variant(replace(bundle.variants[0], **changes))


@pytest.fixture
def fast_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cac_core.engines.cpu_multiplies_int8", lambda: True)


# --- the file


def test_a_variant_survives_saving_and_is_a_file_of_format_3(bundle: ModelBundle, path: Path) -> None:
    loaded, written = load_bundle(path), bundle.variants[0]
    (variant,) = loaded.variants
    assert (variant.precision, variant.engine, variant.figures) == ("int8", "openvino", GOOD)
    assert variant.graph == written.graph
    for name in ("centres", "centre_counts", "check_logits"):
        np.testing.assert_array_equal(getattr(variant, name), getattr(written, name))
    np.testing.assert_array_equal(variant.thresholds.quantiles, written.thresholds.quantiles)
    assert FORMAT_VERSION == 3
    assert loaded.model_id == save_bundle(loaded, path.with_name("again.cac")).model_id


def test_a_model_without_variants_keeps_its_id_and_format(
    bundle: ModelBundle, exact: ModelBundle, tmp_path: Path
) -> None:
    without = replace(bundle, variants=(), checksum="")
    assert save_bundle(without, tmp_path / "a.cac").model_id == exact.model_id
    content = (tmp_path / "a.cac").read_bytes()
    assert b'\\"format_version\\": 2' in content
    assert b"variants" not in content


def test_a_reader_of_format_2_refuses_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cac_core.bundle.container.FORMAT_VERSION", 2)
    with pytest.raises(BundleVersionError, match="bundle format 3, this cac_core reads up to 2: upgrade cac_ros"):
        load_bundle(path)


def test_a_signature_covers_the_variants(bundle: ModelBundle, path: Path) -> None:
    keys = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    signed = path.with_name("signed.cac")
    assert sign_bundle(path, signed, keys.Ed25519PrivateKey.generate()).variants
    assert load_bundle(signed).model_id == load_bundle(path).model_id


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d["variants"].update(int3=d["variants"]["int8"]), "the list of variants cannot be read"),
        (lambda d: d.update(variants=[]), "the list of variants cannot be read"),
        (lambda d: d["variants"]["int8"].update(engine="magic"), "variant int8 names an engine that does not exist"),
        (lambda d: d["variants"]["int8"].update(engine="torch"), "variant int8 has no graph for OpenVINO"),
        (lambda d: d["variants"]["int8"].update(graph=False), "variant int8 has no graph for OpenVINO"),
        (lambda d: d["variants"]["int8"].update(known_kept="0.9"), "a value of a wrong type"),
        (lambda d: d["variants"]["int8"].update(known_kept=1.5), "the share of known to keep is 1.5"),
        (lambda d: d["variants"].update(bf16=d["variants"].pop("int8")), "lacks the tensors bf16.centres"),
        (lambda d: d["variants"].update(int8=7), "is not a usable bundle"),
    ],
)
def test_a_description_of_variants_that_is_wrong_is_refused(change: Any, sentence: str, path: Path) -> None:
    rewrite(path, change_document=change)
    with pytest.raises(BundleInvalidError, match=sentence):
        load_bundle(path)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("int8.centres", np.full((3, 3), np.nan, dtype=np.float32), "variant int8: a centre is not finite"),
        ("int8.centres", np.zeros((2, 3), dtype=np.float32), "variant int8: 3 classes but centres of shape"),
        ("int8.centres", np.zeros((3, 3), dtype=np.float64), "holds int8.centres as F64 and not as F32"),
        ("int8.quantiles", np.zeros(3, dtype=np.float32), "variant int8: the threshold grid has a wrong shape"),
        ("int8.check_logits", np.zeros((1, 3), dtype=np.float32), "variant int8: the logits to compare engines with"),
        ("int8.graph", np.zeros(9, dtype=np.uint8), "variant int8: its graph is damaged or no ONNX file"),
    ],
)
def test_numbers_of_a_variant_that_are_wrong_are_refused(name: str, value: Any, sentence: str, path: Path) -> None:
    rewrite(path, change_tensors=lambda tensors: tensors.update({name: value}))
    with pytest.raises(BundleInvalidError, match=sentence):
        load_bundle(path)


# --- what answers


def test_a_variant_answers_with_its_own_centres_and_thresholds(bundle: ModelBundle) -> None:
    exact, fast = (Predictor(bundle, "openvino", "cpu", precision=p) for p in ("float32", "int8"))
    variant = bundle.variants[0]
    for share in (0.5, 0.95, None):
        np.testing.assert_array_equal(fast.theta(share), variant.thresholds.theta(share))
        np.testing.assert_array_equal(exact.theta(share), bundle.thresholds.theta(share))
        assert (fast.theta(share) > exact.theta(share)).all()
    np.testing.assert_array_equal(fast.bundle.centres, variant.centres)
    moved = Predictor(changed(bundle, centres=variant.centres + 1), "openvino", "cpu", precision="int8")
    frames = random_frames(3)
    assert not np.array_equal(moved.rejection_scores(frames), fast.rejection_scores(frames))
    assert fast.predict(frames)[0].threshold == pytest.approx(float(variant.thresholds.theta()[0]))


def test_the_name_of_what_answers_says_the_precision(bundle: ModelBundle, path: Path) -> None:
    loaded = load_bundle(path)
    exact, fast = (Predictor(loaded, "openvino", "cpu", precision=p) for p in ("float32", "int8"))
    assert (exact.precision, fast.precision) == ("float32", "int8")
    assert exact.model_id == loaded.model_id
    assert fast.model_id == f"{loaded.model_id}+int8"
    fast.release_weights()
    assert fast.model_id == f"{loaded.model_id}+int8"
    assert (fast.bundle.variants, fast.bundle.graph, fast.bundle.state) == ((), b"", {})


def test_what_stands_for_a_variant_cannot_be_saved(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.raises(BundleInvalidError, match="stands for its variant int8 and cannot be written"):
        save_bundle(bundle.in_precision("int8"), tmp_path / "wrong.cac")
    assert not (tmp_path / "wrong.cac").exists()


def test_int8_answers_on_a_robot_without_pytorch(path: Path) -> None:
    code = f"""
        from cac_core.predictor import Predictor
        from cac_core.preprocessing import Frame
        predictor = Predictor.load({str(path)!r}, precision="int8")
        frame = Frame(np.full((48, 64, 3), 90, dtype=np.uint8), "bgr")
        print(json.dumps([predictor.model_id, predictor.predict([frame])[0].rejection_score]))
    """
    done = without_torch(code)
    assert done.returncode == 0, done.stderr
    name, score = json.loads(done.stdout)
    assert name.endswith("+int8")
    assert np.isfinite(score)


# --- auto


def test_auto_takes_a_close_variant_that_the_cpu_runs_fast(bundle: ModelBundle, fast_cpu: None) -> None:
    for engine in ("auto", "openvino"):
        assert make_engine(bundle, engine, "cpu").precision == "int8"
    for engine in ("torch", "onnxruntime"):
        assert make_engine(bundle, engine, "cpu").precision == "float32"


def test_auto_is_float32_where_the_cpu_is_not_fast_in_int8(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cac_core.engines.cpu_multiplies_int8", lambda: False)
    assert make_engine(bundle, "auto", "cpu").precision == "float32"
    assert make_engine(bundle, "auto", "cpu", precision="int8").precision == "int8"


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {**GOOD, "variant": {"auroc": 0.949, "accuracy": 0.9}},
        {**GOOD, "variant": {"auroc": 0.96, "accuracy": 0.89}},
        {**GOOD, "variant": {"auroc": None, "accuracy": 0.9}},
        {**GOOD, "float32": {"auroc": float("nan"), "accuracy": 0.9}},
        {**GOOD, "float32": "good"},
        {**GOOD, "variant": {"auroc": "0.96", "accuracy": True}},
    ],
)
def test_auto_takes_no_variant_that_is_worse_or_was_not_measured(
    figures: dict[str, Any], bundle: ModelBundle, fast_cpu: None
) -> None:
    assert fast_variants(bundle) == ("int8",)
    assert fast_variants(changed(bundle, figures=figures)) == ()


def test_auto_passes_over_a_variant_that_computes_otherwise_here(bundle: ModelBundle, fast_cpu: None) -> None:
    wrong = changed(bundle, check_logits=bundle.variants[0].check_logits * 2)
    engine = make_engine(wrong, "auto", "cpu")
    assert engine.precision == "float32"
    assert "variant int8 is not used" in engine.notes[-1]
    with pytest.raises(DisagreementError, match=r"\+int8 than were stored with it .* --precision int8"):
        make_engine(wrong, "auto", "cpu", precision="int8")


def test_auto_refuses_a_file_whose_graph_disagrees_with_its_weights(bundle: ModelBundle) -> None:
    wrong = replace(bundle, variants=(), graph=with_graph(tiny_bundle(seed=1)).graph, checksum="")
    with pytest.raises(DisagreementError, match="do not belong together"):
        make_engine(wrong, "auto", "cpu")
    assert make_engine(wrong, "torch", "cpu").name == "torch"  # by name: its weights are what the logits belong to


def test_a_missing_variant_is_an_error_that_lists_those_present(bundle: ModelBundle) -> None:
    with pytest.raises(VariantMissingError, match="no variant bf16, only float32, int8"):
        Predictor(bundle, device="cpu", precision="bf16")


def test_the_flags_of_the_cpu_say_whether_int8_is_fast() -> None:
    assert cpu_multiplies_int8("flags\t\t: fpu avx2 avx512_vnni\n")
    assert cpu_multiplies_int8("flags : avx_vnni")
    assert not cpu_multiplies_int8("flags : fpu avx2 avx512f")
    assert not cpu_multiplies_int8("Features : asimddp i8mm")
    assert not cpu_multiplies_int8("")


# --- quantising


def test_quantising_gives_the_same_bytes_and_plain_operators(bundle: ModelBundle) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (FEWEST_PHOTOS, 32, 32, 3), dtype=np.uint8)
    assert quantised(bundle.graph, photos) == bundle.variants[0].graph
    assert len(bundle.variants[0].graph) < len(bundle.graph) * 2  # integers, and not float32 beside them


def test_quantising_with_too_few_photos_is_refused(bundle: ModelBundle) -> None:
    photos = np.zeros((FEWEST_PHOTOS - 1, 32, 32, 3), dtype=np.uint8)
    with pytest.raises(EngineError, match=f"needs at least {FEWEST_PHOTOS} training photos, and there are 29"):
        quantised(bundle.graph, photos)


def test_quantising_without_nncf_names_what_to_install(bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nncf", None)
    photos = np.zeros((FEWEST_PHOTOS, 32, 32, 3), dtype=np.uint8)
    with pytest.raises(EngineError, match=r"needs NNCF, which is not installed: run pip install '\.\[quantise\]'"):
        quantised(bundle.graph, photos)
