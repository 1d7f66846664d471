# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The evaluation command on real files: its figures are those of the decisions, its outputs are whole."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cac_core.bundle import save_bundle
from cac_core.evaluate import EvaluateConfig, EvaluationData, evaluate_model, main
from cac_core.predictor import Predictor
from cac_core.preprocessing import Frame
from cac_core.reports.plots.confusion_matrix import confusion_matrix_figure
from cac_core.reports.plots.roc_curve import roc_curve_figure
from cac_core.reports.plots.score_histogram import score_histogram_figure
from cac_core.support.command import run
from test.core.bundles import tiny_bundle

NAMES = ("cup", "a tall box", "größe <b>")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A bundle, a folder per class, and a nested folder of other things."""
    save_bundle(tiny_bundle(NAMES), tmp_path / "tiny.cac")
    rng = np.random.default_rng(0)
    for name in NAMES:
        (tmp_path / "test" / name).mkdir(parents=True)
        for i in range(4):
            write_image(tmp_path / "test" / name / f"{i}.png", rng)
    (tmp_path / "other" / "deep").mkdir(parents=True)
    for i in range(5):
        write_image(tmp_path / "other" / "deep" / f"{i}.jpg", rng)
    (tmp_path / "other" / "broken.jpg").write_bytes(b"not a photo")
    return tmp_path


def write_image(path: Path, rng: np.random.Generator) -> None:
    ok, content = cv2.imencode(path.suffix, rng.integers(0, 256, (40, 56, 3), dtype=np.uint8))
    assert ok
    path.write_bytes(content.tobytes())


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cac_core.evaluate", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path.cwd(),
        check=False,
    )


@pytest.mark.slow
def test_the_command_prints_the_table_and_writes_figures_scores_and_page(place: Path) -> None:
    done = command(
        place / "tiny.cac", "--data.root", place / "test", "--data.unknown", place / "other", "--out", place / "out"
    )
    assert done.returncode == 0, done.stderr
    assert "AUROC" in done.stdout
    assert "broken.jpg" in done.stderr  # a skipped image is said
    document = json.loads((place / "out" / "metrics.json").read_text())
    assert (document["metrics"]["known_images"], document["metrics"]["unknown_images"]) == (12, 5)
    rows = list(csv.DictReader((place / "out" / "scores.csv").open(encoding="utf-8")))
    assert len(rows) == 17
    assert {row["label"] for row in rows} == {*NAMES, "unknown"}
    kept = [row["decision"] != "unknown" for row in rows if row["label"] != "unknown"]
    assert document["metrics"]["known_kept"] == pytest.approx(np.mean(kept))
    page = (place / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?https?:", page)  # self-contained
    assert "größe &lt;b&gt;" in page


def test_scores_are_those_the_node_would_compute(place: Path) -> None:
    evaluation = evaluate_model(EvaluateConfig(place / "tiny.cac", EvaluationData(root=place / "test")))
    predictor = Predictor.load(place / "tiny.cac")
    image = Path(evaluation.images.paths[3])
    pixels = cv2.imdecode(np.frombuffer(image.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    decision = predictor.predict([Frame(pixels.astype(np.uint8), "bgr")])[0]
    assert evaluation.scores[3] == pytest.approx(decision.rejection_score, rel=1e-4)
    assert evaluation.decisions[3] == decision.class_index


def test_a_threshold_of_ones_own_is_used(place: Path) -> None:
    everything = evaluate_model(EvaluateConfig(place / "tiny.cac", EvaluationData(root=place / "test"), threshold=1e6))
    nothing = evaluate_model(EvaluateConfig(place / "tiny.cac", EvaluationData(root=place / "test"), threshold=0.0))
    assert everything.metrics.known_kept == 1.0
    assert nothing.metrics.known_kept == 0.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tiny.cac"], "nothing to evaluate"),
        (["tiny.cac", "--data.root", "nowhere"], "does not exist"),
        (["missing.cac", "--data.root", "test"], "does not exist"),
        (["tiny.cac", "--data.dataset", "digits"], "the model knows cup"),
        (["tiny.cac", "--data.root", "test", "--known_kept", "1.5"], "(0, 1]"),
        (["tiny.cac", "--data.root", "test", "--device", "cuda:9"], "cuda:9"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    place: Path,
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = [str(place / a) if a in ("tiny.cac", "missing.cac", "nowhere", "test") else a for a in arguments]
    monkeypatch.setattr(sys, "argv", ["evaluate", *paths])
    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err


# --- plots


def test_the_roc_figure_ends_in_both_corners_and_names_the_area() -> None:
    figure = roc_curve_figure([0.1, 0.2, 0.3, np.inf], [False, False, True, True], theta=0.25)
    curve = figure.data[0]
    assert (curve.x[0], curve.y[0]) == (0, 0)
    assert (curve.x[-1], curve.y[-1]) == (1, 1)
    assert curve.name == "AUROC 1.000 (0.342 to 1.000)"
    assert (figure.data[1].x[0], figure.data[1].y[0]) == (0.0, 1.0)


def test_the_histogram_shows_each_kind_as_shares_of_itself() -> None:
    figure = score_histogram_figure([0.0, 1e-9, 0.1, 5.0, np.inf], [False, False, False, True, True], theta=1.0)
    assert [bar.y.sum() for bar in figure.data] == pytest.approx([1.0, 1.0])


def test_the_confusion_matrix_counts_decisions_once_and_escapes_names() -> None:
    figure = confusion_matrix_figure([0, -1, 1, -1, 0], [0, 0, 1, -1, -1], ["<i>a</i>", "b"])
    assert figure.data[0].text.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert "<i>" not in str(figure.layout.xaxis.ticktext)


@pytest.mark.parametrize("unknown", [[False, False], [True, True]])
def test_plots_survive_one_kind_only(unknown: list[bool]) -> None:
    roc_curve_figure([0.1, 0.2], unknown, 0.1)
    score_histogram_figure([0.1, 0.2], unknown, 0.1)
    score_histogram_figure([np.inf, np.inf], unknown, None)
