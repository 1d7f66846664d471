# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bundle format 2: the model file brings its network as a graph, and every engine compares itself with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cac_core import upgrade
from cac_core.bundle import ModelBundle, load_bundle, save_bundle
from cac_core.bundle.model_bundle import check_pixels
from cac_core.bundle.onnx_file import graph_problem
from cac_core.engines import make_engine
from cac_core.engines.bundle_graph import with_graph
from cac_core.engines.common import check_engine
from cac_core.preprocessing import Preprocessing
from cac_core.support.errors import BundleInvalidError, EngineError
from test.core.bundles import random_frames, rewrite, tiny_bundle
from test.core.test_without_torch import without_torch
from test.core.trainings import tiny_config, train

ENGINES = ("torch", "openvino", "onnxruntime")


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    pytest.importorskip("onnxscript")
    return with_graph(tiny_bundle())


@pytest.fixture
def path(bundle: ModelBundle, tmp_path: Path) -> Path:
    save_bundle(bundle, tmp_path / "tiny.cac")
    return tmp_path / "tiny.cac"


def test_a_graph_survives_saving_and_changes_the_id(bundle: ModelBundle, path: Path) -> None:
    loaded = load_bundle(path)
    assert loaded.graph == bundle.graph
    assert (loaded.check_logits == bundle.check_logits).all()
    assert loaded.model_id != save_bundle(tiny_bundle(), path.with_name("one.cac")).model_id
    assert loaded.model_id == save_bundle(bundle, path.with_name("two.cac")).model_id


def test_the_same_network_gives_the_same_graph(bundle: ModelBundle) -> None:
    again = with_graph(tiny_bundle())
    assert again.graph == bundle.graph
    assert str(Path.cwd()).encode() not in bundle.graph, "no path of this machine in the file"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_answers_as_before(engine: str, path: Path) -> None:
    frames = random_frames(5)
    reference = make_engine(tiny_bundle(), "torch", "cpu").rejection_scores(frames)
    np.testing.assert_allclose(make_engine(load_bundle(path), engine, "cpu").rejection_scores(frames), reference, 1e-4)


@pytest.mark.parametrize("engine", ["auto", "openvino", "onnxruntime"])
def test_a_robot_that_never_saw_pytorch_uses_the_file(engine: str, path: Path, tmp_path: Path) -> None:
    code = f"""
        from cac_core.predictor import Predictor
        from cac_core.preprocessing import Frame
        predictor = Predictor.load({str(path)!r}, {engine!r})
        frame = Frame(np.full((48, 64, 3), 90, dtype=np.uint8), "bgr")
        print(json.dumps([predictor.engine_name, predictor.predict([frame])[0].rejection_score]))
    """
    done = without_torch(code, XDG_CACHE_HOME=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stderr
    name, score = json.loads(done.stdout)
    assert name == ("openvino" if engine == "auto" else engine)
    assert np.isfinite(score)
    assert not (tmp_path / "empty" / "cac_ros").exists(), "nothing to convert, nothing to keep"


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_and_graph_that_do_not_belong_together_are_found(engine: str, bundle: ModelBundle) -> None:
    other = tiny_bundle(seed=1)
    mixed = replace(bundle, state=other.state, check_logits=with_graph(other).check_logits)
    if engine == "torch":
        mixed = replace(bundle, state=other.state)
    with pytest.raises(EngineError, match="do not belong together"):
        make_engine(mixed, engine, "cpu")


def test_an_engine_that_computes_nan_is_found(bundle: ModelBundle) -> None:
    with pytest.raises(EngineError, match="computes other logits"):
        check_engine(lambda pixels: np.full((len(pixels), 3), np.nan, dtype=np.float32), bundle, "an engine")


def test_a_graph_that_disagrees_with_the_network_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    other = with_graph(tiny_bundle(seed=2)).graph
    monkeypatch.setattr("cac_core.engines.bundle_graph.onnx_bytes", lambda *_: other)
    with pytest.raises(EngineError, match="disagrees with PyTorch"):
        with_graph(tiny_bundle())


def test_the_pixels_to_compare_with_are_the_same_everywhere() -> None:
    pixels = check_pixels(Preprocessing(32, 3))
    assert pixels.shape == (2, 32, 32, 3)
    assert pixels.reshape(-1)[:6].tolist() == [((i * 2654435761) % 2**32) >> 24 for i in range(6)]
    assert 120 < pixels.mean() < 136


# -- graphs of strangers ------------------------------------------------------------------------------------------


def hostile(change: str, graph: bytes) -> bytes:
    import onnx

    model: Any = onnx.load_from_string(graph)
    if change == "external weights":
        model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
        entry = model.graph.initializer[0].external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
        model.graph.initializer[0].ClearField("raw_data")
    elif change == "custom operator":
        model.graph.node[0].domain = "evil.operators"
    elif change == "function":
        model.functions.add().name = "evil"
    elif change == "external weights in an attribute":
        attribute = model.graph.node[0].attribute.add()
        attribute.name = "value"
        attribute.t.data_location = onnx.TensorProto.EXTERNAL
    elif change == "deep":
        inner = model.graph
        for _ in range(20):
            node = inner.node.add()
            inner = node.attribute.add().g
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("external weights", "asks for other files"),
        ("external weights in an attribute", "asks for other files"),
        ("custom operator", "asks for operators that are not ONNX's own"),
        ("function", "brings functions of its own"),
        ("deep", "nests graphs too deeply"),
    ],
)
def test_a_graph_that_asks_for_more_is_refused(change: str, sentence: str, bundle: ModelBundle, path: Path) -> None:
    content = hostile(change, bundle.graph)
    assert sentence in graph_problem(content)
    rewrite(path, change_tensors=lambda t: t.update(graph=np.frombuffer(content, dtype=np.uint8)))
    with pytest.raises(BundleInvalidError, match=sentence):
        load_bundle(path)


@pytest.mark.parametrize("content", [b"\x00", b"not a graph", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"])
def test_what_is_no_graph_is_refused(content: bytes, path: Path) -> None:
    rewrite(path, change_tensors=lambda t: t.update(graph=np.frombuffer(content, dtype=np.uint8)))
    with pytest.raises(BundleInvalidError, match="its graph is "):
        load_bundle(path)


def test_a_graph_cut_anywhere_never_hangs_or_crashes_the_check(bundle: ModelBundle) -> None:
    assert graph_problem(bundle.graph) == ""
    for end in range(0, len(bundle.graph), 97):
        assert isinstance(graph_problem(bundle.graph[:end]), str)


@pytest.mark.parametrize("missing", ["graph", "check_logits"])
def test_a_file_of_format_2_without_its_graph_is_refused(missing: str, path: Path) -> None:
    rewrite(path, change_tensors=lambda t: t.pop(missing))
    with pytest.raises(BundleInvalidError, match=f"lacks the tensors {missing}"):
        load_bundle(path)


# -- who writes them ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_training_writes_the_graph_and_the_same_seed_the_same_file(tmp_path: Path) -> None:
    first, second = (train(tiny_config(tmp_path / str(i) / "d.cac", graph=True)) for i in range(2))
    assert first is not None
    assert second is not None
    assert first.bundle.graph
    assert first.bundle.checksum == second.bundle.checksum


def test_upgrade_writes_format_2_and_keeps_the_answers(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    save_bundle(tiny_bundle(), tmp_path / "old.cac")
    assert upgrade.main([str(tmp_path / "old.cac"), "--out", str(tmp_path / "new.cac")]) == 0
    old, new = load_bundle(tmp_path / "old.cac"), load_bundle(tmp_path / "new.cac")
    assert (old.graph, bool(new.graph)) == (b"", True)
    assert all(np.array_equal(old.state[name], new.state[name]) for name in old.state)
    assert new.class_names == old.class_names


def test_upgrade_shows_its_help_without_pytorch() -> None:
    done = without_torch("from cac_core import upgrade; upgrade.main(['--help'])")
    assert done.returncode == 0, done.stderr
    assert "python -m cac_core.upgrade shop.cac" in done.stdout


def test_format_1_is_still_written_as_it_was(tmp_path: Path) -> None:
    saved = save_bundle(tiny_bundle(), tmp_path / "one.cac")
    content = (tmp_path / "one.cac").read_bytes()
    assert b'\\"format_version\\": 1' in content
    assert b"check_logits" not in content
    assert saved.graph == b""
