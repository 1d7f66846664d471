# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot without PyTorch reads a model file and answers frames: in processes where torch cannot be imported."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cac_core
from cac_core import engines
from cac_core.bundle import save_bundle
from cac_core.engines import Engine
from cac_core.engines.bundle_graph import with_graph
from cac_core.predictor import Predictor
from cac_core.support.errors import EngineError
from test.core.bundles import random_frames, tiny_bundle
from test.repo.torch_free import NOT_ON_A_ROBOT, TORCH_FREE
from test.robot.colour_model import colour_model

ROOT = Path(__file__).parents[2]

NO_TORCH = f"""
import importlib, json, sys
import numpy as np

NOT_ON_A_ROBOT = {sorted(NOT_ON_A_ROBOT)}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NOT_ON_A_ROBOT:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
"""

ANSWER = """
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame

with np.load({frames!r}) as file:
    frames = [Frame(file[name], name.partition(" ")[2]) for name in file]
predictor = Predictor.load({model!r}, {engine!r})
print(json.dumps([predictor.engine_name, predictor.model_id, [d.label for d in predictor.predict(frames)]]))
"""


def without_torch(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NO_TORCH + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.cac"
    save_bundle(tiny_bundle(), path)
    return path


def test_every_module_of_that_part_is_imported_without_torch() -> None:
    done = without_torch(f"for name in {TORCH_FREE}: importlib.import_module(name)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("engine", "package"), [("auto", "openvino"), ("openvino", "openvino"), ("onnxruntime", "onnxscript")]
)
def test_a_graph_converted_before_answers_as_the_reference_does(
    engine: str, package: str, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip(package)
    frames = random_frames(4)
    Predictor.load(model, "openvino" if engine == "auto" else engine, "cpu")  # converts
    arrays: dict[str, Any] = {f"{i} {frame.order}": frame.pixels for i, frame in enumerate(frames)}
    np.savez(tmp_path / "frames.npz", **arrays)
    done = without_torch(ANSWER.format(frames=str(tmp_path / "frames.npz"), model=str(model), engine=engine))
    assert done.returncode == 0, done.stderr
    reference = Predictor.load(model, "torch", "cpu")
    labels = [decision.label for decision in reference.predict(frames)]
    assert json.loads(done.stdout) == ["openvino" if engine == "auto" else engine, reference.model_id, labels]


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("auto", "is of format 1, which brings no graph, and converting it needs PyTorch"),
        ("openvino", "is of format 1, which brings no graph, and converting it needs PyTorch"),
        ("onnxruntime", "is of format 1, which brings no graph, and converting it needs PyTorch"),
        ("torch", "engine torch needs PyTorch, which is not installed: run pip install '.[train]' in the folder"),
    ],
)
def test_what_needs_torch_says_so_in_a_sentence(engine: str, sentence: str, model: Path, tmp_path: Path) -> None:
    code = f"""
        from cac_core.engines import make_engine
        from cac_core.bundle import load_bundle
        from cac_core.support.errors import EngineError
        try:
            make_engine(load_bundle({str(model)!r}), {engine!r})
        except EngineError as error:
            print(error)
    """
    done = without_torch(code, XDG_CACHE_HOME=str(tmp_path))
    assert sentence in done.stdout, done.stderr


def test_a_cuda_device_asked_for_by_name_is_refused() -> None:
    code = """
        from cac_core.support.devices import choose_device
        from cac_core.support.errors import DeviceError
        print(choose_device("auto"))
        try:
            choose_device("cuda:0")
        except DeviceError as error:
            print(error)
    """
    lines = without_torch(code).stdout.splitlines()
    assert lines[0] == "('cpu', ('no CUDA device found: running on the CPU',))"
    assert "device cuda:0 needs PyTorch, which is not installed" in lines[1]


def test_the_top_names_of_a_consumer_load_nothing_before_use() -> None:
    code = """
        import cac_core
        print([name for name in ("numpy.random", "cv2", "safetensors", "cac_core.predictor") if name in sys.modules])
        from cac_core import Frame, Predictor
        print(Frame.__module__, Predictor.__module__, "cv2" in sys.modules)
    """
    lines = without_torch(code.replace("import numpy as np", "")).stdout.splitlines()
    assert "cac_core.predictor" not in lines[0]
    assert "cv2" not in lines[0]
    assert lines[1] == "cac_core.preprocessing cac_core.predictor True"
    with pytest.raises(AttributeError, match="no attribute 'Something'"):
        cac_core.Something  # noqa: B018
    assert {"Frame", "Predictor"} <= set(dir(cac_core))


@pytest.mark.parametrize(
    ("installed", "taken"), [({"torch", "onnxruntime"}, "torch"), ({"onnxruntime"}, "onnxruntime")]
)
def test_auto_takes_another_engine_where_openvino_cannot(
    installed: set[str], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")

    def cannot(*_: object) -> Engine:
        raise EngineError("OpenVINO cannot compile this model (it has no operator Wonder)")

    monkeypatch.setattr(engines, "is_installed", lambda name: name in {"openvino", "onnxruntime", taken})
    monkeypatch.setattr(engines, "_openvino", cannot)
    bundle = with_graph(tiny_bundle()) if taken == "torch" else colour_model()
    engine = engines.make_engine(bundle, "auto", "cpu")
    assert engine.name == taken
    assert f"(it has no operator Wonder); running with {taken} instead" in engine.notes[0]
    with pytest.raises(EngineError, match="no operator Wonder"):
        engines.make_engine(bundle, "openvino", "cpu")
