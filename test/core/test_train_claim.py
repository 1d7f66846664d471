# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Before the first epoch: the output belongs to one training alone, and everything that it writes can be written."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytorch_lightning import Callback

from cac_core.bundle import load_bundle, save_bundle
from cac_core.support.errors import CacError, DataError, TrainingError
from cac_core.support.files import UnwritableError
from cac_core.training import DataConfig, ExtendConfig, ExtendData, TrainConfig, extend
from cac_core.training.claim import bytes_needed, claimed
from test.core.bundles import tiny_bundle
from test.core.trainings import photo_config, tiny_config, train
from test.repo.sources import ROOT


def test_a_second_training_ends_at_once_and_says_who_holds_the_output(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac")
    who = rf"process {os.getpid()} on {socket.gethostname()}, since 20\d\d-.* UTC"
    with claimed(config, 1000):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(TrainingError, match=rf"another training writes {config.out} \({who}\): .*another --out"):
            train(config)
        assert sorted(tmp_path.rglob("*")) == before
        train(tiny_config(tmp_path / "other.cac"))
    assert train(config).path.is_file()
    assert not (config.run_folder / "lock").exists()


def test_an_extension_holds_its_output_too(tmp_path: Path) -> None:
    save_bundle(tiny_bundle(), tmp_path / "m.cac")
    folders = [tmp_path / "add", tmp_path / "old"]
    for folder in folders:
        folder.mkdir()
    config = ExtendConfig(
        tmp_path / "m.cac", out=tmp_path / "new.cac", data=ExtendData(folders[0], folders[1]), device="cpu"
    )
    with claimed(tiny_config(config.out), 1000), pytest.raises(TrainingError, match="another training writes"):
        extend(config)
    with pytest.raises(DataError):  # the folders are empty
        extend(config)
    assert not (tmp_path / "new.cac.run").exists()


HOLDING = """
import sys, time
from pathlib import Path
from cac_core.training.claim import claimed
from test.core.trainings import tiny_config
with claimed(tiny_config(Path(sys.argv[1])), 1000):
    print("held", flush=True)
    time.sleep(100)
"""


@pytest.mark.slow
def test_the_death_of_a_training_frees_its_output(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(config.out)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TrainingError, match=f"process {holder.pid} on"), claimed(config, 1000):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    with claimed(config, 1000):
        pass
    assert list(tmp_path.rglob("*")) == [config.run_folder]


def test_what_another_wrote_into_the_lock_is_shown_in_one_line(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "m.cac")
    with claimed(config, 1000):
        (config.run_folder / "lock").write_bytes(b"a\n[ERROR] b\x1b[2J\xff" + b"x" * 100)
        with pytest.raises(TrainingError) as error:
            train(config)
    assert str(error.value).isprintable()
    assert r"(a\n[ERROR] b\x1b[2J" in str(error.value)


def test_nothing_is_left_where_a_training_cannot_begin(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    config = photo_config(tmp_path / "photos", tmp_path / "new" / "folder" / "m.cac")
    with pytest.raises(DataError):
        train(config)
    assert [each.name for each in tmp_path.iterdir()] == ["photos"]


def folder_at(name: str) -> Callable[[TrainConfig], object]:
    return lambda config: (config.run_folder / name).mkdir(parents=True)


def file_at(name: str) -> Callable[[TrainConfig], object]:
    def make(config: TrainConfig) -> None:
        (config.run_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (config.run_folder / name).write_bytes(b"")

    return make


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (folder_at("config.json"), r"config\.json cannot be written: it is a folder"),
        (folder_at("metrics.csv"), r"metrics\.csv cannot be written: it is a folder"),
        (folder_at("last.ckpt"), r"last\.ckpt cannot be written: it is a folder"),
        (folder_at("seen.npz"), r"seen\.npz cannot be written: it is a folder"),
        (folder_at("report.html"), r"report\.html cannot be written: it is a folder"),
        (folder_at("lock"), r"lock cannot be written: Is a directory"),
        (file_at("tensorboard"), r"tensorboard/events cannot be written: "),
        (lambda config: config.run_folder.write_bytes(b""), r"m\.cac\.run/lock cannot be written: "),
        (lambda config: os.mkfifo(config.out), r"m\.cac cannot be written: it is not a regular file"),
    ],
)
def test_whatever_cannot_be_written_is_found_before_the_images_are_read(
    tmp_path: Path, make: Callable[[TrainConfig], object], sentence: str
) -> None:
    (tmp_path / "photos").mkdir()  # reading it would be another error
    config = photo_config(tmp_path / "photos", tmp_path / "m.cac")
    make(config)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnwritableError, match=sentence):
        train(config)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["/proc/m.cac", "/proc/self/m.cac", "/sys/m.cac", "x" * 252, "ü" * 126, "x" * 300, "x" * 300 + "/m.cac"]
)
def test_impossible_outputs_are_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(CacError, match=r"cannot be written|is too long") as error:
        train(photo_config(tmp_path / "photos", tmp_path / name))
    assert str(error.value).isprintable()


def test_a_full_disk_is_told_before_with_the_room_that_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(tmp_path / "m.cac")
    monkeypatch.setattr(os, "fstatvfs", lambda handle: SimpleNamespace(f_blocks=9, f_bavail=1000, f_frsize=4096))
    assert config.data == DataConfig(dataset="digits")
    with pytest.raises(UnwritableError, match=r"No space left on device \(16 MB are needed\)"):
        train(config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_the_room_that_is_asked_for_is_about_what_a_training_takes(tmp_path: Path, name: str) -> None:
    config = tiny_config(tmp_path / "m.cac")
    config.model.options = {"width": 0.25}
    config.optimiser.name = "sgd" if name == "sgd" else "adamw"
    config.schedule.epochs = config.schedule.second_epochs = 1
    sizes: list[int] = []

    class Look(Callback):
        def on_train_end(self, *args: object) -> None:
            sizes.append((config.run_folder / "last.ckpt").stat().st_size)

    bundle = train(config, [Look()]).bundle
    weights = sum(each.size for each in load_bundle(config.out).state.values())
    assert bundle.state.keys() == load_bundle(config.out).state.keys()
    asked = bytes_needed(config, weights) - bytes_needed(config, 0)
    assert 0.9 <= asked / (2 * max(sizes)) <= 1.4  # the rest covers names and headers


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b"null", b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000, b"{}" * 2_000_000],
    ids=["empty", "cut", "list", "null", "no text", "half text", "deep", "large"],
)
def test_a_damaged_record_of_the_settings_is_told(tmp_path: Path, content: bytes) -> None:
    config = tiny_config(tmp_path / "m.cac")
    config.run_folder.mkdir()
    (config.run_folder / "config.json").write_bytes(content)
    (config.run_folder / "last.ckpt").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"config\.json is damaged, .*--resume false\.$") as error:
        train(config)
    assert str(error.value).isprintable()
    config.resume = False
    assert train(config).path.is_file()
