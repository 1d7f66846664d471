# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node takes signed models only, and only from one folder, when it is told to."""

from pathlib import Path
from typing import Any

import pytest
from cac_msgs.srv import LoadModel

from cac_core.bundle.files import sign_bundle
from cac_core.bundle.signature import public_key
from cac_core.support.errors import CacError
from cac_ros.node.load_model_service import allowed_path
from cac_ros.parameters import NodeSettings
from cac_ros.parameters.checks import start_problem
from test.ros.colour_bundle import colour_bundle, write_model
from test.ros.driver import RED, Robot, connected, picture, running


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A folder of models with links, beside a secret file."""
    models = tmp_path / "models"
    (models / "sub").mkdir(parents=True)
    (tmp_path / "models2").mkdir()
    for name in ("models/a.cac", "models/sub/b.cac", "secret.cac", "models2/c.cac"):
        (tmp_path / name).write_bytes(b"")
    (models / "out.cac").symlink_to(tmp_path / "secret.cac")
    (models / "in.cac").symlink_to(models / "sub" / "b.cac")
    (models / "up").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.cac", "a.cac"), ("sub/b.cac", "sub/b.cac"), ("in.cac", "sub/b.cac"), ("sub/../a.cac", "a.cac"), ("x", "x")],
)
def test_what_lies_in_the_folder_may_be_loaded(folders: Path, path: str, found: str) -> None:
    models = folders / "models"
    assert allowed_path(path, str(models)) == str(models / found)
    assert allowed_path(str(models / path), str(models)) == str(models / found)


OUTSIDE = (
    "out.cac", "up/secret.cac", "up/models2/c.cac", "../secret.cac", "../models2/c.cac", "sub/../../secret.cac",
    "/dev/zero", "/proc/self/mem", "~/x.cac", "\0",
)  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_what_lies_elsewhere_may_not(folders: Path, path: str) -> None:
    with pytest.raises(CacError):
        allowed_path(path, str(folders / "models"))


def test_a_folder_that_is_missing_allows_nothing(tmp_path: Path) -> None:
    with pytest.raises(CacError, match="cannot be looked at"):
        allowed_path("a.cac", str(tmp_path / "none"))
    assert allowed_path("/any/where.cac", "") == "/any/where.cac"


def test_a_key_that_is_none_is_told_at_the_start() -> None:
    assert start_problem(NodeSettings(trusted_keys=("ab" * 32,))) == ""
    for key in ("", "AB" * 32, "ab" * 31, "zz" * 32, "key.pem"):
        assert "trusted_keys holds" in start_problem(NodeSettings(trusted_keys=(key, "ab" * 32)))


@pytest.mark.slow
def test_the_node_loads_what_is_signed_and_lies_in_its_folder(ros_domain: int, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="pip install -r requirements/signing.txt")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, stranger = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
    models = tmp_path / "models"
    models.mkdir()
    good, unsigned, foreign = (write_model(models, colour_bundle(name)) for name in ("good", "unsigned", "foreign"))
    sign_bundle(good, good, key)
    sign_bundle(foreign, foreign, stranger)
    sign_bundle(good, tmp_path / "elsewhere.cac", key)
    (models / "link.cac").symlink_to(tmp_path / "elsewhere.cac")
    options: dict[str, Any] = {"trusted_keys": [public_key(key)], "models_folder": str(models)}
    with running(tmp_path / "node", ros_domain, good, **options) as node, connected(ros_domain) as robot:
        for name, sentence in {
            str(unsigned): "is not signed",
            str(foreign): "not one of trusted_keys",
            "link.cac": "lies elsewhere",
            str(tmp_path / "elsewhere.cac"): "lies elsewhere",
        }.items():
            response = load(robot, name)
            assert not response.success
            assert sentence in response.message
            assert robot.ask(picture(RED)).model_id.startswith("good@")
        assert load(robot, "good.cac").success
        for name in options:
            assert not robot.set_parameters(**{name: [""] if name == "trusted_keys" else ""})[0].successful
        assert robot.ask(picture(RED)).label == "red"
        assert node.interrupt() == 0
    unsigned.replace(good)
    with running(tmp_path / "again", ros_domain, good, **options) as node:
        assert node.wait() == 1
        assert "is not signed, and only signed models are trusted" in node.output


def load(robot: Robot, path: str) -> LoadModel.Response:
    return robot.call(LoadModel, "load_model", LoadModel.Request(model_path=path))
