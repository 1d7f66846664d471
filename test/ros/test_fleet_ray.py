# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers of a Ray cluster on this machine."""

from pathlib import Path

import pytest

from cac_ros.fleet import ray_crew
from cac_ros.fleet.errors import FleetError
from cac_ros.fleet.run import evaluate_fleet
from test.ros.fleets import InlineCrew, config, write_fleet


def results(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "results").rglob("*.npz")}


def test_without_ray_one_sentence_names_the_extra(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_crew, "is_installed", lambda name: False)
    with pytest.raises(FleetError, match=r"--ray needs Ray: pip install '.\[fleet\]'"):
        evaluate_fleet(config(write_fleet(tmp_path, 1), model, ray="auto"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_of_ray_give_the_same_bytes(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("ray", reason="Ray belongs to the extra fleet")
    folder = write_fleet(tmp_path)
    (folder / "bags" / "broken.mcap").write_bytes(b"nothing")
    plain = config(folder, model, out=str(tmp_path / "plain"))
    evaluate_fleet(plain, InlineCrew)
    by_ray = config(folder, model, out=str(tmp_path / "ray"), ray=ray_crew.LOCAL, workers=2)
    fleet, _ = evaluate_fleet(by_ray)
    assert fleet.computed == 4
    assert "does not start like" in next(each.problem for each in fleet.recordings if each.problem)
    assert results(tmp_path / "ray") == results(tmp_path / "plain")
