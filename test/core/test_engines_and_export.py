# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every engine decides as the float32 torch engine does; exported graphs need nothing of ours."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest
import torch

from cac_core.backbones.build import build_backbone
from cac_core.backbones.spec import BackboneSpec
from cac_core.bundle import ModelBundle, load_bundle, save_bundle
from cac_core.engines import ENGINES, make_engine
from cac_core.engines.common import static_parts
from cac_core.engines.conversion import example_pixels
from cac_core.engines.graph import ScoreGraph
from cac_core.engines.graph_files import check_scores, export_onnx, export_openvino, export_tensorrt
from cac_core.model import weights
from cac_core.predictor import Predictor
from cac_core.preprocessing import Fit, Frame, Interpolation, Preprocessing
from cac_core.support import errors
from cac_core.thresholds import fit_thresholds
from test.core.bundles import random_frames, tiny_bundle, with_variant

NAMED = [name for name in ENGINES if name != "auto"]


@pytest.fixture
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def skip_without(name: str) -> None:
    package = {"torch": "torch", "openvino": "openvino", "onnxruntime": "onnxscript"}[name]
    pytest.importorskip(package, reason=f"{package} is not installed")


@pytest.mark.parametrize("name", NAMED)
def test_every_engine_gives_the_scores_and_decisions_of_the_reference(name: str) -> None:
    skip_without(name)
    bundle, frames = tiny_bundle(), random_frames(21)
    reference, engine = Predictor(bundle, "torch", "cpu"), Predictor(bundle, name, "cpu")
    assert engine.engine_name == name
    np.testing.assert_allclose(
        engine.rejection_scores(frames), reference.rejection_scores(frames), rtol=1e-3, atol=1e-4
    )
    for count in (1, 2, 21):
        ours, theirs = engine.predict(frames[:count]), reference.predict(frames[:count])
        assert [d.class_index for d in ours] == [d.class_index for d in theirs]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_converted_graph_is_kept_and_a_damaged_one_replaced(name: str, private_cache: Path) -> None:
    skip_without(name)
    bundle, frames = tiny_bundle(), random_frames(2)
    first = make_engine(bundle, name, "cpu").rejection_scores(frames)
    kept = [f for f in private_cache.rglob("graph.*") if f.suffix != ".bin"]
    assert len(kept) == 1
    np.testing.assert_allclose(make_engine(bundle, name, "cpu").rejection_scores(frames), first, rtol=1e-6)
    whole = kept[0].read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
        kept[0].write_bytes(damaged)
        np.testing.assert_allclose(make_engine(bundle, name, "cpu").rejection_scores(frames), first, rtol=1e-6)
        assert kept[0].read_bytes() != damaged


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_cache_that_cannot_be_written_is_said_and_survived(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    skip_without(name)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    engine = make_engine(tiny_bundle(), name, "cpu")
    assert "cannot be kept" in engine.notes[0]
    assert np.isfinite(engine.rejection_scores(random_frames(1))).all()


def test_converting_a_model_never_reports_to_anybody() -> None:
    skip_without("openvino")
    code = """
        import sys
        from cac_core.engines import make_engine
        from test.core.bundles import tiny_bundle
        make_engine(tiny_bundle(), "openvino", "cpu")
        print([m for m in sys.modules if m.startswith("openvino_telemetry") and sys.modules[m] is not None])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path.cwd(),
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_two_models_never_share_a_cached_graph() -> None:
    skip_without("openvino")
    frames = random_frames(1)
    a = make_engine(tiny_bundle(seed=0), "openvino", "cpu").rejection_scores(frames)
    b = make_engine(tiny_bundle(seed=1), "openvino", "cpu").rejection_scores(frames)
    assert not np.allclose(a, b)


def test_auto_falls_back_to_torch_when_the_fast_engine_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cac_core.engines import openvino_engine

    def refuse(self: object, bundle: ModelBundle) -> NoReturn:
        raise RuntimeError("operation not supported")

    monkeypatch.setattr(openvino_engine.OpenVINOEngine, "_read_or_convert", refuse)
    engine = make_engine(tiny_bundle(), "auto", "cpu")
    assert engine.name == "torch"
    assert any("operation not supported" in note and "torch instead" in note for note in engine.notes)
    with pytest.raises(errors.EngineError, match="operation not supported"):
        make_engine(tiny_bundle(), "openvino", "cpu")


@pytest.mark.parametrize(("name", "module"), [("openvino", "openvino"), ("onnxruntime", "onnxruntime")])
def test_an_engine_that_is_not_installed_names_its_package(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(errors.EngineError, match=f"pip install {module}"):
        make_engine(tiny_bundle(), name, "cpu")


def test_an_engine_that_cannot_use_the_device_says_which_does() -> None:
    with pytest.raises(errors.DeviceError, match="engine torch"):
        make_engine(tiny_bundle(), "openvino", "cuda:0")


@pytest.mark.parametrize("name", NAMED)
def test_a_batch_of_any_size_is_answered_like_its_frames_one_by_one(name: str) -> None:
    skip_without(name)
    predictor, frames = Predictor(tiny_bundle(), name, "cpu"), random_frames(7)
    alone = [predictor.predict([frame])[0] for frame in frames]
    for count in range(1, len(frames) + 1):
        batch = predictor.predict(frames[:count])
        assert [d.class_index for d in batch] == [d.class_index for d in alone[:count]]
        for ours, theirs in zip(batch, alone, strict=False):
            np.testing.assert_allclose(ours.rejection_scores, theirs.rejection_scores, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_computed_where_the_cpu_has_it_and_refused_where_not() -> None:
    openvino = pytest.importorskip("openvino", reason="openvino is not installed")
    bundle, frames = tiny_bundle(), random_frames(4)
    brain = with_variant(bundle, "bf16", centres=bundle.centres)
    exact = make_engine(bundle, "openvino", "cpu", precision="float32").rejection_scores(frames)
    np.testing.assert_array_equal(make_engine(bundle, "openvino", "cpu").rejection_scores(frames), exact)
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(errors.EngineError, match="use precision auto or float32"):
            make_engine(brain, "auto", "cpu", precision="bf16")
        return
    coarse = make_engine(brain, "auto", "cpu", precision="bf16").rejection_scores(frames)
    assert not np.array_equal(coarse, exact)
    np.testing.assert_allclose(coarse, exact, rtol=0.05)


def test_an_engine_that_rounds_otherwise_does_not_answer_with_a_variant() -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    for name in ("onnxruntime", "torch"):
        with pytest.raises(errors.EngineError, match=f"engine {name} rounds otherwise .* use engine openvino"):
            make_engine(with_variant(tiny_bundle(), "bf16"), name, "cpu", precision="bf16")


@pytest.mark.parametrize("name", ["auto", "openvino", "torch", "onnxruntime"])
def test_a_precision_that_a_model_lacks_is_refused_with_those_that_it_has(name: str) -> None:
    with pytest.raises(errors.VariantMissingError, match="has no variant int8, only float32, bf16: write it with"):
        make_engine(with_variant(tiny_bundle(), "bf16"), name, "cpu", precision="int8")
    with pytest.raises(errors.EngineError, match="use one of auto, float32, int8, bf16"):
        make_engine(tiny_bundle(), name, "cpu", precision="int3")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_the_number_of_threads_reaches_the_engine(name: str) -> None:
    skip_without(name)
    code = f"""
        import torch
        from cac_core.engines import make_engine
        from test.core.bundles import random_frames, tiny_bundle
        engine = make_engine(tiny_bundle(), {name!r}, "cpu", threads=1)
        engine.rejection_scores(random_frames(2))
        print({{
            "torch": lambda: torch.get_num_threads(),
            "openvino": lambda: engine._request(1).get_compiled_model().get_property("INFERENCE_NUM_THREADS"),
            "onnxruntime": lambda: engine._session.get_session_options().intra_op_num_threads,
        }}[{name!r}]())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=Path.cwd(), env=environment, check=False
    )
    assert done.stdout.strip() == "1", done.stderr


def test_any_batch_size_is_made_of_static_ones() -> None:
    for count in range(1, 70):
        assert sum(static_parts(count)) == count
        assert set(static_parts(count)) <= {1, 2, 4, 8, 16}


# --- export


@pytest.mark.slow
def test_an_onnx_file_runs_with_onnxruntime_alone(tmp_path: Path) -> None:
    skip_without("onnxruntime")
    bundle = save_bundle(tiny_bundle(), tmp_path / "tiny.cac")
    export_onnx(bundle, tmp_path / "tiny.onnx")
    pixels = example_pixels(bundle, 3).numpy()
    np.save(tmp_path / "pixels.npy", pixels)
    code = f"""
        import json, sys
        import numpy as np, onnxruntime
        session = onnxruntime.InferenceSession({str(tmp_path / "tiny.onnx")!r})
        gamma = session.run(None, {{"pixels": np.load({str(tmp_path / "pixels.npy")!r})}})[0]
        meta = session.get_modelmeta().custom_metadata_map
        names, theta = json.loads(meta["class_names"]), json.loads(meta["threshold"])
        loaded = [m for m in ("torch", "cac_core") if m in sys.modules]
        print(json.dumps([gamma.tolist(), names, theta, loaded]))
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=True,
    )
    gamma, names, theta, loaded = json.loads(done.stdout)
    assert loaded == []
    assert names == list(bundle.class_names)
    assert theta == pytest.approx(float(bundle.thresholds.theta()[0]))
    np.testing.assert_allclose(gamma, ScoreGraph(bundle)(example_pixels(bundle, 3)), rtol=1e-3, atol=1e-4)


def bundle_of(channels: int, fit: Fit, interpolation: Interpolation, limit: float = 1.0) -> ModelBundle:
    """A tiny bundle that prepares its pictures in this way."""
    backbone = BackboneSpec("paper", 3, 32, channels, {"width": 1 / 16})
    return tiny_bundle(
        preprocessing=Preprocessing(32, channels, fit, interpolation, (0.5,) * channels, (0.25,) * channels),
        backbone=backbone,
        state=weights(build_backbone(backbone)),
        thresholds=fit_thresholds(limit * torch.rand(200, 3), torch.arange(200) % 3),
    )


def documented_use(model: Path, picture: Path) -> "subprocess.CompletedProcess[str]":
    """What docs/onnx_example.py says."""
    command = [sys.executable, "-I", str(Path("docs/onnx_example.py").resolve()), str(model), str(picture)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "channels", "fit", "interpolation"),
    [
        (1e-6, 3, "crop", "mipmap"),
        (1e6, 3, "crop", "mipmap"),
        (1e6, 1, "crop", "area"),
        (1e6, 3, "stretch", "mipmap"),
        (1e6, 1, "stretch", "cubic"),
    ],
)
def test_the_documented_use_of_an_onnx_file_decides_as_the_model_does(
    limit: float, channels: int, fit: Fit, interpolation: Interpolation, tmp_path: Path
) -> None:
    skip_without("onnxruntime")
    bundle = save_bundle(bundle_of(channels, fit, interpolation, limit), tmp_path / "tiny.cac")
    export_onnx(bundle, tmp_path / "tiny.onnx")
    predictor = Predictor(bundle, "torch", "cpu")
    for i, (height, width) in enumerate([(120, 200), (35, 33), (257, 131)]):
        picture = np.random.default_rng(i).integers(0, 256, (height, width, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "picture.png"), picture)
        (expected,) = predictor.predict([Frame(picture, "bgr")])
        assert expected.unknown == (limit < 1)
        done = documented_use(tmp_path / "tiny.onnx", tmp_path / "picture.png")
        assert done.returncode == 0, done.stderr
        answer, score = done.stdout.split(" score ")
        assert answer == (expected.label or "unknown")
        assert float(score.split(",")[0]) == pytest.approx(expected.rejection_score, rel=1e-3)


@pytest.mark.slow
def test_the_documented_use_ends_with_a_sentence_where_it_cannot_go_on(tmp_path: Path) -> None:
    skip_without("onnxruntime")
    export_onnx(save_bundle(bundle_of(3, "pad", "mipmap"), tmp_path / "tiny.cac"), tmp_path / "tiny.onnx")
    assert documented_use(tmp_path / "tiny.onnx", tmp_path / "none.png").stderr.endswith(
        "picture that OpenCV can read\n"
    )
    cv2.imwrite(str(tmp_path / "picture.png"), np.zeros((9, 9, 3), np.uint8))
    done = documented_use(tmp_path / "tiny.onnx", tmp_path / "picture.png")
    assert (done.returncode, done.stderr[:35]) == (1, "error: this example cannot pad a pi")


@pytest.mark.slow
def test_an_openvino_export_holds_graph_and_description(tmp_path: Path) -> None:
    import openvino

    bundle = tiny_bundle()
    export_openvino(bundle, tmp_path / "tiny.xml")
    model = openvino.Core().read_model(tmp_path / "tiny.xml")
    assert json.loads(model.get_rt_info(["cac_ros", "class_names"]).astype(str)) == list(bundle.class_names)
    gamma = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(example_pixels(bundle, 3).numpy())
    np.testing.assert_allclose(gamma[0], ScoreGraph(bundle)(example_pixels(bundle, 3)), rtol=1e-3, atol=1e-4)


def test_a_graph_that_disagrees_is_never_written() -> None:
    bundle = tiny_bundle()
    good = ScoreGraph(bundle)(example_pixels(bundle, 4)).numpy()
    assert check_scores(good, bundle, "ONNX") == 0.0
    for bad in (good + 1.0, good[:, ::-1], np.full_like(good, np.nan)):
        with pytest.raises(errors.EngineError, match="was not written"):
            check_scores(bad, bundle, "ONNX")


def test_a_missing_tensorrt_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(errors.EngineError, match="pip install tensorrt"):
        export_tensorrt(tiny_bundle(), tmp_path / "x.engine")


@pytest.mark.slow
def test_the_export_command_writes_a_file_and_says_where(tmp_path: Path) -> None:
    skip_without("onnxruntime")
    save_bundle(tiny_bundle(), tmp_path / "tiny.cac")
    done = subprocess.run(
        [sys.executable, "-m", "cac_core.export", str(tmp_path / "tiny.cac")],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=Path.cwd(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tiny.onnx").exists()
    assert done.stdout.startswith(str(tmp_path / "tiny.onnx"))
    assert load_bundle(tmp_path / "tiny.cac").class_names[0] == "cup"
