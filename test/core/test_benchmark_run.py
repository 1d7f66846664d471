# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark command trains, resumes, refuses foreign results and gives the same JSON for the same seed.

Networks are trained for one epoch on digits: what they score does not matter here.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn, get_args

import numpy as np
import pytest
import torch
from torch import nn

from cac_core.benchmark import measures, runner
from cac_core.benchmark.__main__ import COMMAND, main
from cac_core.benchmark.authors_values import VALUES
from cac_core.benchmark.config import BenchmarkConfig, Experiment
from cac_core.benchmark.measures import bootstrap_auroc, bootstrap_lead, mean_and_std, measure
from cac_core.benchmark.network_spec import NetworkSpec, network_of
from cac_core.benchmark.networks import train_network
from cac_core.benchmark.recipes import make_recipe
from cac_core.benchmark.runner import EXPERIMENTS
from cac_core.benchmark.stored_networks import Outputs, Trained, finished
from cac_core.benchmark.trial_source import TrialSource
from cac_core.benchmark.trials import TrialSpec
from cac_core.data.labelled import LabelledImages
from cac_core.metrics import auroc
from cac_core.support.errors import DataError, TrainingError
from test.core.dataset_files import write_cifar, write_folder

pytestmark = pytest.mark.timeout(400)

ONE_EPOCH = ["--quick", "--epochs", "1", "--trials", "0", "--device", "cpu", "--precision", "float32"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark folder with table 1 in it."""
    out = tmp_path_factory.mktemp("benchmark")
    assert main(["table1", *ONE_EPOCH, "--out", str(out)]) == 0
    return out


def read(folder: Path, name: str = "table1") -> dict[str, Any]:
    results: dict[str, Any] = json.loads((folder / name / "results.json").read_text())
    return results


def test_every_row_names_its_source_and_an_interval_for_each_value(folder: Path) -> None:
    result = read(folder)
    assert result["settings"]["recipe"] == "quick"
    assert {row["loss"] for row in result["rows"]} == {"cac", "cross_entropy"}
    for row in result["rows"]:
        assert (row["dataset"], row["family"]) == ("digits", "neal2018")
        (trial,) = row["trials"]
        assert trial["trial"] == 0
        assert trial["auroc_low"] < trial["auroc"] < trial["auroc_high"]
        assert row["mean"] == trial["auroc"]
        assert row["std"] is None  # one trial has no deviation


def test_the_table_and_the_figure_are_written(folder: Path) -> None:
    table = (folder / "table1" / "table1.md").read_text()
    assert "| digits | neal2018 | CAC, γ | 0 |" in table
    assert "seed 0" in table
    assert "plotly" in (folder / "table1" / "table1.html").read_text()


def test_a_finished_network_is_shared_and_not_trained_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a network was trained again")

    monkeypatch.setattr("cac_core.benchmark.networks.fit", fail)
    before = (folder / "table1" / "results.json").read_bytes()
    main(["table1", *ONE_EPOCH, "--out", str(folder)])
    assert (folder / "table1" / "results.json").read_bytes() == before
    for name in ("table2", "figure2", "figure3"):
        main([name, *ONE_EPOCH, "--out", str(folder)])
        assert read(folder, name)["rows"]


@pytest.mark.slow
def test_a_stopped_benchmark_goes_on_and_ends_in_the_same_json(folder: Path, tmp_path: Path) -> None:
    """Also: the same seed gives the same file on a CPU."""
    out = tmp_path / "again"
    shutil.copytree(folder / "networks", out / "networks")
    for file in (out / "networks").glob("*cross_entropy*"):
        file.unlink()
    (kept,) = (out / "networks").glob("*-cac.npz")
    before = kept.stat().st_mtime_ns
    main(["table1", *ONE_EPOCH, "--out", str(out)])
    assert kept.stat().st_mtime_ns == before
    assert (out / "table1" / "results.json").read_bytes() == (folder / "table1" / "results.json").read_bytes()


@pytest.mark.parametrize(
    ("option", "field"),
    [(("--seed", "1"), "seed"), (("--epochs", "2"), "epochs"), (("--width", "0.125"), "width")],
)
def test_results_of_another_configuration_are_refused(folder: Path, option: tuple[str, str], field: str) -> None:
    with pytest.raises(DataError, match=rf"another configuration: {field}"):
        main(["table1", *ONE_EPOCH, *option, "--out", str(folder)])
    with pytest.raises(DataError, match=rf"another configuration: .*{field}"):  # another table, the same networks
        main(["table4", *ONE_EPOCH, "--family", "neal2018", *option, "--out", str(folder)])


def test_a_damaged_network_file_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "damaged"
    shutil.copytree(folder / "networks", out / "networks")
    (file,) = (out / "networks").glob("*-cac.npz")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"-cac\.npz cannot be read"):
        main(["table1", *ONE_EPOCH, "--out", str(out)])


@pytest.mark.slow
def test_two_jobs_give_what_one_gives(folder: Path, tmp_path: Path) -> None:
    main(["table1", *ONE_EPOCH, "--jobs", "2", "--out", str(tmp_path)])
    one, two = read(folder), read(tmp_path)
    for a, b in zip(one["rows"], two["rows"], strict=True):
        assert a["mean"] == pytest.approx(b["mean"], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--family", "neal2019"], "no split family"),
        (["--trials", "7"], "no trial 7"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--jobs", "0"], "--jobs must be at least 1"),
        (["--width", "0"], "--width must lie above 0"),
        (["--width", "0.5", "--backbone", "resnet18"], "--width belongs to the paper's network"),
        (["--losses", "cac", "triplet"], "no loss 'triplet'"),
        (["--losses", "objectosphere"], "no loss 'objectosphere'"),
        (["--datasets", "MNIST"], "--quick has its own recipe"),
        (["--splits", "x.json"], "belongs to --dataset-folder"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, arguments: list[str], says: str) -> None:
    with pytest.raises((DataError, TrainingError), match=says):
        main(["table1", *ONE_EPOCH, *arguments, "--out", str(tmp_path)])


@pytest.mark.slow
def test_missing_data_is_an_error_of_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cac_core.benchmark", "table1", "--datasets", "SVHN", "--data-root", str(tmp_path)]
    done = subprocess.run([*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"SVHN is not in {tmp_path}: train_32x32.mat is missing" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_the_command_line_and_the_runner_know_the_same_experiments() -> None:
    assert list(get_args(Experiment)) == list(EXPERIMENTS)
    assert COMMAND.parse(["figure5"]).experiment == "figure5"


def synthetic_outputs(spec: NetworkSpec) -> Outputs:
    """Logits as a trained network would give them."""
    generator = torch.Generator().manual_seed(len(spec.name))
    n, unknown = len(spec.trial.split.known), 30
    anchors = 10.0 * torch.eye(n)
    labels = torch.arange(n).repeat_interleave(12)
    train = anchors[labels] + torch.randn(len(labels), n, generator=generator)
    others = 3.0 + torch.randn(unknown, n, generator=generator)
    sets = max(1, len(spec.trial.unknown_sets))
    groups = torch.cat([torch.zeros(len(labels)), 1 + (spec.trial.unknown_sets != ()) + torch.arange(unknown) % sets])
    return Outputs(
        anchors, train, labels, torch.cat([train, others]), torch.cat([labels, torch.full((unknown,), -1)]),
        groups.long(), {"identity": {}, "seconds": {"train": 0.0}, "device": "cpu", "torch": ""},
    )  # fmt: skip


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", get_args(Experiment))
def test_every_table_and_figure_on_every_dataset_of_the_paper(
    name: Experiment, quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows, notes and drawings, without the training."""
    monkeypatch.setattr(measures, "RESAMPLES", 20)
    monkeypatch.setattr(runner, "train_network", lambda spec, *_, **__: synthetic_outputs(spec))
    result, files = runner.run(BenchmarkConfig(name, out=tmp_path, quick=quick))
    assert all(file.stat().st_size for file in files)
    table = (tmp_path / name / f"{name}.md").read_text()
    for row in result.rows:
        assert row.family in table
        assert not row.trials or 0.0 <= row.values()[0] <= 1.0
    if not quick and name in ("table1", "table2", "table4", "table5"):
        assert {row.dataset for row in result.rows} == {*VALUES} - {"digits", "CIFAR100"}
        assert all(row.paper is not None for row in result.rows if row.details.get("score") == "max_softmax")
    if not quick and name == "table1":
        assert "99.1 ± 0.5 (neal2018)" in table
        assert "| MNIST | neal2018 | OSRCI | quoted | – |" in table
    if not quick and name == "table4":
        assert "98.7 (cac2020)" in table


def test_the_papers_recipe_has_the_authors_values() -> None:
    config = make_recipe("paper", "TinyImageNet").config
    assert (config.schedule.epochs, config.schedule.second_epochs) == (500, 300)
    assert (config.optimiser.lr, config.optimiser.weight_decay, config.image_size) == (0.01, 1e-3, 64)
    assert (config.augment.rotation, config.augment.flip, config.augment.scale_min) == (20.0, 0.5, 0.7)
    assert config.model.options == {"dropout": 0.3}
    small = make_recipe("small", "MNIST").config
    assert small.model.options == {"dropout": 0.2, "width": 0.25}
    assert (small.schedule.kind, small.schedule.epochs) == ("one_cycle", 12)
    short = make_recipe("paper", "MNIST", epochs=10).config.schedule
    assert (short.epochs, short.second_epochs) == (5, 5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["center_learnt", "cac_learnt"])
def test_learnt_centres_belong_to_the_weights_that_are_kept(loss: str, tmp_path: Path) -> None:
    """Calibration with the centres of another epoch would call right images wrong."""
    config = BenchmarkConfig("table5", out=tmp_path, quick=True, epochs=2)
    spec = network_of(config, TrialSpec(TrialSource().split("digits", "neal2018", 0)), loss)
    outputs = train_network(spec, tmp_path, TrialSource(), torch.device("cpu"), "float32", False)
    again = finished(spec, tmp_path, "float32")
    assert again is not None
    assert torch.equal(outputs.anchors, again.anchors)
    assert measure(again, "gamma")["accuracy"] > 0.5


@pytest.mark.slow
def test_a_users_folder_whose_photos_changed_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    write_folder(tmp_path / "things", ["bowl", "mug", "spoon"], 12)
    (tmp_path / "splits.json").write_text('{"mine": [{"known": ["bowl", "mug"], "unknown": ["spoon"]}]}')
    command = ["table1", "--dataset-folder", str(tmp_path / "things"), "--splits", str(tmp_path / "splits.json")]
    command += ["--family", "mine", "--trials", "0", "--losses", "cac", "--epochs", "1", "--device", "cpu"]
    main([*command, "--out", str(tmp_path / "out")])
    assert read(tmp_path / "out")["rows"][0]["dataset"] == "things"
    (tmp_path / "things" / "mug" / "0.png").unlink()
    with pytest.raises(DataError, match="another configuration: images of things"):
        main([*command, "--out", str(tmp_path / "out")])


@pytest.mark.slow
def test_cifar_plus_10_and_plus_50_are_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their known classes are the same in every trial; only the unknown test images differ."""
    write_cifar(tmp_path, monkeypatch, "CIFAR10", repeats=5)
    write_cifar(tmp_path, monkeypatch, "CIFAR100", repeats=1)
    calls = []

    def fit(backbone: nn.Module, loss: str, train: LabelledImages, *_: object, **__: object) -> Trained:
        calls.append(loss)
        return Trained(backbone, 10.0 * torch.eye(len(train.class_names)), [])

    monkeypatch.setattr("cac_core.benchmark.networks.fit", fit)
    options = ["--data-root", str(tmp_path), "--out", str(tmp_path / "out"), "--device", "cpu", "--losses", "cac"]
    main(["table1", "--datasets", "CIFAR+10", "CIFAR+50", "--trials", "0", "1", *options])
    assert calls == ["cac"]
    images = [row for row in read(tmp_path / "out")["rows"] if row["trials"] and row["score"] == "gamma"]
    assert [row["dataset"] for row in images] == ["CIFAR+10", "CIFAR+50"]
    records = sorted((tmp_path / "out" / "networks").glob("CIFAR+*.json"))
    assert sorted(json.loads(r.read_text())["images"]["test"]["count"] for r in records) == [30, 30, 70, 70]


@pytest.mark.slow
def test_the_strong_recipe_trains(tmp_path: Path) -> None:
    out = ["--epochs", "1", "--trials", "0", "--device", "cpu", "--precision", "float32", "--out", str(tmp_path)]
    main(["table1", "--datasets", "digits", "--recipe", "strong", "--losses", "cac", *out])
    assert read(tmp_path)["rows"][0]["mean"] > 0.3


def test_the_bootstrap_interval_covers_and_shrinks_with_more_images() -> None:
    generator = np.random.default_rng(0)
    widths = []
    for n in (50, 5000):
        scores = np.concatenate([generator.normal(0, 1, n), generator.normal(1, 1, n)])
        unknown = np.arange(2 * n) >= n
        low, high = bootstrap_auroc(scores, unknown)
        assert low < auroc(scores, unknown) < high
        assert (low, high) == bootstrap_auroc(scores, unknown)
        widths.append(high - low)
    assert widths[1] < widths[0] / 5
    assert bootstrap_auroc([1.0, 1.0], [False, True]) == (0.5, 0.5)


def test_a_lead_on_the_same_images_is_surer_than_two_intervals_are() -> None:
    generator = np.random.default_rng(0)
    unknown = np.arange(400) >= 200
    image = np.where(unknown, 1.0, 0.0) + generator.normal(0, 1, 400)  # hard images are hard for both
    ours, others = ([image + generator.normal(0, noise, 400) for _ in range(3)] for noise in (0.1, 0.7))
    low, high = bootstrap_lead(ours, others, unknown)
    lead = np.mean([auroc(s, unknown) for s in ours]) - np.mean([auroc(s, unknown) for s in others])
    assert 0 < low < lead < high
    assert bootstrap_auroc(ours[0], unknown)[0] < bootstrap_auroc(others[0], unknown)[1]
    assert bootstrap_lead(others, ours, unknown) == pytest.approx((-high, -low))
    assert bootstrap_lead(ours, ours, unknown) == (0.0, 0.0)
    assert np.isnan(bootstrap_lead(ours, others, np.ones(400, dtype=bool))).all()


def test_mean_and_sample_deviation() -> None:
    assert mean_and_std([1.0, 2.0, 4.0]) == pytest.approx((7 / 3, np.std([1, 2, 4], ddof=1)))
