# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The measurements run, say what they are for, and refuse what cannot be measured. No figure is judged here."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
import torch

from cac_core.predictor import Predictor
from cac_core.support.command_words import UsageError
from performance import inputs, memory, overhead, table
from performance.__main__ import OTHERS, ROWS
from performance.model import bare_loop
from performance.pictures import pictures
from performance.table import Figures, Measurement
from test.repo.sources import ROOT

SMALL = ["--backbone", "paper", "--image-size", "32", "--rounds", "1", "--device", "cpu"]


def run(*arguments: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
    """``python -m performance`` in a process of its own."""
    command = [sys.executable, "-m", "performance", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.slow
def test_the_help_names_every_measurement_there_is() -> None:
    printed = run("--help").stdout
    for name in (*ROWS, *OTHERS):
        assert f"  {name} " in printed
        assert (ROOT / "performance" / f"{name}.py").is_file()


@pytest.mark.parametrize("name", ROWS)
def test_every_measurement_of_the_table_explains_itself_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"performance.{name}").main(["--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert printed.count(f"python -m performance {name}") >= 3
    assert "--rounds" in printed


@pytest.mark.slow
def test_options_after_a_name_and_the_device_reach_the_measurement(tmp_path: Path) -> None:
    file = tmp_path / "batches.json"
    done = run("--device", "cpu", "batches", *SMALL[:6], "--sizes", "1", "2", "--seconds", "0.05", "--json", str(file))
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    assert document["options"]["device"] == "cpu"
    assert document["machine"] in done.stdout
    assert [row.what.split(",")[0] for row in table.read_rows(file)] == ["batch of 1", "batch of 2"]


@pytest.mark.slow
def test_what_does_not_exist_is_refused_at_once() -> None:
    done = run("speed")
    assert done.returncode == 2
    assert "no measurement 'speed': choose from node, inputs" in done.stderr
    with pytest.raises(UsageError, match="write a size as WIDTHxHEIGHT, such as 640x480, not '640'"):
        inputs.main(["--sizes", "640"])


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused_before_measuring() -> None:
    done = run("--device", "cuda", "memory")
    assert done.returncode == 2
    assert done.stderr.startswith("error: device cuda is not there (no CUDA device found): use device auto or cpu")


def test_make_bench_passes_device_and_arguments_on() -> None:
    command = ["make", "-n", "bench", "DEVICE=cuda:1", "ARGS=memory --frames 20000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    wanted = "-m performance --device cuda:1 memory --frames 20000"
    assert [line for line in done.stdout.splitlines() if line.endswith(wanted)]  # make may say more around it


def test_a_row_is_the_same_after_it_was_written_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    figures = Figures()
    for scale in (1, 3, 2):
        figures.note_times("frame", [scale * i / 1000 for i in range(1, 102)])
    rows = [Measurement("a", 0.5, "x / y", "≤ 1", "more", figures.times("frame")), Measurement("b", 2.0, "x / z")]
    assert rows[0].times == pytest.approx((2 * 51.0, 2 * 96.0, 2 * 100.0))  # the medians of the rounds
    table.report(rows, figures, memory.MemoryOptions())
    assert table.read_rows(tmp_path / "bench_output" / "memory.json") == rows
    assert "x / z" in capsys.readouterr().out


def test_a_frame_around_the_network_is_measured_with_every_resize(tmp_path: Path) -> None:
    file = tmp_path / "overhead.json"
    overhead.main([*SMALL, "--sizes", "64x48", "--seconds", "0.02", "--json", str(file), "--part"])
    rows = table.read_rows(file)
    assert [row.what.split()[-2] for row in rows] == ["linear", "mipmap", "area"]
    assert rows[0].ratio > 1  # the whole takes longer than its part


def test_a_batch_is_as_many_frames_as_it_says() -> None:
    taken: list[int] = []

    class Counting:
        def warm_up(self, batch_size: int) -> None:
            assert batch_size == 3

        def predict(self, frames: list[object]) -> None:
            taken.append(len(frames))

    predictor = cast(Predictor, Counting())
    images = pictures(64, 48, jpeg=False, count=2)
    times = bare_loop(predictor, images, 3, 0.02)
    assert set(taken) == {3}
    assert len(times) == len(taken)
    # At a rate there is a pause before each but the first.
    assert 1 <= len(bare_loop(predictor, images, 3, seconds=0.2, rate=20.0)) <= 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_several_cameras_are_measured_with_the_real_node(ros_domain: int, tmp_path: Path) -> None:
    file = tmp_path / "cameras.json"
    done = run("cameras", *SMALL, "--counts", "2", "--width", "64", "--height", "48", "--frames", "5",
               "--json", str(file), timeout=240)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cameras: 2, round 1 of 1" in done.stderr  # progress
    (row,) = table.read_rows(file)
    assert "0 lost" in row.besides
    assert all(0 < time < 5000 for time in row.times)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_node_that_ends_is_shown_with_what_it_said(ros_domain: int, tmp_path: Path) -> None:
    done = run("memory", *SMALL, "--engine", "magic", "--json", str(tmp_path / "memory.json"), timeout=240)
    assert done.returncode == 2
    assert "there is no engine named 'magic'" in done.stderr
    assert done.stderr.strip().endswith("error: the node that is measured has ended; what it said is above")
